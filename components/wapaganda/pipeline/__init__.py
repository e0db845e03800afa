"""The loop: one round fetches, trains, judges, scores, selects and releases; any of it can be resumed.

Bases compose a `Loop` from a `Source` (a Label Studio project, or files) and the effects that it drives.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.gate import Verdict, judge
from wapaganda.pipeline.holdout import split_holdout
from wapaganda.pipeline.ports import BatchNameTakenError, Changes, Progress, Source, Suggestion

if TYPE_CHECKING:
    from wapaganda.pipeline.calibration import calibrate
    from wapaganda.pipeline.cold_start import choose_first
    from wapaganda.pipeline.judging import evaluate_documents, evaluate_version
    from wapaganda.pipeline.record import RoundRecord
    from wapaganda.pipeline.report import RoundReport
    from wapaganda.pipeline.round import Loop
    from wapaganda.pipeline.scoring import PoolScores, score_pool, score_tagged, scored_by
    from wapaganda.pipeline.selection import choose
    from wapaganda.pipeline.sources import FileSource, LabelStudioSource
    from wapaganda.pipeline.training import Trained, train_version

_LATE = {
    "FileSource": "sources",
    "LabelStudioSource": "sources",
    "Loop": "round",
    "PoolScores": "scoring",
    "RoundRecord": "record",
    "RoundReport": "report",
    "Trained": "training",
    "calibrate": "calibration",
    "choose": "selection",
    "choose_first": "cold_start",
    "evaluate_documents": "judging",
    "evaluate_version": "judging",
    "score_pool": "scoring",
    "score_tagged": "scoring",
    "scored_by": "scoring",
    "train_version": "training",
}

__all__ = [
    "BatchNameTakenError",
    "Changes",
    "FileSource",
    "LabelStudioSource",
    "Loop",
    "LoopConfig",
    "PoolScores",
    "Progress",
    "RoundRecord",
    "RoundReport",
    "Source",
    "Suggestion",
    "Trained",
    "Verdict",
    "calibrate",
    "choose",
    "choose_first",
    "evaluate_documents",
    "evaluate_version",
    "judge",
    "score_pool",
    "score_tagged",
    "scored_by",
    "split_holdout",
    "train_version",
]


def __getattr__(name: str) -> object:
    """Load the parts that need torch only when they are asked for."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    return found
