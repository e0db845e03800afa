"""Files that are on the disk, whole, before anybody sees them."""

import os
import shutil
from pathlib import Path


def copy_folder(source: Path, target: Path) -> None:
    """Copies the tree ``source`` to the new folder ``target``, links replaced by what they point to."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)


def seal_folder(folder: Path) -> None:
    """Makes every file below ``folder`` read-only and brings the whole tree to the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(parent, name)
            path.chmod(0o444)
            sync(path)
        sync(Path(parent))


def replace_file(path: Path, text: str) -> None:
    """Writes ``text`` to ``path``: a reader sees the old content or the new one, also after a crash."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Brings a file or a folder's list of names to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
