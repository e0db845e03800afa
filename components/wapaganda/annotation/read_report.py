"""What was read, what was not, and what was mended: one report for files and for projects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from wapaganda.annotation.kinds import Effect, kind_of
from wapaganda.annotation.proposals import (
    PROPOSED,
    PROVENANCE,
    SPANS_BY,
    states_provenance,
    without_machine,
)
from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs

LIMIT = 0.1
"""The largest share of the labelled texts that may be unread before a command refuses."""
READ_KEY = "_read"
"""The key in ``Document.meta``: ``not_read``, ``found``, ``repairs``, ``lost``, ``original``."""
ORIGINAL = "original"
"""The key below it of the labels as they were marked, when they are not learnt as they were."""
ORIGINAL_REGIONS = "original_regions"
"""The key in ``meta`` of the same in files that we write."""
SHOWN = 5
"""At most this number of recognised things are shown one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Texts with the same kind of finding; ``place`` (file and line, or task) and ``example``: of the first.

    ``count``: of texts, or of things when the kind is about things beside the labels. ``regions``: the
    numbers of regions by the label or tag that is not known; ``texts``: of the texts with such regions.
    """

    kind: str
    count: int = 1
    place: str = ""
    example: str = ""
    regions: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """One line for the terminal."""
        kind = kind_of(self.kind)
        shown = ": ".join(part for part in (self.place, self.example) if part)
        first = f" ({'first: ' if self.count > 1 else ''}{shown.rstrip('.')})" if shown else ""
        totals = f": {self.totals()}" if self.regions else ""
        return f"{_head(kind.effect, self.count)}: {kind.what}{totals}{first}. See {kind.anchor}"

    def totals(self) -> str:
        """The unknown names by their numbers: ``8 regions of 'PER' in 4 texts``."""
        named = sorted(self.regions.items(), key=lambda item: (-item[1], item[0]))
        shown = [
            f"{_number(count, 'region')} of {name!r} in {_number(self.texts.get(name, 0), 'text')}"
            for name, count in named[:SHOWN]
        ]
        more = f" and {len(named) - SHOWN:,} more names" if len(named) > SHOWN else ""
        return ", ".join(shown) + more

    def hint(self) -> str:
        """What to do, for the most frequent unknown name."""
        names = sorted(self.regions, key=lambda name: (-self.regions[name], name))
        return kind_of(self.kind).hint.replace("OLD", names[0] if names else "OLD")

    def __add__(self, other: Finding) -> Finding:
        """The sum of two findings of a kind, with the place and example of the first."""
        regions, texts = _sum(self.regions, other.regions), _sum(self.texts, other.texts)
        return replace(self, count=self.count + other.count, regions=regions, texts=texts)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        kind = kind_of(self.kind)
        return asdict(self) | {"effect": kind.effect.value, "what": kind.what, "docs": kind.anchor}


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The counts of a reading. Reports of several files and projects can be added.

    ``n_labelled``: texts whose answer was understood whole, ``n_empty`` of them without entities.
    ``recognised``: the tag scheme, columns and keys, one sentence each. ``spans``: spans read, by label.
    ``lost``: spans that were marked and not read, by label. ``repairs``: of the spans that were read.
    """

    n_labelled: int = 0
    n_empty: int = 0
    n_unlabelled: int = 0
    findings: tuple[Finding, ...] = ()
    repairs: Repairs = Repairs()  # noqa: RUF009 - frozen
    recognised: tuple[str, ...] = ()
    spans: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Self:
        """The report of documents that carry their findings in ``meta``, as ``read_task`` makes them."""
        labelled = empty = unlabelled = 0
        spans: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        repairs: Counter[str] = Counter()
        findings: list[Finding] = []
        for document in documents:
            read = document.meta.get(READ_KEY)
            if document.spans is not None:
                labelled += 1
                empty += not document.spans
                for span in document.spans:
                    spans[span.label] += 1
            elif not read or "not_read" not in read:
                unlabelled += 1
            if read:
                repairs.update(read.get("repairs", {}) if document.spans is not None else {})
                lost.update(read.get("lost", {}))
                findings += map(_finding, [read["not_read"]] if "not_read" in read else ())
                findings += map(_finding, read.get("found", ()))
        counts = Repairs(**{name: repairs[name] for name in asdict(Repairs())})
        return cls(labelled, empty, unlabelled, merged(findings), counts, (), dict(spans), dict(lost))

    def __add__(self, other: ReadReport) -> ReadReport:
        return ReadReport(
            self.n_labelled + other.n_labelled,
            self.n_empty + other.n_empty,
            self.n_unlabelled + other.n_unlabelled,
            merged((*self.findings, *other.findings)),
            self.repairs + other.repairs,
            tuple(dict.fromkeys((*self.recognised, *other.recognised))),
            _sum(self.spans, other.spans),
            _sum(self.lost, other.lost),
        )

    def as_pool(self) -> ReadReport:
        """The report of a pool, whose labels are ignored: only records without a readable text matter."""
        found = [each for each in self.findings if each.kind == "malformed"]
        malformed = [replace(each, kind="pool-malformed") for each in found]
        texts = self.n_texts - sum(each.count for each in malformed)
        return ReadReport(n_unlabelled=texts, findings=tuple(malformed), recognised=self.recognised)

    def with_findings(self, *findings: Finding) -> ReadReport:
        """The report with more findings."""
        return replace(self, findings=merged((*self.findings, *findings)))

    @property
    def n_not_read(self) -> int:
        """The number of texts with labels that were not understood."""
        return sum(each.count for each in self._with(Effect.NOT_READ))

    @property
    def n_texts(self) -> int:
        """The number of texts, read or not."""
        return self.n_labelled + self.n_unlabelled + self.n_not_read

    @property
    def share_not_read(self) -> float:
        """The part of the labelled texts that was not read, 0 to 1."""
        return self.n_not_read / max(1, self.n_not_read + self.n_labelled)

    @property
    def labels_gone(self) -> tuple[str, ...]:
        """The labels of which spans were marked and not one was read."""
        marked = sorted(label for label, count in self.lost.items() if count)
        return tuple(label for label in marked if not self.spans.get(label))

    def _with(self, effect: Effect) -> list[Finding]:
        return [each for each in self.findings if kind_of(each.kind).effect is effect]

    def lines(self) -> tuple[str, ...]:
        """What a person has to know, one line each: recognised things, then losses, repairs and mends."""
        found = [each.line() for each in self.findings]
        unread = [self._summary()] if self.n_not_read else []
        repairs = []
        if self.repairs.total:
            repairs = [f"Spans repaired while reading: {self.repairs.describe()}. See docs/data.md#repairs"]
        lost = ", ".join(f"{count:,} {label}" for label, count in sorted(self.lost.items()) if count)
        return (
            *self.recognised[:SHOWN],
            *unread,
            *found,
            *repairs,
            *([f"Spans that were marked and are not read: {lost}. See docs/data.md#refused"] if lost else []),
        )

    def _summary(self) -> str:
        return (
            f"{self.n_texts:,} texts: {self.n_labelled:,} labelled ({self.n_empty:,} of them without "
            f"entities), {self.n_unlabelled:,} unlabelled, {self.n_not_read:,} not read."
        )

    def check(self, lenient: bool = False) -> None:
        """Refuse to go on when more than ``LIMIT`` of the labelled texts, or all of a label, are not read.

        Raises:
            InputError: this is so, and ``lenient`` is false. The hint says what to do.
        """
        if lenient:
            return
        gone, unread = self.labels_gone, self._with(Effect.NOT_READ)
        if self.share_not_read > LIMIT:
            found = (
                f"{self.n_not_read:,} of {self.n_not_read + self.n_labelled:,} "
                f"({self.share_not_read:.0%}) not read"
            )
            wanted = f"at most {LIMIT:.0%} of the labelled texts not read"
        elif gone:
            found = " and ".join(f"no span of {label!r} (of {self.lost[label]:,})" for label in gone)
            wanted = "spans of every label that was marked"
        else:
            return
        why = " ".join(each.line() for each in unread)
        hints = dict.fromkeys(hint for each in unread if (hint := each.hint()))
        raise InputError(
            f"Expected {wanted}, was: {found}. {why}".strip(),
            " ".join((*hints, "Or go on without these texts by --lenient (LENIENT=true).")),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the key ``read`` of ``--json``, of the round's report and of ``export.json``."""
        return {
            "texts": self.n_texts,
            "labelled": self.n_labelled,
            "without_entities": self.n_empty,
            "unlabelled": self.n_unlabelled,
            "not_read": self.n_not_read,
            "findings": [each.to_dict() for each in self.findings],
            "repairs": {name: count for name, count in asdict(self.repairs).items() if count},
            "recognised": list(self.recognised),
            "spans": dict(self.spans),
            "lost": dict(self.lost),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; keys of other versions may be missing."""
        counts = values.get("repairs", {})
        return cls(
            values.get("labelled", 0),
            values.get("without_entities", 0),
            values.get("unlabelled", 0),
            tuple(map(_finding, values.get("findings", ()))),
            Repairs(**{name: counts.get(name, 0) for name in asdict(Repairs())}),
            tuple(values.get("recognised", ())),
            dict(values.get("spans", {})),
            dict(values.get("lost", {})),
        )


def unread(document: Document, finding: Finding, labels: Iterable[str] = ()) -> Document:
    """The document as a text that was not read: without spans, and with the reason in its ``meta``.

    ``labels``: those of its marked spans, which are lost.
    """
    known = {key: value for key, value in document.meta.items() if key != READ_KEY}
    reason: dict[str, Any] = {"kind": finding.kind, "place": finding.place, "example": finding.example}
    if finding.regions:
        reason["regions"] = dict(finding.regions)
    read = {"not_read": reason, "lost": dict(Counter(labels))}
    return Document(document.id, document.text, None, known | {READ_KEY: read})


def is_unread(document: Document) -> bool:
    """Whether the text has labels that were not understood: it must be neither learnt nor offered."""
    return document.spans is None and "not_read" in document.meta.get(READ_KEY, ())


def without_labels(document: Document) -> Document:
    """The text as one of a pool: without labels, proposals and what was found about them."""
    own = (READ_KEY, PROPOSED, *((PROVENANCE, SPANS_BY) if states_provenance(document.meta) else ()))
    meta = {key: value for key, value in without_machine(document.meta).items() if key not in own}
    return Document(document.id, document.text, None, meta)


def with_original(document: Document) -> Document:
    """The document to write: the labels as they were marked go out in ``meta``, if they were changed."""
    if READ_KEY not in document.meta:
        return document
    meta = {key: value for key, value in document.meta.items() if key != READ_KEY}
    original = document.meta[READ_KEY].get(ORIGINAL)
    if document.spans is not None and original:
        meta[ORIGINAL_REGIONS] = original
    return Document(document.id, document.text, document.spans, meta)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each kind, with the sum of the counts and the first example."""
    by_kind: dict[str, Finding] = {}
    for each in findings:
        before = by_kind.get(each.kind)
        by_kind[each.kind] = each if before is None else before + each
    return tuple(by_kind.values())


def _head(effect: Effect, count: int) -> str:
    texts = _number(count, "text")
    return {
        Effect.NOT_READ: f"{texts} not read",
        Effect.NO_ANSWER: f"{texts} without an answer",
        Effect.MENDED: f"{texts} mended",
        Effect.IGNORED: f"Ignored {count:,} times",
    }[effect]


def _finding(values: Mapping[str, Any]) -> Finding:
    return Finding(
        str(values.get("kind", "malformed")),
        int(values.get("count", 1)),
        str(values.get("place", "")),
        str(values.get("example", "")),
        regions := dict(values.get("regions", {})),
        dict(values.get("texts", dict.fromkeys(regions, 1))),
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(left) + Counter(right))
