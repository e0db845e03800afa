"""How many places may be wrong, by a random sample of them."""

from math import exp, lgamma

CONFIDENCE = 0.95
"""With which a bound holds, where nothing else is said."""


def most_wrong(wrong: int, checked: int, places: int, confidence: float = CONFIDENCE) -> int:
    """The largest number of wrong ones among ``places`` of which a sample does not rule out, 0 to ``places``.

    The sample: ``checked`` places at random without replacement, ``wrong`` of them wrong. The number is too
    low with a probability of 1 − ``confidence`` at most, for any number of places: it is the largest one for
    which a sample with so few wrong ones has a probability of more than that. It is the exact bound of
    Clopper & Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", for a sample without replacement; for many places the shares are the same.

    Raises:
        ValueError: counts that do not fit, or a confidence outside (0, 1).
    """
    if not 0 <= wrong <= checked <= places or not 0.0 < confidence < 1.0:
        raise ValueError(
            f"Expected 0 ≤ wrong ≤ checked ≤ places and a confidence in (0, 1), was: {wrong}, {checked}, "
            f"{places}, {confidence}"
        )
    low, high = wrong, places - (checked - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(wrong, checked, middle, places) > 1.0 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(found: int, checked: int, wrong: int, places: int) -> float:
    """The probability of at most ``found`` wrong ones in the sample when ``wrong`` of all places are."""
    least = max(0, checked - (places - wrong))
    whole = _choose(places, checked)
    return sum(
        exp(_choose(wrong, each) + _choose(places - wrong, checked - each) - whole)
        for each in range(least, min(found, wrong) + 1)
    )


def _choose(total: int, chosen: int) -> float:
    """Log of the binomial coefficient."""
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)
