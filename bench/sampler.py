"""Time and memory of choosing a batch from a large pool: each strategy in a separate process.

python bench/sampler.py --pool 30000 --seen 30000 --size 500
"""

import argparse
import multiprocessing
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "components"))

from wapaganda.sampler import STRATEGIES, Pool, select


def corpus(path: Path | None, n_texts: int, words: int, near_duplicates: float, seed: int) -> list[str]:
    """The texts of a CoNLL file, then texts of made-up words with Zipf frequencies."""
    rng = np.random.default_rng(seed)
    texts = (
        [" ".join(line.split()[0] for line in block.splitlines()) for block in blocks(path)] if path else []
    )
    while len(texts) < n_texts:
        ranks = np.minimum(rng.zipf(1.3, size=max(1, int(rng.poisson(words)))), 50_000)
        texts.append(" ".join(f"{'aeiou'[r % 5]}{r * 7919 % 1_000_003:x}" for r in ranks.tolist()))
    texts = texts[:n_texts]
    for i in np.flatnonzero(rng.random(n_texts) < near_duplicates).tolist():
        texts[i] = texts[int(rng.integers(n_texts))] + "."
    return texts


def blocks(path: Path) -> list[str]:
    return [block for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]


def measure(arguments: argparse.Namespace, strategy: str) -> str:
    """One row of the table: wall and CPU seconds of ``select`` and the peak memory of this process."""
    rng = np.random.default_rng(arguments.seed)
    n_texts = arguments.pool + arguments.seen
    texts = corpus(arguments.corpus, n_texts, arguments.words, arguments.near_duplicates, arguments.seed)
    texts = [texts[i] for i in rng.permutation(len(texts))]
    pool = Pool(
        [str(i) for i in range(arguments.pool)],
        texts[: arguments.pool],
        rng.random(arguments.pool),
        rng.normal(size=(arguments.pool, arguments.dimensions)).astype(np.float32),
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), time.process_time()
    selection = select(pool, arguments.size, strategy=strategy, seen=texts[arguments.pool :])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {strategy} | {wall:.2f} | {cpu:.2f} | {before:.0f} | {peak:.0f} "
        f"| {len(selection.picks)} | {selection.n_duplicates} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pool", type=int, default=30_000)
    parser.add_argument("--seen", type=int, default=30_000)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--words", type=int, default=23, help="mean words of a made-up text")
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--near-duplicates", type=float, default=0.1, help="share that repeats another")
    parser.add_argument("--corpus", type=Path, help="a CoNLL file with the first texts; made-up texts follow")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()
    print("| strategy | wall s | CPU s | MB before | MB peak | picks | near duplicates skipped |")
    print("|---|---|---|---|---|---|---|")
    for strategy in arguments.strategies:
        with multiprocessing.get_context("spawn").Pool(1) as process:
            print(process.apply(measure, (arguments, strategy)), flush=True)


if __name__ == "__main__":
    main()
