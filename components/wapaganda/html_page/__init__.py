"""The look of every HTML page that the product writes: style sheet, tables, figures, and their templates.

A page is self-contained: it loads nothing and needs no network. Colours follow the system, light or dark, and
no meaning depends on colour alone. Geometry is plain values in pixels, which the templates draw.
"""

from wapaganda.html_page.curves import Curve, CurvesFigure, Level, in_points
from wapaganda.html_page.frame import (
    Axis,
    Frame,
    Mark,
    Scale,
    coordinate,
    frame,
    path_of,
    scale,
    short,
    ticks_between,
)
from wapaganda.html_page.style import Style
from wapaganda.html_page.tables import NONE, Cell, Table, cells
from wapaganda.html_page.templates import Templates, style_sheet

__all__ = [
    "NONE",
    "Axis",
    "Cell",
    "Curve",
    "CurvesFigure",
    "Frame",
    "Level",
    "Mark",
    "Scale",
    "Style",
    "Table",
    "Templates",
    "cells",
    "coordinate",
    "frame",
    "in_points",
    "path_of",
    "scale",
    "short",
    "style_sheet",
    "ticks_between",
]
