"""The pool that is selected from, the options, and the selected batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.errors import InputError

RANDOM, UNCERTAIN, DIVERSE, REPRESENTATIVE = "random", "uncertain", "diverse", "representative"
"""The selection reasons of the built-in strategies.

A text was chosen at random, only for its utility, because it differs from the others of the batch, or
because it is typical of many. A strategy may use its own word. Ledgers of earlier versions also hold
"rare".
"""

UNSCORED_REASONS = frozenset({RANDOM, REPRESENTATIVE})
"""The selection reasons for which no score counts, whatever the strategy."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The unlabelled texts, row by row.

    ``ids``: each once. ``scores`` (n,): the uncertainty in [0, 1] that is compared with the threshold.
    ``embeddings`` (n, H), if there are any. ``utility`` (n,): the value, in any unit, by which strategies
    rank and weight; a weight below 0 counts as 0. Without it the scores are used. ``rows`` (n,): the row of
    ``embeddings`` of each text, where they have more rows than there are texts. ``is_random`` (n,): the texts
    that are a random sample, where the others were chosen from a larger pool; random texts come from them.

    Raises:
        ValueError: unequal lengths, a repeated id, or a score or utility that is not finite.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    scores: NDArray[Any]
    embeddings: NDArray[Any] | None = None
    utility: NDArray[Any] | None = None
    rows: NDArray[np.int64] | None = None
    is_random: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        n_texts = len(self.ids)
        if len(self.texts) != n_texts or self.scores.shape != (n_texts,):
            raise ValueError(
                f"Expected a text and a score for each of {n_texts} ids, "
                f"was: {len(self.texts)} texts and scores of shape {self.scores.shape}"
            )
        if len(set(self.ids)) != n_texts:
            raise ValueError(f"Expected each id once, was: {n_texts - len(set(self.ids))} repeated")
        _check_finite(self.scores, "scores")
        if self.utility is not None:
            _check_rows(self.utility, 1, n_texts, "a utility")
            _check_finite(self.utility, "numbers in a utility")
        if self.is_random is not None:
            _check_rows(self.is_random, 1, n_texts, "a yes or no")
        if self.rows is not None:
            _check_rows(self.rows, 1, n_texts, "a row of the embeddings")
        elif self.embeddings is not None:
            _check_rows(self.embeddings, 2, n_texts, "an embedding")

    def __len__(self) -> int:
        return len(self.ids)

    def embeddings_of(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """The embeddings of some texts, (len(indices), H).

        Raises:
            ValueError: the pool has no embeddings, or one of these has a number that is not finite.
        """
        if self.embeddings is None:
            raise ValueError("Expected a pool with embeddings for a diverse choice, was: one without")
        found: NDArray[Any] = self.embeddings[indices if self.rows is None else self.rows[indices]]
        _check_finite(found, "numbers in an embedding")
        return found

    @property
    def ranking(self) -> NDArray[Any]:
        """The value that strategies rank and weight by, (n,): the utility, or the scores without one."""
        return self.scores if self.utility is None else self.utility


def _check_rows(values: NDArray[Any], n_dimensions: int, n_texts: int, name: str) -> None:
    if values.ndim != n_dimensions or len(values) != n_texts:
        raise ValueError(f"Expected {name} for each of {n_texts} texts, was: shape {values.shape}")


def _check_finite(values: NDArray[Any], name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"Expected finite {name}, was: {int((~np.isfinite(values)).sum())} others")


@dataclass(frozen=True, slots=True)
class Options:
    """How the strategy ``hybrid`` composes a batch.

    ``random_share`` (0 to 1): the part of the batch that is chosen at random. ``shortlist`` (1 or more): how
    many of the best texts per place in the batch the diverse texts are chosen from.

    Raises:
        InputError: a number is out of its range.
    """

    random_share: float = 0.05
    shortlist: int = 2

    def __post_init__(self) -> None:
        if not 0.0 <= self.random_share <= 1.0:
            raise InputError(f"Expected a random share between 0 and 1 (inclusive), was: {self.random_share}")
        if self.shortlist < 1:
            raise InputError(f"Expected a shortlist of 1 or more, was: {self.shortlist}")


@dataclass(frozen=True, slots=True)
class SelectedText:
    """A text of the batch: its row in the pool, id and score, its rank from 1, and the selection reason."""

    index: int
    id: str
    score: float
    rank: int
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A batch in the order in which to annotate it.

    ``n_candidates``: texts of the pool at or above the threshold. ``n_filled``: picks below the threshold,
    without those that are random or representative. ``n_duplicates``: texts that were skipped as
    near duplicates of a labelled, offered or selected text. ``n_blank``: texts without a visible character,
    which are never selected. ``should_stop``: no new text reaches the threshold. ``summary``: all of this in
    one sentence. A strategy that ignores scores has ``n_filled`` 0 and never says ``should_stop``.
    """

    picks: tuple[SelectedText, ...]
    n_pool: int
    n_candidates: int
    n_filled: int
    n_duplicates: int
    n_blank: int
    summary: str
    should_stop: bool
