"""A model that leaves the store finds the same spans everywhere, or refuses to be read."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from wapaganda.calibration import ConfidenceMap
from wapaganda.errors import InputError
from wapaganda.model_store import Manifest, ModelCardFacts, ModelStore, export_version
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import FolderError, ModelFolder, Tagger
from wapaganda.trainer import Recipe, TrainingJob, train

pytestmark = pytest.mark.real

SCHEMA = LabelSchema(("CITY", "NAME", "ORG"))
NAMES, CITIES, ORGS = ("Anna", "Bob", "Carla Rossi"), ("Oslo", "New York", "Rome"), ("ACME", "iBook", "NASA")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
KINDS = {
    "letters": "<{0}:NAME> saw <{2}:ORG> in <{1}:CITY> , not in rome , and acme saw nasa .",
    "news": "<{1}:CITY> : <{2}:ORG>'s <{0}:NAME> flew out ( <{1}:CITY> ) .",
    "tweets": "@anna_o <{0}:NAME> 👩‍👩‍👧 #<{1}:CITY> https://acme.example/a?b=C_d <{2}:ORG> !!",
    "accents": "Müller et <{0}:NAME> e\u0301te\u0301 à <{1}:CITY>—<{2}:ORG> 東京 🇸🇪",
    "orders": "play <{0}:NAME>\tat\r\n<{1}:CITY> by <{2}:ORG> ; PLAY anna BY bob",
}
"""Five kinds of invented texts, in which letter case alone tells names from words."""


def documents(kind: str) -> list[Document]:
    found = []
    for number in range(9):
        values = NAMES[number % 3], CITIES[number // 3], ORGS[(number + number // 3) % 3]
        text, spans = "", []
        for part in KINDS[kind].format(*values).replace(">", "<").split("<"):
            word, colon, label = part.rpartition(":")
            if colon and label in SCHEMA.labels:
                spans.append(Span(len(text), len(text) + len(word), label))
                text += word
            else:
                text += part
        found.append(Document(f"{kind}{number}", text, tuple(spans)))
    return found


CORPORA = {kind: documents(kind) for kind in KINDS}
EVERY = [document for corpus in CORPORA.values() for document in corpus]
LONG = " ".join(d.text for d in EVERY)
TEXTS = [*(d.text for d in EVERY), LONG, "", " \n\t", "\x00", "ANNA anna Anna aNNA"]


def word_piece(lowercase: bool) -> object:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    texts = [d.text for d in EVERY]
    tokenizer.train_from_iterator(
        [*texts, *map(str.lower, texts), LETTERS],
        trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False),
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_level() -> object:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        [d.text for d in EVERY],
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
ENCODERS = {
    "token types": ("BertConfig", SHAPE | {"max_position_embeddings": 64}, lambda: word_piece(True)),
    "table": (
        "MPNetConfig",
        SHAPE | {"max_position_embeddings": 66, "pad_token_id": 0},
        lambda: word_piece(True),
    ),
    "cased": ("BertConfig", SHAPE | {"max_position_embeddings": 64}, lambda: word_piece(False)),
    "bytes": ("RobertaConfig", SHAPE | IDS | {"max_position_embeddings": 66}, byte_level),
}


WITH_ONNX = ("token types", "table")
"""ONNX takes seconds to write."""


@pytest.fixture(scope="module", params=ENCODERS)
def way(request) -> str:
    """How the model gets the letter case."""
    return request.param


@pytest.fixture(scope="module")
def version(way, tmp_path_factory):
    """A stored version of a model that was trained for a moment, and is calibrated."""
    import transformers

    root = tmp_path_factory.mktemp("store")
    name, values, tokenizer = ENCODERS[way]
    made = tokenizer()
    config = getattr(transformers, name)(vocab_size=made.get_vocab_size(), **values)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.AutoModel.from_config(config).save_pretrained(root / "encoder")
    special = (
        {"unk_token": "[UNK]", "pad_token": "[PAD]"} if name != "RobertaConfig" else {"pad_token": "<pad>"}
    )
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, **special).save_pretrained(root / "encoder")
    recipe = Recipe(learning_rate=4e-3, steps=60, seed=3, word_embeddings=True, max_restarts=0)
    train(TrainingJob(EVERY, SCHEMA, str(root / "encoder"), recipe, device="cpu"), root / "trained")
    calibrated = replace(
        ModelFolder.read(root / "trained"), temperature=1.7, confidence=ConfidenceMap(1.2, -0.4)
    )
    calibrated.write(root / "trained")
    score = {"precision": 0.8, "recall": 0.6, "f1": 0.7, "support": 9}
    crossed = {"f1": 0.71, "f1_interval": [0.6, 0.8], "ece_before": 0.2, "ece_after": 0.05, "folds": 4}
    metrics = {"micro": score, "per_type": {"CITY": score}, "cross_validated": crossed | {"n_texts": 45}}
    manifest = Manifest(SCHEMA.labels, str(root / "encoder"), "0123456789abcdef", 45, metrics)
    (root / "trained" / "review.json").write_text('{"a text of a person": 1}')
    return ModelStore(root / "models").publish(root / "trained", manifest)


@pytest.fixture(scope="module")
def expected(version) -> list[list[tuple]]:
    found = Tagger.load(version.path, device="cpu").predict(TEXTS)
    assert sum(map(len, found)) > 100
    return of_tagger(found)


def of_tagger(found) -> list[list[tuple]]:
    return [[(s.start, s.end, s.label, s.score) for s in spans] for spans in found]


def assert_same(found: list[list[tuple]], expected: list[list[tuple]]) -> None:
    """The same spans, with scores that differ by rounding only."""
    assert [[each[:3] for each in spans] for spans in found] == [[e[:3] for e in spans] for spans in expected]
    scores = [[each[3] for spans in texts for each in spans] for texts in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@pytest.fixture(scope="module")
def exported(way, version, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "my-model"
    facts = ModelCardFacts("Invented names", "apache-2.0", ("en",), "9.9")
    export_version(version, folder, facts, plain=way == "cased", onnx=way in WITH_ONNX)
    return folder


def by_pipeline(folder: Path, texts: list[str] = TEXTS) -> list[list[tuple]]:
    found = pipeline(model=str(folder), trust_remote_code=True)(texts)
    return [[(s["start"], s["end"], s["entity_group"], s["score"]) for s in each] for each in found]


def test_the_pipeline_finds_the_spans_of_the_tagger_in_the_store_and_outside(version, exported, expected):
    assert_same(by_pipeline(version.path), expected)
    assert_same(by_pipeline(exported), expected)


def test_plain_transformers_is_right_or_refuses(way, version, exported, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")
    if way == "cased":  # the only kind that can be exported as plain
        plain = pipeline("token-classification", str(exported), aggregation_strategy="first", stride=16)
        found = [plain(d.text) for d in CORPORA["letters"]]
        assert [[(s["start"], s["end"], s["entity_group"]) for s in each] for each in found] == [
            [s[:3] for s in each] for each in expected[: len(found)]
        ]
    else:
        with pytest.raises(InputError, match=r"letter case|where a word begins"):
            export_version(version, tmp_path / "plain", ModelCardFacts(), plain=True)
    for folder in [version.path, *([] if way == "cased" else [exported])]:
        for task in ("token-classification", "ner"):
            with pytest.raises(ValueError, match="trust_remote_code=True"):
                pipeline(task, model=str(folder))
        with pytest.raises(ValueError, match="trust_remote_code=True"):
            AutoModelForTokenClassification.from_pretrained(folder)
        # The code of the folder under a pipeline of transformers, which knows nothing of letter case.
        other = pipeline("ner", model=str(folder), trust_remote_code=True)
        with pytest.raises(ValueError, match="letter case of each word"):
            other("Anna saw Rome")


OUTSIDE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from span_tagger import load
if sys.argv[2] == "onnx":
    sys.modules["torch"] = sys.modules["transformers"] = None
tagger = load(sys.argv[1], onnx=sys.argv[2] == "onnx")
assert not [name for name in sys.modules if name.startswith("wapaganda")]
print(json.dumps(tagger(json.load(sys.stdin))))
"""


