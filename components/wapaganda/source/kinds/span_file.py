"""A file of texts with the spans that something else has found."""

import hashlib
import json
from collections.abc import Sequence

from wapaganda.ner import Span, decode_spans
from wapaganda.source.interface import SourceOptions, source_kind


@source_kind("spans")
class SpanFile:
    """One JSON object a line with ``text`` and ``spans``, rows of start, end and label. Option: ``file``.

    A text that is not in the file has no spans, as far as the source says.
    """

    at_a_time = 10_000

    def __init__(self, options: SourceOptions) -> None:
        path = options.path("file")
        self._spans: dict[str, tuple[Span, ...]] = {}
        content = path.read_bytes()
        for number, line in enumerate(content.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
                self._spans[str(values["text"])] = decode_spans(values["spans"])
            except (ValueError, KeyError, TypeError):
                was = line[:60].decode("utf-8", "replace")
                raise options.wrong("file", f"text and spans in {path}:{number}", was) from None
        self.types = tuple(sorted({span.label for spans in self._spans.values() for span in spans}))
        self.fingerprint = f"spans {hashlib.sha256(content).hexdigest()}"

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The spans of each text."""
        return [self._spans.get(text, ()) for text in texts]
