"""The assessment of a round: the quality of the model, the gain of more labels, the advice."""

from collections.abc import Mapping, Sequence
from typing import Any

ASSESSMENT = ("estimated_f1", "agreement", "forecast", "forecast_gain", "forecast_hours", "advice")
"""The values of a round's report that hold until the next round."""


def assessment_facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of a report as plain values; what was not measured is left out."""
    facts: list[tuple[str, str]] = []
    if report.get("estimated_f1") is not None:
        facts.append(("F1 of the pool", f"{percent(report['estimated_f1'])}, estimated without labels"))
    facts += cross_validated_facts(
        report.get("cross_validated_f1"),
        report.get("cross_validated_interval"),
        report.get("ece"),
        report.get("temperature"),
    )
    facts += annotator_facts(
        report.get("n_labelled_twice"), report.get("annotator_f1"), report.get("annotator_interval")
    )
    if report.get("agreement") is not None:
        facts.append(("Agreement", f"κ {report['agreement']:.3f} with the previous model, on entity words"))
    advice = str(report.get("advice") or report.get("stop_reason") or "")
    facts += file_facts(report)
    forecast = str(report.get("forecast") or "")
    if forecast and forecast not in advice:
        facts.append(("More labels", forecast))
    if advice:
        facts.append(("Advice", advice))
    return facts


FILE = (
    *("purpose", "file_f1", "file_interval", "people_share", "hours_spent", "hours_left", "texts_left"),
    *("target_f1", "texts_unscored"),
)
"""The values about the data set as it stands."""


def file_facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The data set as it stands, from the values in ``FILE``; empty when they are not known."""
    facts: list[tuple[str, str]] = []
    if report.get("file_f1") is not None and report.get("file_interval") is not None:
        low, high = map(percent, report["file_interval"])
        unscored = report.get("texts_unscored") or 0
        without = f", without {unscored:,} texts that the model has not read" if unscored else ""
        facts.append(
            (
                "Data set",
                f"F1 {percent(report['file_f1'])} ({low} to {high}) as it stands{without}: "
                f"{percent(report['people_share'])}% of the texts by people, the rest by the model",
            )
        )
    if report.get("hours_spent") is not None:
        spent = f"{report['hours_spent']:.1f} spent"
        left = ""
        if report.get("hours_left") is not None:
            texts = f"{report['texts_left']:,} text{'s' if report['texts_left'] != 1 else ''}"
            left = (
                f"; {report['hours_left']:.1f} left, {texts} of review, to F1 {percent(report['target_f1'])}"
            )
        facts.append(("Hours", spent + left))
    if report.get("purpose") == "dataset":
        facts.append(("Purpose", "dataset: batches are for reviewing the model's labels"))
    return facts


def annotator_facts(
    n_texts: int | None, f1: float | None, interval: Sequence[float] | None
) -> list[tuple[str, str]]:
    """How far the annotators agree; empty when no text was labelled twice."""
    if not n_texts or f1 is None or interval is None:
        return []
    low, high = map(percent, interval)
    return [("Annotators", f"agree with F1 {percent(f1)} ({low} to {high}) in {n_texts:,} texts")]


def cross_validated_facts(
    f1: float | None, interval: Sequence[float] | None, ece: float | None, temperature: float | None
) -> list[tuple[str, str]]:
    """The results of the cross-fitting of a model; empty without one."""
    if f1 is None or interval is None or ece is None or temperature is None:
        return []
    low, high = map(percent, interval)
    return [
        (
            "Cross-fitted",
            f"F1 {percent(f1)} ({low} to {high}) on unseen texts; confidence off by {percent(ece)} "
            f"points at temperature {temperature:.2f}",
        )
    ]


def percent(value: float | None) -> str:
    """A score in percent; a dash when it was not measured."""
    return "–" if value is None else f"{100 * value:.1f}"
