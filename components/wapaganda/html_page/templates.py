"""The templates and the style sheet."""

import re
from collections.abc import Callable
from pathlib import Path

from wapaganda.html_page.frame import coordinate

_FOLDER = Path(__file__).parent
# XML allows no control characters but tab and line ends; a browser shows nothing for them either.
_CONTROLS = {code: None for code in range(32) if code not in (9, 10, 13)}


def style_sheet() -> str:
    """The style sheet of all pages."""
    return (_FOLDER / "style.css").read_text("utf-8")


class Templates:
    """The templates in ``folder``, which may import ``curves.svg.j2`` and ``tables.html.j2``.

    Every string from outside is escaped. ``filters``: further ones for the templates, by name.
    """

    def __init__(self, folder: Path, **filters: Callable[..., object]) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        self._environment = Environment(
            loader=FileSystemLoader([folder, _FOLDER]),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_without_controls,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {"px": coordinate, "breakable": _breakable, **filters}

    def draw(self, name: str, **values: object) -> str:
        """The text of a template with these values."""
        return self._environment.get_template(name).render(values)


def _without_controls(value: object) -> object:
    is_markup = hasattr(value, "__html__")
    return value.translate(_CONTROLS) if isinstance(value, str) and not is_markup else value


def _breakable(name: str) -> list[str]:
    """The parts of a name; a new line may start after its colons, underscores and signs."""
    return re.split(r"(?<=[:_+=])", name)
