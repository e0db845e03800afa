"""Write the finished data set atomically."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wapaganda.annotation import all_formats, write_documents
from wapaganda.dataset.card import CardFacts, data_card
from wapaganda.dataset.report import ExportReport, SplitReport
from wapaganda.dataset.split import SPLITS, checked_shares, split_of
from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs, repaired
from wapaganda.storage import atomic_folder, write_json, write_text

MARK = "export.json"
"""The file that identifies an earlier export; no other folder is ever overwritten."""


class ExportError(InputError):
    """The export cannot be written to its folder; the message says why and what to do."""


def export_dataset(
    documents: Iterable[Document],
    out: Path,
    formats: Sequence[str] = ("conll", "jsonl", "datasets"),
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 13,
    *,
    facts: CardFacts | None = None,
    force: bool = False,
) -> ExportReport:
    """Split the labelled ``documents`` by their texts and write them into the new folder ``out``.

    Unlabelled documents are left out and counted. Labels are written without scores, which would mark them as
    a model's. The folder is written atomically. ``force``: replace an earlier export; no other folder is
    replaced.

    Raises:
        InputError: a format or the shares are wrong, or no document is labelled.
        ExportError: ``out`` holds something already.
    """
    check_request(out, formats, shares, force)
    chosen = tuple(dict.fromkeys(formats))
    everything = list(documents)
    labelled, repairs = _repaired(everything)
    if not labelled:
        raise InputError(
            f"Expected at least one labelled text to export, was: {len(everything)} without labels"
        )
    splits = _split(labelled, shares, seed)
    report = ExportReport(
        path=out,
        splits=tuple(SplitReport.of(name, splits[name]) for name in SPLITS),
        formats=chosen,
        n_unlabelled=len(everything) - len(labelled),
        n_copies=len(labelled) - len({document.text for document in labelled}),
        repairs=repairs,
    )
    with atomic_folder(out, replace=force) as draft:
        report = replace(report, left_out=tuple(_write_splits(draft, splits, chosen)))
        write_text(draft / "README.md", data_card(report, labelled, shares, seed, facts or CardFacts()))
        write_json(draft / MARK, report.to_dict(), indent=2)
    return report


def export_formats() -> tuple[str, ...]:
    """The names of the formats that an export can have."""
    return tuple(each.name for each in all_formats().values() if each.write is not None)


def check_request(out: Path, formats: Sequence[str], shares: Sequence[float], force: bool) -> None:
    """Check the arguments of `export_dataset` before the documents are fetched, which may take long.

    Raises:
        InputError: a format or the shares are wrong.
        ExportError: ``out`` holds something already.
    """
    _check_formats(formats)
    checked_shares(shares)
    _refuse_to_overwrite(out, force)


def _check_formats(formats: Sequence[str]) -> None:
    known = export_formats()
    unknown = [name for name in formats if name not in known]
    if unknown or not formats:
        raise InputError(f"Expected formats out of {', '.join(known)}, was: {', '.join(unknown) or 'none'}")


def _refuse_to_overwrite(out: Path, force: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / MARK).is_file():
        raise ExportError(
            f"Expected a new or empty folder, was: {out}, which holds other things; name another one."
        )
    if not force:
        raise ExportError(
            f"Expected a new or empty folder, was: {out}, an earlier export; "
            "replace it with --force or name another one."
        )


def _repaired(documents: Iterable[Document]) -> tuple[list[Document], Repairs]:
    labelled, total = [], Repairs()
    for document in documents:
        if document.is_labelled:
            good, repairs = repaired(document)
            labelled.append(good.with_spans(replace(span, score=None) for span in good.spans or ()))
            total += repairs
    return labelled, total


def _split(documents: Iterable[Document], shares: Sequence[float], seed: int) -> dict[str, list[Document]]:
    splits: dict[str, list[Document]] = {name: [] for name in SPLITS}
    for document in documents:
        splits[split_of(document.text, shares, seed)].append(document)
    return splits


def _write_splits(
    out: Path, splits: Mapping[str, Sequence[Document]], formats: Sequence[str]
) -> Iterator[str]:
    """Write each non-empty split in each format; return one sentence for each text left out."""
    held = {split: documents for split, documents in splits.items() if documents}
    for name in formats:
        chosen, folder = all_formats()[name], out / name
        for split, documents in held.items():
            suffix = "" if chosen.is_folder else chosen.suffixes[0]
            for reason in write_documents(documents, folder / f"{split}{suffix}", name):
                yield f"{name}: {reason}"
        if chosen.index is not None:
            chosen.index(folder, list(held))
