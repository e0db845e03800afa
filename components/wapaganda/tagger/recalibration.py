"""Another calibration of the same weights, without reading the texts again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wapaganda.calibration import apply_temperature
from wapaganda.tagger.entities import decode
from wapaganda.tagger.model_folder import ModelFolder
from wapaganda.tagger.tagged import TaggedText


def recalibrated(tagged: Sequence[TaggedText], before: ModelFolder, after: ModelFolder) -> list[TaggedText]:
    """What a tagger with the calibration ``after`` says of texts that one with ``before`` has tagged.

    Both have the same weights and labels. The log-probabilities and the confidences are equal up to rounding.
    The embeddings stay, with their weights by the temperature of ``before``.
    """
    ratio = after.temperature / before.temperature
    rows = [each.astype(np.float32) for each in apply_temperature([each.log_probs for each in tagged], ratio)]
    spans = decode([each.words for each in tagged], rows, after.schema, after.confidence)
    return [
        replace(each, log_probs=log_probs, spans=found)
        for each, log_probs, found in zip(tagged, rows, spans, strict=True)
    ]
