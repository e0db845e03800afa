"""What is wrong with the files of a version."""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_NEEDED = tuple(
    (name, None) for name in ("config.json", "labels.json", "model.safetensors", "tokenizer.json")
)
"""The files that a version of before 0.3, whose manifest lists none, must have to be used."""


_State = tuple[tuple[str, int, int, int], ...]

_read: dict[tuple[Path, int, int, int], str] = {}
"""The SHA-256 of files that this process has read, by path, size, time of change and inode."""


def file_sizes(folder: Path) -> dict[str, int]:
    """The size in bytes of every file below ``folder``, by its path in the folder."""
    return {name: size for name, size, _, _ in _state(folder)}


def file_sums(folder: Path) -> dict[str, str]:
    """The SHA-256, 64 hex digits, of every file below ``folder``; a file is read once in a process."""
    state = _state(folder)
    return {name: _sum_of((folder / name, size, changed, inode)) for name, size, changed, inode in state}


def find_damage(
    folder: Path, expected: Mapping[str, int] | None, sums: Mapping[str, str] | None = None
) -> str:
    """The first file that is not as it was published, and why; empty when the version is whole.

    A file is damaged when it is missing, when its size is not the ``expected`` one, and when it is to hold
    JSON and does not. ``None``: the sizes are not known, so the weights are compared with their header.
    ``sums``: the SHA-256 of the files; only those are compared that `file_sums` has read in this process.
    """
    state = _state(folder)
    found = _find(folder, state, None if expected is None else tuple(sorted(expected.items())))
    if found or not sums:
        return found
    for name, size, changed, inode in state:
        known = _read.get((folder / name, size, changed, inode))
        if known is not None and sums.get(name, known) != known:
            return f"{folder / name} has changed since it was published"
    return ""


def _sum_of(key: tuple[Path, int, int, int]) -> str:
    if key not in _read:
        with key[0].open("rb") as file:
            _read[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _read[key]


def _state(folder: Path) -> _State:
    """Name, size, time of change and inode of every file below ``folder``."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            facts = path.stat()
            place = path.relative_to(folder).as_posix()
            found.append((place, facts.st_size, facts.st_mtime_ns, facts.st_ino))
    return tuple(sorted(found))


@lru_cache(maxsize=256)  # the files of a version never change, and it is asked for once a second
def _find(folder: Path, state: _State, expected: tuple[tuple[str, int], ...] | None) -> str:
    sizes = {name: size for name, size, _, _ in state}
    for name, size in _NEEDED if expected is None else expected:
        if name not in sizes:
            return f"{folder / name} is missing"
        if size is not None and sizes[name] != size:
            return f"{folder / name} has {sizes[name]:,} bytes instead of {size:,}"
    for name in sizes:
        path = folder / name
        if not _holds_json(path) or (expected is None and not _weights_are_whole(path)):
            return f"{path} is cut or overwritten"
    return ""


def _holds_json(path: Path) -> bool:
    if path.suffix != ".json":
        return True
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True


def _weights_are_whole(path: Path) -> bool:
    """Whether a file of weights is as long as its header says: 8 bytes of length, JSON, then the tensors.

    Source: the format of safetensors, https://huggingface.co/docs/safetensors.
    """
    if path.suffix != ".safetensors":
        return True
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length) if length <= path.stat().st_size else b"")
        ends = [each["data_offsets"][1] for name, each in header.items() if name != "__metadata__"]
        return bool(path.stat().st_size == 8 + length + max(ends, default=0))
    except (ValueError, AttributeError, TypeError, KeyError, IndexError):
        return False
