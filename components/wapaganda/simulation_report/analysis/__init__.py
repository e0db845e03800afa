"""From the records of a simulation to its summary: means, areas, savings, worst rounds, calibration."""

from wapaganda.simulation_report.analysis.arithmetic import Mean, isotonic
from wapaganda.simulation_report.analysis.data_set import (
    WAYS,
    DataSetSummary,
    HoursRatio,
    ratio_of,
    summarise_data_set,
)
from wapaganda.simulation_report.analysis.mean_curves import MeanRound
from wapaganda.simulation_report.analysis.model_quality import Bins, CalibrationSummary
from wapaganda.simulation_report.analysis.records import AXES, Records, read_records
from wapaganda.simulation_report.analysis.savings import RANDOMS_LAST, Saving
from wapaganda.simulation_report.analysis.strategy import StrategySummary
from wapaganda.simulation_report.analysis.summary import Summary, summarise, summary_of

__all__ = [
    "AXES",
    "RANDOMS_LAST",
    "WAYS",
    "Bins",
    "CalibrationSummary",
    "DataSetSummary",
    "HoursRatio",
    "Mean",
    "MeanRound",
    "Records",
    "Saving",
    "StrategySummary",
    "Summary",
    "isotonic",
    "ratio_of",
    "read_records",
    "summarise",
    "summarise_data_set",
    "summary_of",
]
