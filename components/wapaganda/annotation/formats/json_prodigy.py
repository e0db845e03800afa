"""Prodigy's JSONL: ``spans`` and the ``answer`` of the annotator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.proposals import marked_spans
from wapaganda.annotation.records import read_records
from wapaganda.ner import Document, span_to_dict

_MARKS = {"_input_hash", "_task_hash", "_session_id"}
_ANSWERS = ("accept", "reject", "ignore")


def _sniff(source: Source) -> float:
    found = any(
        "text" in record and (record.get("answer") in _ANSWERS or _MARKS & record.keys())
        for record in source.objects()
    )
    return 0.85 if found else 0.0


def _read(source: Source, collector: Collector) -> None:
    read_records(source.records, collector)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            record: dict[str, Any] = {"id": document.id, "text": document.text}
            spans, proposal = marked_spans(document)
            record |= {} if spans is None else {"spans": [span_to_dict(span) for span in spans]}
            record |= {} if spans is None or proposal else {"answer": "accept"}
            record |= {"meta": dict(document.meta)} if document.meta else {}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return ()


register(
    Format(
        name="prodigy",
        title="JSONL of Prodigy",
        suffixes=(".prodigy.jsonl",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset({"ids", "order", "meta", "scores", "unlabelled texts", "white space", "proposals"}),
        layout="`prodigy/<split>.prodigy.jsonl`: one task a line with `spans` and `answer`, for Prodigy's "
        "`db-in` or as input of `ner.manual`.",
    )
)
