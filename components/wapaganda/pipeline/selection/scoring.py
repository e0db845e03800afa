"""Judge every unlabelled text with the live model and keep what selection needs, on disk."""

import logging
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, LabelSchema
from wapaganda.progress import Progress
from wapaganda.tagger import TaggedText, Tagger, load_members, member_folder, read_together
from wapaganda.uncertainty import Expectation, expected_counts, find_measure, score, without_committee

BLOCK = 512
"""Texts whose emissions are held in memory at a time."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolScores:
    """The scored pool: ``ids`` (n,), ``scores`` (n,) in [0, 1], ``embeddings`` (n, hidden) as float16, and
    what the model expects of each text, by which it is priced: its ``entities`` by type are in the order of
    ``labels``."""

    ids: tuple[str, ...]
    scores: NDArray[np.float64]
    embeddings: NDArray[np.float16]
    expectation: Expectation
    labels: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write one ``.npz``; the file appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(
            partial,
            ids=np.array(self.ids, dtype=np.str_),
            scores=self.scores,
            embeddings=self.embeddings,
            n_words=self.expectation.n_words,
            predicted=self.expectation.predicted,
            right=self.expectation.expected_correct,
            entities=self.expectation.entities,
            labels=np.array(self.labels, dtype=np.str_),
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PoolScores | None":
        """Read what ``save`` wrote; ``None`` when there is none, or one of an earlier version or a torn one:
        it is computed anew."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                expectation = Expectation(*(stored[each] for each in _EXPECTED))
                ids, labels = (tuple(stored[each].tolist()) for each in ("ids", "labels"))
                return cls(ids, stored["scores"], stored["embeddings"], expectation, labels)
        except FileNotFoundError:
            return None
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            _LOGGER.info("The scores in %s are computed anew: %s", path, error)
            return None


_EXPECTED = ("n_words", "predicted", "right", "entities")


def score_pool(
    tagger: Tagger, folder: Path, pool: Sequence[Document], measure: str, progress: Progress
) -> PoolScores:
    """Tag the pool once by the model in ``folder``, and by its committee when ``measure`` needs that, and
    score every text by the measure that ``scored_by`` names; memory does not grow with the emissions."""
    measure = scored_by(measure, folder)
    ids, texts = [document.id for document in pool], [document.text for document in pool]
    committee: Iterable[NDArray[np.float32]] | None = None
    if find_measure(measure).committee:
        committee = read_together(load_members(folder, str(tagger.model.device)), texts)
    return score_tagged(ids, tagger.tag(texts), tagger.schema, measure, progress, committee)


def scored_by(measure: str, folder: Path) -> str:
    """The measure by which the model in ``folder`` scores texts when ``measure`` is set: the default measure
    for ``auto``, and ``least_confidence`` when a committee is needed and the model has none."""
    found = find_measure(measure)
    return found.name if member_folder(folder, 0).is_dir() else without_committee(found.name)


def score_tagged(
    ids: Sequence[str],
    tagged: Iterable[TaggedText],
    schema: LabelSchema,
    measure: str,
    progress: Progress,
    committee: Iterable[NDArray[np.float32]] | None = None,
) -> PoolScores:
    """Score texts that are tagged by ``schema``, one of ``tagged`` for each of ``ids``.

    ``committee``: the log-probabilities (S, n_words, K) of the S models of a committee for each text, for the
    measures that compare them.
    """
    progress("score", 0, len(ids))
    scores = np.zeros(len(ids))
    embeddings: NDArray[np.float16] | None = None
    emissions: list[NDArray[np.float32]] = []
    predictions: list[NDArray[np.float32]] = []
    beside = iter(committee) if committee is not None else None
    expected: list[Expectation] = []
    done = 0
    for index, each in enumerate(tagged):
        if embeddings is None:
            embeddings = np.zeros((len(ids), each.embedding.shape[0]), dtype=np.float16)
        embeddings[index] = each.embedding
        emissions.append(each.log_probs)
        if beside is not None:
            predictions.append(next(beside))
        if len(emissions) == BLOCK or index + 1 == len(ids):
            scores[done : index + 1] = score(emissions, measure, predictions)
            expected.append(expected_counts(emissions))
            done = index + 1
            emissions.clear()
            predictions.clear()
            progress("score", done, len(ids))
    return PoolScores(
        tuple(ids),
        scores,
        np.zeros((0, 0), np.float16) if embeddings is None else embeddings,
        Expectation.join(expected),
        schema.labels,
    )
