"""How right a model was on texts that people labelled after it had read them: calibration for nothing."""

from collections.abc import Sequence
from itertools import pairwise

from wapaganda.calibration import fit_temperature
from wapaganda.ner import Document, LabelSchema, align_spans, encode_tags
from wapaganda.simulation.completion.reading import ModelReading

FIRST_TEMPERATURE = 2.0
"""The temperature before there are answers, about the mean of cross-fitted models (docs/experiments.md)."""
_LAST = 3  # batches: the models before were trained on fewer texts


def outcome_temperature(
    readings: Sequence[ModelReading], file: Sequence[Document], schema: LabelSchema
) -> float:
    """The temperature under which the answers to the last three batches are most probable.

    ``readings``: of successive models; the texts in the ``order`` of each were labelled up to the training of
    the next. The last reading has no answers yet; the first one alone has `FIRST_TEMPERATURE` (Dawid 1984,
    "Present position and potential developments: the prequential approach").
    """
    emissions, tags = [], []
    for before, after in list(pairwise(readings))[-_LAST:]:
        answered = after.labelled[before.n_labelled :]
        for row, log_probs, words in zip(
            answered.tolist(), before.emissions(answered), before.words_of(answered), strict=True
        ):
            emissions.append(log_probs)
            tags.append(encode_tags(align_spans(file[row].spans or (), words)[0], words, schema))
    return fit_temperature(emissions, tags) if emissions else FIRST_TEMPERATURE
