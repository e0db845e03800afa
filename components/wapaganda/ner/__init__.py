"""Texts, entity spans and their IOB2 tags: the ground on which every other brick stands."""

from wapaganda.ner.document import Document, LabelSchema, Span
from wapaganda.ner.excerpt import (
    CONTEXT_KEYS,
    excerpt,
    excerpt_id,
    excerpt_place,
    is_excerpt,
    place_of,
    whole_text,
)
from wapaganda.ner.repair import Repairs, align_spans, gold_spans, repair_spans
from wapaganda.ner.tags import decode_tags, encode_tags
from wapaganda.ner.words import collapse_whitespace, word_offsets

__all__ = [
    "CONTEXT_KEYS",
    "Document",
    "LabelSchema",
    "Repairs",
    "Span",
    "align_spans",
    "collapse_whitespace",
    "decode_tags",
    "encode_tags",
    "excerpt",
    "excerpt_id",
    "excerpt_place",
    "gold_spans",
    "is_excerpt",
    "place_of",
    "repair_spans",
    "whole_text",
    "word_offsets",
]
