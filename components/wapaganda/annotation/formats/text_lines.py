"""Plain text: one unlabelled document per line."""

from wapaganda.annotation.collecting import Collector
from wapaganda.annotation.format import Format, Source, register
from wapaganda.ner import Document


def _sniff(source: Source) -> float:
    return 0.1 if source.path.suffix.lower() == ".txt" and source.text.strip() else 0.0


def _read(source: Source, collector: Collector) -> None:
    for line in source.lines:
        if line.strip():
            collector.add(Document(collector.default_id(), line))
    collector.note("read as plain text, one unlabelled document a line")


register(
    Format(
        name="text", title="plain text (a text a line, without labels)", suffixes=(), sniff=_sniff, read=_read
    )
)
