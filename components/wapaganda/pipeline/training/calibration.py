"""Calibration of a recipe by cross-fitting: models that have not seen the texts predict them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from wapaganda.calibration import Calibration, apply_temperature, bootstrap_f1_interval, fit_calibration
from wapaganda.decoding import merged_into_outside
from wapaganda.file_state import Correction
from wapaganda.metrics import evaluate
from wapaganda.ner import (
    Document,
    LabelSchema,
    align_spans,
    encode_tags,
    gold_spans,
    judged_spans,
    missing_types,
)
from wapaganda.tagger import TaggedText
from wapaganda.trainer import Callbacks, CrossFit, TrainingJob, cross_fit
from wapaganda.uncertainty import expected_counts

MINIMUM_TEXTS = 20
"""With fewer labelled texts nothing is calibrated, because there are too few spans."""


def calibrate(
    job: TrainingJob,
    *,
    folds: int = 4,
    texts: Sequence[str] = (),
    again: Path | None = None,
    processes: int = 1,
    callbacks: Callbacks | None = None,
) -> tuple[Calibration, CrossFit]:
    """Cross-fit labelled documents: the calibration, and what the models of the folds say.

    Types that the labels of a text cannot say are not judged there. It costs ``folds`` trainings and one
    prediction of all documents. ``texts``, ``again`` and ``processes``: as for ``cross_fit``.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: a document is not labelled, or there are fewer different texts than folds.
    """
    found = cross_fit(job, folds=folds, texts=texts, again=again, processes=processes, callbacks=callbacks)
    answers = found.answers
    documents, schema = job.documents, job.schema
    gold = gold_spans(documents)
    log_probs = [_sayable(*pair, schema) for pair in zip(documents, answers, strict=True)]
    tags = [
        encode_tags(align_spans(spans, answer.words)[0], answer.words, schema)
        for spans, answer in zip(gold, answers, strict=True)
    ]
    fit = fit_calibration(log_probs, tags, folds)
    predicted = judged_spans(documents, [answer.spans for answer in answers])
    expected = expected_counts(apply_temperature(log_probs, fit.temperature))
    typical = Correction()(expected)
    right = sum(len(set(a) & set(b)) for a, b in zip(gold, predicted, strict=True))
    scores = evaluate(gold, predicted)
    calibration = Calibration(
        temperature=fit.temperature,
        confidence=fit.confidence,
        f1=scores.micro.f1,
        f1_interval=bootstrap_f1_interval(gold, predicted, job.recipe.seed),
        expected_f1=expected.f1(),
        ece_before=fit.ece_before,
        ece_after=fit.ece_after,
        n_texts=len(documents),
        folds=folds,
        bins=fit.bins,
        false_positives=sum(map(len, predicted)) - right,
        misses=sum(map(len, gold)) - right,
        expected_false_positives=float(typical.false_positives.sum()),
        expected_misses=float(typical.misses.sum()),
        per_type_f1={label: each.f1 for label, each in scores.per_type.items()},
    )
    return calibration, found


def _sayable(document: Document, answer: TaggedText, schema: LabelSchema) -> NDArray[Any]:
    """The log-probabilities, with the types that the labels of the text cannot say as a part of ``O``."""
    missing = missing_types(document, schema)
    return merged_into_outside(answer.log_probs, missing) if missing else answer.log_probs


def too_few_to_calibrate(documents: Sequence[Document], folds: int) -> bool:
    """Whether there are too few labelled texts, or texts with entities, for this number of folds."""
    filled = {document.text for document in documents if document.spans}
    return len(documents) < MINIMUM_TEXTS or len(filled) < 2 * folds
