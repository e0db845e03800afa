"""curves.csv: every round of every run as one line, for a spreadsheet or another program."""

import csv
import io
from collections.abc import Sequence

from wapaganda.simulation_report.summary_records import AXES, Round, Run

COLUMNS = (
    "strategy", "seed", "round", *AXES, "f1", "precision", "recall", "macro_f1", "estimated_f1",
    "true_pool_f1", "near_duplicates", "chosen", "train_seconds", "score_seconds",
)  # fmt: skip


def curves_csv(runs: Sequence[Run]) -> str:
    """One line a round, by strategy, seed and round; costs cumulative, scores in [0, 1], empty where unknown.

    The strategy ``full`` is the training on the whole pool.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in runs:
        writer.writerows(_line(run, each) for each in run.rounds)
    return text.getvalue()


def _line(run: Run, each: Round) -> list[object]:
    scores = (each.f1, each.precision, each.recall, each.macro_f1, each.estimated_f1, each.true_pool_f1)
    return [
        run.arm,
        run.seed,
        each.number,
        *(f"{each.cost[axis]:.10g}" for axis in AXES),
        *("" if score is None else f"{score:.6f}" for score in scores),
        each.near_duplicates,
        each.chosen,
        f"{each.train_seconds:.3f}",
        f"{each.score_seconds:.3f}",
    ]
