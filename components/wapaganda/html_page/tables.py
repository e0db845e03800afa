"""Tables as plain values; the template tables.html.j2 draws them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wapaganda.html_page.style import Style


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, in small letters what is below it, and how it is marked.

    ``css`` marks the text ("good" or "bad"), ``under_css`` the bold part below. With a ``style`` the text is
    the name of a curve.
    """

    text: str
    css: str = ""
    italic: bool = False
    style: Style | None = None
    under_bold: str = ""
    under_css: str = ""
    under: str = ""


NONE = Cell("–")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption and a note; the first cell of each row is its header, the others are numbers.

    ``css``: "pairs" for names and values, "words" for cells of text.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """

    caption: str
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    css: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"Expected {len(self.head)} cells in a row, was: {len(row)}")


def cells(texts: Iterable[str]) -> list[Cell]:
    """A cell for each text."""
    return [Cell(text) for text in texts]
