"""The loop simulated on labelled texts, strategy against strategy, before money is spent on annotation.

It runs the product's own round (``wapaganda.pipeline``) and adds an annotator who knows all labels, what the
labels cost, and a cache. Everything heavy is imported when it is first used. A round that fails raises
`WorkerError`; wrong plans and texts are `InputError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.simulation.plan import FULL, Arm, Plan
from wapaganda.simulation.records import RoundRecord, RunRecord
from wapaganda.simulation.workers import WorkerError

if TYPE_CHECKING:
    from wapaganda.simulation.completion.plan import STANDARD_ALTERNATIVE, DataSetPlan, StandardAlternative
    from wapaganda.simulation.completion.record import (
        Conditions,
        DataSetRecord,
        Estimate,
        ModelPoint,
        ReviewStudy,
        WayRecord,
        data_set_records,
    )
    from wapaganda.simulation.completion.simulate import simulate_data_set
    from wapaganda.simulation.execution import LabelledCorpus, Outcome, simulate
    from wapaganda.simulation.oracle import Oracle

_LATE = {
    "Conditions": "completion.record",
    "DataSetPlan": "completion.plan",
    "DataSetRecord": "completion.record",
    "Estimate": "completion.record",
    "LabelledCorpus": "execution",
    "ModelPoint": "completion.record",
    "Oracle": "oracle",
    "Outcome": "execution",
    "ReviewStudy": "completion.record",
    "STANDARD_ALTERNATIVE": "completion.plan",
    "StandardAlternative": "completion.plan",
    "WayRecord": "completion.record",
    "data_set_records": "completion.record",
    "simulate": "execution",
    "simulate_data_set": "completion.simulate",
}

__all__ = [
    "FULL",
    "STANDARD_ALTERNATIVE",
    "Arm",
    "Conditions",
    "DataSetPlan",
    "DataSetRecord",
    "Estimate",
    "LabelledCorpus",
    "ModelPoint",
    "Oracle",
    "Outcome",
    "Plan",
    "ReviewStudy",
    "RoundRecord",
    "RunRecord",
    "StandardAlternative",
    "WayRecord",
    "WorkerError",
    "data_set_records",
    "simulate",
    "simulate_data_set",
]


def __getattr__(name: str) -> object:
    """Load the parts that need torch only when they are used."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found
