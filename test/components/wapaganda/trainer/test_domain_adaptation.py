"""An encoder is trained on texts before it is trained on labels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from wapaganda.ner import LabelSchema
from wapaganda.trainer import AdaptationRecipe, EncoderUnavailable, adapt, load_encoder


@pytest.fixture
def texts(toy_documents):
    return [document.text for document in toy_documents]


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return dict(AutoModel.from_pretrained(folder, local_files_only=True).named_parameters())


def test_masked_words_are_guessed_better_and_the_folder_is_an_encoder(tiny_encoder, texts, tmp_path):
    seen = []

    found = adapt(
        texts,
        tiny_encoder,
        tmp_path / "adapted",
        AdaptationRecipe(steps=150, learning_rate=3e-3, device="cpu"),
        lambda *step: seen.append(step),
    )

    assert seen == [("adapt", step, 150) for step in range(1, 151)]
    assert len(found.losses) == 150
    guessing = np.log(len(load_encoder(tiny_encoder, LabelSchema(("A",))).tokenizer))
    assert np.mean(found.losses[-20:]) < 0.75 * np.mean(found.losses[:20])
    assert np.mean(found.losses[-20:]) < 0.75 * guessing
    assert found.is_new_head
    assert found.windows == len(texts)
    loaded = load_encoder(str(tmp_path / "adapted"), LabelSchema(("CITY", "NAME")))
    assert loaded.model.config.num_labels == 5
    assert [each.name for each in tmp_path.iterdir()] == ["adapted"]


def test_the_word_embeddings_stay_and_the_layers_learn(tiny_encoder, texts, tmp_path):
    adapt(
        texts, tiny_encoder, tmp_path / "adapted", AdaptationRecipe(steps=3, learning_rate=1e-3, device="cpu")
    )

    before, after = weights(tiny_encoder), weights(tmp_path / "adapted")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert "embeddings.word_embeddings.weight" in same
    assert not any("encoder.layer" in name and name.endswith("dense.weight") for name in same)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_random_state_of_the_caller(
    tiny_encoder, texts, tmp_path
):
    state = torch.get_rng_state()
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        recipe = AdaptationRecipe(steps=3, learning_rate=1e-3, seed=seed, device="cpu")
        adapt(texts, tiny_encoder, tmp_path / name, recipe)

    assert torch.equal(torch.get_rng_state(), state)
    layer = "encoder.layer.0.intermediate.dense.weight"
    one, two, three = (weights(tmp_path / name)[layer] for name in ("one", "two", "three"))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)


def test_a_head_that_is_there_is_used(tiny_encoder, texts, tmp_path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    folder = tmp_path / "with-head"
    AutoModelForMaskedLM.from_pretrained(tiny_encoder).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)

    recipe = AdaptationRecipe(steps=2, device="cpu")
    assert not adapt(texts, str(folder), tmp_path / "adapted", recipe).is_new_head


def test_what_cannot_be_adapted_is_refused_and_nothing_is_written(tiny_encoder, texts, tmp_path):
    out = tmp_path / "adapted"
    with pytest.raises(ValueError, match="Expected texts with words to read, was: 2 texts without"):
        adapt(["", " \n"], tiny_encoder, out, AdaptationRecipe(device="cpu"))
    with pytest.raises(ValueError, match="Expected texts with words to read, was: 1 texts without"):
        adapt(["no piece of it is known"], tiny_encoder, out, AdaptationRecipe(steps=1, device="cpu"))
    with pytest.raises(ValueError, match="Expected steps above 0, was: 0"):
        adapt(texts, tiny_encoder, out, AdaptationRecipe(steps=0, device="cpu"))
    with pytest.raises(ValueError, match=r"Expected learning_rate above 0, was: 0.0"):
        adapt(texts, tiny_encoder, out, AdaptationRecipe(learning_rate=0.0, device="cpu"))
    with pytest.raises(EncoderUnavailable, match="no such folder"):
        adapt(texts, str(tmp_path / "nowhere"), out, AdaptationRecipe(device="cpu"))
    assert not out.exists()
    out.mkdir()
    with pytest.raises(
        ValueError, match=r"Expected a new folder for the adapted encoder, was: .*which exists"
    ):
        adapt(texts, tiny_encoder, out, AdaptationRecipe(device="cpu"))


def test_an_encoder_without_a_mask_token_says_what_can_be_adapted(tiny_encoder, texts, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    folder = tmp_path / "blind"
    AutoModel.from_pretrained(tiny_encoder).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(folder)

    with pytest.raises(EncoderUnavailable, match=r"no sign for a hidden word.* such as BERT"):
        adapt(texts, str(folder), tmp_path / "adapted", AdaptationRecipe(device="cpu"))
