"""What has changed between two exports: texts, spans, who gave them, and splits."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from wapaganda.annotation import (
    PROVENANCE,
    Format,
    Provenance,
    all_formats,
    proposal_of,
    read_documents,
)
from wapaganda.dataset.export import MARK
from wapaganda.dataset.provenance import stated_origin
from wapaganda.dataset.split import SPLITS
from wapaganda.errors import InputError
from wapaganda.ner import Document, Span, span_to_dict

_PREFERRED = ("jsonl", "parquet", "datasets")
"""The formats that say most, the best first."""
_APART = "-machine"


@dataclass(frozen=True, slots=True)
class Record:
    """A text of an export: its spans with the provenance of each, that of the text, and its split.

    ``provenance`` is "" when the format does not say it.
    """

    id: str
    text: str
    spans: Mapping[Span, str]
    provenance: str
    split: str


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A text that is in both exports and not the same: as it was and as it is.

    ``moved``: pairs of overlapping spans, before and after. ``removed`` and ``added``: the other spans that
    only one of them has. Of a text whose words have changed all spans are removed and added.
    """

    before: Record
    after: Record
    moved: tuple[tuple[Span, Span], ...]
    removed: tuple[Span, ...]
    added: tuple[Span, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.after.id,
            "text": self.after.text,
            "text_before": None if self.before.text == self.after.text else self.before.text,
            "provenance": [self.before.provenance, self.after.provenance],
            "split": [self.before.split, self.after.split],
            "changed": [
                {"before": span_to_dict(old), "after": span_to_dict(new), "by": self.after.spans[new]}
                for old, new in self.moved
            ],
            "removed": [span_to_dict(span) | {"by": self.before.spans[span]} for span in self.removed],
            "added": [span_to_dict(span) | {"by": self.after.spans[span]} for span in self.added],
        }


