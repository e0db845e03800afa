"""What an untrained encoder says of texts."""

import numpy as np
import pytest

from wapaganda.trainer import EncoderUnavailable, embed

TEXTS = ("Ada went to Paris .", "dogs bark", " ", "Bob saw Ada in New York and went on to Oslo .")


def test_every_text_is_a_vector_that_does_not_depend_on_its_neighbours(tiny_encoder):
    together = embed(TEXTS, tiny_encoder, device="cpu")
    alone = np.concatenate([embed([text], tiny_encoder, device="cpu") for text in TEXTS])
    assert together.shape == alone.shape
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_array_equal(embed(TEXTS, tiny_encoder, device="cpu"), together)
    assert not together[2].any()
    assert np.abs(together[[0, 1, 3]]).max(axis=1).min() > 0


def test_a_long_text_is_read_to_its_end(tiny_encoder):
    start = "Ada saw Paris . " * 300
    first, second = embed([start + "dogs " * 300, start + "Oslo " * 300], tiny_encoder, device="cpu")
    assert not np.allclose(first, second, atol=1e-4)


def test_an_encoder_that_cannot_be_had_is_told(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderUnavailable):
        embed(["text"], "nobody/no-such-encoder")
