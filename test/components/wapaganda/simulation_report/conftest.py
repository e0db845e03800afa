"""SYNTHETIC records of a simulation: made by a formula to look like real ones, nothing was trained."""

import json
import math
import random
from pathlib import Path

import pytest

TYPES = {"PER": 0.3, "LOC": 0.3, "ORG": 0.25, "MISC": 0.15}
SCRATCH = {"random": (1.0, 1.0), "uncertainty:mean_entropy": (0.93, 0.8), "uncertainty:mnlp": (1.1, 1.35)}
SPEED = {
    **SCRATCH,
    "diversity": (1.15, 1.05),
    "hybrid:expected_errors": (1.9, 1.3),
    "facility_location:boundary": (1.5, 1.25),
}


def write_synthetic(
    out: Path,
    arms=("random", "uncertainty:mnlp", "hybrid:expected_errors"),
    seeds=(1, 2, 3),
    rounds=8,
    *,
    full=True,
    types=None,
    unfinished=(),
    corpus=None,
) -> Path:
    """Writes plan.json and runs/ under ``out``; ``unfinished`` maps (arm, seed) to its number of rounds."""
    types = types or TYPES
    corpus = corpus or {
        "name": "wikigold (SYNTHETIC)", "pool": 1187, "test": 340, "labels": sorted(types),
    }  # fmt: skip
    plan = {
        "strategies": [{"name": arm, "strategy": arm.split(":")[0], "measure": "mnlp"} for arm in arms],
        "seeds": list(seeds), "seed_size": 100, "batch": 50, "growth": 1.0, "rounds": rounds,
        "pool_size": 2000, "encoder": "small-encoder", "layers": None, "threshold": 0.7,
        "cost_exponent": 1.0, "prices": "scratch", "full": full, "calibrate_at": 200, "corpus": corpus,
    }  # fmt: skip
    (out / "runs").mkdir(parents=True, exist_ok=True)
    (out / "plan.json").write_text(json.dumps(plan), "utf-8")
    limits = dict(unfinished)
    for arm in arms:
        for seed in seeds:
            _write(out, arm, seed, rounds, types, limits.get((arm, seed)))
    for seed in seeds if full else ():
        _write_full(out, seed, types)
    return out


def _write(out, arm, seed, rounds, types, limit):
    if limit == -1:
        return
    draw = random.Random(f"{arm}-{seed}")
    speed, density = SPEED.get(arm, (1.2, 1.1))
    made, words, entities, correcting, wobble = [], 2100.0 + 40 * seed, 205.0 + 5 * seed, 0.0, 0.0
    correcting = 0.39 * words + 4.2 * entities
    for number in range(rounds + 1):
        texts = 100 + 50 * number
        if number:
            words += 50 * 20.5 * density**0.5 + draw.gauss(0, 30)
            entities += 50 * 2.05 * density + draw.gauss(0, 8)
            correcting += 0.39 * 1025 + 2.0 * 103 * density
        wobble = 0.5 * wobble + (draw.gauss(0, 0.008) if number else 0.0)
        useful = 100 + 50 * number * speed
        f1 = 0.74 - 0.52 * math.exp(-((useful / 215) ** 0.75)) + 0.006 * (seed - 2) + wobble
        made.append(_round(number, texts, words, entities, correcting, f1, types, draw, number == rounds))
    if limit is not None:
        made = made[:limit]
    name = arm.replace(":", "-")
    run = {
        "arm": {"name": arm, "strategy": arm.split(":")[0], "measure": arm.partition(":")[2] or "mnlp"},
        "seed": seed, "complete": limit is None, "rounds": made,
    }  # fmt: skip
    (out / "runs" / f"{name}-seed{seed}.json").write_text(json.dumps(run), "utf-8")


