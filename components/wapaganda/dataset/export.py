"""Write the finished data set atomically."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wapaganda.annotation import all_formats, write_documents
from wapaganda.dataset.card import CardFacts, data_card
from wapaganda.dataset.material import Gathered, fingerprint, gather, is_by_machine
from wapaganda.dataset.model_labels import ModelLabels, estimate_file
from wapaganda.dataset.provenance import is_drawn_at_random
from wapaganda.dataset.replay import Replay, files_of, inputs_of
from wapaganda.dataset.report import ExportReport, Quality, SplitReport, counts_by_provenance
from wapaganda.dataset.request import ExportRequest
from wapaganda.dataset.split import SPLITS, Splitting, split_texts
from wapaganda.errors import InputError
from wapaganda.ner import Document
from wapaganda.storage import atomic_folder, write_json, write_text

MARK = "export.json"
"""The manifest; a folder with it is an earlier export, and no other folder is ever overwritten."""


class ExportError(InputError):
    """The export cannot be written to its folder; the message says why and what to do."""


def export_dataset(
    documents: Iterable[Document],
    out: Path,
    request: ExportRequest | None = None,
    *,
    machine: ModelLabels | None = None,
    facts: CardFacts | None = None,
    force: bool = False,
    replay: Replay | None = None,
) -> ExportReport:
    """Write the labelled ``documents`` and those that ``machine`` has labelled into the new folder ``out``.

    The others are left out and counted. Only texts that people labelled and no score has chosen are in dev
    and test (``split_texts``). Formats that cannot say who gave a label get the machine's texts in files of
    their own, ``<split>-machine``. The folder is written atomically; from equal documents and an equal
    request its data files are equal byte by byte. ``force``: replace an earlier export; no other folder is
    replaced. ``replay``: write nothing unless the files are those of this earlier export.

    Raises:
        InputError: no document is labelled, the filters leave none, or the files are not those of ``replay``.
        ExportError: ``out`` holds something already.
    """
    request, facts = request or ExportRequest(), facts or CardFacts()
    check_folder(out, force)
    everything = list(documents)
    found = gather(everything, machine, facts.history, request)
    if not found.documents:
        raise InputError(_why_nothing(len(everything), found))
    splitting = _splitting(found, facts, request)
    splits = {name: _part(found.documents, splitting.names, name) for name in SPLITS}
    report = ExportReport(
        path=out,
        request=request,
        splits=tuple(SplitReport.of(name, splits[name]) for name in SPLITS),
        by_provenance=counts_by_provenance(found.documents),
        n_left_out=found.left_out,
        n_copies=len(found.documents) - len({document.text for document in found.documents}),
        repairs=found.repairs,
        fingerprint=fingerprint(found.documents, splitting.names),
        quality=_quality(found, machine),
        notes=splitting.notes(),
        title=facts.title,
        created_at=facts.created_at,
        package=facts.package,
    )
    with atomic_folder(out, replace=force) as draft:
        report = replace(report, left_out=tuple(_write_splits(draft, splits, request.formats)))
        write_text(draft / "README.md", data_card(report, found, splitting, facts))
        files, inputs = files_of(draft), inputs_of(everything, machine, facts)
        if replay is not None:
            replay.refuse_others(inputs, files)
        report = replace(report, recipe=_recipe(facts, machine, inputs, files))
        write_json(draft / MARK, report.manifest(), indent=2)
    return report


def check_folder(out: Path, force: bool) -> None:
    """Check the folder of `export_dataset` before the documents are fetched, which may take long.

    Raises:
        ExportError: ``out`` holds something already.
    """
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


def _recipe(
    facts: CardFacts, machine: ModelLabels | None, inputs: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "licence": facts.licence,
        "languages": list(facts.languages),
        "reading": dict(facts.reading),
        "with_machine": machine is not None and machine.campaign is None,
        "inputs": dict(inputs),
        "files": dict(files),
    }


def _why_nothing(n_documents: int, found: Gathered) -> str:
    if n_documents == found.left_out["unlabelled"]:
        return f"Expected at least one labelled text to export, was: {n_documents} without labels"
    left = {why: n for why, n in found.left_out.items() if n}
    counts = ", ".join(f"{n:,} left out by {why}" for why, n in left.items())
    return f"Expected at least one text that the filters keep, was: none ({counts})"


def _splitting(found: Gathered, facts: CardFacts, request: ExportRequest) -> Splitting:
    eligible = [
        not is_by_machine(document) and is_drawn_at_random(document, facts.history)
        for document in found.documents
    ]
    texts = [document.text for document in found.documents]
    return split_texts(texts, eligible, request.shares, request.seed)


def _part(documents: Sequence[Document], names: Sequence[str], name: str) -> list[Document]:
    return [document for document, split in zip(documents, names, strict=True) if split == name]


def _quality(found: Gathered, machine: ModelLabels | None) -> Quality:
    by_machine = found.by_machine()
    if machine is None or not by_machine:
        return Quality()
    people = [document for document in found.documents if not is_by_machine(document)]
    estimate = estimate_file(machine, by_machine, people)
    return Quality(machine.model, machine.campaign, machine.certificate, estimate, machine.n_gone)


def _write_splits(
    out: Path, splits: Mapping[str, Sequence[Document]], formats: Sequence[str]
) -> Iterator[str]:
    """Write each non-empty split in each format; return one sentence for each text left out."""
    for name in formats:
        chosen, folder = all_formats()[name], out / name
        files = _files(splits, "meta" in chosen.keeps)
        for file, documents in files.items():
            suffix = "" if chosen.is_folder else chosen.suffixes[0]
            for reason in write_documents(documents, folder / f"{file}{suffix}", name):
                yield f"{name}: {reason}"
        if chosen.index is not None:
            chosen.index(folder, list(files))


def _files(splits: Mapping[str, Sequence[Document]], says_who: bool) -> dict[str, Sequence[Document]]:
    """The documents of each file; a format that cannot say who gave a label has those of a machine apart."""
    if says_who:
        return {split: documents for split, documents in splits.items() if documents}
    files: dict[str, Sequence[Document]] = {}
    for split, documents in splits.items():
        files[split] = [each for each in documents if not is_by_machine(each)]
        files[f"{split}-machine"] = [each for each in documents if is_by_machine(each)]
    return {file: documents for file, documents in files.items() if documents}
