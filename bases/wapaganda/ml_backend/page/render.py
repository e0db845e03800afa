"""The pages as HTML: self-contained, and a browser may load nothing else, whatever the texts in it say."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from wapaganda.html_page import Templates, style_sheet
from wapaganda.ml_backend.page.forms import Forms
from wapaganda.ml_backend.page.sections import Now, Overview, ProjectPage

_FOLDER: Final = Path(__file__).parent / "templates"


class Renderer:
    """Draws the pages; ``forms`` makes the tokens in them."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms

    def home(self, projects: Sequence[Overview], state: str) -> str:
        """All projects at a glance, or the first steps; ``state``: a name of what it shows."""
        return self._page("home.html.j2", events="events", state=state, projects=projects)

    def project(self, project: ProjectPage, state: str) -> str:
        """The page of one project; ``state``: a name of what it shows."""
        return self._page(
            "project.html.j2",
            events=f"{project.key}/events",
            state=state,
            project=project,
            token=self._forms.token(project.key),
        )

    def now(self, key: str, now: Now) -> str:
        """The part that says what is going on, as it stands in the page."""
        return self._templates.draw("now.html.j2", key=key, now=now, token=self._forms.token(key))

    def message(self, title: str, sentence: str, back: str) -> str:
        """A page with one sentence and a link back."""
        return self._page("message.html.j2", events="", state="", title=title, sentence=sentence, back=back)

    @cached_property
    def headers(self) -> dict[str, str]:
        """What every page is sent with."""
        policy = {
            "default-src": "'none'",
            "style-src": _digest(self._style),
            "script-src": _digest(self._script),
            "connect-src": "'self'",
            "img-src": "data:",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        return {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }

    def _page(self, template: str, **values: object) -> str:
        return self._templates.draw(template, style=self._style, script=self._script, **values)

    @cached_property
    def _templates(self) -> Templates:
        return Templates(_FOLDER)

    @cached_property
    def _style(self) -> str:
        return style_sheet() + (_FOLDER / "page.css").read_text("utf-8")

    @cached_property
    def _script(self) -> str:
        return (_FOLDER / "page.js").read_text("utf-8")


def _digest(text: str) -> str:
    """The source expression that allows exactly this text inline."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
