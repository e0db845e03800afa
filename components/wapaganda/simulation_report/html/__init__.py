"""The report page: its sentences, its tables, and the templates and style sheet that show them."""

from wapaganda.simulation_report.html.page import report_html

__all__ = ["report_html"]
