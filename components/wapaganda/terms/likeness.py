"""Which places of a term look like most of them, and which look different."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex

_STEP = 3.0
"""Log odds below the median at which the model sees something else: 20 to 1."""
_RARE = 0.2
"""A neighbour of a kind that fewer places have looks different."""
_NEXT = regex.compile(r"[ \u00a0]([\p{Lu}\p{Lt}\p{N}][\p{L}\p{M}\p{N}_]*)")
_PREVIOUS = regex.compile(r"([\p{Lu}\p{Lt}\p{N}][\p{L}\p{M}\p{N}_]*)[ \u00a0]\Z")
_BESIDE = 60
"""Characters beside a place that are looked at."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place of a term in a text, with what is known of it.

    ``probability``: of the answer at exactly this place by the model, 0 to 1; ``None``: there is no model, or
    it has not read the place. ``inside``: the words of a longer name in which the place lies; empty: it
    lies in none.
    """

    text: str
    start: int
    end: int
    probability: float | None = None
    inside: str = ""


def why_different(occurrences: Sequence[Occurrence]) -> list[str]:
    """Why each place looks different from most of them, in a few words; empty: it looks like them.

    A place looks different when it lies inside a longer name, when the model finds the answer less probable
    than not and 20 times less likely (in odds) than at the median place, or when a word with a capital or a
    digit stands directly beside it, as in "Paris Hilton", at less than a fifth of the places.
    """
    known = [_log_odds(each.probability) for each in occurrences if each.probability is not None]
    median = statistics.median(known) if known else 0.0
    beside = [neighbour(each) for each in occurrences]
    rare = sum(map(bool, beside)) < _RARE * len(beside)
    return [
        _reason(each, median, near if rare else "") for each, near in zip(occurrences, beside, strict=True)
    ]


def _reason(each: Occurrence, median: float, beside: str) -> str:
    if each.inside:
        return f"inside “{each.inside}”"
    if (
        each.probability is not None
        and each.probability < 0.5
        and _log_odds(each.probability) < median - _STEP
    ):
        return "the model sees something else"
    return f"beside “{beside}”" if beside else ""


def neighbour(each: Occurrence) -> str:
    """A word with a capital or a digit directly before or after the place; empty: there is none.

    The first word of a sentence does not count.
    """
    after = _NEXT.match(each.text[each.end : each.end + _BESIDE])
    if after is not None:
        return str(after[1])
    before = each.text[max(0, each.start - _BESIDE) : each.start]
    word = _PREVIOUS.search(before)
    if word is None or _begins_sentence(before[: word.start()], each.start <= _BESIDE):
        return ""
    return str(word[1])


def _begins_sentence(before: str, is_whole: bool) -> bool:
    """Whether a sentence ends with ``before``; ``is_whole``: it is all of the text before."""
    left = before.rstrip(" \u00a0\n\t\"'(\u201c\u2018")
    return (not left and is_whole) or left.endswith((".", "!", "?", ":")) or "\n" in before[len(left) :]


def _log_odds(probability: float) -> float:
    kept = min(max(probability, 1e-6), 1.0 - 1e-6)
    return math.log(kept / (1.0 - kept))


def to_check(reasons: Sequence[str], size: int, seed: int) -> list[int]:
    """Rows of places to check: those that look different, at random and at most a third of ``size``, then a
    random sample of those that look alike.

    Only the second part says something about the places that nobody checks.
    """
    draw = np.random.default_rng(seed)
    different = draw.permutation([row for row, why in enumerate(reasons) if why]).astype(int)[: size // 3]
    alike = draw.permutation([row for row, why in enumerate(reasons) if not why]).astype(int)
    return [*different.tolist(), *alike[: max(0, size - len(different))].tolist()]
