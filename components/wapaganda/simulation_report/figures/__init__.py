"""The figures of the report as plain geometry in pixels; the template figures.svg.j2 draws them."""

from wapaganda.simulation_report.figures.file_curves import file_curves_figure, way_styles
from wapaganda.simulation_report.figures.learning_curves import (
    PANELS,
    curves_figure,
    strategies_with_band,
)
from wapaganda.simulation_report.figures.near_duplicates import (
    NearDuplicatesFigure,
    near_duplicate_share,
    near_duplicates_figure,
)
from wapaganda.simulation_report.figures.reliability import ReliabilityFigure, reliability_figure
from wapaganda.simulation_report.figures.styles import styles

__all__ = [
    "PANELS",
    "NearDuplicatesFigure",
    "ReliabilityFigure",
    "curves_figure",
    "file_curves_figure",
    "near_duplicate_share",
    "near_duplicates_figure",
    "reliability_figure",
    "strategies_with_band",
    "styles",
    "way_styles",
]
