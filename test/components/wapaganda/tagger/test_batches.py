"""The last hidden states are those that the model itself would return."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from transformers import (
    AutoModelForTokenClassification,
    BertConfig,
    DebertaV2Config,
    GPT2Config,
    ModernBertConfig,
    XLNetConfig,
)

from wapaganda.tagger import WordBatch, word_logits

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
CONFIGS = [
    BertConfig(vocab_size=50, **SMALL),
    DebertaV2Config(vocab_size=50, relative_attention=True, pos_att_type=["c2p", "p2c"], **SMALL),
    GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=2),
    ModernBertConfig(vocab_size=50, **SPECIAL, **SMALL),
    XLNetConfig(vocab_size=50, d_model=16, n_layer=2, n_head=2, d_inner=16),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.model_type)
def test_the_last_hidden_states_are_the_models_own(config):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForTokenClassification.from_config(config).eval()
    ids = torch.arange(3, 15).reshape(2, 6)
    places = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 3])
    batch = WordBatch(ids, torch.ones_like(ids), torch.zeros_like(ids), *places)
    with torch.inference_mode():
        logits, hidden = word_logits(model, batch, casing=False, with_hidden=True)
        own = model(input_ids=ids, attention_mask=batch.mask, output_hidden_states=True)
    assert torch.allclose(logits, own.logits[places], atol=1e-6)
    assert hidden.shape == (3, 16)
    assert torch.allclose(hidden, own.hidden_states[-1][places], atol=1e-6)
    assert not model.base_model._forward_hooks


def test_threads_that_share_a_model_get_their_own_states():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForTokenClassification.from_config(CONFIGS[0]).eval()
    barrier = Barrier(2)  # both calls enter the encoder together, and leave it before one of them goes on

    def meet(*_):
        barrier.wait(10)

    handles = [each.register_forward_pre_hook(meet) for each in (model.base_model, model.classifier)]

    def states(first):
        ids = torch.arange(first, first + 6)[None]
        place = torch.tensor([0]), torch.tensor([1])
        batch = WordBatch(ids, torch.ones_like(ids), torch.zeros_like(ids), *place)
        with torch.inference_mode():
            return word_logits(model, batch, casing=False, with_hidden=True)

    with torch.inference_mode(), ThreadPoolExecutor(2) as pool:
        found = list(pool.map(states, (3, 20)))
        for handle in handles:
            handle.remove()
        for logits, hidden in found:
            assert torch.allclose(model.classifier(hidden), logits, atol=1e-6)
