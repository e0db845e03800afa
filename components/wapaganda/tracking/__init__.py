"""What happened in each round: a run log on disk, copied into MLflow by a separate process."""

from wapaganda.tracking.curve import CurvePoint, learning_curve_png
from wapaganda.tracking.events import LoggedRun, ModelEvent
from wapaganda.tracking.mirroring import MirrorHandle, mirror, start_mirror
from wapaganda.tracking.report import EXPERIMENT, MirrorReport
from wapaganda.tracking.runlog import Run, RunLog

__all__ = [
    "EXPERIMENT",
    "CurvePoint",
    "LoggedRun",
    "MirrorHandle",
    "MirrorReport",
    "ModelEvent",
    "Run",
    "RunLog",
    "learning_curve_png",
    "mirror",
    "start_mirror",
]
