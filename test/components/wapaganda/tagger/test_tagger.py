"""The result for a text depends on that text only, and its spans are valid for any model."""

import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from wapaganda.decoding import pad, span_probability, viterbi
from wapaganda.ner import WORD_PATTERN, LabelSchema, decode_tags
from wapaganda.tagger import FolderError, ModelFolder, TaggedText, Tagger, word_casing
from wapaganda.tagger.tokenization import model_input, word_pieces

SCHEMA = LabelSchema(("CITY", "NAME"))
LONG = "anna saw bob in new york and carla . " * 30
TEXTS = [
    "anna went to oslo .",
    "",
    LONG,
    " \n\t ",
    "👩‍👩‍👧 Anna saw bob",
    "rome",
    "\x00",
    "dieters dog in Paris and new york . " * 2,
]


@pytest.fixture(scope="module")
def folder(tiny_encoder, tmp_path_factory):
    """A model folder with a head that says something strong and random about every word."""
    out = tmp_path_factory.mktemp("model") / "v7"
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForTokenClassification.from_pretrained(
            tiny_encoder, num_labels=5, type_vocab_size=4, ignore_mismatched_sizes=True
        )
        torch.nn.init.normal_(model.classifier.weight, std=2.0)
        torch.nn.init.normal_(model.base_model.embeddings.token_type_embeddings.weight, std=0.02)
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(out)
    ModelFolder(SCHEMA.labels, max_pieces=40, overlap=16, casing=True).write(out)
    return out


@pytest.fixture(scope="module")
def tagger(folder) -> Tagger:
    return Tagger.load(folder, device="cpu")


@pytest.fixture(scope="module")
def answers(tagger) -> list[TaggedText]:
    return list(tagger.tag(TEXTS))


def test_a_loaded_tagger_has_the_labels_and_the_name_of_its_folder(tagger):
    assert (tagger.schema, tagger.version, tagger.folder.casing) == (SCHEMA, "v7", True)
    assert tagger.tokenization.max_pieces == 40


def test_a_labels_file_of_version_0_1_is_read_and_keeps_its_keys(tmp_path):
    before = {
        "format": 1,
        "tags": ["O", "B-CITY", "I-CITY"],
        "labels": ["CITY"],
        "max_pieces": 64,
        "overlap": 16,
        "shapes": True,
    }
    (tmp_path / "labels.json").write_text(json.dumps(before), encoding="utf-8")

    read = ModelFolder.read(tmp_path)
    read.write(tmp_path)

    assert read == ModelFolder(("CITY",), max_pieces=64, overlap=16, casing=True)
    now = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    assert now.pop("words") == WORD_PATTERN
    assert now == before | {"temperature": 1.0, "confidence": {"slope": 1.0, "intercept": 0.0}}


def test_answers_have_the_stated_shapes(answers):
    for text, answer in zip(TEXTS, answers, strict=True):
        assert answer.log_probs.shape == (len(answer.words), 5)
        assert (answer.log_probs.dtype, answer.embedding.dtype) == (np.float32, np.float32)
        assert answer.embedding.shape == (32,)
        np.testing.assert_allclose(np.exp(answer.log_probs).sum(axis=1), 1, atol=1e-5)
        assert all(0 <= span.start < span.end <= len(text) for span in answer.spans)
    assert len(answers[2].words) == 30 * 9


def test_texts_without_words_have_no_spans_and_no_place(answers):
    for number in (1, 3, 6):
        assert (len(answers[number].words), answers[number].spans) == (0, ())
        assert not answers[number].embedding.any()


@pytest.mark.parametrize("token_budget", [1, 90, 4096])
def test_batch_mates_and_padding_change_nothing(tagger, answers, token_budget):
    together = list(tagger.tag([*TEXTS[::-1], *TEXTS], token_budget=token_budget))[len(TEXTS) :]

    for left, right in zip(answers, together, strict=True):
        np.testing.assert_allclose(left.log_probs, right.log_probs, atol=1e-5)
        np.testing.assert_allclose(left.embedding, right.embedding, atol=1e-5)
        assert left.spans == right.spans


def test_a_long_text_that_is_read_in_turns_between_others_is_read_the_same(tagger, answers):
    turns = tagger.turns([LONG], token_budget=40)
    shares = []
    while True:
        try:
            shares.append(next(turns))
        except StopIteration as end:
            (read,) = end.value
            break
        tagger.predict(["anna saw rome"])
    assert len(shares) > 5
    assert shares == sorted(shares)
    np.testing.assert_allclose(read.log_probs, answers[2].log_probs, atol=1e-5)
    assert read.spans == answers[2].spans


def test_a_very_long_text_is_prepared_in_turns_too(tagger, answers, monkeypatch):
    for module in (word_pieces, model_input):
        monkeypatch.setattr(module, "TURN_WORDS", 50)
    turns, shares = tagger.turns(TEXTS), []
    while True:
        try:
            shares.append(next(turns))
        except StopIteration as end:
            read = end.value
            break
        tagger.predict(["anna saw rome"])
    n_words = sum(len(each.words) for each in answers)
    assert shares.count(0.0) >= 2 * (n_words // 60)  # to split it, and for the windows
    for one, other in zip(read, answers, strict=True):
        np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)
        assert one.spans == other.spans


