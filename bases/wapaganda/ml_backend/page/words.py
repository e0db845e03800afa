"""Times, numbers and names in words."""

from datetime import UTC, datetime

from wapaganda.progress import STEP_NAMES

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0


def duration(seconds: float) -> str:
    """About how long: 20 s, 4 minutes, 1.5 hours, 12 days."""
    if seconds < 0.95 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 0.95 * _HOUR:
        return _of(round(seconds / _MINUTE), "minute")
    if seconds < 2 * _DAY:
        hours = f"{seconds / _HOUR:.1f}".removesuffix(".0")
        return f"{hours} hour{'' if hours == '1' else 's'}"
    return _of(round(seconds / _DAY), "day")


def texts(number: int) -> str:
    """1 text, 2 texts."""
    return _of(number, "text")


def _of(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def clock(moment: datetime) -> str:
    """29 Nov 2026, 12:31 UTC."""
    return f"{moment:%-d %b %Y, %H:%M} UTC"


def at(seconds: float) -> str:
    """The same of Unix seconds."""
    return clock(datetime.fromtimestamp(seconds, UTC))


def day(moment: datetime) -> str:
    """29 November 2026."""
    return f"{moment:%-d %B %Y}"


def points(share: float | None) -> str:
    """F1 (0 to 1) in points; a dash when it was not measured."""
    return "–" if share is None else f"{100 * share:.1f}"


def step_words(step: str) -> str:
    """A step of a training."""
    return STEP_NAMES.get(step) or (step[:1].upper() + step[1:] if step else "Starting")
