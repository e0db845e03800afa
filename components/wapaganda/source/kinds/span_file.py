"""A file of texts with the spans that something else has found."""

import hashlib
import json
from collections.abc import Sequence

from wapaganda.ner import Span, decode_spans
from wapaganda.source.interface import SourceOptions, source_kind


@source_kind("spans")
class SpanFile:
    """One JSON object a line with ``text`` and ``spans``, rows of start, end and label. Option: ``file``.

    About a text that is not in the file it says nothing.
    """

    at_a_time = 10_000

    def __init__(self, options: SourceOptions) -> None:
        path = options.path("file")
        self._spans: dict[str, tuple[Span, ...]] = {}
        content = path.read_bytes()
        for number, line in enumerate(content.splitlines(), start=1):
            if not line.strip():
                continue
            was = line[:60].decode("utf-8", "replace")
            try:
                values = json.loads(line)
                text, spans = values["text"], decode_spans(values["spans"])
            except (ValueError, KeyError, TypeError):
                raise options.wrong("file", f"text and spans in {path}:{number}", was) from None
            if not isinstance(text, str) or self._spans.setdefault(text, spans) != spans:
                raise options.wrong("file", f"each text once, and as a text, in {path}:{number}", was)
        if not self._spans:
            raise options.wrong("file", "texts with spans", f"none in {path}")
        self.types = tuple(sorted({span.label for spans in self._spans.values() for span in spans}))
        self.fingerprint = f"spans {hashlib.sha256(content).hexdigest()}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...] | None]:
        """The spans of each text, if the file has it."""
        return [self._spans.get(text) for text in texts]
