"""The loop simulated on labelled texts, strategy against strategy, before money is spent.

Everything heavy is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.simulation.plan import FULL, Arm, Plan
from wapaganda.simulation.records import RoundRecord, RunRecord
from wapaganda.simulation.workers import WorkerError

if TYPE_CHECKING:
    from wapaganda.simulation.oracle import Oracle
    from wapaganda.simulation.simulation import Advance, Outcome, simulate

_LATE = {
    "Advance": "simulation",
    "Oracle": "oracle",
    "Outcome": "simulation",
    "simulate": "simulation",
}

__all__ = [
    "FULL",
    "Advance",
    "Arm",
    "Oracle",
    "Outcome",
    "Plan",
    "RoundRecord",
    "RunRecord",
    "WorkerError",
    "simulate",
]


def __getattr__(name: str) -> object:
    """Load the parts that need torch only when they are asked for."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found
