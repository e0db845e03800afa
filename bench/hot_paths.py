"""The hot paths beside the plain way to do the same: CPU seconds on one thread, in turns, and memory.

    python bench/hot_paths.py --data ../shared/data [--rows score predict …] [--turns 3]    (also: make bench)

Each row runs in a process of its own. The two ways take turns, and the ratio is the median over the turns, so
that other programs on the machine matter little. `predict` and `start` are seconds of the clock: they need
quiet cores. Prints a table; each row is written as JSON under bench/results/ when it is done.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("components", "bases", "development")]

import numpy as np  # noqa: E402 - numpy reads the number of threads when it is imported
from model_paths import commands_row, in_turns, median, ratio, score_row, script_row, train_row  # noqa: E402

DIMENSIONS = 384
WORDS = 23


def main() -> None:
    chosen = options()
    if chosen.row:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # a mirror may still write
            print(json.dumps(ROWS[chosen.row](chosen, Path(scratch))))
        return
    results = {}
    for row in chosen.rows:
        print(f"{row} …", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, *sys.argv[1:], "--row", row]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results[row] = json.loads(done.stdout.splitlines()[-1])
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        earlier = json.loads(chosen.out.read_text("utf-8")) if chosen.out.exists() else {}
        chosen.out.write_text(json.dumps(earlier | results, indent=2) + "\n", "utf-8")
    print(table(results))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--texts", type=int, default=6_000, help="texts of the row score")
    parser.add_argument("--pool", type=int, default=1_000_000, help="texts of the row choose")
    parser.add_argument("--scored", type=int, default=200_000, help="texts of the row memory")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "hot_paths.json")
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser.parse_args()


def table(results: dict[str, dict[str, Any]]) -> str:
    lines = ["| row | what | number |", "|---|---|---|"]
    for row, found in results.items():
        lines += [f"| {row} | {what.replace('_', ' ')} | {number} |" for what, number in found.items()]
    return "\n".join(lines)


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def made_up_texts(n_texts: int, seed: int = 1) -> Iterator[str]:
    """Texts of made-up words with Zipf frequencies."""
    rng = np.random.default_rng(seed)
    words = np.array([f"{'aeiou'[i % 5]}{i * 7919 % 1_000_003:x}" for i in range(50_000)])
    for start in range(0, n_texts, 10_000):
        ranks = np.minimum(rng.zipf(1.3, size=(min(10_000, n_texts - start), WORDS)), 50_000) - 1
        yield from (" ".join(row) for row in words[ranks].tolist())


def choose_row(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """A batch by the default strategy from a scored pool; plain: all embeddings as float32 first."""
    from wapaganda.ner import Document, Span
    from wapaganda.pipeline import LoopConfig, PoolScores, choose
    from wapaganda.sampler import Pool, select
    from wapaganda.uncertainty import Expectation

    n, rng = chosen.pool, np.random.default_rng(13)
    file = scratch / "embeddings"
    with file.open("wb") as out:
        for start in range(0, n, 10_000):
            size = (min(10_000, n - start), DIMENSIONS)
            out.write(rng.standard_normal(size, dtype=np.float32).astype(np.float16).tobytes())
    embeddings = np.memmap(file, np.float16, "r", shape=(n, DIMENSIONS))
    pool = [Document(f"{row}", text) for row, text in enumerate(made_up_texts(n))]
    predicted = rng.integers(0, 5, n)
    expected = Expectation(np.full(n, WORDS), predicted, predicted * rng.random(n), 2 * rng.random((n, 4)))
    scored = PoolScores(tuple(each.id for each in pool), rng.random(n), embeddings, expected, tuple("ABCD"))
    labelled = [Document(f"seen{each.id}", f"{each.text} x", (Span(0, 1, "A"),)) for each in pool[:200]]
    config = LoopConfig("", batch_size=chosen.batch, measure="boundary")
    before = peak_mb()
    batch = choose(pool, scored, labelled, config, 7)
    found = {"resident_mb_of_the_pool": before, "peak_mb_ours": peak_mb()}

    def ours() -> None:
        assert choose(pool, scored, labelled, config, 7).picks == batch.picks

    def plain() -> None:
        texts = {each.id: each.text for each in pool}
        rows = [row for row, name in enumerate(scored.ids) if name in texts]
        copied = scored.embeddings[rows].astype(np.float32)
        candidates = Pool(scored.ids, list(texts.values()), scored.scores[rows], copied)
        seen = [each.text for each in labelled]
        picks = select(
            candidates, chosen.batch, strategy=config.strategy, threshold=config.threshold, seed=7, seen=seen
        ).picks
        assert picks == batch.picks

    seconds = in_turns(chosen.turns, ours=ours, plain=plain)
    return {
        "texts": n,
        "cpu_seconds_ours": median(seconds["ours"]),
        "cpu_seconds_plain": median(seconds["plain"]),
        "plain_over_ours": ratio(seconds["plain"], seconds["ours"]),
        **found,
        "peak_mb_plain": peak_mb(),
    }


def memory_row(chosen: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Bytes a text that a round holds: the pool from a ledger, scored, stored, loaded, and a batch chosen.

    Pages of files that the system can drop at any time do not count (``RssAnon``, Linux only). The model is
    left out: 64 made-up answers take turns.
    """
    from wapaganda.ledger import Ledger
    from wapaganda.ner import Document, LabelSchema, Span
    from wapaganda.pipeline import LoopConfig, PoolScores, choose, score_tagged
    from wapaganda.tagger import TaggedText

    n, rng = chosen.scored, np.random.default_rng(13)
    ledger, schema = Ledger(scratch / "ledger.sqlite"), LabelSchema(("LOC", "ORG", "PER"))
    ledger.upsert_documents(
        (Document(f"{row}", text, None, {"task_id": row}) for row, text in enumerate(made_up_texts(n))),
        "bench",
    )
    log_probs = np.log(rng.dirichlet(np.full(7, 0.3), size=(64, WORDS))).astype(np.float32)
    embeddings = rng.standard_normal((64, DIMENSIONS), dtype=np.float32)
    words = np.stack([np.arange(WORDS) * 5, np.arange(WORDS) * 5 + 4], axis=1).astype(np.int32)
    before = anonymous_bytes()
    pool = list(ledger.documents(labelled=False))
    held = {"bytes_a_text_of_the_pool": round((anonymous_bytes() - before) / n)}

    def answers() -> Iterator[TaggedText]:
        for row in range(n):
            spans = (Span(0, 4, "PER", 0.9 + 1e-9 * row), Span(5, 9, "LOC", 0.7 + 1e-9 * row))
            yield TaggedText(words, log_probs[row % 64].copy(), spans, embeddings[row % 61] * (1 + row % 7))

    scored: PoolScores | None = score_tagged(pool, answers(), schema, "boundary")
    assert scored is not None
    held["bytes_a_text_when_scored"] = round((anonymous_bytes() - before) / n)
    scored.save(scratch / "scores.npz")
    scored = PoolScores.load(scratch / "scores.npz")
    assert scored is not None
    known = [Document("known", "Anna Berg", (Span(0, 4, "PER"),))]
    choose(pool, scored, known, LoopConfig("", batch_size=chosen.batch), 7)
    held["bytes_a_text_when_chosen"] = round((anonymous_bytes() - before) / n)
    return {"texts": n, **held}


def anonymous_bytes() -> int:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


ROWS: dict[str, Callable[[argparse.Namespace, Path], dict[str, Any]]] = {
    "score": score_row,
    "around": script_row("around.py", "--data", "{data}", "--out", "{out}"),
    "predict": script_row("serving.py"),
    "start": script_row("start.py"),
    "choose": choose_row,
    "memory": memory_row,
    "commands": commands_row,
    "train": train_row,
    "folds": script_row("folds.py", "--data", "{data}", "--out", "{out}"),
}
"""What is measured, in the order of docs/performance.md."""


if __name__ == "__main__":
    main()
