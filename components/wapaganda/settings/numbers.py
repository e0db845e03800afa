"""Settings that are a number or a word."""

from typing import Literal


def auto_or_share(value: object) -> float | Literal["auto"]:
    """``value`` as a number from 0 to 1, or ``auto``.

    Raises:
        ValueError: it is neither.
    """
    if value == "auto":
        return "auto"
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"Expected auto or a number from 0 to 1, was: {value!r}")
    return number
