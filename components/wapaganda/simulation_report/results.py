"""The three result files of a simulation: for programs, for spreadsheets, for people."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.simulation import RoundRecord, RunRecord
from wapaganda.simulation_report.analysis import AXES, Records, Summary, read_records, summary_of
from wapaganda.simulation_report.html import report_html
from wapaganda.storage import write_text

COLUMNS = (
    "strategy", "seed", "round", *AXES, "f1", "precision", "recall", "macro_f1", "estimated_f1",
    "true_pool_f1", "near_duplicates", "chosen", "train_seconds", "score_seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Results:
    """The files that were written, and the summary that they show."""

    summary_json: Path
    curves_csv: Path
    report_html: Path
    summary: Summary

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """The three files."""
        return self.summary_json, self.curves_csv, self.report_html


def write_results(out: Path) -> Results:
    """Write summary.json, curves.csv and report.html into ``out`` from the runs there, finished or not.

    Each file is written atomically.

    Raises:
        FileNotFoundError: nothing was simulated there.
        InputError: plan.json is not a JSON object.
    """
    records: Records = read_records(out)
    summary = summary_of(records)
    results = Results(out / "summary.json", out / "curves.csv", out / "report.html", summary)
    as_json = json.dumps(summary.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(results.summary_json, as_json)
    write_text(results.curves_csv, curves_csv(records.runs))
    write_text(results.report_html, report_html(summary))
    return results


def curves_csv(runs: Sequence[RunRecord]) -> str:
    """One line for each round, by strategy, seed and round; costs are totals so far, scores in [0, 1], empty
    where unknown.

    The strategy ``full`` is the training on the whole pool.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in runs:
        writer.writerows(_line(run, each) for each in run.rounds)
    return text.getvalue()


def _line(run: RunRecord, each: RoundRecord) -> list[object]:
    scores = (each.f1, each.precision, each.recall, each.macro_f1, each.estimated_f1, each.true_pool_f1)
    return [
        run.arm.name,
        run.seed,
        each.round,
        *(f"{getattr(each, axis):.10g}" for axis in AXES),
        *("" if score is None else f"{score:.6f}" for score in scores),
        each.near_duplicates,
        len(each.batch_ids),
        f"{each.train_seconds:.3f}",
        f"{each.score_seconds:.3f}",
    ]
