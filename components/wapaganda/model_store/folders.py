"""Folders of model files: copied, made read-only and synced to the disk."""

import os
import shutil
from pathlib import Path

from wapaganda.storage import sync_folder


def copy_folder(source: Path, target: Path) -> None:
    """Copy the tree ``source`` to the new folder ``target``; links become copies of their targets."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)


def seal_folder(folder: Path) -> None:
    """Make every file below ``folder`` read-only and sync the whole tree to the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            Path(parent, name).chmod(0o444)
    sync_folder(folder)
