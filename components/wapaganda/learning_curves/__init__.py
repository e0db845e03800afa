"""What simulated learning curves come to: areas, savings, worst rounds, and a report to read.

A simulation leaves a folder with its plan and, a JSON file each, its runs; this brick reads them, finished or
not, and trains nothing.
"""

from wapaganda.learning_curves.report import Results, write_results
from wapaganda.learning_curves.summary import Summary, summarise
from wapaganda.learning_curves.summary_records import FULL

__all__ = ["FULL", "Results", "Summary", "summarise", "write_results"]
