"""A simulation with a tiny encoder and fixed seeds gives the stored curves.

Without stored_curves.json the test writes it and fails, so that the new numbers are looked at.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest

from wapaganda.ner import Document, Span
from wapaganda.pipeline import LoopConfig
from wapaganda.simulation import Arm, LabelledCorpus, Plan, RunRecord, simulate

pytestmark = pytest.mark.real

STORED = Path(__file__).with_name("stored_curves.json")
ARMS = ("random", "hybrid:expected_errors", "uncertainty:margin:growth=1.5")
NAMES, CITIES = ("anna", "bob", "carla", "dieter"), ("oslo", "rome", "paris")
PLAIN = ("went", "to", "and", "saw", "in", ".")
VARYING = {"train_seconds", "score_seconds", "peak_memory_mb"}


def _texts(n: int, seed: int) -> list[Document]:
    draw = random.Random(seed)
    return [_text(f"{seed}-{number}", draw) for number in range(n)]


def _text(name: str, draw: random.Random) -> Document:
    text, spans = "", []
    for _ in range(draw.randint(5, 12)):
        word = draw.choice(NAMES + CITIES) if draw.random() < 0.3 else draw.choice(PLAIN)
        start = len(text) + bool(text)
        text = f"{text} {word}".strip()
        if word not in PLAIN:
            spans.append(Span(start, len(text), "NAME" if word in NAMES else "CITY"))
    return Document(name, text, tuple(spans))


def _approximately(value: object) -> object:
    """Numbers that a processor may round otherwise are compared with a tolerance."""
    if isinstance(value, dict):
        return {key: _approximately(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_approximately(each) for each in value]
    return pytest.approx(value, abs=1e-4) if isinstance(value, float) else value


@pytest.mark.slow
def test_the_curves_are_those_that_were_stored(tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")  # float32 is fastest then, whatever the processor
    plan = Plan(
        strategies=tuple(Arm.parse(name, "boundary") for name in ARMS),
        loop=LoopConfig(tiny_encoder, learning_rate=3e-3, train_steps=40, device="cpu"),
        seed_size=20,
        batch=10,
        rounds=2,
        seeds=(1,),
        pool_size=100,
        calibrate_at=30,
    )
    outcome = simulate(LabelledCorpus(_texts(110, 3), _texts(30, 4)), plan, tmp_path, jobs=2)
    assert outcome.complete
    arms = (*plan.strategies, Arm("full", "full", ""))
    runs = [RunRecord(arm, seed).read(tmp_path) for arm in arms for seed in plan.seeds]
    found = {f"{run.arm.name} {run.seed}": [asdict(each) for each in run.rounds] for run in runs}
    found = json.loads(json.dumps(found))
    for rounds in found.values():
        for each in rounds:
            for name in VARYING:
                del each[name]
    if not STORED.exists():
        lines = [f'"{name}": {json.dumps(rounds)}' for name, rounds in found.items()]
        STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
        pytest.fail(f"{STORED.name} was written: look at it before you commit it")
    assert found == _approximately(json.loads(STORED.read_text("utf-8")))
