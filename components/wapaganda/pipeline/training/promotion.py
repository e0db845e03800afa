"""The decision whether a new model goes live."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """Whether the new model goes live, and why, in one sentence."""

    promote: bool
    reason: str


def decide_promotion(
    new_f1: float | None,
    old_f1: float | None,
    margin: float,
    old_version: str | None,
    labels: str = "held-out labels",
) -> PromotionDecision:
    """A new model goes live unless its micro F1 is more than ``margin`` below that of the old one.

    Both are measured on the same ``labels``, which neither model has seen. ``None``: it could not be
    measured, since there is no such label or no old model.
    """
    if old_version is None:
        return PromotionDecision(True, "It is the first model.")
    if new_f1 is None or old_f1 is None:
        return PromotionDecision(
            True, f"There are no {labels} to compare the models on, so the newer one goes live."
        )
    gap = f"F1 {new_f1:.3f} against {old_f1:.3f} of {old_version} on the same {labels}"
    if new_f1 >= old_f1 - margin:
        return PromotionDecision(True, f"{gap}: not worse by more than the margin {margin:g}.")
    return PromotionDecision(
        False, f"{gap}: worse by more than the margin {margin:g}, so {old_version} stays live."
    )
