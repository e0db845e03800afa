"""Texts, entity spans and their IOB2 tags: the domain types of all bricks."""

from wapaganda.ner.considered import (
    CONSIDERED,
    considered_labels,
    judged_spans,
    label_names,
    missing_types,
    with_considered,
)
from wapaganda.ner.document import Document, LabelSchema, Span
from wapaganda.ner.repair import Repairs, align_spans, gold_spans, repair_spans, repaired
from wapaganda.ner.span_codec import decode_spans, encode_spans, span_to_dict
from wapaganda.ner.tags import decode_tags, encode_tags
from wapaganda.ner.white_space import first_difference, moved_spans, without_whitespace
from wapaganda.ner.words import WORD_PATTERN, collapse_whitespace, reading_words, word_offsets, word_parts

__all__ = [
    "CONSIDERED",
    "WORD_PATTERN",
    "Document",
    "LabelSchema",
    "Repairs",
    "Span",
    "align_spans",
    "collapse_whitespace",
    "considered_labels",
    "decode_spans",
    "decode_tags",
    "encode_spans",
    "encode_tags",
    "first_difference",
    "gold_spans",
    "judged_spans",
    "label_names",
    "missing_types",
    "moved_spans",
    "reading_words",
    "repair_spans",
    "repaired",
    "span_to_dict",
    "with_considered",
    "without_whitespace",
    "word_offsets",
    "word_parts",
]
