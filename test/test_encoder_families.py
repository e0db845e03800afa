"""Tiny encoders of every family go the whole way: tokens, windows, training, folds, /predict, export."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from fastapi.testclient import TestClient
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from wapaganda.annotation import default_label_config, read_documents
from wapaganda.dataset import ExportRequest, export_dataset
from wapaganda.metrics import evaluate
from wapaganda.ml_backend.app import create_app
from wapaganda.ml_backend.composition import compose
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span, decode_tags, encode_tags, word_offsets
from wapaganda.pipeline import LoopConfig, TrainingTexts, train_version
from wapaganda.settings import Settings
from wapaganda.tagger import Tagger, collate, model_inputs, word_logits
from wapaganda.trainer import (
    AdaptationRecipe,
    EncoderUnavailable,
    LoadedEncoder,
    Recipe,
    TrainingJob,
    adapt,
    cross_fit,
    load_encoder,
    train,
)

pytestmark = pytest.mark.real

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=5e-3, steps=25, seed=3, head_factor=2.0, word_embeddings=True, max_restarts=0)
POSITIONS = 40
"""The longest window of most of the encoders below."""

SENTENCES = (
    "<{0}:NAME> flew to <{1}:CITY> , not to PARIS .",
    "Die Donaudampfschifffahrtsgesellschaft schickte <{0}:NAME> nach <{1}:CITY> .",
    "Das Rindfleischetikettierungsüberwachungsgesetz gilt in <{1}:CITY> .",
    "👩‍👩‍👧 <{0}:NAME> a vu <{1}:CITY> 🇸🇪 e\u0301te\u0301 .",
    "<{0}:NAME>去了<{1}:CITY>。",
    "<{0}:NAME>は<{1}:CITY>に行った。",
    "ذهب <{0}:NAME> إلى <{1}:CITY> .",
)
NAMES = (
    ("Anna", "Oslo"),
    ("Ame\u0301lie", "Malmö"),
    ("王芳", "北京"),
    ("太郎", "東京"),
    ("محمد", "القاهرة"),
)


def marked(number: int, source: str) -> Document:
    """A document from a text with `<words:LABEL>`."""
    text, spans, at = "", [], 0
    for found in re.finditer(r"<([^:>]+):(\w+)>", source):
        text += source[at : found.start()]
        spans.append(Span(len(text), len(text) + len(found[1]), found[2]))
        text, at = text + found[1], found.end()
    return Document(str(number), text + source[at:], tuple(spans))


DOCUMENTS = [
    marked(number, sentence.format(*names))
    for number, (sentence, names) in enumerate((s, n) for n in NAMES for s in SENTENCES)
]
TEXTS = [document.text for document in DOCUMENTS]
LONG = " ".join(TEXTS)


def word_piece(lowercase: bool) -> Tokenizer:
    """As BERT, DistilBERT, MPNet, ELECTRA."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_level() -> Tokenizer:
    """As RoBERTa; ModernBERT's is of the same make."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    """As XLM-R, DeBERTa-v3, ALBERT, XLNet: SentencePiece."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    return tokenizer


BERT_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
PIECE_SPECIAL = {
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "mask_token": "<mask>",
}
SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
PLAIN = SHAPE | {"max_position_embeddings": POSITIONS}
IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
BEHIND_PADDING = SHAPE | IDS | {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}
"""Positions are counted from behind the padding id, as RoBERTa does."""


@dataclass(frozen=True)
class Family:
    """``config``: the class and its values. ``longest``: the longest window. ``lossless``: the pieces of a
    word hold all its letters. ``masked``: transformers has a head that guesses hidden words."""

    name: str
    config: str
    values: dict
    tokenizer: Callable[[], Tokenizer]
    longest: int = POSITIONS
    uncased: bool = False
    token_types: bool = False
    lossless: bool = False
    masked: bool = True

    def write(self, folder: Path) -> None:
        """The folder of the encoder, as save_pretrained writes it."""
        tokenizer = self.tokenizer()
        special = BERT_SPECIAL if isinstance(tokenizer.model, models.WordPiece) else PIECE_SPECIAL
        config = getattr(transformers, self.config)(vocab_size=tokenizer.get_vocab_size(), **self.values)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            transformers.AutoModel.from_config(config).save_pretrained(folder)
        transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)


def cased() -> Tokenizer:
    return word_piece(lowercase=False)


def uncased() -> Tokenizer:
    return word_piece(lowercase=True)


DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": POSITIONS}
MPNET = SHAPE | {"max_position_embeddings": POSITIONS + 2, "pad_token_id": 0}
DEBERTA = PLAIN | {
    "pad_token_id": 1,
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "position_buckets": 16,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "type_vocab_size": 0,
}
MODERNBERT = (
    SHAPE
    | IDS
    | {
        "max_position_embeddings": 64,
        "local_attention": 16,
        "global_attn_every_n_layers": 2,
        "cls_token_id": 0,
        "sep_token_id": 2,
    }
)
XLNET = IDS | {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64}
FAMILIES = (
    Family("BERT", "BertConfig", PLAIN, cased),
    Family("BERT uncased", "BertConfig", PLAIN, uncased, uncased=True, token_types=True),
    Family(
        "ELECTRA", "ElectraConfig", PLAIN | {"embedding_size": 16}, uncased, uncased=True, token_types=True
    ),
    Family("DistilBERT", "DistilBertConfig", DISTILBERT, uncased, uncased=True),
    Family("MPNet", "MPNetConfig", MPNET, uncased, uncased=True),
    Family("RoBERTa", "RobertaConfig", BEHIND_PADDING, byte_level, lossless=True),
    Family("XLM-R", "XLMRobertaConfig", BEHIND_PADDING, unigram, lossless=True),
    Family("DeBERTa-v2", "DebertaV2Config", DEBERTA, unigram, lossless=True),
    Family("ModernBERT", "ModernBertConfig", MODERNBERT, byte_level, longest=64, lossless=True),
    Family("XLNet", "XLNetConfig", XLNET, unigram, longest=512, lossless=True, masked=False),
)


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.name)
def family(request) -> Family:
    return request.param


