"""Cross-fit a new model and write the results into its folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wapaganda.calibration import Calibration
from wapaganda.label_errors import REVIEW_FILE, find_label_issues, write_issues
from wapaganda.ner import Document
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.training.calibration import MINIMUM_TEXTS, calibrate, too_few_to_calibrate
from wapaganda.pipeline.training.evaluation import write_out_of_fold
from wapaganda.progress import Progress
from wapaganda.tagger import ModelFolder
from wapaganda.trainer import Callbacks, CrossFit, TrainingJob


def calibrate_folder(
    folder: Path,
    job: TrainingJob,
    config: LoopConfig,
    progress: Progress,
    texts: Sequence[str] = (),
    kept: Path | None = None,
    processes: int = 1,
) -> tuple[Calibration, CrossFit] | None:
    """Cross-fit the job and write the results into the folder of the model: calibration, likely label errors
    and out-of-fold predictions.

    It returns the calibration and what the models of the folds say, also about other ``texts``; ``None`` when
    cross-fitting is switched off or there are too few texts. ``kept``: the folder of the models of the folds
    for the next time (``again`` of ``cross_fit``). They are not kept with dev texts, or with steps set by the
    user. ``processes``: how many trainings of folds run at a time.
    """
    documents = job.documents
    if config.folds < 2 or too_few_to_calibrate(documents, config.folds):
        return None
    calibration, found = calibrate(
        job,
        folds=config.folds,
        texts=texts,
        again=kept if keeps_folds(job, config) else None,
        processes=processes,
        callbacks=Callbacks(progress),
    )
    plain = ModelFolder.read(folder)
    replace(plain, temperature=calibration.temperature, confidence=calibration.confidence).write(folder)
    write_out_of_fold(folder, documents, found.answers)
    issues = find_label_issues(documents, found.answers, job.schema)
    write_issues(folder / REVIEW_FILE, issues)
    return calibration, found


def keeps_folds(job: TrainingJob, config: LoopConfig) -> bool:
    """Whether the models of the folds are kept for the next time."""
    return not job.dev and config.train_steps is None


def too_few_messages(documents: Sequence[Document], config: LoopConfig) -> list[str]:
    """The message if cross-fitting is switched on but there are too few texts."""
    if config.folds < 2 or not too_few_to_calibrate(documents, config.folds):
        return []
    return [
        f"{len(documents)} labelled texts are too few to calibrate the model: {MINIMUM_TEXTS} are needed, "
        f"{2 * config.folds} of them with entities."
    ]
