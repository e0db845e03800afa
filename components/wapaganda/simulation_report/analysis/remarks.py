"""In sentences: what an unfinished simulation lacks, and what weakens the numbers of a finished one."""

from collections.abc import Sequence
from math import sqrt

from wapaganda.simulation import FULL, RunRecord
from wapaganda.simulation_report.analysis.records import Records
from wapaganda.simulation_report.analysis.strategy import StrategySummary

FEW_SEEDS, FEW_ENTITIES, MANY_COPIES, OVER_FULL = 3, 400, 0.01, 0.02


def missing_of(records: Records) -> tuple[str, ...]:
    """The planned parts that are missing in the folder, one sentence each."""
    found = [f"Left out because it cannot be read: {name}." for name in records.unreadable]
    wanted = [*records.arms, *([FULL] if records.plan.get("full", True) else [])]
    for arm in wanted:
        own = {run.seed: run for run in records.runs if run.arm.name == arm}
        calibrate_at = 0 if arm == FULL else int(records.plan.get("calibrate_at") or 0)
        lacks = [lack for seed in records.seeds if (lack := _lack(seed, own.get(seed), calibrate_at))]
        if lacks:
            found.append(f"{'The training on the whole pool' if arm == FULL else arm}: {', '.join(lacks)}.")
    return tuple(found)


def _lack(seed: int, run: RunRecord | None, calibrate_at: int) -> str:
    if run is None or not run.rounds:
        return f"seed {seed} is not started"
    texts = run.rounds[-1].texts
    if not run.complete:
        return f"seed {seed} has reached {texts:,.0f} texts"
    due = 0 < calibrate_at <= texts and all(each.calibration is None for each in run.rounds)
    return f"seed {seed} lacks its calibration" if due else ""


def remarks_of(
    records: Records, arms: Sequence[StrategySummary], test_entities: int, full_f1: float | None
) -> tuple[str, ...]:
    """Limits of the numbers, one or two sentences each."""
    return (
        *_on_seeds(records),
        *_on_random(arms),
        *_on_full(arms, full_f1),
        *_on_test(arms, test_entities),
        *_on_copies(arms),
    )


def _on_seeds(records: Records) -> list[str]:
    n = len(records.seeds)
    if n == 1:
        return ["One seed: there are no intervals, and single pairs say little. Give at least 3 seeds."]
    if n < FEW_SEEDS:
        return [f"{n} seeds: the intervals are very wide. Give at least 3."]
    return []


def _on_random(arms: Sequence[StrategySummary]) -> list[str]:
    if not arms or any(arm.is_random for arm in arms):
        return []
    return ["Random was not simulated, so nothing is compared with it. Add it to the strategies."]


def _on_full(arms: Sequence[StrategySummary], full_f1: float | None) -> list[str]:
    best = max((each.f1_mean for arm in arms for each in arm.rounds), default=0.0)
    if full_f1 is None or best < full_f1 + OVER_FULL:
        return []
    return [
        f"The model of the whole pool ({100 * full_f1:.1f}) is worse than one of a part of it "
        f"({100 * best:.1f}): it may need more training (--steps). The savings mean little; the "
        "areas and the last savings table do not depend on it."
    ]


def _on_test(arms: Sequence[StrategySummary], test_entities: int) -> list[str]:
    """The half width is that of a share of independent trials: rough, since F1 is not quite a share."""
    best = max((arm.rounds[-1].f1_mean for arm in arms if arm.rounds), default=0.0)
    if not test_entities or test_entities >= FEW_ENTITIES:
        return []
    half = 196 * sqrt(best * (1 - best) / test_entities)
    return [
        f"The test texts hold only {test_entities} entities: an F1 measured on them is uncertain by roughly "
        f"±{half:.0f} points, whatever the seeds say."
    ]


def _on_copies(arms: Sequence[StrategySummary]) -> list[str]:
    found = []
    for arm in arms:
        chosen = sum(each.chosen for each in arm.rounds)
        copies = sum(each.near_duplicates for each in arm.rounds)
        if chosen and copies / chosen > MANY_COPIES:
            found.append(
                f"{arm.strategy}: {100 * copies / chosen:.1f}% of the texts that it chose are near copies "
                "of another in their batch; labelling them teaches little."
            )
    return found
