"""The result of reading a file: documents, repairs, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wapaganda.annotation.proposals import PROPOSED, proposal_of, settled, states_machine
from wapaganda.annotation.read_options import ReadOptions
from wapaganda.annotation.read_report import ORIGINAL, READ_KEY, Finding, ReadReport, is_unread, unread
from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs, Span, repaired, span_to_dict


class FormatError(InputError):
    """A file, a record or a label config is not valid.

    The message says where (file and line, if known), what was expected and what was found. ``kind`` is the
    kind of finding that it is counted as when it concerns one text (`KINDS`).
    """

    def __init__(
        self, message: str, path: Path | None = None, line: int | None = None, kind: str = "malformed"
    ) -> None:
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The documents of a file in their order, and the report of the reading.

    A text whose labels were not understood is among them without spans (``is_unread``), if the text itself
    is known. ``skipped``: one ``file:line: reason`` for each text that was not read. ``confirmed``: the ids
    of labelled texts whose record itself says that a person has answered, beside the labels.
    """

    documents: list[Document]
    report: ReadReport = ReadReport()  # noqa: RUF009 - frozen
    skipped: tuple[str, ...] = ()
    confirmed: frozenset[str] = frozenset()

    @property
    def repairs(self) -> Repairs:
        """The repairs of the spans."""
        return self.report.repairs

    @property
    def notes(self) -> tuple[str, ...]:
        """What was recognised, such as the tag scheme."""
        return self.report.recognised


