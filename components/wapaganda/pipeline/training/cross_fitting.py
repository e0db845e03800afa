"""Cross-fitting of a new model, and what of it goes into the model's folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wapaganda.calibration import Calibration
from wapaganda.label_errors import REVIEW_FILE, find_label_issues, write_issues
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.calibration import MINIMUM_TEXTS, calibrate, too_few_to_calibrate
from wapaganda.pipeline.training.evaluation import write_out_of_fold
from wapaganda.progress import Progress
from wapaganda.tagger import ModelFolder
from wapaganda.trainer import Recipe
from wapaganda.uncertainty import find_measure


def calibrate_folder(
    folder: Path,
    documents: Sequence[Document],
    schema: LabelSchema,
    config: LoopConfig,
    recipe: Recipe,
    unlabelled: Sequence[str],
    progress: Progress,
) -> Calibration | None:
    """Cross-fit the recipe; write what it tells beside the model that learnt all texts: calibration, likely
    label errors, the out-of-fold answers and, where the measure asks for it, the models of the folds.

    ``None`` when it is switched off or there are too few texts.
    """
    if config.folds < 2 or too_few_to_calibrate(documents, config.folds):
        return None
    calibration, answers = calibrate(
        documents,
        schema,
        config.encoder,
        recipe,
        folds=config.folds,
        unlabelled=unlabelled,
        keep=folder if find_measure(config.measure).committee else None,
        progress=progress,
        device=config.device,
    )
    plain = ModelFolder.read(folder)
    replace(plain, temperature=calibration.temperature, confidence=calibration.confidence).write(folder)
    write_out_of_fold(folder, documents, answers)
    issues = find_label_issues(documents, answers, schema)
    write_issues(folder / REVIEW_FILE, issues)
    return calibration


def too_few_messages(documents: Sequence[Document], config: LoopConfig) -> list[str]:
    """What a user should know when nothing is cross-fitted although it is asked for."""
    if config.folds < 2 or not too_few_to_calibrate(documents, config.folds):
        return []
    return [
        f"{len(documents)} labelled texts are too few to calibrate the model: {MINIMUM_TEXTS} are needed, "
        f"{2 * config.folds} of them with entities."
    ]
