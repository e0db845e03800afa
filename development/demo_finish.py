"""The last part of the demo: the model labels the rest, an audit says how good the file is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo_backend import BackendError, selfish
from demo_material import DemoMaterial
from demo_show import Finished, say, waiting
from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import count_corrections, seconds_correcting, seconds_from_scratch
from wapaganda.metrics import evaluate
from wapaganda.ner import Document, Span, gold_spans, reading_words
from wapaganda.pipeline import read_proposals

_MOST_RUNS = 12

Annotate = Callable[[int], list[str]]
"""Labels so many texts that Label Studio serves; their ids."""
Train = Callable[[], object]
"""A round of the backend, which also releases the next batch."""


def finish(
    made: DemoMaterial,
    folder: Path,
    project: int,
    environment: Mapping[str, str],
    annotate: Annotate,
    train: Train,
    batch: int,
) -> Finished:
    """Run `selfish complete` until the model's labels are accepted, then `selfish export`.

    Raises:
        BackendError: a command failed, or the target was not reached.
    """
    command = ["complete", "--project", str(project), "--json"]
    for _ in range(_MOST_RUNS):
        with waiting("selfish complete"):
            report = selfish(command, folder, dict(environment))
        for line in report["lines"]:
            say(f"  {line}")
        if report["state"] == "accepted":
            break
        if report["state"] == "audit":
            annotate(report["audit"]["open"])
        else:
            annotate(batch)
            train()
    else:
        raise BackendError(f"selfish complete did not reach its target in {_MOST_RUNS} runs")
    with waiting("selfish export"):
        exported = selfish(
            ["export", "--project", str(project), "--out", "data-set", "--json"], folder, dict(environment)
        )
    hours, by_hand = _hours(made, folder, project)
    files = sorted((folder / "data-set" / "jsonl").glob("*.jsonl"))
    written = [each for path in files for each in read_documents(path).documents]
    return Finished(
        folder=folder / "data-set",
        n_texts=int(exported["documents"]),
        n_people=sum(each["documents"] for name, each in exported["provenance"].items() if name != "machine"),
        certified=float(report["certificate"]["lower"]),
        true=_true_f1(made, written),
        hours=hours,
        hours_by_hand=by_hand,
    )


def _true_f1(made: DemoMaterial, written: Sequence[Document]) -> float:
    """The strict span F1 of the file, which only the corpus can know."""
    gold = {document.text: document.spans or () for document in (*made.train, *made.pool)}
    true = [each.with_spans(gold[each.text]) for each in written]
    return evaluate(gold_spans(true), [_labels(each) for each in written]).micro.f1


def _labels(document: Document) -> Sequence[Span]:
    """The labels of people or, of a text that is read as unlabelled, those of the machine."""
    if document.spans is not None:
        return document.spans
    proposed: dict[str, Any] = document.meta.get("proposed") or {}
    return [Span(each["start"], each["end"], each["label"]) for each in proposed.get("spans", ())]


def _hours(made: DemoMaterial, folder: Path, project: int) -> tuple[float, float]:
    """The hours of the annotators and those of marking all texts from scratch, by the price list.

    The first texts and those of the audit are marked from scratch, the others by correcting what was shown.
    """
    from wapaganda.ledger import Ledger

    home = folder / "data" / f"ls-{project}"
    shown, seconds, all_seconds = read_proposals(home / "rounds"), 0.0, 0.0
    gold = {document.text: document.spans or () for document in (*made.train, *made.pool)}
    for document in Ledger(home / "ledger.sqlite").documents():
        spans, words = gold[document.text], [reading_words(document.text)]
        by_hand = float(seconds_from_scratch(words, [len(spans)])[0])
        all_seconds += by_hand
        if not document.is_labelled:
            continue
        if proposals := shown.get(document.id):
            done = count_corrections(spans, proposals)
            seconds += float(seconds_correcting(words, [done.correct], [done.missed], [done.spurious])[0])
        else:
            seconds += by_hand
    return seconds / 3600, all_seconds / 3600
