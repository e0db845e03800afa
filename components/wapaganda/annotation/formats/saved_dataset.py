"""Folders of the Hugging Face ``datasets`` library."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.format import ASPECTS, Format, Source, register
from wapaganda.annotation.proposals import MODEL, PROPOSED, PROVENANCE
from wapaganda.annotation.records import read_records, record_from_document
from wapaganda.ner import Document


def is_dataset_folder(path: Path) -> bool:
    """Whether ``datasets`` saved this folder."""
    return any((path / name).is_file() for name in ("dataset_dict.json", "dataset_info.json", "state.json"))


def read_dataset_folder(path: Path, collector: Collector) -> None:
    """Collects the rows of a saved dataset, or of all splits of a saved dict (``meta["split"]``).

    Rows have ``text`` and ``spans`` (as ``write_datasets_folder`` writes them), or ``tokens`` and
    ``ner_tags``.

    Raises:
        FormatError: ``datasets`` did not save this folder.
    """
    from datasets import Dataset

    for split, folder in _splits(path):
        try:
            if not json.loads((folder / "state.json").read_text(encoding="utf-8"))["_data_files"]:
                continue  # the library saves a dataset without rows but cannot load it
            dataset = Dataset.load_from_disk(str(folder)).with_format(None)  # it may hide columns
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise FormatError(f"Expected a folder saved by datasets, was: {error}", folder) from error
        read_dataset(dataset, collector, split)


def read_dataset(dataset: Any, collector: Collector, split: str | None = None) -> None:  # noqa: ANN401 - untyped
    """Collects the rows of a ``datasets.Dataset``; ``split`` goes into the ``meta`` of each."""
    rows = [_record(row, dataset.features, split) for row in dataset]
    of = "" if split is None else f" of {split}"
    where = {number: f"row {number}{of}" for number in range(1, len(rows) + 1)}
    read_records(enumerate(rows, start=1), collector, where)


def _splits(path: Path) -> list[tuple[str | None, Path]]:
    index = path / "dataset_dict.json"
    if not index.is_file():
        return [(None, path)]
    return [(split, path / split) for split in json.loads(index.read_text(encoding="utf-8"))["splits"]]


def _named(value: Any, feature: Any) -> Any:  # noqa: ANN401 - any value of a dataset
    """The value with names in place of the numbers of a ``ClassLabel``; numbers without a name stay."""
    if hasattr(feature, "names"):
        known = isinstance(value, int) and 0 <= value < len(feature.names)
        return feature.names[value] if known else value
    inner = getattr(feature, "feature", feature[0] if isinstance(feature, list) and feature else None)
    if isinstance(value, list) and inner is not None:
        return [_named(each, inner) for each in value]
    fields = inner if isinstance(inner, Mapping) else feature
    if isinstance(value, Mapping) and isinstance(fields, Mapping):
        return {key: _named_field(each, fields.get(key), inner is fields) for key, each in value.items()}
    return value


def _named_field(value: Any, feature: Any, is_column: bool) -> Any:  # noqa: ANN401 - any value of a dataset
    """A field of an object, or of an object of lists, which older versions of the library make."""
    if is_column and isinstance(value, list):
        return [_named(each, feature) for each in value]
    return _named(value, feature)


def _record(row: Mapping[str, Any], features: Mapping[str, Any], split: str | None) -> dict[str, Any]:
    record = {key: _named(value, features[key]) for key, value in row.items() if value is not None}
    meta = _meta(record.get("meta", {}))
    if split is not None and isinstance(meta, Mapping):
        meta = {"split": split} | dict(meta)
    return record | {"meta": meta}


def _meta(value: object) -> object:
    """The column ``meta``: the JSON of ``write_datasets_folder`` as an object, other texts in one."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        found = value
    return found if isinstance(found, dict) else {"meta": value}


def write_datasets_folder(documents: Iterable[Document], path: Path) -> None:
    """Saves a dataset with the columns ``id``, ``text``, ``spans`` (null if unlabelled) and ``meta`` (JSON).

    If a document states its provenance there are also ``provenance`` and ``model``, and ``by`` of each span.

    Raises:
        FileExistsError: ``path`` exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"Expected an empty or no folder, was: {path}")
    with quiet():
        dataset_of(documents).save_to_disk(str(path))


def dataset_of(documents: Iterable[Document]) -> Any:  # noqa: ANN401 - a Dataset, whose library is untyped
    """The documents as a ``datasets.Dataset``, with the columns of ``write_datasets_folder``."""
    from datasets import Dataset, Features, List, Value

    records = [record_from_document(document) for document in documents]
    number, text = Value("int32"), Value("string")
    span = {"start": number, "end": number, "label": text, "score": Value("float64")}
    columns = {"id": text, "text": text, "spans": List(span), "meta": text}
    if any(PROVENANCE in record for record in records):
        said = {PROVENANCE: text, MODEL: text}
        columns |= {"spans": List(span | {"by": text}), "meta": columns.pop("meta")} | said
    rows = [_row(record, "by" in columns["spans"].feature) for record in records]
    values = {name: [row.get(name) for row in rows] for name in columns}
    return Dataset.from_dict(values, features=Features(columns))


def _row(record: Mapping[str, Any], says_who: bool) -> dict[str, Any]:
    spans, meta = record["spans"], record.get("meta", {})
    if PROPOSED in record:
        meta = {**meta, PROPOSED: record[PROPOSED]}
    blank = {"score": None} | ({"by": None} if says_who else {})
    return {
        **record,
        "spans": None if spans is None else [blank | span for span in spans],
        "meta": json.dumps(meta, ensure_ascii=False),
    }


@contextmanager
def quiet() -> Iterator[None]:
    """Turns off the progress bars of ``datasets``."""
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _sniff(source: Source) -> float:
    return 1.0 if is_dataset_folder(source.path) else 0.0


def _read(source: Source, collector: Collector) -> None:
    if not is_dataset_folder(source.path):
        raise FormatError("Expected a folder saved by datasets, was: something else", source.path)
    read_dataset_folder(source.path, collector)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    write_datasets_folder(documents, path)
    return ()


def _index(folder: Path, splits: Sequence[str]) -> None:
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")


register(
    Format(
        name="datasets",
        title="a folder saved by datasets",
        suffixes=(".datasets",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset(ASPECTS),
        is_folder=True,
        layout='`datasets/`: for `datasets.load_from_disk("datasets")`.',
        index=_index,
    )
)
