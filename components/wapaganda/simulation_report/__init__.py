"""What simulated learning curves come to: areas, savings, worst rounds, and a report to read.

A simulation leaves a folder with its plan and, a JSON file each, its runs; this brick reads them, finished or
not, and trains nothing.
"""

from wapaganda.simulation_report.report import Results, write_results
from wapaganda.simulation_report.summary import Summary, summarise

__all__ = ["Results", "Summary", "summarise", "write_results"]
