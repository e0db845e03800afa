"""Judge every unlabelled text with the live model and keep what selection needs, on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document
from wapaganda.pipeline.ports import Progress
from wapaganda.tagger import Tagger
from wapaganda.uncertainty import score

BLOCK = 512
"""Texts whose emissions are held in memory at a time."""


@dataclass(frozen=True, slots=True)
class PoolScores:
    """The scored pool: ``ids`` (n,), ``scores`` (n,) in [0, 1] and ``embeddings`` (n, hidden) as float16."""

    ids: tuple[str, ...]
    scores: NDArray[np.float64]
    embeddings: NDArray[np.float16]

    def save(self, path: Path) -> None:
        """Write one ``.npz``; the file appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(
            partial, ids=np.array(self.ids, dtype=np.str_), scores=self.scores, embeddings=self.embeddings
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PoolScores":
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(tuple(stored["ids"].tolist()), stored["scores"], stored["embeddings"])


def score_pool(tagger: Tagger, pool: Sequence[Document], measure: str, progress: Progress) -> PoolScores:
    """Tag the pool once and score every text by ``measure``; memory does not grow with the emissions."""
    progress("score", 0, len(pool))
    scores = np.zeros(len(pool))
    embeddings: NDArray[np.float16] | None = None
    emissions: list[NDArray[np.float32]] = []
    done = 0
    for index, tagged in enumerate(tagger.tag([document.text for document in pool])):
        if embeddings is None:
            embeddings = np.zeros((len(pool), tagged.embedding.shape[0]), dtype=np.float16)
        embeddings[index] = tagged.embedding
        emissions.append(tagged.log_probs)
        if len(emissions) == BLOCK or index + 1 == len(pool):
            scores[done : index + 1] = score(emissions, measure)
            done = index + 1
            emissions.clear()
            progress("score", done, len(pool))
    ids = tuple(document.id for document in pool)
    return PoolScores(ids, scores, np.zeros((0, 0), np.float16) if embeddings is None else embeddings)