def _round(number, texts, words, entities, correcting, f1, types, draw, last):
    bins = [[c, min(1.0, c + draw.gauss(0, 0.03)), 40] for c in (0.35, 0.5, 0.62, 0.74, 0.85, 0.93, 0.98)]
    before = [[c, max(0.0, c - 0.16 * (1.1 - c) ** 0.5), 40] for c, _, _ in bins]
    calibration = {
        "temperature": 1.6, "ece_before": 0.11, "ece_after": 0.028 + 0.004 * draw.random(),
        "estimated_f1_before": f1 + 0.07, "estimated_f1_after": f1 + 0.012,
        "test_estimated_f1_after": f1 + 0.015, "bins": bins, "bins_before": before,
    }  # fmt: skip
    return {
        "round": number, "texts": texts, "words": round(words), "entities": round(entities),
        "seconds": 0.39 * round(words) + 4.2 * round(entities), "seconds_correcting": correcting,
        "f1": f1, "precision": f1 + 0.01, "recall": f1 - 0.01, "macro_f1": f1 - 0.03,
        "per_type": {
            label: {"f1": max(0.0, f1 + 0.08 - 0.3 * place / len(types)), "support": round(700 * share)}
            for place, (label, share) in enumerate(types.items())
        },
        "labelled_types": {label: round(entities * share) for label, share in types.items()},
        "estimated_f1": f1 + 0.03 + draw.gauss(0, 0.01), "true_pool_f1": f1 + 0.01,
        "calibration": calibration if texts == 200 else None,
        "near_duplicates": 0 if last else int(draw.random() < 0.25),
        "batch_ids": [] if last else [f"t{number}-{place}" for place in range(50)],
        "train_seconds": 60 + 10 * number + draw.random(), "score_seconds": 9.5, "model_seed": 7,
    }  # fmt: skip


def _write_full(out, seed, types):
    draw = random.Random(f"full-{seed}")
    only = _round(0, 1187, 24_600, 2_439, 20_000.0, 0.721 + 0.004 * (seed - 2), types, draw, True)
    run = {
        "arm": {"name": "full", "strategy": "full", "measure": ""},
        "seed": seed, "complete": True, "rounds": [only | {"estimated_f1": None, "calibration": None}],
    }  # fmt: skip
    (out / "runs" / f"full-seed{seed}.json").write_text(json.dumps(run), "utf-8")


def write_data_set(out: Path, seeds=(1, 2), *, ladder=True) -> Path:
    """Writes data_set/ under ``out``: curves by a formula, twice as fast in our way."""
    folder = out / "data_set"
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"seeds": list(seeds), "alternative": {"version": 1}, "corpus": {"name": "wikigold (SYNTHETIC)"}}
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    speeds = {"standard": 1.0, "ours": 2.0}
    speeds |= {"trainer": 1.1, "proposals": 1.25, "chosen": 1.5} if ladder else {}
    for seed in seeds:
        record = {
            "seed": seed, "n_texts": 1187, "n_entities": 2439, "hours_by_hand": 5.9,
            "ways": {name: _way(speed * (1 + 0.1 * (seed - 1))) for name, speed in speeds.items()},
            "conditions": [
                {"name": "scratch prices", "ours": {"0.90": 3.0, "0.95": None},
                 "standard": {"0.90": 4.0, "0.95": 5.0}}
            ],
            "reviews": [
                {"texts": 200, "f1": 0.7, "ours": {"0.90": 1.0, "0.95": 2.0},
                 "random": {"0.90": 2.0, "0.95": 3.0}, "perfect": {"0.90": 0.5, "0.95": 1.0}}
            ],
            "estimates": [
                {"texts": 200, "true": 0.8, "estimated": 0.81, "interval": [0.75, 0.85], "calibrated": True},
                {"texts": 300, "true": 0.9, "estimated": 0.99, "interval": [0.9, 1.0], "calibrated": False},
            ],
        }  # fmt: skip
        (folder / f"seed{seed}.json").write_text(json.dumps(record), "utf-8")
    return out


def _way(speed):
    hours = [1 + number / 4 for number in range(20)]
    f1 = [min(1.0, 0.6 + 0.4 * (each - 1) * speed / 5) for each in hours]
    reached = {level: next((h for h, f in zip(hours, f1, strict=True) if f >= float(level)), None)
               for level in ("0.90", "0.95")}  # fmt: skip
    models = [{"texts": 200 + 50 * n, "hours": 1.0 + n, "test_f1": 0.6 + 0.05 * n * speed, "rest_f1": 0.7}
              for n in range(4)]  # fmt: skip
    texts = [200 + 13 * number for number in range(20)]
    return {"models": models, "texts": texts, "hours": hours, "f1": f1, "hours_to": reached,
            "texts_to": dict.fromkeys(reached, 300)}  # fmt: skip


@pytest.fixture
def synthetic_data_set(tmp_path):
    """The maker of a synthetic simulation of data sets; answers its folder."""
    return lambda **options: write_data_set(tmp_path / "simulation", **options)


@pytest.fixture
def synthetic(tmp_path):
    """The maker of a synthetic simulation: its keywords as in ``write_synthetic``; answers its folder."""
    return lambda **options: write_synthetic(tmp_path / "simulation", **options)
