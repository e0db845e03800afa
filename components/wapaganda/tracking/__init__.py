"""What happened in each round: a run log on disk, mirrored into MLflow by a process of its own."""

from wapaganda.tracking.curve import CurvePoint, learning_curve_png
from wapaganda.tracking.events import ModelEvent, RunRecord
from wapaganda.tracking.mirroring import EXPERIMENT, MirrorHandle, MirrorReport, mirror, start_mirror
from wapaganda.tracking.runlog import Run, RunLog

__all__ = [
    "EXPERIMENT",
    "CurvePoint",
    "MirrorHandle",
    "MirrorReport",
    "ModelEvent",
    "Run",
    "RunLog",
    "RunRecord",
    "learning_curve_png",
    "mirror",
    "start_mirror",
]
