"""What is chosen from, and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Drawn = Literal["random", "uncertain", "diverse", "representative", "rare"]
"""Why a text was taken: by lot, by its worth alone, as unlike the others taken, as the most usual of its
kind, or for a type of entity that is rare so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Texts without labels: ids (each once) and texts, and what is known of each, row by row.

    ``scores`` (n,): what the threshold looks at. ``embeddings`` (n, H), if there are any. ``worth`` (n,):
    what strategies rank and weigh by (as a weight, what is below 0 counts as 0), the scores where there is
    none. ``entities`` (n, L): how many entities of each type a text is expected to hold.

    Raises:
        ValueError: unequal lengths, an id twice, a number that is not finite, or entities below 0.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    scores: NDArray[Any]
    embeddings: NDArray[Any] | None = None
    worth: NDArray[Any] | None = None
    entities: NDArray[Any] | None = None

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
        if self.worth is not None:
            _check_rows(self.worth, 1, n_texts, "a worth")
        if self.embeddings is not None:
            _check_rows(self.embeddings, 2, n_texts, "an embedding")
        if self.entities is not None:
            _check_rows(self.entities, 2, n_texts, "a row of expected entities")
            _check_not_negative(self.entities)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def value(self) -> NDArray[Any]:
        """What strategies rank and weigh by, (n,): the worth, or the scores where there is none."""
        return self.scores if self.worth is None else self.worth


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What is known of the labelled texts, if anything: ``embeddings`` (m, H), ``entities`` (L,) by type.

    Both by the model and in the order of types that the pool goes by.

    Raises:
        ValueError: the wrong number of dimensions, a number that is not finite, or entities below 0.
    """

    embeddings: NDArray[Any] | None = None
    entities: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if self.embeddings is not None:
            _check_rows(self.embeddings, 2, len(self.embeddings), "an embedding")
        if self.entities is not None:
            if self.entities.ndim != 1:
                raise ValueError(f"Expected a number for each type, was: shape {self.entities.shape}")
            _check_finite(self.entities, "numbers of entities")
            _check_not_negative(self.entities)


def _check_rows(values: NDArray[Any], n_dimensions: int, n_texts: int, name: str) -> None:
    if values.ndim != n_dimensions or len(values) != n_texts:
        raise ValueError(f"Expected {name} for each of {n_texts} texts, was: shape {values.shape}")
    _check_finite(values, f"numbers in {name}")


def _check_finite(values: NDArray[Any], name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"Expected finite {name}, was: {int((~np.isfinite(values)).sum())} others")


def _check_not_negative(entities: NDArray[Any]) -> None:
    if (entities < 0).any():
        raise ValueError(f"Expected 0 entities or more, was: {entities.min()}")


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
    the batch, those by lot or representative not counted. ``n_duplicates``: texts passed over because they
    are nearly the same as one that was labelled, offered or picked. ``n_blank``: texts without any
    character, which are never picked. ``should_stop``: no new text reaches the threshold. ``n_filled`` is 0
    and ``should_stop`` is false for strategies without threshold.
    """

    picks: tuple[Pick, ...]
    n_pool: int
    n_candidates: int
    n_filled: int
    n_duplicates: int
    n_blank: int
    reason: str
    should_stop: bool
