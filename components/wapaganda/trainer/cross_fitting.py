"""Cross-fitting: every labelled text is read by a model that has not learnt it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, LabelSchema
from wapaganda.tagger import TaggedText, Tagger, member_folder
from wapaganda.trainer.recipe import Recipe
from wapaganda.trainer.reports import StepReport
from wapaganda.trainer.self_training import unlike
from wapaganda.trainer.training import fit, save


def cross_fit(
    documents: Sequence[Document],
    schema: LabelSchema,
    encoder: str,
    recipe: Recipe,
    *,
    folds: int = 4,
    unlabelled: Sequence[str] = (),
    keep: Path | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    device: str = "auto",
) -> list[TaggedText]:
    """Out-of-fold answers, in the order of ``documents``, of ``folds`` models trained by ``recipe``.

    Each model learns the texts of all folds but one and reads those of that one (Stone 1974,
    "Cross-validatory choice and assessment of statistical predictions"). Equal texts share a fold.
    ``unlabelled``: as for ``train``. ``keep``: the folder of a model of which those of
    the folds become the committee.

    Raises:
        EncoderUnavailable: the encoder cannot be had.
        ValueError: fewer than two folds, or fewer different texts than folds.
    """
    unlabelled = unlike(unlabelled, documents)
    fold_of = _folds([document.text for document in documents], folds, recipe.seed)
    answers: dict[int, TaggedText] = {}
    for fold in range(folds):
        learnt = [documents[index] for index in np.flatnonzero(fold_of != fold)]
        held_out = np.flatnonzero(fold_of == fold).tolist()
        fitted = fit(learnt, schema, encoder, recipe, unlabelled=unlabelled, on_step=on_step, device=device)
        if keep is not None:
            save(fitted.loaded, schema, member_folder(keep, fold))
        tagger = Tagger(fitted.loaded.model, fitted.loaded.tokenization, schema, casing=fitted.loaded.casing)
        answers.update(zip(held_out, tagger.tag([documents[index].text for index in held_out]), strict=True))
    return [answers[index] for index in range(len(documents))]


def _folds(texts: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each text, (n,): as many different texts in each as can be."""
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    if not 2 <= folds <= len(place):
        raise ValueError(f"Expected 2 to {len(place)} folds for {len(place)} different texts, was: {folds}")
    drawn = np.random.default_rng(seed).permutation(len(place)) % folds
    return drawn[[place[text] for text in texts]]
