"""doccano's JSONL: ``label`` with ``[start, end, label]``, or ``entities`` with ``start_offset``."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.proposals import marked_spans
from wapaganda.annotation.records import read_records
from wapaganda.ner import Document, encode_spans


def _is_doccano(record: Mapping[str, Any]) -> bool:
    entities = record.get("entities")
    newer = isinstance(entities, list) and any(
        isinstance(each, Mapping) and "start_offset" in each for each in entities
    )
    return "text" in record and (newer or isinstance(record.get("label"), list))


def _sniff(source: Source) -> float:
    return 0.8 if any(map(_is_doccano, source.objects())) else 0.0


def _read(source: Source, collector: Collector) -> None:
    read_records(source.records, collector)
    relations = [record.get("relations") for record in source.objects()]
    count = sum(len(each) for each in relations if isinstance(each, list))
    if count:
        collector.found("beside", "relations of doccano are not labels; they stay in meta", count)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            record: dict[str, Any] = {"id": document.id, "text": document.text}
            spans, _ = marked_spans(document)
            record |= {} if spans is None else {"label": encode_spans(spans)}
            record |= {"meta": dict(document.meta)} if document.meta else {}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return ()


register(
    Format(
        name="doccano",
        title="JSONL of doccano",
        suffixes=(".doccano.jsonl",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset({"ids", "order", "meta", "unlabelled texts", "white space", "proposals"}),
        layout="`doccano/<split>.doccano.jsonl`: one object a line, `label` with `[start, end, label]`, to "
        "import into doccano as JSONL.",
    )
)