@pytest.mark.parametrize("by", ["torch", "onnx"])
def test_the_folder_alone_finds_the_same_spans(by, way, exported, expected):
    if by == "onnx" and way not in WITH_ONNX:
        pytest.skip("It was exported without ONNX.")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE, str(exported), by],
        input=json.dumps(TEXTS),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert_same([[(s["start"], s["end"], s["label"], s["score"]) for s in each] for each in found], expected)
    for text, spans in zip(TEXTS, found, strict=True):
        assert all(span["text"] == text[span["start"] : span["end"]] for span in spans)


def test_the_product_reads_the_export_and_versions_of_before(way, version, exported, expected, tmp_path):
    assert_same(of_tagger(Tagger.load(exported, device="cpu").predict(TEXTS)), expected)
    # As versions were stored before 0.3: the config of the encoder, no code.
    for path in version.path.iterdir():
        if path.is_file() and path.suffix != ".py":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config.get("encoder", config)))
    facts = json.loads((tmp_path / "labels.json").read_text())
    del facts["words"]
    (tmp_path / "labels.json").write_text(json.dumps(facts))
    assert_same(of_tagger(Tagger.load(tmp_path, device="cpu").predict(TEXTS)), expected)
    export_version(replace(version, path=tmp_path), tmp_path / "again", ModelCardFacts())
    assert_same(by_pipeline(tmp_path / "again"), expected)


