"""The laboratory: the loop simulated on labelled texts, strategy against strategy, before money is spent.

Everything heavy is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.experiment.plan import Arm, Plan
from wapaganda.experiment.workers import WorkerError

if TYPE_CHECKING:
    from wapaganda.experiment.oracle import Oracle
    from wapaganda.experiment.report import Results, write_results
    from wapaganda.experiment.simulation import Advance, Outcome, simulate
    from wapaganda.experiment.summary import Summary, summarise

_LATE = {
    "Advance": "simulation",
    "Oracle": "oracle",
    "Outcome": "simulation",
    "Results": "report",
    "Summary": "summary",
    "simulate": "simulation",
    "summarise": "summary",
    "write_results": "report",
}

__all__ = [
    "Advance",
    "Arm",
    "Oracle",
    "Outcome",
    "Plan",
    "Results",
    "Summary",
    "WorkerError",
    "simulate",
    "summarise",
    "write_results",
]


def __getattr__(name: str) -> object:
    """Load the parts that need torch only when they are asked for."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found
