"""What the batch of a round is for: to train a better model, or to review the model's labels."""

from dataclasses import dataclass
from typing import Any

from wapaganda.ledger import Ledger
from wapaganda.stopping import LEAST_GAIN, Forecast

AUTO, MODEL, DATASET = "auto", "model", "dataset"
"""The values of the setting ``PURPOSE``."""

_SINCE = "purpose"
"""The key in the ledger for the round since which ``auto`` means ``dataset``, and the reason."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """``name``: ``model`` or ``dataset``. ``message``: for people, in the round in which it changes."""

    name: str
    message: str = ""

    @property
    def completing(self) -> bool:
        """Whether the batch is for the review of the model's labels."""
        return self.name == DATASET


def purpose_of(
    ledger: Ledger,
    wanted: str,
    number: int,
    outlook: Forecast,
    previous: float | None,
    has_model: bool,
) -> Purpose:
    """The purpose of round ``number``; what is ``wanted`` is a value of ``PURPOSE``.

    ``auto`` trains until the forecast for the next 100 labels is below 0.5 F1 (``stopping.LEAST_GAIN``) for
    the second time in a row, since one forecast from a few rounds is often wrong, and reviews from that round
    on. The ledger holds the decision, so a later forecast, which is for an easier pool, does not take it
    back. ``model`` does, and forgets it. Without a model there is nothing to review.

    Args:
        ledger: of the project.
        wanted: a value of ``PURPOSE``.
        number: of the round.
        outlook: the forecast of this round.
        previous: the forecast gain, in F1, of the last round with fewer labels; ``None``: there is none.
        has_model: whether a model has scored the pool.
    """
    stored = _stored(ledger)
    if wanted == MODEL:
        if stored is not None:
            ledger.set_value(_SINCE, None)
        return Purpose(MODEL)
    if not has_model:
        return Purpose(MODEL)
    if wanted == DATASET:
        return Purpose(DATASET)
    if stored is None and _is_little(outlook.gain) and _is_little(previous):
        stored = {"round": number, "reason": outlook.summary}
        ledger.set_value(_SINCE, stored)
    if stored is None:
        return Purpose(MODEL)
    return Purpose(DATASET, _sentence(stored["reason"]) if stored["round"] == number else "")


def _is_little(gain: float | None) -> bool:
    return gain is not None and gain < LEAST_GAIN


def selected_purpose(ledger: Ledger | None, wanted: str) -> str:
    """The purpose of a batch between two rounds, ``model`` or ``dataset``, by what the rounds decided."""
    if wanted != AUTO:
        return wanted
    return MODEL if ledger is None or _stored(ledger) is None else DATASET


def _stored(ledger: Ledger) -> dict[str, Any] | None:
    value: dict[str, Any] | None = ledger.value(_SINCE)
    return value


def _sentence(reason: str) -> str:
    return (
        f"{reason} So the project changes from training to completing the data set: from this round on the "
        "batches are for reviewing the model's labels, those with the most expected errors a second first. "
        "PURPOSE=model goes back."
    )
