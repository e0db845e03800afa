"""How long a job waits after a fault that passes."""

from typing import Final

from wapaganda.errors import Retry, retry_after, retry_of

PAUSES: Final = (30.0, 120.0, 600.0, 3600.0)
"""Seconds before the next attempt after the first, second … failure; the last one holds from then on."""
_LONGEST: Final = 86_400.0


def pause_after(error: BaseException, retries: int) -> float | None:
    """The seconds before the next attempt of work that failed ``retries`` times before; ``None``: none.

    At least as long as the server has asked for, a day at most.
    """
    match retry_of(error):
        case Retry.NEVER:
            return None
        case Retry.SOON:
            pause = PAUSES[0]
        case Retry.RARELY:
            pause = PAUSES[-1]
        case _:
            pause = PAUSES[min(retries, len(PAUSES) - 1)]
    return max(pause, min(retry_after(error), _LONGEST))
