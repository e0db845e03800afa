"""Embeddings of texts by a pretrained encoder that was not trained on the task."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from wapaganda.ner import LabelSchema
from wapaganda.tagger import budget_batches, collate, device_of, model_inputs, word_logits
from wapaganda.trainer.encoders import load_encoder

_NO_TASK = LabelSchema(("NONE",))
_TOKEN_BUDGET = 1024


def embed(texts: Sequence[str], encoder: str, *, device: str = "auto") -> NDArray[np.float32]:
    """Each text as one vector, (n, hidden): the mean of the encoder's last hidden states at its words.

    A text without words is all zeros. ``device``: ``auto`` is CUDA when there is one, else the CPU.

    Raises:
        EncoderUnavailable: the encoder cannot be loaded.
    """
    loaded = load_encoder(encoder, _NO_TASK)
    model = loaded.model.to(device_of(device)).eval()
    encoded = loaded.tokenization.encode(texts)
    inputs = model_inputs(texts, encoded, loaded.tokenization, casing=False)
    sums = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for batch in budget_batches(inputs, _TOKEN_BUDGET):
            tensors = collate(batch, loaded.tokenization.pad_id, model.device)
            _, hidden = word_logits(model, tensors, casing=False, with_hidden=True)
            assert hidden is not None
            text_of = np.repeat([each.text for each in batch], [len(each.positions) for each in batch])
            np.add.at(sums, text_of, hidden.float().cpu().numpy())
    n_words = np.array([len(each.words) for each in encoded])
    sums /= np.maximum(n_words, 1)[:, None]
    return sums
