"""The answers of a batch that was worked on in a file: which of them are labels, and of which text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from wapaganda.annotation import Proposal, ReadResult, is_unread, proposal_of, without_labels
from wapaganda.dataset import LabelHistory, with_origins
from wapaganda.ner import Document, Span, first_difference, moved_spans, repaired, without_whitespace
from wapaganda.pipeline.sources.files import text_id

_SIMILAR = 0.8
"""The least similarity of two texts, 0 to 1, at which one is taken for a changed copy of the other."""
_OF_THE_BATCH = ("rank",)
"""Fields of ``meta`` that say nothing of the text; ``drawn`` and ``uncertainty`` stay with it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a batch.

    ``new``: labelled texts to add, with the id, the text and the draw of the batch. The others are counted:
    ``n_accepted`` of the new ones are unchanged proposals that the user took on the whole; ``n_known`` are
    among the labelled texts already, with the same labels; ``n_unchanged``: unchanged proposals, no answer;
    ``n_open``: no labels; ``n_unread``: labels that are not understood. One sentence each: ``changed``: the
    text is another one; ``unmatched``: it is not in the batch; ``other``: labelled before, otherwise.
    """

    new: tuple[Document, ...] = ()
    n_accepted: int = 0
    n_known: int = 0
    n_unchanged: int = 0
    n_open: int = 0
    n_unread: int = 0
    changed: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """The numbers of texts, for people and machines."""
        return {
            "added": len(self.new),
            "accepted_unchanged": self.n_accepted,
            "known": self.n_known,
            "unchanged": self.n_unchanged,
            "open": self.n_open,
            "not_read": self.n_unread,
            "text_changed": len(self.changed),
            "not_in_the_batch": len(self.unmatched),
            "labelled_otherwise": len(self.other),
        }


def collect_answers(
    answered: ReadResult,
    offered: Iterable[Document] | None,
    labelled: Iterable[Document],
    *,
    accept_unchanged: bool = False,
) -> Answers:
    """What of a batch that came back is new.

    A text is known by its id, else by its wording, else by its wording up to white space. It gets the text of
    ``offered`` again, and its spans are moved there. Spans that are what the model proposed are an answer
    only when the record says so (``ReadResult.confirmed``), when its mark of a proposal was taken away and
    other texts of the file still have theirs, or with ``accept_unchanged``.

    Args:
        answered: the batch as it came back.
        offered: the batch as it was written, or the pool; ``None``: the batch was worked on in its own file.
        labelled: the labelled texts so far.
        accept_unchanged: take unchanged proposals as labels.
    """
    keeps_marks = any(proposal_of(each) is not None for each in answered.documents)
    batch = None if offered is None else _OfferedTexts.of(offered)
    labels = _Labels.of(labelled)
    found: dict[str, list[Any]] = defaultdict(list)
    for document in answered.documents:
        if is_unread(document):
            found["unread"].append(document)
            continue
        original = document if batch is None else batch.match(document)
        if original is None:
            near = "" if found["unmatched"] or batch is None else batch.nearest(document)
            found["unmatched"].append(f"{document.id!r} ({document.text[:40]!r}{near})")
        elif difference := _difference(original.text, document.text):
            found["changed"].append(f"{document.id!r}: {difference}")
        else:
            is_confirmed = document.id in answered.confirmed or (keeps_marks and document.is_labelled)
            spans, how = _answer(document, original, is_confirmed, accept_unchanged)
            if spans is None:
                found[how].append(document)
                continue
            answer = _settled(original, document, spans)
            state = labels.add(answer)
            if state == "new":
                found["new"].append(answer)
                found["accepted"] += [answer] if how == "accepted" else []
            else:
                found[state].append(f"{answer.id!r} ({answer.text[:40]!r})")
    return Answers(
        tuple(labels.named(found["new"])),
        len(found["accepted"]),
        len(found["known"]),
        len(found["unchanged"]),
        len(found["open"]),
        len(found["unread"]),
        tuple(found["changed"]),
        tuple(found["unmatched"]),
        tuple(found["other"]),
    )


def _difference(wanted: str, found: str) -> str:
    if without_whitespace(wanted) == without_whitespace(found):
        return ""
    return first_difference(" ".join(wanted.split()), " ".join(found.split()))


def _answer(
    document: Document, original: Document, is_confirmed: bool, accept_unchanged: bool
) -> tuple[tuple[Span, ...] | None, str]:
    """The spans on the text of the answered document; without an answer ``None`` and why."""
    own, shown = proposal_of(document), proposal_of(original)
    spans = document.spans if document.spans is not None else own.spans if own is not None else None
    if spans is None:
        return None, "open"
    # The mark of a proposal may be left over where its spans were edited.
    is_unchanged = own is not None if shown is None else _is_shown(document, spans, original, shown)
    if not is_unchanged or is_confirmed:
        return spans, "answered"
    return (spans, "accepted") if accept_unchanged else (None, "unchanged")


def _is_shown(document: Document, spans: Sequence[Span], original: Document, shown: Proposal) -> bool:
    return _moved(spans, document.text, original.text) == _moved(shown.spans, original.text, original.text)


def _moved(spans: Iterable[Span], text: str, other: str) -> list[Span]:
    return sorted(moved_spans(spans, text, other))


def _settled(original: Document, document: Document, spans: Sequence[Span]) -> Document:
    """The answer on the text of the batch, with its draw, and who gave each span if something was shown."""
    moved = [replace(span, score=None) for span in moved_spans(spans, document.text, original.text)]
    kept = {**without_labels(document).meta, **without_labels(original).meta}
    meta = {key: value for key, value in kept.items() if key not in _OF_THE_BATCH}
    answer = repaired(Document(original.id, original.text, tuple(moved), meta))[0]
    shown = proposal_of(original)
    if shown is None:
        return answer
    return with_origins([answer], LabelHistory({answer.id: shown.spans}))[0]


@dataclass(frozen=True, slots=True)
class _OfferedTexts:
    """The texts that were offered, by id, by text and by text without white space."""

    by_id: Mapping[str, Document]
    by_text: Mapping[str, Document]
    by_letters: Mapping[str, Document]

    @classmethod
    def of(cls, offered: Iterable[Document]) -> _OfferedTexts:
        texts = list(offered)[::-1]
        ids = {text_id(each.text): each for each in texts} | {each.id: each for each in texts}
        letters = {without_whitespace(each.text): each for each in texts}
        return cls(ids, {each.text: each for each in texts}, letters)

    def match(self, document: Document) -> Document | None:
        """The text of the batch; one with the same id and other words only if nothing has its words."""
        same = self.by_id.get(document.id)
        if same is not None and not _difference(same.text, document.text):
            return same
        found = self.by_text.get(document.text) or self.by_letters.get(without_whitespace(document.text))
        return found or same

    def nearest(self, document: Document) -> str:
        """Where the text differs from the most similar one of the batch, if there is one."""
        texts = [" ".join(text.split()) for text in self.by_text]
        text = " ".join(document.text.split())
        found = get_close_matches(text, texts, n=1, cutoff=_SIMILAR)
        return f"; most like one with other words: {first_difference(found[0], text)}" if found else ""


@dataclass(frozen=True, slots=True)
class _Labels:
    """The labelled texts so far, by their text without white space, and all ids."""

    by_letters: dict[str, list[set[Span]]]
    ids: set[str]

    @classmethod
    def of(cls, documents: Iterable[Document]) -> _Labels:
        labels = cls(defaultdict(list), set())
        for document in documents:
            labels.ids.add(document.id)
            if document.is_labelled:
                labels.by_letters[without_whitespace(document.text)].append(_letters(document))
        return labels

    def add(self, document: Document) -> str:
        """Remember an answer; "new", "known" or "other" by what was there."""
        key, spans = without_whitespace(document.text), _letters(document)
        known = self.by_letters.get(key)
        if known:
            return "known" if spans in known else "other"
        self.by_letters[key].append(spans)
        return "new"

    def named(self, documents: Iterable[Document]) -> Iterable[Document]:
        """The documents with ids that no labelled text has."""
        for document in documents:
            own = document.id if document.id not in self.ids else text_id(document.text)
            self.ids.add(own)
            yield document if own == document.id else replace(document, id=own)


def _letters(document: Document) -> set[Span]:
    return set(moved_spans(document.spans or (), document.text, without_whitespace(document.text)))
