"""A label that is probably wrong, and lists of them on disk."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, get_args

from wapaganda.ner import Document, Span, decode_spans

REVIEW_FILE = "review.json"
"""The list of a model version, in its folder."""

Kind: TypeAlias = Literal["missed", "spurious", "type", "border"]
"""Nobody marked an entity; marked what is none; marked it with the wrong type; marked too little or too
much (perhaps with the wrong type as well)."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One label in doubt: the ``given`` span (``None``: nothing is marked) and the one ``proposed`` instead.

    ``doubt`` in [0, 1] is how improbable a model that has not learnt the text finds the label.
    ``text_key`` tells whether a text is still the one that the offsets belong to; the text itself is not
    kept, so that a list may lie beside a model that is passed on.
    """

    document_id: str
    kind: Kind
    given: Span | None
    proposed: Span | None
    doubt: float
    text_key: str

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"Expected a kind out of {', '.join(get_args(Kind))}, was: {self.kind!r}")
        wanted = (self.kind != "missed", self.kind != "spurious")
        if (self.given is not None, self.proposed is not None) != wanted:
            raise ValueError(
                f"Expected the spans of a {self.kind} label, was: {self.given} and {self.proposed}"
            )
        if not 0.0 <= self.doubt <= 1.0:
            raise ValueError(f"Expected a doubt from 0 to 1, was: {self.doubt}")

    @property
    def place(self) -> Span:
        """Where to look: the given span, or the proposed one where nothing is marked."""
        place = self.given or self.proposed
        assert place is not None
        return place

    def stands_in(self, document: Document) -> bool:
        """Whether the document still is as it was when the doubt arose: the same text, the same label."""
        if document.spans is None or self.text_key != text_key(document.text):
            return False
        if self.given is not None:
            return self.given in document.spans
        return all(span.end <= self.place.start or self.place.end <= span.start for span in document.spans)

    def to_dict(self) -> dict[str, Any]:
        """The suspect as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The suspect that ``to_dict`` gave; keys that are not known are left out.

        Raises:
            ValueError: the values are none of a suspect.
        """
        try:
            return cls(
                document_id=str(values["document_id"]),
                kind=values["kind"],
                given=_span(values["given"]),
                proposed=_span(values["proposed"]),
                doubt=float(values["doubt"]),
                text_key=str(values["text_key"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"Expected the values of a suspect, was: {values!r}") from error


def write_suspects(path: Path, suspects: Iterable[Suspect]) -> None:
    """Writes the suspects in their order as one JSON object, ``{"suspects": […]}``."""
    found = {"suspects": [suspect.to_dict() for suspect in suspects]}
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_suspects(path: Path) -> list[Suspect]:
    """The suspects that ``write_suspects`` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))["suspects"]
        return [Suspect.from_dict(values) for values in found]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"Expected a list of suspects in {path}, was: {error}") from error


def text_key(text: str) -> str:
    """16 hex digits that tell a text from others, white space included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _span(values: Mapping[str, Any] | None) -> Span | None:
    return None if values is None else decode_spans([values])[0]
