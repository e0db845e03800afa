"""The finished data set: split by documents, written in every format, with a data card."""

from wapaganda.dataset.card import CardFacts
from wapaganda.dataset.export import FORMATS, ExportError, check_request, export_dataset
from wapaganda.dataset.report import ExportReport, SplitReport
from wapaganda.dataset.split import SPLITS, split_of

__all__ = [
    "FORMATS",
    "SPLITS",
    "CardFacts",
    "ExportError",
    "ExportReport",
    "SplitReport",
    "check_request",
    "export_dataset",
    "split_of",
]
