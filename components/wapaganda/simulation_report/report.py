"""The three files that a simulation leaves: for programs, for spreadsheets, for people."""

import json
from dataclasses import dataclass
from pathlib import Path

from wapaganda.simulation_report.curves import curves_csv
from wapaganda.simulation_report.report_page import report_html
from wapaganda.simulation_report.summary import Summary, summarise
from wapaganda.simulation_report.summary_records import read_records


@dataclass(frozen=True, slots=True)
class Results:
    """What was written, and the summary that it shows."""

    summary_json: Path
    curves_csv: Path
    report_html: Path
    summary: Summary

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """The three files."""
        return self.summary_json, self.curves_csv, self.report_html


def write_results(out: Path) -> Results:
    """Writes summary.json, curves.csv and report.html into ``out`` from the runs there, finished or not.

    Each file appears whole or not at all.

    Raises:
        FileNotFoundError: nothing was simulated there.
        ValueError: plan.json is no JSON object.
    """
    summary = summarise(out)
    results = Results(out / "summary.json", out / "curves.csv", out / "report.html", summary)
    _write(results.summary_json, json.dumps(summary.to_dict(), indent=2, allow_nan=False, ensure_ascii=False))
    _write(results.curves_csv, curves_csv(read_records(out).runs))
    _write(results.report_html, report_html(summary))
    return results


def _write(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, "utf-8", newline="\n")
    draft.replace(path)
