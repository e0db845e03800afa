"""Write texts in another format, read them back, and count what the format has not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.proposals import (
    MODEL,
    PROPOSED,
    PROVENANCE,
    SPANS_BY,
    as_proposal,
    marked_spans,
    states_provenance,
)
from wapaganda.annotation.read_report import READ_KEY
from wapaganda.annotation.reading import read_documents, write_documents
from wapaganda.ner import Document, moved_spans, without_whitespace

_OWN_META = (PROPOSED, PROVENANCE, SPANS_BY, MODEL, READ_KEY)
LOSSES: Mapping[str, str] = {
    "order": "the order of the texts ({} stand elsewhere)",
    "ids": "ids ({})",
    "white space": "white space, so that offsets are others ({})",
    "proposals": "what a model proposed ({})",
    "scores": "scores ({})",
    "meta": "other fields ({})",
    "provenance": "who gave the labels ({})",
}
"""What can be lost beside whole texts, and the words for it; ``{}`` is the number of texts."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written. ``left_out``: one sentence for each text that the format cannot hold. ``lost``: the
    numbers of texts by what of them was lost, keys of ``LOSSES``. ``n_proposals``: written texts that hold
    what a model proposed, which is no label."""

    n_written: int
    n_labelled: int
    n_proposals: int
    left_out: tuple[str, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> tuple[str, ...]:
        """What was lost, one sentence for each kind."""
        return tuple(
            words.format(f"{self.lost[kind]:,} texts" if self.lost[kind] != 1 else "1 text")
            for kind, words in LOSSES.items()
            if self.lost.get(kind)
        )


def convert_documents(
    documents: Sequence[Document],
    path: Path,
    format: str | None = None,
    *,
    made_ids: Collection[str] = (),
) -> Conversion:
    """Write the documents as ``write_documents`` does, and compare with them what is read back.

    ``made_ids``: ids that a reader made, which nobody misses. The file is written only when every text with
    its labels has come back, or is reported as left out.

    Raises:
        FormatError: there is no such format, it holds none of the texts, or a text came back changed.
    """
    found: list[Conversion] = []

    def compare(draft: Path, name: str, left_out: Sequence[str]) -> None:
        if documents and len(left_out) >= len(documents):
            raise FormatError(f"Expected texts that {name} can hold, was: none ({left_out[0]})")
        back = read_documents(draft, name).documents
        found.append(_compared(documents, back, tuple(left_out), made_ids))

    write_documents(documents, path, format, check=compare)
    return found[0]


def _compared(
    before: Sequence[Document],
    after: Sequence[Document],
    left_out: tuple[str, ...],
    made_ids: Collection[str],
) -> Conversion:
    if len(after) + len(left_out) != len(before):
        raise FormatError(
            f"Expected {len(before) - len(left_out):,} texts back, was: {len(after):,}; nothing was written"
        )
    places = _in_order(before, after) or _anywhere(before, after, made_ids)
    lost: dict[str, int] = defaultdict(int)
    for at, document in zip(places, after, strict=True):
        for kind, count in _lost(before[at], document, made_ids).items():
            lost[kind] += count
    lost["order"] = sum(second < first for first, second in pairwise(places))
    return Conversion(
        len(after),
        sum(each.is_labelled for each in after),
        sum(marked_spans(each)[1] is not None for each in after),
        left_out,
        {kind: lost[kind] for kind in LOSSES if lost[kind]},
    )


def _in_order(before: Sequence[Document], after: Sequence[Document]) -> list[int]:
    """The place of each text before, if their order is the same; else nothing."""
    places: list[int] = []
    at = -1
    for document in after:
        at = next((at for at in range(at + 1, len(before)) if _fits(before[at], document)), len(before))
        places.append(at)
    return places if at < len(before) else []


def _anywhere(before: Sequence[Document], after: Sequence[Document], made_ids: Collection[str]) -> list[int]:
    """The place of each text before.

    Raises:
        FormatError: a text came back with other labels, or was never there.
    """
    by_text: dict[str, list[int]] = defaultdict(list)
    for at, document in enumerate(before):
        by_text[without_whitespace(document.text)].append(at)
    places = []
    for document in after:
        same = by_text[without_whitespace(document.text)]
        fitting = [at for at in same if _fits(before[at], document)]
        if not fitting:
            raise FormatError(f"Expected the text {document.id!r} back as it was, was: changed")
        places.append(min(fitting, key=lambda at: sum(_lost(before[at], document, made_ids).values())))
        same.remove(places[-1])
    return places


def _fits(before: Document, after: Document) -> bool:
    """Whether the text came back with all its labels; some formats cannot say what was proposed."""
    if without_whitespace(before.text) != without_whitespace(after.text):
        return False
    return _content(before) == _content(after) or (after.spans is None and not _is_answer(before))


def _is_answer(document: Document) -> bool:
    """Whether the document has labels that a person gave."""
    return as_proposal(document).is_labelled


def _content(document: Document) -> object:
    """The labels, or what is proposed, over the visible characters; equal when nothing of them is lost."""
    spans, proposal = marked_spans(document)
    if spans is None:
        return None
    visible = without_whitespace(document.text)
    moved = moved_spans(spans, document.text, visible)
    return proposal is not None, sorted((each.start, each.end, each.label) for each in moved)


def _lost(before: Document, after: Document, made_ids: Collection[str]) -> dict[str, int]:
    """What of a text is lost, by 0 and 1."""
    spans, proposal = marked_spans(before)
    kept, kept_proposal = marked_spans(after)
    scores = [span.score for span in spans or ()]
    return {
        "ids": int(before.id != after.id and before.id not in made_ids),
        "white space": int(before.text != after.text),
        "proposals": int(proposal is not None and kept_proposal is None),
        "scores": int(any(scores) and scores != [span.score for span in kept or ()]),
        "meta": int(not _meta(before).items() <= _meta(after).items()),
        "provenance": int(states_provenance(before.meta) and _said(before) != _said(after)),
    }


def _meta(document: Document) -> dict[str, str]:
    return {key: repr(value) for key, value in document.meta.items() if key not in _OWN_META}


def _said(document: Document) -> tuple[Any, Any]:
    return document.meta.get(PROVENANCE), document.meta.get(SPANS_BY)
