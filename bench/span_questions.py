"""Yes/no questions about single spans, or whole texts: which removes an error in fewer seconds?

    python bench/span_questions.py --data FOLDER --corpora wikigold ncbi-disease btc snips wnut17

Nothing is trained: it takes the model that `bench/data_set.py` has trained second (300 or 360 texts), in
bench/work/data_set. A question shows one candidate: a predicted span, or one with a marginal of 0.1 or
more, in a short context, and takes 6 s. "No" removes a wrong predicted span; "yes" adds a missed one and
removes what it overlaps. Questions are asked in the order of the errors that they should remove; none is
asked about a span that overlaps a confirmed one. Whole texts are reviewed in the product's order at the
prices of correcting.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import seconds_correcting
from wapaganda.calibration import apply_temperature
from wapaganda.decoding import forward_backward, spans_of, viterbi
from wapaganda.file_state import review_order
from wapaganda.ner import Document, LabelSchema
from wapaganda.simulation.completion.reading import ModelReading

WORK = Path(__file__).resolve().parent / "work" / "data_set"
CANDIDATE, LONGEST, SECONDS = 0.1, 12, 6.0
PARTS = (0.25, 0.5, 0.75)
Triple = tuple[int, int, int]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--corpora", nargs="+", default=["wikigold", "ncbi-disease", "btc", "snips", "wnut17"]
    )
    arguments = parser.parse_args()
    print("Seconds a removed error when 25 / 50 / 75% are removed:")
    print("| Corpus | words a text | found | whole texts | questions | ratio |")
    print("|---|---|---|---|---|---|")
    for corpus in arguments.corpora:
        file = list(read_documents(arguments.data / corpus / "train.conll").documents)
        reading = ModelReading.load(WORK / corpus / "data_set" / "seed1" / "ours-01.npz")
        if reading is None:
            print(f"| {corpus} | no readings: run bench/data_set.py first |||||")
            continue
        print(_line(corpus, file, reading), flush=True)
    return 0


def _line(corpus: str, file: list[Document], reading: ModelReading) -> str:
    whole = _whole_texts(reading)
    asked, found = _questions(file, reading)
    errors = int((reading.counts.spurious + reading.counts.missed).sum())
    cells: list[list[str]] = [[], [], []]
    for part in PARTS:
        wanted = part * errors
        a, b = _seconds(*whole, wanted), _seconds(*asked, wanted)
        for cell, value, digits in zip(cells, (a, b, b / a), (1, 1, 2), strict=True):
            cell.append("–" if np.isnan(value) else f"{value:.{digits}f}")
    words = reading.counts.words.mean()
    return (
        f"| {corpus} | {words:.0f} | {found:.0%} | " + " | ".join(" / ".join(each) for each in cells) + " |"
    )


def _seconds(seconds: NDArray[np.float64], removed: NDArray[np.float64], wanted: float) -> float:
    """Seconds a removed error when ``wanted`` errors are removed; NaN if they never are."""
    reached = np.flatnonzero(removed >= wanted)
    return float(seconds[reached[0]] / removed[reached[0]]) if len(reached) else float("nan")


def _whole_texts(reading: ModelReading) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = review_order(reading.expectation(reading.temperature))
    counts = reading.counts[order]
    seconds = seconds_correcting(counts.words, counts.correct, counts.missed, counts.spurious)
    return np.cumsum(seconds), np.cumsum(counts.spurious + counts.missed).astype(np.float64)


def _questions(
    file: list[Document], reading: ModelReading
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], float]:
    """The seconds and removed errors after each question, and the share of true spans that are candidates."""
    labels = LabelSchema.of(file).labels
    asked: list[tuple[float, int, Triple]] = []
    state: list[tuple[set[Triple], set[Triple]]] = []
    n_gold = n_found = 0
    for place, (row, raw, words) in enumerate(
        zip(
            reading.rows.tolist(),
            reading.emissions(reading.rows),
            reading.words_of(reading.rows),
            strict=True,
        )
    ):
        predicted, candidates = _candidates(apply_temperature([raw], reading.temperature)[0])
        first = {int(start): index for index, (start, _) in enumerate(words)}
        last = {int(end): index for index, (_, end) in enumerate(words)}
        gold = {
            (first.get(s.start, -1), last.get(s.end, -1), labels.index(s.label))
            for s in file[row].spans or ()
        }
        n_gold += len(gold)
        n_found += len(gold & candidates.keys())
        state.append((predicted, gold))
        for span, marginal in candidates.items():
            others = any(_overlap(span, each) for each in predicted)
            worth = 1 - marginal if span in predicted else marginal * (1 + others)
            asked.append((worth, place, span))
    asked.sort(key=lambda each: -each[0])
    confirmed: list[set[Triple]] = [set() for _ in state]
    removed, gained = 0, []
    for _, place, span in asked:
        predicted, gold = state[place]
        if any(_overlap(span, each) for each in confirmed[place]):
            continue
        if span in gold:
            confirmed[place].add(span)
            wrong = {each for each in predicted if each != span and _overlap(each, span)}
            removed += len(wrong) + (span not in predicted)
            predicted -= wrong
            predicted.add(span)
        elif span in predicted:
            predicted.remove(span)
            removed += 1
        gained.append(removed)
    seconds = SECONDS * np.arange(1, len(gained) + 1, dtype=np.float64)
    return (seconds, np.array(gained, np.float64)), n_found / max(n_gold, 1)


def _candidates(log_probs: NDArray[np.floating]) -> tuple[set[Triple], dict[Triple, float]]:
    """The predicted spans (first word, last word, label), and the marginals of all candidates."""
    lengths = np.array([len(log_probs)])
    sums = forward_backward(log_probs[None], lengths)
    predicted = set(spans_of(viterbi(log_probs[None], lengths)[0])[0])
    start = sums.posterior().start[0]
    tried = {
        (int(i), j, int(k))
        for i, k in zip(*np.nonzero(start >= CANDIDATE), strict=True)
        for j in range(int(i), min(int(i) + LONGEST, len(log_probs)))
    } | predicted
    ordered = sorted(tried)
    marginals = sums.span_probability([ordered])[0] if ordered else np.zeros(0)
    found = {span: float(p) for span, p in zip(ordered, marginals, strict=True)}
    return predicted, {span: p for span, p in found.items() if p >= CANDIDATE or span in predicted}


def _overlap(a: Triple, b: Triple) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


if __name__ == "__main__":
    raise SystemExit(main())
