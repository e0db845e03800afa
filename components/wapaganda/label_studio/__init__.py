"""Label Studio: projects, documents, changes, batches in a chosen order, and ML backends.

``LabelStudio`` and ``check_backend`` are imported on first use, because they need an HTTP library.
"""

from typing import TYPE_CHECKING

from wapaganda.label_studio.errors import (
    ChangedMeanwhileError,
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
    VersionTakenError,
)
from wapaganda.label_studio.label_changes import ChangePlan
from wapaganda.label_studio.records import (
    BackendInfo,
    CheckResult,
    ProjectInfo,
    ReleaseReport,
    Server,
    ShownReading,
    TaskChanges,
)
from wapaganda.label_studio.upload import check_importable
from wapaganda.label_studio.write_back import WrittenAnnotations

if TYPE_CHECKING:
    from wapaganda.label_studio.client import LabelStudio
    from wapaganda.label_studio.diagnosis import backend_health as check_backend

__all__ = [
    "BackendInfo",
    "ChangePlan",
    "ChangedMeanwhileError",
    "CheckResult",
    "LabelStudio",
    "LabelStudioError",
    "OutcomeUnknownError",
    "ProjectInfo",
    "RejectedError",
    "ReleaseReport",
    "Server",
    "ShownReading",
    "TaskChanges",
    "UnauthorizedError",
    "UnreachableError",
    "VersionTakenError",
    "WrittenAnnotations",
    "check_backend",
    "check_importable",
]


def __getattr__(name: str) -> object:
    if name == "LabelStudio":
        from wapaganda.label_studio.client import LabelStudio

        return LabelStudio
    if name == "check_backend":
        from wapaganda.label_studio.diagnosis import backend_health

        return backend_health
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