@dataclass(frozen=True, slots=True)
class ExportDifference:
    """The texts that only one of two exports has, those that changed, and how many did not."""

    added: tuple[Record, ...]
    removed: tuple[Record, ...]
    changed: tuple[RecordChange, ...]
    n_equal: int

    def texts_by_provenance(self) -> dict[str, dict[str, int]]:
        """The numbers of texts that were added, removed or changed, each by provenance (changed: after)."""
        return {
            "added": _counted(each.provenance for each in self.added),
            "removed": _counted(each.provenance for each in self.removed),
            "changed": _counted(each.after.provenance for each in self.changed),
        }

    def spans_by_provenance(self) -> dict[str, dict[str, int]]:
        """The numbers of spans that were added, removed or changed, in all texts, each by provenance."""
        added = [way for each in self.added for way in each.spans.values()]
        added += [each.after.spans[span] for each in self.changed for span in each.added]
        removed = [way for each in self.removed for way in each.spans.values()]
        removed += [each.before.spans[span] for each in self.changed for span in each.removed]
        moved = [each.after.spans[new] for each in self.changed for _, new in each.moved]
        return {"added": _counted(added), "removed": _counted(removed), "changed": _counted(moved)}

    def transitions(self) -> dict[str, int]:
        """How many texts went from one provenance to another, as ``"machine → corrected"``."""
        pairs = ((each.before.provenance, each.after.provenance) for each in self.changed)
        return _counted(f"{before} → {after}" for before, after in pairs if before != after)

    def moves(self) -> dict[str, int]:
        """How many texts went from one split to another, as ``"train → test"``."""
        pairs = ((each.before.split, each.after.split) for each in self.changed)
        return _counted(f"{before} → {after}" for before, after in pairs if before != after)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with all changes."""
        return {
            "equal": self.n_equal,
            "texts": self.texts_by_provenance(),
            "spans": self.spans_by_provenance(),
            "provenance": self.transitions(),
            "splits": self.moves(),
            "added": [each.id for each in self.added],
            "removed": [each.id for each in self.removed],
            "changes": [each.to_dict() for each in self.changed],
        }


def compare_exports(before: Path, after: Path) -> ExportDifference:
    """The difference of two exports, in the best format that both have.

    A text is the same by its id, or else by its words; formats without ids compare words only, and those
    that do not keep white space compare without it. Scores of a machine's spans do not count.

    Raises:
        InputError: a folder is no export, or the two have no format in common.
    """
    formats = [_manifest(folder).get("formats", []) for folder in (before, after)]
    chosen = _common(formats[0], formats[1])
    if chosen is None:
        listed = " and ".join(", ".join(each) for each in formats)
        raise InputError(f"Expected exports with a format in common, was: {listed}")
    old, new = _records(before, chosen), _records(after, chosen)
    pairs, removed, added = _paired(old, new)
    changes = [each for one, other in pairs if (each := _change(one, other)) is not None]
    return ExportDifference(tuple(added), tuple(removed), tuple(changes), len(pairs) - len(changes))


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MARK).read_text("utf-8"))
        return dict(found)
    except (OSError, ValueError, TypeError):
        raise InputError(f"Expected the folder of an export (with {MARK}), was: {folder}") from None


def _common(before: Sequence[str], after: Sequence[str]) -> Format | None:
    shared = [name for name in (*_PREFERRED, *before) if name in before and name in after]
    known = [all_formats()[name] for name in shared if name in all_formats()]
    return max(known, key=lambda each: (each.name in _PREFERRED, "ids" in each.keeps), default=None)


def _records(folder: Path, chosen: Format) -> list[Record]:
    suffix = "" if chosen.is_folder else chosen.suffixes[0]
    found = []
    for split in SPLITS:
        for part in ("", _APART):
            path = folder / chosen.name / f"{split}{part}{suffix}"
            if path.exists():
                read = read_documents(path, chosen.name).documents
                found += [_record(each, split, bool(part)) for each in read]
    if "white space" not in chosen.keeps:
        found = [_without_blanks(each) for each in found]
    return found if "ids" in chosen.keeps else [replace(each, id="") for each in found]


def _without_blanks(record: Record) -> Record:
    """The record without white space, which the labels of a text can change in CoNLL."""
    places = [0, *accumulate(not character.isspace() for character in record.text)]
    spans = {
        replace(span, start=places[span.start], end=places[span.end]): way
        for span, way in record.spans.items()
    }
    return replace(record, text="".join(record.text.split()), spans=spans)


def _record(document: Document, split: str, is_apart: bool) -> Record:
    proposal = proposal_of(document)
    if proposal is not None or is_apart:
        spans = proposal.spans if proposal is not None else document.spans or ()
        by_machine = Provenance.MACHINE.value
        return Record(document.id, document.text, dict.fromkeys(spans, by_machine), by_machine, split)
    origin = stated_origin(document)
    if origin is None:
        ways = dict.fromkeys(document.spans or (), "")
        return Record(document.id, document.text, ways, str(document.meta.get(PROVENANCE, "")), split)
    pairs = zip(document.spans or (), origin.spans, strict=True)
    return Record(
        document.id, document.text, {span: way.value for span, way in pairs}, origin.text.value, split
    )


def _paired(
    old: Sequence[Record], new: Sequence[Record]
) -> tuple[list[tuple[Record, Record]], list[Record], list[Record]]:
    """The texts of both, and those that only the first or the second has."""
    by_id = {each.id: each for each in old if each.id}
    pairs, rest = [], []
    for each in new:
        known = by_id.pop(each.id, None) if each.id else None
        pairs += [(known, each)] if known is not None else []
        rest += [each] if known is None else []
    left: dict[str, list[Record]] = {}
    for each in (*by_id.values(), *(each for each in old if not each.id)):
        left.setdefault(each.text, []).append(each)
    added = []
    for each in rest:
        same = left.get(each.text)
        if same:
            pairs.append((same.pop(0), each))
        else:
            added.append(each)
    return pairs, [each for some in left.values() for each in some], added


def _change(before: Record, after: Record) -> RecordChange | None:
    same_text = before.text == after.text
    gone = [span for span in before.spans if not (same_text and span in after.spans)]
    come = [span for span in after.spans if not (same_text and span in before.spans)]
    moved = _overlapping(gone, come) if same_text else []
    removed = [span for span in gone if span not in {old for old, _ in moved}]
    added = [span for span in come if span not in {new for _, new in moved}]
    facts = ((each.text, each.provenance, each.split, sorted(each.spans.items())) for each in (before, after))
    if next(facts) == next(facts):
        return None
    return RecordChange(before, after, tuple(moved), tuple(removed), tuple(added))


def _overlapping(gone: Sequence[Span], come: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Pairs of overlapping spans, each span in one pair at most, in the order of the first."""
    free, pairs = list(come), []
    for old in gone:
        new = next((each for each in free if each.start < old.end and old.start < each.end), None)
        if new is not None:
            free.remove(new)
            pairs.append((old, new))
    return pairs


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
