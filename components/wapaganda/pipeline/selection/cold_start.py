"""The first batch of a project, when there is no model yet."""

import logging
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wapaganda.ner import Document
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.batch import choose
from wapaganda.progress import Progress
from wapaganda.sampler import Pool, Selection, select
from wapaganda.trainer import EncoderUnavailable, embed

_READ = 5_000
"""The size of the random sample of a large pool; it is larger when the batch is large."""
_READ_PER_PICK = 10

_LOGGER = logging.getLogger(__name__)


def choose_first(
    pool: Sequence[Document], labelled: Sequence[Document], config: LoopConfig, seed: int, progress: Progress
) -> Selection:
    """Representative texts of the pool, by the embeddings of the pretrained encoder; no label is needed.

    Random texts with the strategy ``random``, and when the encoder cannot be loaded.
    """
    if config.strategy == "random" or not pool:
        return choose(pool, None, labelled, config, seed)
    most = max(_READ, _READ_PER_PICK * config.batch_size)
    read = list(pool) if len(pool) <= most else random.Random(seed).sample(list(pool), most)
    texts = [document.text for document in read]
    progress("score", 0, 0)
    try:
        embeddings = embed(texts, config.encoder, device=config.device)
    except EncoderUnavailable as error:
        _LOGGER.warning("The first batch is selected at random: %s", error)
        return choose(pool, None, labelled, config, seed)
    centred = embeddings - embeddings.mean(axis=0, keepdims=True)
    candidates = Pool([document.id for document in read], texts, np.zeros(len(read)), centred)
    selection = select(
        candidates,
        config.batch_size,
        strategy="representative",
        threshold=config.threshold,
        seed=seed,
        seen=[document.text for document in labelled],
    )
    if len(read) < len(pool):
        summary = f"{selection.summary.removesuffix('.')}; they are a random sample of {len(pool)}."
        selection = replace(selection, n_pool=len(pool), summary=summary)
    return selection
