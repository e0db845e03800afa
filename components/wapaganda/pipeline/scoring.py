"""Judge every unlabelled text with the live model and keep what selection needs, on disk."""

import logging
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline.ports import Progress
from wapaganda.tagger import TaggedText, Tagger, load_members, member_folder, read_together
from wapaganda.uncertainty import (
    COMMITTEE,
    Expectation,
    expect,
    fluctuation,
    latest_measure,
    n_samples,
    one_reading,
    score,
)

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
            right=self.expectation.right,
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

    def look_back(self, past: Sequence["PoolScores"]) -> "PoolScores":
        """The same with the fluctuation of the scores; ``past``: those of the rounds before, oldest first."""
        places = {document_id: row for row, document_id in enumerate(self.ids)}
        history = np.full((len(past) + 1, len(self.ids)), np.nan)
        for row, each in enumerate(past):
            for document_id, before in zip(each.ids, each.scores, strict=True):
                if document_id in places:
                    history[row, places[document_id]] = before
        history[-1] = self.scores
        return replace(self, scores=fluctuation(history))


_EXPECTED = ("n_words", "predicted", "right", "entities")


def score_pool(
    tagger: Tagger, folder: Path, pool: Sequence[Document], measure: str, progress: Progress
) -> PoolScores:
    """Tag the pool once by the model in ``folder``, with the further readings that ``measure`` compares, and
    score every text by what is ``scored_by``; memory does not grow with the emissions."""
    measure = scored_by(measure, folder)
    tagger.n_samples = n_samples(measure)
    ids, texts = [document.id for document in pool], [document.text for document in pool]
    tagged = tagger.tag(texts)
    if measure == COMMITTEE:
        members = load_members(folder, str(tagger.model.device))
        tagged = with_samples(tagged, read_together(members, texts))
    return score_tagged(ids, tagged, tagger.schema, measure, progress)


def scored_by(measure: str, folder: Path) -> str:
    """What the model in ``folder`` scores texts by when a round goes by ``measure``: ``latest_measure``, and
    without a committee what a single reading is scored by."""
    missing = measure == COMMITTEE and not member_folder(folder, 0).is_dir()
    return one_reading(measure) if missing else latest_measure(measure)


def with_samples(
    tagged: Iterable[TaggedText], samples: Iterable[NDArray[np.float32]]
) -> Iterator[TaggedText]:
    """The same answers with other readings beside them, text by text."""
    return (replace(each, samples=beside) for each, beside in zip(tagged, samples, strict=True))


def score_tagged(
    ids: Sequence[str],
    tagged: Iterable[TaggedText],
    schema: LabelSchema,
    measure: str,
    progress: Progress,
) -> PoolScores:
    """Score texts that were tagged by ``schema``, or are as they are asked for; one of ``tagged`` for each of
    ``ids``."""
    progress("score", 0, len(ids))
    scores = np.zeros(len(ids))
    embeddings: NDArray[np.float16] | None = None
    emissions: list[NDArray[np.float32]] = []
    samples: list[NDArray[np.float32]] = []
    expected: list[Expectation] = []
    done = 0
    for index, each in enumerate(tagged):
        if embeddings is None:
            embeddings = np.zeros((len(ids), each.embedding.shape[0]), dtype=np.float16)
        embeddings[index] = each.embedding
        emissions.append(each.log_probs)
        samples.append(each.samples)
        if len(emissions) == BLOCK or index + 1 == len(ids):
            scores[done : index + 1] = score(emissions, measure, samples)
            expected.append(expect(emissions))
            done = index + 1
            emissions.clear()
            samples.clear()
            progress("score", done, len(ids))
    return PoolScores(
        tuple(ids),
        scores,
        np.zeros((0, 0), np.float16) if embeddings is None else embeddings,
        Expectation.join(expected),
        schema.labels,
    )
