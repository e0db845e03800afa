"""A round in the run log, from which MLflow gets it."""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from wapaganda.annotation import ReadReport
from wapaganda.model_store import ModelStore
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.round.report import RoundReport
from wapaganda.tracking import CurvePoint, Run, RunLog, learning_curve_png
from wapaganda.trainer import StepReport

StepListener = Callable[[StepReport], None]

_CURVES = {
    "out_of_fold_f1",
    "holdout_f1",
    "cross_validated_f1",
    "cross_validated_f1_low",
    "cross_validated_f1_high",
    "estimated_pool_f1",
    "agreement",
    "mean_uncertainty",
    "span_calibration_error",
    "file_f1",
    "people_share",
    "hours_spent",
    "hours_left",
}
"""The metrics that are one chart over all rounds, besides the F1 of each type."""


@dataclass(frozen=True, slots=True)
class RoundLog:
    """Writes one run a round; ``model_name`` is the name under which MLflow registers the versions."""

    runs: RunLog
    model_name: str = "ner"

    def run(self, number: int, run_id: str | None, config: LoopConfig) -> Run:
        """The run that an interrupted round has started, if its log still exists, or a new one."""
        if run_id is not None:
            with suppress(KeyError):
                return self.runs.resume(run_id)
        return self.runs.start(f"round-{number:03d}", asdict(config), {"project": self.model_name})

    def finish(
        self, run: Run, report: RoundReport, rounds: Sequence[RoundReport], store: ModelStore, title: str = ""
    ) -> None:
        """Write the results of the round: scores, counts, learning curve, report, data and model version.

        ``title``: of the project, for the names in MLflow.
        """
        title = title or self.model_name
        figures = _figures(report)
        run.rename(f"{title} · round {report.number} · {report.n_labelled:,} labelled")
        run.metrics(report.number, figures)
        curves = {name: figures[name] for name in figures if name in _CURVES or name.startswith("f1_")}
        run.curve(self.model_name, f"{title} · all rounds", report.n_labelled, curves)
        run.tags(
            {
                "selection": report.selection.summary,
                "read": " ".join(report.read.lines()),
                "verdict": report.training.reason,
                "undertrained": report.training.undertrained,
                "should_stop": str(report.assessment.should_stop),
                "advice": report.assessment.advice,
                "forecast": report.assessment.forecast,
                "purpose": report.file.purpose,
                "empty_answers": report.empty.describe(),
            }
        )
        with tempfile.TemporaryDirectory() as scratch:
            summary = Path(scratch, "report.json")
            summary.write_text(json.dumps(report.to_dict(), indent=2), "utf-8")
            run.artifact(summary)
            points = [
                CurvePoint(each.number, each.n_labelled, each.scores.f1)
                for each in rounds
                if each.scores.f1 is not None
            ]
            if points:
                learning_curve_png(points, Path(scratch, "learning_curve.png"))
                run.artifact(Path(scratch, "learning_curve.png"))
        if report.version is not None:
            manifest = store.version(report.version).manifest
            counts = {"texts": manifest.n_documents, "types": len(manifest.labels)}
            run.dataset(title, manifest.data_fingerprint, counts)
            alias = "champion" if report.version == report.live else "challenger"
            run.model(store.path(report.version), self.model_name, report.version, alias)
        run.end("FINISHED")


def training_listener(run: Run) -> StepListener:
    """Writes the loss and the learning rate of every optimiser step into the run."""

    def listen(step: StepReport) -> None:
        run.training_step(step.step, {"train_loss": step.loss, "learning_rate": step.learning_rate})

    return listen


def reading_figures(read: ReadReport) -> dict[str, float]:
    """The counts of a reading as metrics of a run."""
    return {
        "labelled_without_entities": read.n_empty,
        "not_read": read.n_not_read,
        "spans_repaired": read.repairs.total,
        "spans_lost": sum(read.lost.values()),
    }


def _figures(report: RoundReport) -> dict[str, float]:
    on = "holdout" if report.training.n_holdout else "out_of_fold"
    scores = {
        f"{on}_f1": report.scores.f1,
        f"{on}_precision": report.scores.precision,
        f"{on}_recall": report.scores.recall,
        f"{on}_macro_f1": report.scores.macro_f1,
        "previous_f1": report.scores.previous_f1,
        "train_f1": report.training.train_f1,
        "train_loss_share": report.training.loss_share,
        "mean_uncertainty": report.selection.mean_uncertainty,
        "estimated_pool_f1": report.assessment.estimated_f1,
        "cross_validated_f1": report.calibration.cross_validated_f1,
        "temperature": report.calibration.temperature,
        "span_calibration_error": report.calibration.ece,
        "agreement": report.assessment.agreement,
        "annotator_f1": report.annotators.annotator_f1,
        "forecast_gain": report.assessment.forecast_gain,
        "forecast_hours": report.assessment.forecast_hours,
        "proposal_floor": report.proposals.proposal_floor,
        "file_f1": report.file.file_f1,
        "people_share": report.file.people_share,
        "hours_spent": report.file.hours_spent,
        "hours_left": report.file.hours_left,
    }
    counts = {
        "labelled": report.n_labelled,
        "trained_on": report.training.n_train,
        "held_out": report.training.n_holdout,
        "pool": report.selection.n_pool,
        "labelled_twice": report.annotators.n_labelled_twice,
        "candidates": report.selection.n_candidates,
        "released": report.n_released,
        "spans_shown": sum(report.proposals.spans_shown.values()),
        "spans_hidden": sum(report.proposals.spans_hidden.values()),
        "near_duplicates": report.selection.n_duplicates,
        "doubted_empty": len(report.empty.doubted_empty),
        **reading_figures(report.read),
    }
    types = {f"f1_{label}": f1 for label, f1 in report.scores.per_type_f1.items()}
    seconds = {f"seconds_{step}": value for step, value in report.seconds.items()}
    low, high = report.calibration.cross_validated_interval or (None, None)
    interval = {"cross_validated_f1_low": low, "cross_validated_f1_high": high}
    file_low, file_high = report.file.file_interval or (None, None)
    interval |= {"file_f1_low": file_low, "file_f1_high": file_high}
    figures = scores | interval | counts | types | seconds
    return {name: float(value) for name, value in figures.items() if value is not None}