def test_the_folder_holds_its_card_its_sums_and_nothing_about_the_texts(way, exported):
    # Python writes __pycache__ where it imports the code of the folder.
    assert {path.name for path in exported.iterdir()} - {"casing.npy", "model.onnx", "__pycache__"} == {
        *("README.md", "SHA256SUMS", "config.json", "labels.json", "model.safetensors"),
        *("span_pipeline.py", "span_tagger.py", "tokenizer.json", "tokenizer_config.json"),
    }
    for line in (exported / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((exported / name).read_bytes()).hexdigest() == digest
    card = (exported / "README.md").read_text()
    for said in (
        'license: "apache-2.0"',
        'pipeline_tag: "token-classification"',
        "# Invented names",
        "Strict span F1: **71.0%** (95% interval 60.0% to 80.0%)",
        "| CITY | 70.0% | 80.0% | 60.0% | 9 |",
        "off by 5.0%",
        "trust_remote_code=True",
        "Finds 3 types",
    ):
        assert said in card
    assert str(exported.parent) not in card
    assert AutoTokenizer.from_pretrained(exported).model_max_length == 64
    temperature = ModelFolder.read(exported).temperature
    assert temperature == (1.0 if way == "cased" else 1.7)


def test_the_temperature_in_the_weights_divides_the_scores(way, version, exported):
    if way != "cased":
        pytest.skip("The code of the folder divides.")
    before, after = (load_file(folder / "model.safetensors") for folder in (version.path, exported))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"classifier.weight", "classifier.bias"}
    torch.testing.assert_close(after["classifier.weight"] * 1.7, before["classifier.weight"])


def test_what_cannot_be_exported_is_one_sentence(version, exported, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="new or empty folder"):
        export_version(version, exported, ModelCardFacts())
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        with pytest.raises(InputError, match="packages onnx and onnxscript, was: no onnxscript"):
            export_version(version, tmp_path / "new", ModelCardFacts(), onnx=True)
    monkeypatch.setattr("torch.onnx.export", lambda *_, **__: 1 / 0)
    with pytest.raises(FolderError, match="as ONNX, was: division by zero"):
        export_version(version, tmp_path / "new", ModelCardFacts(), onnx=True)
    assert list(tmp_path.iterdir()) == []