@dataclass(slots=True)
class Collector:
    """Collects the documents of one file, repairs spans, makes ids unique and records what is not read."""

    path: Path
    strict: bool
    options: ReadOptions = field(default_factory=ReadOptions)
    _documents: list[Document] = field(default_factory=list)
    _repairs: Repairs = field(default_factory=Repairs)
    _skipped: list[str] = field(default_factory=list)
    _n_records: int = 0
    _notes: list[str] = field(default_factory=list)
    _findings: dict[str, Finding] = field(default_factory=dict)
    _lost: Counter[str] = field(default_factory=Counter)
    _ids: Counter[str] = field(default_factory=Counter)
    _confirmed: set[str] = field(default_factory=set)

    def default_id(self) -> str:
        """The next document's id if the file has none: ``<stem>-000001`` and so on."""
        return f"{self.path.stem}-{self._n_records + 1:06d}"

    def add(
        self,
        document: Document,
        repairs: Repairs | None = None,
        line: int | None = None,
        *,
        is_answer: bool = False,
    ) -> None:
        """Add a document; its spans are repaired unless ``repairs`` says that they were.

        ``is_answer``: the record says that a person has answered.

        A text with a span outside of it, or whose spans touch no word, is not read. Spans that are only what
        a model proposed are not an answer.

        Raises:
            FormatError: the text is not read and the collector is strict.
        """
        if PROPOSED in document.meta or states_machine(document):
            document, proposal = settled(document)
            if proposal is not None:
                self.found("machine", f"spans by {proposal.by or 'a model'}", line=line)
        if repairs is None and document.spans:
            raw = document.spans
            document, repairs = repaired(document)
            if repairs.refused and (repairs.out_of_range or not document.spans):
                message = f"Expected spans inside the text, was: {repairs.describe()}"
                self.unread(replace(document, spans=raw), "span-outside", message, line)
                return
            if repairs.refused:
                self._lost.update(_labels(raw) - _labels(document.spans or ()))
            if repairs.total > repairs.trimmed:
                read = {**document.meta.get(READ_KEY, {}), ORIGINAL: [span_to_dict(span) for span in raw]}
                document = replace(document, meta={**document.meta, READ_KEY: read})
        if repairs is not None and repairs.total:
            self._repairs += repairs
        self._n_records += 1
        self._keep(document, is_answer and document.is_labelled)

    def take(self, document: Document, place: str, line: int | None = None) -> None:
        """Add a document that carries its findings, as ``read_task`` makes them; ``place``: of the task.

        Raises:
            FormatError: the text is not read and the collector is strict.
        """
        read = document.meta.get(READ_KEY, {})
        self._lost.update(read.get("lost", {}))
        if is_unread(document):
            reason = read["not_read"]
            self._refuse(line, f"{place}: {reason['example']}", reason["kind"], reason.get("regions"))
        else:
            self._n_records += 1
            self._repairs += Repairs(**read.get("repairs", {}))
            for each in read.get("found", ()):
                self.found(each["kind"], f"{place}: {each['example']}", each.get("count", 1), line)
            if (proposal := proposal_of(document)) is not None:
                self.found("machine", f"{place}: spans by {proposal.by or 'a model'}", line=line)
        self._keep(document, document.is_labelled)

    def _keep(self, document: Document, is_answer: bool = False) -> None:
        self._ids[document.id] += 1
        if self._ids[document.id] > 1:
            renamed = replace(document, id=f"{document.id}#{self._ids[document.id]}")
            self.found("same-id", f"{document.id!r} is now {renamed.id!r}")
            document = renamed
        self._documents.append(document)
        if is_answer:
            self._confirmed.add(document.id)

    def unread(
        self, document: Document, kind: str, message: str, line: int | None = None, labels: Iterable[str] = ()
    ) -> None:
        """Add a text whose labels were not understood: it is neither labelled nor unlabelled.

        The labels of its spans, or else ``labels``, count as lost.

        Raises:
            FormatError: the collector is strict.
        """
        marked = [span.label for span in document.spans or ()] or list(labels)
        finding = self._refuse(line, message, kind)
        self._lost.update(marked)
        self._keep(unread(document, finding, marked))

    def skip(
        self, line: int | None, message: str, kind: str = "malformed", labels: Iterable[str] = ()
    ) -> None:
        """Record that a record could not be read, not even its text.

        Raises:
            FormatError: the collector is strict.
        """
        self._refuse(line, message, kind)
        self._lost.update(labels)

    def _refuse(
        self, line: int | None, message: str, kind: str, regions: Mapping[str, int] | None = None
    ) -> Finding:
        error = FormatError(message, self.path, line)
        if self.strict:
            raise error
        self._n_records += 1
        self._skipped.append(str(error))
        return self.found(kind, message, line=line, regions=regions)

    def found(
        self,
        kind: str,
        example: str,
        count: int = 1,
        line: int | None = None,
        regions: Mapping[str, int] | None = None,
    ) -> Finding:
        """Count a finding; the first example of a kind is kept. ``regions``: by their unknown name."""
        place = f"{self.path}:{line}" if line is not None else str(self.path)
        names = dict(regions or {})
        finding = Finding(kind, count, place, example, names, dict.fromkeys(names, 1))
        before = self._findings.get(kind)
        self._findings[kind] = finding if before is None else before + finding
        return finding

    def note(self, message: str) -> None:
        """Remember what was recognised."""
        self._notes.append(f"{self.path}: {message}")

    def result(self) -> ReadResult:
        """The result.

        Raises:
            FormatError: records were skipped and no document is left.
        """
        if self._skipped and not self._documents:
            raise FormatError(
                f"Expected at least one readable document, was: none; first problem: {self._skipped[0]}"
            )
        answered = [document.spans for document in self._documents if document.spans is not None]
        report = ReadReport(
            len(answered),
            sum(not spans for spans in answered),
            sum(document.spans is None and not is_unread(document) for document in self._documents),
            tuple(self._findings.values()),
            self._repairs,
            tuple(dict.fromkeys(self._notes)),
            dict(Counter([span.label for spans in answered for span in spans])),
            dict(self._lost),
        )
        return ReadResult(self._documents, report, tuple(self._skipped), frozenset(self._confirmed))


def _labels(spans: Iterable[Span]) -> Counter[str]:
    return Counter(span.label for span in spans)


def valid_spans(document: Document) -> tuple[Span, ...]:
    """The spans of a document that will be written as tags of tokens.

    Raises:
        FormatError: they are not valid (see ``ner.Document``).
    """
    good, repairs = repaired(document)
    if repairs.total:
        raise FormatError(f"Document {document.id}: expected repaired spans, was: {repairs.describe()}")
    return good.spans or ()
