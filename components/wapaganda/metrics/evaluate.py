"""Strict evaluation of predicted against gold spans."""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.metrics.scores import PRF, Scores
from wapaganda.metrics.segments import atomic_segments, segment_tags
from wapaganda.ner import Span

_NOTHING = PRF(0.0, 0.0, 0.0, 0)


def evaluate(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Scores:
    """Strict span scores of one sequence of spans per document, counted by seqeval (mode strict, IOB2).

    Raises:
        ValueError: the two differ in length, or spans of one document are empty or overlap each other.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"Expected as many predicted as gold documents, was: {len(predicted)}, {len(gold)}")
    labels = sorted({span.label for spans in (*gold, *predicted) for span in spans})
    # Numbered names, because seqeval strips hyphens from the ends of a type name.
    names = {label: f"t{number}" for number, label in enumerate(labels)}
    true_tags, predicted_tags = [], []
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        segments = atomic_segments(gold_spans, predicted_spans)
        true_tags.append(segment_tags(gold_spans, segments, names))
        predicted_tags.append(segment_tags(predicted_spans, segments, names))
    report = _seqeval_report(true_tags, predicted_tags) if labels else {}
    return Scores(
        micro=_prf(report.get("micro avg")),
        macro=_prf(report.get("macro avg")),
        per_type={label: _prf(report.get(names[label])) for label in labels},
        n_documents=len(gold),
        n_gold=sum(map(len, gold)),
        n_predicted=sum(map(len, predicted)),
    )


def _seqeval_report(
    true_tags: list[list[str]], predicted_tags: list[list[str]]
) -> Mapping[str, Mapping[str, Any]]:
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    report: Mapping[str, Mapping[str, Any]] = classification_report(
        true_tags, predicted_tags, output_dict=True, mode="strict", scheme=IOB2, zero_division=0
    )
    return report


def _prf(row: Mapping[str, Any] | None) -> PRF:
    if row is None:
        return _NOTHING
    return PRF(float(row["precision"]), float(row["recall"]), float(row["f1-score"]), int(row["support"]))
