"""Write the finished data set: everything or nothing."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wapaganda.annotation import write_conll, write_datasets_folder, write_jsonl
from wapaganda.dataset.card import CardFacts, data_card
from wapaganda.dataset.report import ExportReport, SplitReport
from wapaganda.dataset.split import SPLITS, checked_shares, split_of
from wapaganda.errors import InputError
from wapaganda.ner import Document, Repairs, repair_spans
from wapaganda.storage import atomic_folder

MARK = "export.json"
"""The file by which an earlier export is known, so that nothing else is ever overwritten."""


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
    """Split the labelled ones of ``documents`` by their texts and write them into the new folder ``out``.

    Unlabelled documents are left out and counted. The folder appears whole or not at all; with ``force`` it
    takes the place of an earlier export, and of nothing else.

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
        _write(draft, splits, report, data_card(report, labelled, shares, seed, facts or CardFacts()))
    return report


def check_request(out: Path, formats: Sequence[str], shares: Sequence[float], force: bool) -> None:
    """Check what `export_dataset` is asked for, before the documents are fetched at some length.

    Raises:
        InputError: a format or the shares are wrong.
        ExportError: ``out`` holds something already.
    """
    _check_formats(formats)
    checked_shares(shares)
    _refuse_to_overwrite(out, force)


def _check_formats(formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(f"Expected formats out of {', '.join(FORMATS)}, was: {', '.join(unknown) or 'none'}")


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
            "replace it by force (--force) or name another one."
        )


def _repaired(documents: Iterable[Document]) -> tuple[list[Document], Repairs]:
    labelled, total = [], Repairs()
    for document in documents:
        if document.spans is not None:
            spans, repairs = repair_spans(document.text, document.spans)
            labelled.append(replace(document, spans=spans))
            total += repairs
    return labelled, total


def _split(documents: Iterable[Document], shares: Sequence[float], seed: int) -> dict[str, list[Document]]:
    splits: dict[str, list[Document]] = {name: [] for name in SPLITS}
    for document in documents:
        splits[split_of(document.text, shares, seed)].append(document)
    return splits


def _write(folder: Path, splits: Mapping[str, Sequence[Document]], report: ExportReport, card: str) -> None:
    for name in report.formats:
        FORMATS[name]({split: held for split, held in splits.items() if held}, folder / name)
    (folder / "README.md").write_text(card, encoding="utf-8")
    described = json.dumps(report.to_dict(), ensure_ascii=False, indent=2)
    (folder / MARK).write_text(described + "\n", encoding="utf-8")


def _conll(splits: Mapping[str, Sequence[Document]], folder: Path) -> None:
    folder.mkdir()
    for split, documents in splits.items():
        write_conll(documents, folder / f"{split}.conll")


def _jsonl(splits: Mapping[str, Sequence[Document]], folder: Path) -> None:
    folder.mkdir()
    for split, documents in splits.items():
        write_jsonl(documents, folder / f"{split}.jsonl")


def _datasets(splits: Mapping[str, Sequence[Document]], folder: Path) -> None:
    """A ``DatasetDict`` as ``datasets`` saves it: one folder for each split and the list of the splits."""
    folder.mkdir()
    for split, documents in splits.items():
        write_datasets_folder(documents, folder / split)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")


FORMATS: Mapping[str, Callable[[Mapping[str, Sequence[Document]], Path], None]] = {
    "conll": _conll,
    "jsonl": _jsonl,
    "datasets": _datasets,
}
"""Format name to the writer of all splits."""
