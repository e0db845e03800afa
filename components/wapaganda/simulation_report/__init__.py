"""The results of a simulation: areas, savings, worst rounds, and a report to read.

A simulation writes a folder with its plan and one JSON file for each run. This brick reads them, finished or
not, and trains nothing.
"""

from wapaganda.simulation_report.analysis import (
    DataSetSummary,
    HoursRatio,
    Summary,
    ratio_of,
    summarise,
    summarise_data_set,
)
from wapaganda.simulation_report.results import Results, write_results

__all__ = [
    "DataSetSummary",
    "HoursRatio",
    "Results",
    "Summary",
    "ratio_of",
    "summarise",
    "summarise_data_set",
    "write_results",
]
