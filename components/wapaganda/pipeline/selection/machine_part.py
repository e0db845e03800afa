"""The machine part of a data set: what a model labels in the texts that nobody has labelled."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wapaganda.dataset import ModelLabels
from wapaganda.file_state import Correction
from wapaganda.model_store import Version
from wapaganda.ner import Document, Span
from wapaganda.pipeline.completion.completed import completed
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.scoring import score_pool
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.training.manifests import calibration_of
from wapaganda.progress import Progress
from wapaganda.tagger import Tagger
from wapaganda.terms import DecidedTerms


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
        {each.id: spans for each in kept if (spans := labels.term_spans(rows[each.id]))},
    )


def live_labels(
    version: Version,
    documents: Sequence[Document],
    rounds: Path,
    config: LoopConfig,
    progress: Progress,
    decided: DecidedTerms,
) -> ModelLabels:
    """The labels of ``version`` for those of ``documents`` that wait for a label; nothing is certified.

    What was ``decided`` about terms replaces what the model says of them.

    ``rounds``: the folder with the scored pools of finished rounds; one that this version has scored and that
    holds all these texts is used as it is.

    Raises:
        FolderError: the folder of the version is incomplete.
    """
    waiting = [document for document in documents if is_waiting(document)]
    scored = _stored(version, waiting, rounds)
    if scored is None:
        tagger = Tagger.load(version.path, device=config.device)
        scored = score_pool(tagger, waiting, config, progress)
    spans = scored.predicted(waiting)
    place = {document_id: row for row, document_id in enumerate(scored.ids)}
    rows = np.array([place[document.id] for document in waiting], dtype=np.int64)
    labelled = [each.with_spans(decided.applied(each.text, spans[each.id])) for each in waiting]
    return ModelLabels(
        version.name,
        labelled,
        scored.expectation[rows],
        scored.labels,
        calibration_of(version.manifest),
        by_term={each.id: made for each in labelled if (made := _made(each, decided))},
    )


def _made(document: Document, decided: DecidedTerms) -> frozenset[Span]:
    spans = document.spans or ()
    pairs = zip(spans, decided.made(document.text, spans), strict=True)
    return frozenset(span for span, is_decided in pairs if is_decided)


def _stored(version: Version, waiting: Sequence[Document], rounds: Path) -> PoolScores | None:
    for path in sorted(rounds.glob(f"*/scores-*-{version.name}.npz"), reverse=True):
        scored = PoolScores.load(path)
        if scored is not None and len(scored.predicted(waiting)) == len(waiting):
            return scored
    return None
