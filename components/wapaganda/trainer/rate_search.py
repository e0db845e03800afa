"""A search for the learning rate of an encoder that a project has not trained before."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.metrics import evaluate
from wapaganda.ner import gold_spans, judged_spans
from wapaganda.progress import Progress
from wapaganda.trainer.cross_fitting import folds_of
from wapaganda.trainer.job import Callbacks, TrainingJob
from wapaganda.trainer.training_loop import train_in_memory

_FOLDS = 4
_FACTORS = (1.0, 1 / 3, 3.0)  # of the default
_SHARE = 2 / 3  # of the steps of a training, for each rate
_SURE = 0.95  # probability that a rate is better, by paired bootstrap over texts
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A short training with one rate: its steps, its strict F1 (0 to 1) on texts that it has not seen, and
    whether it knows its own training texts (``Fit``)."""

    learning_rate: float
    steps: int
    f1: float
    undertrained: bool


@dataclass(frozen=True, slots=True)
class RateSearch:
    """The result of a search: the rate that was chosen, the default of the recipe, and the trials."""

    learning_rate: float
    default: float
    trials: tuple[Trial, ...]
    seconds: float

    def describe(self) -> str:
        """The result in two sentences."""
        tried = ", ".join(f"{each.learning_rate:.0e}: {each.f1:.0%}" for each in self.trials)
        chosen = "keeps the default" if self.learning_rate == self.default else "chooses another one"
        return (
            f"A search of {self.seconds:.0f} s for the learning rate of this encoder {chosen}: "
            f"{self.learning_rate:.0e}. F1 of its short trainings on unseen texts: {tried}."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def search_learning_rate(job: TrainingJob, callbacks: Callbacks | None = None) -> RateSearch:
    """Compare the recipe's learning rate with a third of it and three times of it.

    Each rate is trained on three quarters of the texts with two thirds of the steps, and judged on the last
    quarter. So the search makes twice the steps of ``job.recipe``. The default stays unless another rate is
    surely better and knows its own training texts: trainings that are too short to learn anything cannot
    choose. "Surely": in 95% of the samples of a paired bootstrap over texts (Koehn 2004, "Statistical
    significance tests for machine translation evaluation").

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
        InputError: a document is not labelled, or there are fewer than four different texts.
    """
    callbacks, started = callbacks or Callbacks(), time.monotonic()
    default, seed = job.recipe.learning_rate, job.recipe.seed
    held_out = folds_of([document.text for document in job.documents], _FOLDS, seed) == 0
    found = [
        _try(job, default * factor, held_out, _part(callbacks.progress, number))
        for number, factor in enumerate(_FACTORS)
    ]
    first, counts = found[0]
    able = [(trial, other) for trial, other in found[1:] if not trial.undertrained]
    best, better = max(able, key=lambda each: each[0].f1, default=(first, counts))
    surely = best.f1 > first.f1 and _share_of_wins(better, counts, seed) >= _SURE
    chosen = best.learning_rate if surely else default
    trials = tuple(trial for trial, _ in found)
    return RateSearch(chosen, default, trials, round(time.monotonic() - started, 1))


def _try(
    job: TrainingJob, rate: float, held_out: NDArray[np.bool_], progress: Progress
) -> tuple[Trial, NDArray[np.int64]]:
    """A short training with this rate, and for each held-out text the numbers of correct and of all spans,
    predicted and gold, shape (2, n)."""
    steps = max(1, round(job.recipe.steps * _SHARE))
    short = replace(job.recipe.with_rate(rate), steps=steps, max_restarts=0, max_extensions=0)
    train = [job.documents[index] for index in np.flatnonzero(~held_out)]
    judged = [job.documents[index] for index in np.flatnonzero(held_out)]
    short_job = replace(job, documents=train, recipe=short, soft=(), dev=(), initial_model=None)
    model = train_in_memory(short_job, Callbacks(progress))
    gold = gold_spans(judged)
    predicted = judged_spans(judged, model.tagger.predict([document.text for document in judged]))
    fit = model.result.fit
    trial = Trial(
        rate,
        steps,
        evaluate(gold, predicted).micro.f1,
        model.result.collapsed or fit is None or fit.undertrained,
    )
    pairs = [(len(set(a) & set(b)), len(a) + len(b)) for a, b in zip(gold, predicted, strict=True)]
    return trial, np.array(pairs, dtype=np.int64).T


def _share_of_wins(counts: NDArray[np.int64], others: NDArray[np.int64], seed: int) -> float:
    """The share of bootstrap samples in which the F1 of ``counts`` (2, n) is above that of ``others``."""
    n = counts.shape[1]
    rows = np.random.default_rng(seed).integers(n, size=(_RESAMPLES, n))
    f1, other = (
        2 * correct[rows].sum(axis=1) / np.maximum(1, total[rows].sum(axis=1))
        for correct, total in (counts, others)
    )
    return float((f1 > other).mean())


def _part(progress: Progress, number: int) -> Progress:
    """The progress of one trial as a part of the search."""
    return lambda _, done, total: progress("search", number * total + done, len(_FACTORS) * total)
