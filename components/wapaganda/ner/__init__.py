"""Texts, entity spans and their IOB2 tags: the ground on which every other brick stands."""

from wapaganda.ner.document import Document, LabelSchema, Span

__all__ = ["Document", "LabelSchema", "Span"]
