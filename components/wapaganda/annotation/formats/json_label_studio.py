"""Label Studio's JSON: exports, tasks of the API, JSON_MIN."""

from collections.abc import Sequence
from pathlib import Path

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.label_studio.exports import is_export, read_tasks
from wapaganda.annotation.label_studio.regions import write_label_studio_tasks
from wapaganda.ner import Document


def _sniff(source: Source) -> float:
    return 0.9 if any(is_export(record) for record in source.objects()) else 0.0


def _read(source: Source, collector: Collector) -> None:
    read_tasks(source.records, collector, source.config)


def _write(documents: Sequence[Document], path: Path) -> Sequence[str]:
    fine = [document for document in documents if "text" not in document.meta]
    write_label_studio_tasks(fine, path)
    return [
        f"{document.id}: Label Studio cannot hold it (its meta has a field 'text')"
        for document in documents
        if "text" in document.meta
    ]


register(
    Format(
        name="label-studio",
        title="JSON of Label Studio",
        suffixes=(".json",),
        sniff=_sniff,
        read=_read,
        write=_write,
        keeps=frozenset({"ids", "order", "meta", "scores", "unlabelled texts", "white space", "proposals"}),
        layout="`label-studio/<split>.json`: tasks to import into Label Studio, with annotations or "
        "predictions.",
    )
)
