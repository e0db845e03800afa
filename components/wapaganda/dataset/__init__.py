"""Export of a finished data set: who labelled what, splits, several formats, a data card, differences."""

from wapaganda.dataset.card import CardFacts, filter_lines
from wapaganda.dataset.difference import ExportDifference, Record, RecordChange, compare_exports
from wapaganda.dataset.export import ExportError, check_folder, export_dataset
from wapaganda.dataset.hub import HubError, check_hub, push_to_hub
from wapaganda.dataset.model_labels import FileEstimate, ModelLabels, estimate_file
from wapaganda.dataset.provenance import (
    AUDIT,
    PEOPLE,
    LabelHistory,
    Origin,
    is_drawn_at_random,
    origin_of,
    stated_draw,
    with_origins,
)
from wapaganda.dataset.replay import Replay
from wapaganda.dataset.report import ExportReport, Quality, SplitReport
from wapaganda.dataset.request import FORMATS, ExportRequest, export_formats
from wapaganda.dataset.split import SPLITS, Splitting, split_texts

__all__ = [
    "AUDIT",
    "FORMATS",
    "PEOPLE",
    "SPLITS",
    "CardFacts",
    "ExportDifference",
    "ExportError",
    "ExportReport",
    "ExportRequest",
    "FileEstimate",
    "HubError",
    "LabelHistory",
    "ModelLabels",
    "Origin",
    "Quality",
    "Record",
    "RecordChange",
    "Replay",
    "SplitReport",
    "Splitting",
    "check_folder",
    "check_hub",
    "compare_exports",
    "estimate_file",
    "export_dataset",
    "export_formats",
    "filter_lines",
    "is_drawn_at_random",
    "origin_of",
    "push_to_hub",
    "split_texts",
    "stated_draw",
    "with_origins",
]
