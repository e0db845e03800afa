"""Which of the files in DATA_DIR and MODEL_DIR are ours, to be closed to other users."""

from typing import TYPE_CHECKING

from wapaganda.storage import close_to_others, private_folder

if TYPE_CHECKING:
    from wapaganda.settings import Settings

_OWN = ("jobs.sqlite*", "backend.sqlite*", "credentials.json", "job-logs", "job-locks", "errors")
_MARKS = ("ledger.sqlite", "current.json")
"""What only the folder of a project holds."""


def close_files(settings: "Settings") -> None:
    """Make DATA_DIR and MODEL_DIR private if they are missing, and close what is ours in them.

    A folder that exists may hold other things that others need: it stays as it is itself.

    Raises:
        OSError: a folder cannot be made or read.
    """
    roots = settings.data_dir, settings.model_dir
    for root in roots:
        private_folder(root)
    own = (path for pattern in _OWN for path in settings.data_dir.glob(pattern))
    projects = (path.parent for root in roots for mark in _MARKS for path in root.glob(f"*/{mark}"))
    close_to_others(sorted({*own, *projects}))
