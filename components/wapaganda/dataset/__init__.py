"""Export of a finished data set: who labelled what, splits, several formats, a data card."""

from wapaganda.dataset.card import CardFacts
from wapaganda.dataset.export import ExportError, check_request, export_dataset, export_formats
from wapaganda.dataset.provenance import (
    AUDIT,
    PEOPLE,
    PROVENANCE,
    SPANS_BY,
    LabelHistory,
    Origin,
    Provenance,
    is_drawn_at_random,
    origin_of,
    with_origins,
)
from wapaganda.dataset.report import ExportReport, SplitReport
from wapaganda.dataset.split import SPLITS, split_of

__all__ = [
    "AUDIT",
    "PEOPLE",
    "PROVENANCE",
    "SPANS_BY",
    "SPLITS",
    "CardFacts",
    "ExportError",
    "ExportReport",
    "LabelHistory",
    "Origin",
    "Provenance",
    "SplitReport",
    "check_request",
    "export_dataset",
    "export_formats",
    "is_drawn_at_random",
    "origin_of",
    "split_of",
    "with_origins",
]
