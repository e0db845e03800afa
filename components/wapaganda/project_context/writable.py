"""Whether a folder can be written."""

import tempfile
from pathlib import Path


def why_not_writable(folder: Path) -> str:
    """Why ``folder``, or the nearest one above that exists, cannot be written; empty when it can."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f"{existing} is no folder"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return error.strerror or str(error)
