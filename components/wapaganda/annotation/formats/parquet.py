"""Parquet files with the columns of a saved dataset, as the hub shows and loads them."""

from collections.abc import Sequence
from pathlib import Path

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.format import ASPECTS, Format, Source, register
from wapaganda.annotation.formats.saved_dataset import dataset_of, quiet, read_dataset
from wapaganda.ner import Document

_MAGIC = b"PAR1"


def _sniff(source: Source) -> float:
    return 1.0 if source.content[:4] == _MAGIC else 0.0


def _read(source: Source, collector: Collector) -> None:
    import pyarrow
    from datasets import Dataset
    from pyarrow.parquet import read_table

    try:
        dataset = Dataset(read_table(source.path))
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise FormatError(f"Expected a Parquet file, was: {error}", source.path) from error
    read_dataset(dataset, collector)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    with quiet():
        dataset_of(documents).to_parquet(str(path))
    return ()


register(
    Format(
        name="parquet",
        title="Parquet",
        suffixes=(".parquet",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset(ASPECTS),
        layout="`parquet/<split>.parquet`: the columns of `datasets`, for `load_dataset`, pandas and "
        "the hub.",
    )
)