def test_spans_are_the_best_valid_sequence_with_their_exact_probability(answers):
    n_spans = 0
    for answer in answers:
        if not len(answer.words):
            continue
        padded, lengths = pad([answer.log_probs])
        tags, _ = viterbi(padded, lengths)
        spans = decode_tags(tags[0], answer.words, SCHEMA)
        assert answer.spans == spans
        starts, ends = answer.words[:, 0].tolist(), answer.words[:, 1].tolist()
        places = [(starts.index(s.start), ends.index(s.end), SCHEMA.labels.index(s.label)) for s in spans]
        expected = span_probability(padded, lengths, [places])[0]
        assert [span.score for span in answer.spans] == pytest.approx(expected.tolist())
        n_spans += len(spans)
    assert n_spans > 20


def test_every_word_of_a_long_text_is_read_in_the_window_where_it_is_most_central(tagger, answers):
    """The log-probabilities are those of the model alone on the window that owns the word."""
    encoded = tagger.tokenization.encode([LONG])[0]
    windows = tagger.tokenization.windows(encoded)
    assert len(windows) > 5
    for window in (windows[0], windows[3], windows[-1]):
        ids = [*tagger.tokenization.prefix, *encoded.pieces[window.piece_start : window.piece_end]]
        with torch.inference_mode():
            logits = tagger.model(torch.tensor([[*ids, *tagger.tokenization.suffix]])).logits[0]
        own = range(window.core_start, window.core_end)
        rows = [1 + encoded.first_piece[word] - window.piece_start for word in own]
        expected = logits[rows].log_softmax(-1).numpy()
        np.testing.assert_allclose(answers[2].log_probs[own.start : own.stop], expected, atol=1e-5)


def test_the_embedding_weights_words_by_their_probability_of_being_an_entity(tagger, answers):
    encoded = tagger.tokenization.encode([TEXTS[0]])[0]
    ids = torch.tensor([[*tagger.tokenization.prefix, *encoded.pieces, *tagger.tokenization.suffix]])
    with torch.inference_mode():
        hidden = tagger.model(ids, output_hidden_states=True).hidden_states[-1][0].numpy()
    weights = 1 - np.exp(answers[0].log_probs[:, 0]) + 1e-3

    expected = weights @ hidden[1 + encoded.first_piece] / weights.sum()

    np.testing.assert_allclose(answers[0].embedding, expected, atol=1e-5)


def test_an_uncased_model_with_casing_distinguishes_capitals_from_small_letters(tagger):
    small, capital = tagger.tag(["anna saw rome", "anna saw Rome"])

    assert np.abs(small.log_probs - capital.log_probs).max() > 1e-3


def test_the_case_of_words():
    text = "in Rome NASA iPhone A I 42 中 Éa straße"
    words = tagger_words(text)

    assert word_casing(text, words).tolist() == [0, 1, 2, 3, 1, 1, 0, 0, 1, 0]


def tagger_words(text: str):
    from wapaganda.ner import word_offsets

    return word_offsets(text)


def test_texts_stream_in_order_and_progress_reaches_the_end(tagger, monkeypatch):
    monkeypatch.setattr("wapaganda.tagger.tagger._CHUNK_TEXTS", 3)
    seen: list[tuple[int, int]] = []
    read: list[int] = []
    encode: Callable[..., object] = tagger.tokenization.encode_in_turns
    monkeypatch.setattr(
        tagger.tokenization, "encode_in_turns", lambda texts: (read.append(len(texts)), encode(texts))[1]
    )

    stream = tagger.tag(TEXTS, progress=lambda _, done, total: seen.append((done, total)))
    first = next(stream)

    assert read == [3]
    assert len(first.words) == 5
    assert [len(answer.words) for answer in stream] == [0, 270, 0, 4, 1, 0, 16]
    assert read == [3, 3, 2]
    assert seen[-1] == (len(TEXTS), len(TEXTS))
    assert seen == sorted(seen)


def test_no_texts_no_answers(tagger):
    assert list(tagger.tag([])) == []
    assert tagger.predict(["", " "]) == [(), ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Expected a model folder with labels.json"),
        ("{", "Expected JSON"),
        ("[]", "of format 1"),
        ('{"format": 2}', "of format 1"),
        ('{"format": 1, "labels": ["A"]}', "Expected labels, max_pieces, overlap and shapes"),
        (
            '{"format": 1, "labels": ["A"], "max_pieces": 9, "overlap": 1, "shapes": false}',
            "complete model folder",
        ),
    ],
)
def test_a_folder_that_is_no_model_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "labels.json").write_text(content, encoding="utf-8")

    with pytest.raises(FolderError, match=message):
        Tagger.load(tmp_path)


@pytest.mark.parametrize("damaged", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_refused(folder, tmp_path, damaged):
    copy = shutil.copytree(folder, tmp_path / "copy")
    content = (copy / damaged).read_bytes()
    (copy / damaged).write_bytes(content[: len(content) // 2])

    with pytest.raises(FolderError, match="complete model folder"):
        Tagger.load(copy)


def test_importing_the_brick_imports_no_torch():
    import subprocess
    import sys

    code = "import sys, wapaganda.tagger, wapaganda.trainer; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
    )
