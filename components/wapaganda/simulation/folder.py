"""The folder of a simulation: its lock, and the plan that it was started with."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, encode_spans
from wapaganda.simulation.plan import Plan
from wapaganda.storage import write_json
from wapaganda.trainer import recipe_for


def settle_plan(
    plan: Plan, corpus: str, pool: Sequence[Document], test: Sequence[Document], out: Path
) -> None:
    """Write the plan into ``out``; an existing plan must be comparable.

    Raises:
        InputError: it is not, the texts differ, or this version trains or samples differently.
        EncoderUnavailable: the encoder cannot be loaded.
    """
    path, texts = out / "plan.json", {"pool": fingerprint(pool), "test": fingerprint(test)}
    labels = LabelSchema.of(pool).labels
    recipe = recipe_for(plan.loop.encoder, plan.seed_size, len(labels), plan.loop.learning_rate, 0)
    ways = {
        "recipe": asdict(recipe),
        "options": asdict(plan.loop.options),
    }
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = ["texts"] if before["texts"] != texts else _changed(before, plan)
        changed += [name for name, way in ways.items() if _differs(before.get(name, way), way)]
        if changed:
            raise InputError(
                f"Expected the plan with which {out} was started, was: another {', '.join(changed)}; "
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
    """What differs from the plan that the folder was started with, except arms, seeds and horizon."""
    return [name for name, value in plan.common().items() if before.get(name, value) != value]


def _differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a value differs; keys that only an earlier version had do not count."""
    return any(before.get(name, value) != value for name, value in now.items())


def fingerprint(documents: Sequence[Document]) -> str:
    """16 hex digits that identify labelled texts."""
    digest = sha256()
    for document in documents:
        spans = encode_spans(document.spans or ())
        digest.update(json.dumps([document.id, document.text, spans]).encode())
    return digest.hexdigest()[:16]


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Lock ``out`` for this process, make it if it is missing, and remove what a killed process left there.

    Raises:
        InputError: another process has locked it.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / "simulation.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"Expected a folder that no other simulation uses, was: one runs in {out}") from None
    try:
        for left in (*out.glob("round-*"), *out.glob("encoder-*")):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()
