"""A label that is probably wrong, and the file that lists such labels."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, get_args

from wapaganda.errors import InputError
from wapaganda.ner import Document, Span, decode_spans
from wapaganda.storage import write_json

REVIEW_FILE = "review.json"
"""The file with the issues of a model version, in its folder."""

IssueKind: TypeAlias = Literal["missed", "spurious", "type", "border"]
"""An entity is not marked; the marked span is not an entity; its type is wrong; its boundaries are wrong
(perhaps its type, too)."""


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """One label that is probably wrong.

    ``given``: the span in the labels, ``None`` when nothing is marked. ``proposed``: the span of the model
    instead, ``None`` when it finds no entity there. ``score`` in [0, 1]: how improbable the label is for a
    model that was not trained on the text. ``text_key``: ``text_digest`` of the text. The text itself is not
    stored, so the file can be passed on with the model.

    Raises:
        ValueError: an unknown kind, spans that do not fit it, or a score out of its range.
    """

    document_id: str
    kind: IssueKind
    given: Span | None
    proposed: Span | None
    score: float
    text_key: str

    def __post_init__(self) -> None:
        if self.kind not in get_args(IssueKind):
            raise ValueError(f"Expected a kind out of {', '.join(get_args(IssueKind))}, was: {self.kind!r}")
        wanted = (self.kind != "missed", self.kind != "spurious")
        if (self.given is not None, self.proposed is not None) != wanted:
            raise ValueError(
                f"Expected the spans of a {self.kind} label, was: {self.given} and {self.proposed}"
            )
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"Expected a score from 0 to 1, was: {self.score}")

    @property
    def place(self) -> Span:
        """Where the issue is: the given span, or the proposed one when nothing is marked."""
        place = self.given or self.proposed
        assert place is not None
        return place

    def is_open_in(self, document: Document) -> bool:
        """Whether text and label of the document are still as they were when the issue was found."""
        if document.spans is None or self.text_key != text_digest(document.text):
            return False
        if self.given is not None:
            return self.given in document.spans
        return all(span.end <= self.place.start or self.place.end <= span.start for span in document.spans)

    def to_dict(self) -> dict[str, Any]:
        """The issue as plain values, ready for JSON; the key of the score is ``doubt``."""
        return {"doubt" if name == "score" else name: value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`; unknown keys are ignored.

        Raises:
            ValueError: the values do not describe an issue.
        """
        try:
            return cls(
                document_id=str(values["document_id"]),
                kind=values["kind"],
                given=_span(values["given"]),
                proposed=_span(values["proposed"]),
                score=float(values["doubt"]),
                text_key=str(values["text_key"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"Expected the values of an issue, was: {values!r}") from error


def write_issues(path: Path, issues: Iterable[LabelIssue]) -> None:
    """Write the issues in their order to one JSON object, ``{"suspects": […]}``.

    Raises:
        OSError: the file cannot be written; an older file is then as it was.
    """
    write_json(path, {"suspects": [issue.to_dict() for issue in issues]}, indent=1)


def read_issues(path: Path) -> list[LabelIssue]:
    """Read the issues that ``write_issues`` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: the file holds something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))["suspects"]
        return [LabelIssue.from_dict(values) for values in found]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"Expected a list of label issues in {path}, was: {error}") from error


def text_digest(text: str) -> str:
    """16 hex digits that identify the exact text, white space included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _span(values: Mapping[str, Any] | None) -> Span | None:
    return None if values is None else decode_spans([values])[0]
