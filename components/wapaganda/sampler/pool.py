"""What is chosen from, and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Drawn = Literal["random", "uncertain", "diverse"]
"""Why a text was taken: by lot, by its score alone, or as unlike the others taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Texts without labels: ids (each once), texts, scores (n,) and, if there are any, embeddings (n, H).

    Raises:
        ValueError: unequal lengths, an id twice, or a number that is not finite.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    scores: NDArray[Any]
    embeddings: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.ids) or self.scores.shape != (len(self.ids),):
            raise ValueError(
                f"Expected a text and a score for each of {len(self.ids)} ids, "
                f"was: {len(self.texts)} texts and scores of shape {self.scores.shape}"
            )
        if len(set(self.ids)) != len(self.ids):
            raise ValueError(f"Expected each id once, was: {len(self.ids) - len(set(self.ids))} repeated")
        if not np.isfinite(self.scores).all():
            raise ValueError(f"Expected finite scores, was: {int((~np.isfinite(self.scores)).sum())} others")
        self._check_embeddings()

    def _check_embeddings(self) -> None:
        if self.embeddings is None:
            return
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.ids):
            raise ValueError(
                f"Expected an embedding for each of {len(self.ids)} ids, was: shape {self.embeddings.shape}"
            )
        if not np.isfinite(self.embeddings).all():
            raise ValueError("Expected finite embeddings, was: an array with NaN or infinity")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen text: its index in the pool, its id and score, its place in the batch from 1, and why."""

    index: int
    id: str
    score: float
    rank: int
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Selection:
    """A batch in the order in which to annotate it, with what there is to say about it.

    ``n_candidates``: texts of the pool at or above the threshold. ``n_filled``: picks below it that fill
    the batch, those by lot not counted. ``n_duplicates``: texts passed over because they are nearly the
    same as one that was labelled, offered or picked. ``n_blank``: texts without any character, which are
    never picked. ``should_stop``: no new text reaches the threshold. ``n_filled`` is 0 and ``should_stop``
    is false for strategies without threshold.
    """

    picks: tuple[Pick, ...]
    n_pool: int
    n_candidates: int
    n_filled: int
    n_duplicates: int
    n_blank: int
    reason: str
    should_stop: bool
