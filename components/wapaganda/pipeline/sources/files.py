"""Files as a source."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wapaganda.annotation import (
    ReadOptions,
    ReadResult,
    is_unread,
    proposal_of,
    read_documents,
    with_proposal,
    without_labels,
    write_jsonl,
)
from wapaganda.ner import Document, LabelSchema, moved_spans, repaired, without_whitespace
from wapaganda.pipeline.ports import NOTHING_EARLIER, TRAINING_BATCH, Changes, Earlier
from wapaganda.progress import Progress
from wapaganda.storage import atomic_path


@dataclass(frozen=True, slots=True)
class FileSource:
    """Labelled texts in ``data``, unlabelled ones in ``pool``; batches are written into ``out``.

    A text of the pool that is also in ``data`` counts as labelled, also with other white space. To return a
    labelled batch, add it to ``data`` (`collect_answers`).
    """

    data: Path
    pool: Path
    out: Path
    options: ReadOptions = field(default_factory=ReadOptions)

    @property
    def name(self) -> str:
        """``files``."""
        return "files"

    def schema(self) -> LabelSchema:
        """The labels that the labelled texts use, sorted."""
        return LabelSchema.of(self._read(self.data).documents)

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """All of both files; their modification times are not reliable."""
        labelled, pool = self._read(self.data), self._read(self.pool)
        documents = _known_once(labelled.documents, pool.documents)
        progress("fetch", len(documents), len(documents))
        waiting = [document.id for document in documents if not document.is_labelled]
        report = labelled.report + pool.report.as_pool()
        return Changes(documents, waiting, len(documents), report=report)

    def _read(self, path: Path) -> ReadResult:
        return read_documents(path, options=self.options)

    def ids(self) -> frozenset[str]:
        """The ids of all texts in both files."""
        documents = _known_once(self._read(self.data).documents, self._read(self.pool).documents)
        return frozenset(document.id for document in documents)

    def batch_name(self, number: int, kind: str = TRAINING_BATCH) -> str:
        """``<kind>-<number>``, or the next number without a file in ``out``."""
        while any(self.out.glob(f"{kind}-{number:03d}.jsonl")) or any(
            self.out.glob(f"{kind}-{number:03d}-by-*.jsonl")
        ):
            number += 1
        return f"{kind}-{number:03d}"

    @property
    def shows_one_batch(self) -> bool:
        """No: every batch has its file."""
        return False

    def release(
        self, version: str, batch: Sequence[Document], progress: Progress, earlier: Earlier = NOTHING_EARLIER
    ) -> str:
        """Write ``<out>/<version>.jsonl``: the texts in their order with the spans under ``proposed`` and the
        reason of the selection under ``meta.drawn``."""
        target = self.out / f"{version}.jsonl"
        batch = [_for_a_file(each, version) for each in batch]
        with atomic_path(target) as draft:
            write_jsonl(batch, draft)
        progress("release", len(batch), len(batch))
        proposed = " with proposed spans" if any(map(proposal_of, batch)) else ""
        return f"{len(batch)} texts{proposed} are in {target}."


def _for_a_file(document: Document, version: str) -> Document:
    meta = {"drawn" if key == "reason" else key: value for key, value in document.meta.items()}
    document = replace(document, meta=meta)
    return document if document.spans is None else with_proposal(document, document.spans, version)


def _known_once(labelled: Sequence[Document], pool: Sequence[Document]) -> list[Document]:
    return [replace(each, id=name) for name, each in texts_of_files(labelled, pool)]


def texts_of_files(labelled: Sequence[Document], pool: Sequence[Document]) -> list[tuple[str, Document]]:
    """The labelled documents, also those not read, and those of the pool that are not among them.

    Each comes with the id that it has in the loop, which is made from the text, so a labelled text has the id
    that it was offered with. Copies of a text are numbered. A labelled text that differs from one of the pool
    in white space only, as after a detour by CoNLL, is taken for it and gets its text.
    """
    answered = [document for document in labelled if document.is_labelled or is_unread(document)]
    answered = _with_texts_of(answered, pool)
    texts = {document.text for document in answered}
    waiting = [without_labels(document) for document in pool if document.text not in texts]
    return [*_named_by_text(answered), *_named_by_text(waiting)]


def _with_texts_of(answered: Sequence[Document], pool: Sequence[Document]) -> list[Document]:
    """The labelled documents, with the white space that their texts have in the pool."""
    texts, known = {each.text for each in pool}, {each.text for each in answered}
    if known <= texts:
        return list(answered)
    waiting: dict[str, list[str]] = defaultdict(list)
    for text in dict.fromkeys(each.text for each in reversed(pool)):
        if text not in known:
            waiting[without_whitespace(text)].append(text)
    return [
        each if each.text in texts else _as_one_of(waiting.get(without_whitespace(each.text)), each)
        for each in answered
    ]


def _as_one_of(texts: list[str] | None, document: Document) -> Document:
    if not texts:
        return document
    moved = with_text(document, texts[-1])
    if moved is None:
        return document
    texts.pop()
    return moved


def with_text(document: Document, text: str) -> Document | None:
    """The document with another text, which differs in white space only, and its spans moved there; ``None``
    if a span is a part of a word of that text."""
    spans = document.spans
    moved = replace(document, text=text)
    if spans is None:
        return moved
    moved, repairs = repaired(moved.with_spans(moved_spans(spans, document.text, text)))
    return None if repairs.total else moved


def text_id(text: str) -> str:
    """The id that a text of a file has in the loop."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _named_by_text(documents: Iterable[Document]) -> Iterator[tuple[str, Document]]:
    copies: Counter[str] = Counter()
    for document in documents:
        key = text_id(document.text)
        copies[key] += 1
        yield key if copies[key] == 1 else f"{key}-{copies[key]}", document
