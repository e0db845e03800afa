"""A training of the ML backend in words."""

from collections.abc import Mapping
from typing import Any

from wapaganda.progress import STEP_NAMES


def training_in_words(job: Mapping[str, Any]) -> str:
    """A training in one line, such as "training 3: cross-fitting, 62%, about 4 min left (200 new labels)"."""
    parts = []
    if job["state"] == "queued":
        parts.append("waits" + (f" after a failure: {job['error']}" if job.get("error") else ""))
    elif job.get("progress"):
        step = str(job["progress"])
        parts.append(STEP_NAMES.get(step, step).lower())
    if job.get("fraction") is not None and job["state"] == "running":
        parts.append(f"{100 * job['fraction']:.0f}%")
    if job.get("seconds_left") is not None:
        parts.append(f"about {max(1, round(job['seconds_left'] / 60)):,} min left")
    reason = str(job.get("reason") or "").rstrip(".")
    return f"training {job['id']}: {', '.join(parts) or 'runs'}" + (f" ({reason})" if reason else "")
