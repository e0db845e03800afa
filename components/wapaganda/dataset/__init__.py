"""Export of a finished data set: split by text, in several formats, with a data card."""

from wapaganda.dataset.card import CardFacts
from wapaganda.dataset.export import ExportError, check_request, export_dataset, export_formats
from wapaganda.dataset.report import ExportReport, SplitReport
from wapaganda.dataset.split import SPLITS, split_of

__all__ = [
    "SPLITS",
    "CardFacts",
    "ExportError",
    "ExportReport",
    "SplitReport",
    "check_request",
    "export_dataset",
    "export_formats",
    "split_of",
]
