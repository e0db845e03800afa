"""The folder of a simulation: whose it is, and what it was begun with."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from wapaganda.ner import Document, LabelSchema, encode_spans
from wapaganda.simulation.plan import Plan
from wapaganda.storage import write_json
from wapaganda.trainer import recipe_for


def settle(plan: Plan, corpus: str, pool: Sequence[Document], test: Sequence[Document], out: Path) -> None:
    """Write the plan into ``out``; one that is there already must be comparable.

    Raises:
        ValueError: it is not, the texts are others, or the product trains or samples otherwise by now.
        EncoderUnavailable: the encoder cannot be had.
    """
    path, texts = out / "plan.json", {"pool": fingerprint(pool), "test": fingerprint(test)}
    labels = LabelSchema.of(pool).labels
    recipe = recipe_for(plan.encoder, plan.seed_size, len(labels), plan.learning_rate, 0)
    ways = {
        "recipe": asdict(recipe),
        "options": asdict(plan.config().options),
    }
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = ["texts"] if before["texts"] != texts else _changed(before, plan)
        changed += [name for name, way in ways.items() if before.get(name, way) != way]
        if changed:
            raise ValueError(
                f"Expected the plan with which {out} was begun, was: another {', '.join(changed)}; "
                "name another folder"
            )
    about = {
        "name": corpus,
        "pool": len(pool),
        "test": len(test),
        "labels": list(labels),
    }
    write_json(path, {**plan.to_dict(), "corpus": about, "texts": texts, **ways})


def _changed(before: Mapping[str, Any], plan: Plan) -> list[str]:
    """What is not as it was when the folder was begun, beyond strategies, seeds and horizon."""
    old = Plan.from_dict(before).common().to_dict()
    return [name for name, value in plan.common().to_dict().items() if old[name] != value]


def fingerprint(documents: Sequence[Document]) -> str:
    """16 hex digits that tell labelled texts from others."""
    digest = sha256()
    for document in documents:
        spans = encode_spans(document.spans or ())
        digest.update(json.dumps([document.id, document.text, spans]).encode())
    return digest.hexdigest()[:16]


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold ``out``, made when it is missing, for this process, and clear away what a killed one left there.

    Raises:
        ValueError: another process holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / "simulation.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"Expected to be alone at work in {out}, was: another simulation runs there"
        ) from None
    try:
        for left in (*out.glob("round-*"), *out.glob("encoder-*")):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()