@pytest.fixture(scope="module")
def folder(family, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("encoder") / "tiny"
    family.write(path)
    return str(path)


@pytest.fixture(scope="module")
def loaded(folder) -> LoadedEncoder:
    return load_encoder(folder, SCHEMA)


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """The model folder of a short training, and its result."""
    out = tmp_path_factory.mktemp("model") / "v1"
    return out, train(TrainingJob(DOCUMENTS, SCHEMA, folder, RECIPE, device="cpu"), out)


def test_the_limit_and_the_letter_case_of_an_encoder_are_found(family, loaded):
    assert loaded.tokenization.max_pieces == family.longest
    assert loaded.tokenization.pad_id == loaded.tokenizer.pad_token_id
    assert loaded.casing == family.uncased


def test_every_word_of_every_script_keeps_its_place_and_its_letters(family, loaded):
    for document, encoded in zip(DOCUMENTS, loaded.tokenization.encode(TEXTS), strict=True):
        words = word_offsets(document.text)
        assert encoded.words.tolist() == words.tolist()
        assert encoded.n_unseen == encoded.n_cut == 0
        assert (
            decode_tags(encode_tags(document.spans, encoded.words, SCHEMA), words, SCHEMA) == document.spans
        )
        if family.lossless:
            bounds = [*encoded.first_piece.tolist(), len(encoded.pieces)]
            for (start, end), a, b in zip(words.tolist(), bounds, bounds[1:], strict=False):
                read = loaded.tokenizer.decode(encoded.pieces[a:b].tolist()).strip()
                assert read == normalizers.NFKC().normalize_str(document.text[start:end]) or (
                    read == document.text[start:end]
                )


def test_a_long_text_is_read_in_windows_of_the_longest_size(family, loaded):
    text = " ".join([LONG] * (1 + family.longest // 100))
    (encoded,) = loaded.tokenization.encode([text])
    inputs = model_inputs([text], [encoded], loaded.tokenization, casing=loaded.casing)
    core = [word for window in inputs for word in range(window.core_start, window.core_end)]
    assert core == list(range(len(word_offsets(text))))
    assert len(inputs) > 1
    assert family.longest - 30 < max(map(len, inputs)) <= family.longest
    batch = collate(inputs, loaded.tokenization.pad_id)
    with torch.inference_mode():
        logits, hidden = word_logits(loaded.model.eval(), batch, casing=loaded.casing, with_hidden=True)
    assert logits.shape == (len(core), len(SCHEMA.tags))
    assert hidden.shape == (len(core), 32)
    assert torch.isfinite(logits).all()


def test_a_short_training_learns_and_the_folder_gives_the_same_answers(trained, folder):
    out, result = trained
    assert np.mean(result.losses[-5:]) < 0.6 * np.mean(result.losses[:3])
    tagger = Tagger.load(out, device="cpu")
    found = list(tagger.tag(TEXTS))
    assert evaluate([d.spans for d in DOCUMENTS], [each.spans for each in found]).micro.f1 > 0.3
    for document, each in zip(DOCUMENTS, found, strict=True):
        (alone,) = tagger.tag([document.text])
        np.testing.assert_allclose(alone.log_probs, each.log_probs, atol=1e-4)  # whatever its batch mates
        assert each.embedding.shape == (32,)
        assert encode_tags(each.spans, word_offsets(document.text), SCHEMA).shape == (len(each.words),)
    (long,) = tagger.tag([LONG])
    assert len(long.words) == len(word_offsets(LONG))


def test_a_model_starts_from_an_earlier_one_and_an_encoder_adapts(family, trained, folder, tmp_path):
    out, _ = trained
    recipe = Recipe(learning_rate=1e-3, steps=2, seed=3, keep=1.0, max_restarts=0)
    warm = TrainingJob(DOCUMENTS, SCHEMA, folder, recipe, initial_model=out, device="cpu")
    cold = TrainingJob(DOCUMENTS, SCHEMA, folder, recipe, device="cpu")
    assert train(warm, tmp_path / "warm").losses[0] < train(cold, tmp_path / "cold").losses[0]
    if not family.masked:
        with pytest.raises(EncoderUnavailable, match="guess hidden words"):
            adapt(TEXTS, folder, tmp_path / "adapted")
        return
    adapted = adapt(TEXTS, folder, tmp_path / "adapted", AdaptationRecipe(steps=2, device="cpu"))
    assert np.isfinite(adapted.losses).all()
    assert load_encoder(str(tmp_path / "adapted"), SCHEMA).tokenization.max_pieces > 30


def test_two_folds_answer_every_text(folder):
    recipe = Recipe(learning_rate=5e-3, steps=3, seed=3, max_restarts=0)
    answers = cross_fit(TrainingJob(DOCUMENTS, SCHEMA, folder, recipe, device="cpu"), folds=2).answers
    for text, answer in zip(TEXTS, answers, strict=True):
        assert answer.words.tolist() == word_offsets(text).tolist()
        np.testing.assert_allclose(np.exp(answer.log_probs).sum(axis=1), 1, atol=1e-4)


def test_a_version_answers_predict_and_its_texts_are_exported(folder, tmp_path):
    paths = {"model_dir": tmp_path / "models", "data_dir": tmp_path / "data"}
    settings = Settings(  # doubtful spans are shown, too; half precision may decide otherwise about them
        **paths, device="cpu", proposal_floor=0.0, scoring_precision="fp32"
    )
    store = ModelStore(settings.model_dir / "ls-7")
    config = LoopConfig(folder, learning_rate=3e-3, train_steps=80, folds=2, device="cpu")
    outcome = train_version(TrainingTexts(DOCUMENTS), SCHEMA, config, store, tmp_path / "scratch")
    assert store.current().name == outcome.version
    assert outcome.calibration is not None
    expected = Tagger.load(store.path(outcome.version), device="cpu").predict(TEXTS)

    answers = predicted_by_the_backend(settings, outcome.version)

    for text, spans, answer in zip(TEXTS, expected, answers, strict=True):
        regions = [region["value"] for region in answer["result"]]
        assert [(r["start"], r["end"], r["labels"]) for r in regions] == [
            (span.start, span.end, [span.label]) for span in spans
        ]
        assert [r["text"] for r in regions] == [text[span.start : span.end] for span in spans]
    labelled = [d.with_spans(spans) for d, spans in zip(DOCUMENTS, expected, strict=True)]
    export_dataset([*DOCUMENTS, *labelled], tmp_path / "export", ExportRequest(("jsonl", "conll")))
    read = [
        document
        for path in sorted((tmp_path / "export" / "jsonl").glob("*.jsonl"))
        for document in read_documents(path).documents
    ]
    assert sorted((d.text, d.spans) for d in read) == sorted(
        (d.text, d.spans) for d in [*DOCUMENTS, *labelled]
    )


def predicted_by_the_backend(settings: Settings, version: str) -> list[dict]:
    """What /predict answers for `TEXTS`, when it has loaded the version."""
    tasks = [{"id": number, "data": {"text": text}} for number, text in enumerate(TEXTS)]
    body = {"tasks": tasks, "project": "7.1", "label_config": default_label_config(SCHEMA.labels)}
    with TestClient(create_app(compose(settings))) as client:
        deadline = time.monotonic() + 30
        while True:
            answers = client.post("/predict", json=body).json()["results"]
            if all(each["model_version"] == version and "reason" not in each for each in answers):
                return answers
            assert time.monotonic() < deadline, answers[0]
            time.sleep(0.05)
