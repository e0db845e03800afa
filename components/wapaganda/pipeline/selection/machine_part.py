"""The machine part of a data set: what a model labels in the texts that nobody has labelled."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wapaganda.dataset import ModelLabels
from wapaganda.file_state import Correction
from wapaganda.model_store import Version
from wapaganda.ner import Document
from wapaganda.pipeline.completion.completed import completed
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.scoring import score_pool
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.training.manifests import calibration_of
from wapaganda.progress import Progress
from wapaganda.tagger import Tagger

_MEASURE = "least_confidence"
"""Any measure will do: only spans and expectation are used, and this one needs no committee."""


def accepted_labels(project_folder: Path, documents: Sequence[Document]) -> ModelLabels | None:
    """The labels of the last completion that was accepted, with its certificate; ``None``: there is none.

    A document whose text has changed since is not among them. The confidence of the certificate is that of
    the promise, which all campaigns together keep.

    Raises:
        CampaignError: the files of the completion are damaged.
    """
    found = completed(project_folder)
    if found is None:
        return None
    rows = found.labels.rows(documents)
    kept = [document for document in documents if document.id in rows]
    at = np.array([rows[document.id] for document in kept], dtype=np.int64)
    labels = found.labels
    return ModelLabels(
        found.model,
        [document.with_spans(labels.row(rows[document.id])) for document in kept],
        labels.expectation()[at],
        labels.labels,
        Correction.none(),
        found.number,
        {**found.certificate, "confidence": found.campaign.confidence},
        len(labels) - len(kept),
    )


def live_labels(
    version: Version, documents: Sequence[Document], rounds: Path, config: LoopConfig, progress: Progress
) -> ModelLabels:
    """The labels of ``version`` for those of ``documents`` that wait for a label; nothing is certified.

    ``rounds``: the folder with the scored pools of finished rounds; one that this version has scored and that
    holds all these texts is used as it is.

    Raises:
        FolderError: the folder of the version is incomplete.
    """
    waiting = [document for document in documents if is_waiting(document)]
    scored = _stored(version, waiting, rounds)
    if scored is None:
        tagger = Tagger.load(version.path, device=config.device)
        scored = score_pool(tagger, version.path, waiting, replace(config, measure=_MEASURE), progress)
    spans = scored.predicted(waiting)
    place = {document_id: row for row, document_id in enumerate(scored.ids)}
    rows = np.array([place[document.id] for document in waiting], dtype=np.int64)
    return ModelLabels(
        version.name,
        [document.with_spans(spans[document.id]) for document in waiting],
        scored.expectation[rows],
        scored.labels,
        calibration_of(version.manifest),
    )


def _stored(version: Version, waiting: Sequence[Document], rounds: Path) -> PoolScores | None:
    for path in sorted(rounds.glob(f"*/scores-*-{version.name}.npz"), reverse=True):
        scored = PoolScores.load(path)
        if scored is not None and len(scored.predicted(waiting)) == len(waiting):
            return scored
    return None
