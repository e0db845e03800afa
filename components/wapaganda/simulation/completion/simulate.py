"""A whole simulation of data sets: all trainings of all seeds; after an interruption it continues."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wapaganda.errors import InputError
from wapaganda.ner import LabelSchema
from wapaganda.progress import Progress, silent
from wapaganda.simulation.completion.engine import WAYS, Engine
from wapaganda.simulation.completion.plan import DataSetPlan
from wapaganda.simulation.completion.record import RESULTS
from wapaganda.simulation.completion.results import record_of
from wapaganda.simulation.execution import LabelledCorpus, Outcome, cut_encoder
from wapaganda.simulation.folder import fingerprint, locked
from wapaganda.simulation.oracle import Oracle
from wapaganda.storage import write_json


def simulate_data_set(
    corpus: LabelledCorpus,
    plan: DataSetPlan,
    out: Path,
    *,
    ways: Sequence[str] = WAYS,
    budget: float | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Make the whole of ``corpus.train`` a data set, in our way and in the standard alternative's.

    Every training is stored in ``out``/data_set, with all that its model read, and is not repeated. What it
    shows is in a file for each seed, see `data_set_records`. ``ways``: those to train, in this order. With a
    ``budget`` (seconds) no training starts after it. ``progress`` gets a sentence for each training.

    Raises:
        InputError: too few texts, texts without labels, or ``out`` has another simulation.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    started, done, stopped = time.monotonic(), 0, ""
    _check(corpus, plan)
    with locked(out), tempfile.TemporaryDirectory(prefix="encoder-", dir=out) as folder:
        _settle(corpus, plan, out)
        loop = plan.loop
        if plan.layers:
            loop = replace(loop, encoder=cut_encoder(loop.encoder, plan.layers, Path(folder)))
        engine = Engine(replace(plan, loop=loop), corpus.train, corpus.test, out)
        for seed in plan.seeds:
            for sentence in _trainings(engine, seed, ways):
                done += 1
                progress(sentence, done, 0)
                if budget is not None and time.monotonic() - started > budget:
                    stopped = f"The budget of {budget:g} s is spent; the same command continues from there."
                    break
            _store(engine, seed)
            if stopped:
                break
    return Outcome(not stopped, stopped, done, done, time.monotonic() - started)


def _trainings(engine: Engine, seed: int, ways: Sequence[str]) -> Iterator[str]:
    for way in ways:
        while (sentence := engine.step(way, seed)) is not None:
            yield sentence


def _store(engine: Engine, seed: int) -> None:
    record = record_of(engine, seed)
    if record is not None:
        write_json(engine.out / RESULTS / f"seed{seed}.json", record.to_dict())


def _check(corpus: LabelledCorpus, plan: DataSetPlan) -> None:
    if len(corpus.train) < 2 * plan.seed_size:
        raise InputError(
            f"Expected a file of at least twice the {plan.seed_size:,} texts that are labelled at the start, "
            f"was: {len(corpus.train):,} texts"
        )
    Oracle(corpus.train)  # rejects texts without labels and repeated ids before anything starts
    for name, documents in (("complete", corpus.train), ("evaluate on", corpus.test)):
        if not any(document.spans for document in documents):
            raise InputError(f"Expected texts with entities to {name}, was: none in {len(documents):,} texts")


def _settle(corpus: LabelledCorpus, plan: DataSetPlan, out: Path) -> None:
    """Write the plan; one that is there must be the same, except for the seeds and where trainings end."""
    path = out / RESULTS / "plan.json"
    about = {
        "name": corpus.name,
        "texts": len(corpus.train),
        "test": len(corpus.test),
        "labels": list(LabelSchema.of(corpus.train).labels),
    }
    texts = {"file": fingerprint(corpus.train), "test": fingerprint(corpus.test)}
    values = json.loads(json.dumps({**plan.to_dict(), "corpus": about, "fingerprints": texts}))
    if path.exists():
        before = json.loads(path.read_text("utf-8"))
        free = ("seeds", "corpus", "last_training", "last_random", "enough")
        changed = [
            name for name in values if name not in free and before.get(name, values[name]) != values[name]
        ]
        if changed:
            raise InputError(
                f"Expected the plan with which {out} was started, was: another {', '.join(changed)}; "
                "name another folder"
            )
        values["seeds"] = sorted({*before["seeds"], *values["seeds"]})
    write_json(path, values)
