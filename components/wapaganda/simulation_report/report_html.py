"""HTML and SVG from small functions: what is not marked as markup is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is markup already; any other string is escaped where it is put in."""

    __slots__ = ()


Content = str | int | float | None | Iterable[str]
_EMPTY = frozenset({"meta", "link", "br", "line", "circle", "rect", "path", "polyline", "polygon", "col"})
# XML knows no control characters but tab and line ends; a browser shows nothing for them either.
_CONTROLS = {code: None for code in range(32) if code not in (9, 10, 13)}


def text(value: object) -> Html:
    """Anything as text: escaped, unless it is markup already; None is nothing."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else escape(str(value).translate(_CONTROLS), quote=True))


def join(parts: Content, between: str = "") -> Html:
    """One or many pieces as one, each escaped where it is not markup."""
    if parts is None or isinstance(parts, str | int | float):
        return text(parts)
    return Html(text(between).join(text(part) for part in parts))


def tag(name: str, content: Content = None, /, **attributes: object) -> Html:
    """An element; ``class_`` and ``stroke_width`` become ``class`` and ``stroke-width``, None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{join(content)}</{name}>")


def table(
    caption: str,
    head: Sequence[Content],
    rows: Sequence[Sequence[Content]],
    *,
    note: str = "",
    class_: str | None = None,
) -> Html:
    """A table with a caption; the first cell of each row is its header, the others are numbers.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"Expected {len(head)} cells in a row, was: {len(row)}")
    caption_row = tag("caption", [tag("span", caption), tag("small", note) if note else Html("")])
    head_row = tag("tr", [tag("th", cell, scope="col") for cell in head])
    body = [
        tag("tr", [tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])]) for row in rows
    ]
    whole = tag("table", [caption_row, tag("thead", head_row), tag("tbody", body)], class_=class_)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def numbers(summary: str, content: Content) -> Html:
    """A fold under a figure with the table of its numbers."""
    return tag("details", [tag("summary", summary), *_several(content)])


def _several(content: Content) -> list[str]:
    return [join(content)]


def _plain(value: object) -> object:
    """Coordinates with two decimals at most: a figure needs no more and stays small."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
