"""JSONL or JSON records with text and spans, the format of our own files."""

from collections.abc import Sequence
from pathlib import Path

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.format import ASPECTS, Format, Source, register
from wapaganda.annotation.records import read_records, write_jsonl
from wapaganda.ner import Document


def _sniff(source: Source) -> float:
    return 0.5 if source.looks_like_json else 0.0


def _read(source: Source, collector: Collector) -> None:
    read_records(source.records, collector)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    write_jsonl(documents, path)
    return ()


register(
    Format(
        name="jsonl",
        title="JSON or JSONL records",
        suffixes=(".jsonl", ".ndjson"),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset(ASPECTS),
        layout="`jsonl/<split>.jsonl`: one object a line, `text` and `spans` with `start`, `end` "
        "(Unicode code points, end exclusive) and `label`; in finished data sets also "
        "`provenance`, `model`, and `by` and `score` of each span.",
    )
)
