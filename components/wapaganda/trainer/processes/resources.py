"""How many trainings fit on this machine at the same time."""

from pathlib import Path

import torch

from wapaganda.tagger import device_of

_WORTH_SECONDS = 10.0
"""A process needs some seconds before it trains."""


def processes_for(device: str, n: int, seconds: float) -> int:
    """How many of ``n`` trainings, each of up to ``seconds``, may run at a time on ``device``.

    On a CPU: one for each thread of the model (``THREADS``), if the free memory is enough for as many
    processes with the peak of this one, which has trained such a model. One on other devices, where trainings
    take a few seconds only, and where the free memory is not known.
    """
    if device_of(device) != "cpu" or seconds < _WORTH_SECONDS:
        return 1
    free, peak = _free_memory(), _memory("proc/self/status", "VmHWM")
    if free is None or peak is None:
        return 1
    return max(1, min(n, torch.get_num_threads(), int(free // peak)))


def _memory(path: str, name: str, root: Path = Path("/")) -> int | None:
    """An entry in bytes of a file of the Linux kernel that counts in kB; ``None``: there is none."""
    try:
        lines = (root / path).read_text("utf-8").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    except (OSError, StopIteration):
        return None


def _free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that new processes can have, also in a container with a limit; ``None``: not known."""
    free = _memory("proc/meminfo", "MemAvailable", root)
    if free is None:
        return None
    group = root / "sys/fs/cgroup"
    try:
        limit = int((group / "memory.max").read_text("ascii"))  # "max" without one
        used = int((group / "memory.current").read_text("ascii"))
        stat = (line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
        cache = next(int(value) for name, value in stat if name == "inactive_file")
    except (OSError, ValueError, StopIteration):
        return free
    return max(0, min(free, limit - used + cache))
