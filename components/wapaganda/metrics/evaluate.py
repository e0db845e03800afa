"""Strict evaluation of predicted spans against gold spans, by seqeval."""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.metrics.scores import PRF, Scores
from wapaganda.ner import Span

_NOTHING = PRF(0.0, 0.0, 0.0, 0)


def evaluate(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Scores:
    """Strict span scores, counted by seqeval (mode strict, IOB2).

    Args:
        gold: the true spans of each document.
        predicted: the predicted spans of each document, in the same order.

    Raises:
        ValueError: unequal lengths, or spans of one document are empty or overlap each other.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"Expected as many predicted as gold documents, was: {len(predicted)}, {len(gold)}")
    labels = sorted({span.label for spans in (*gold, *predicted) for span in spans})
    # Numbered names, because seqeval strips hyphens from the ends of a type name.
    names = {label: f"t{number}" for number, label in enumerate(labels)}
    true_tags, predicted_tags = [], []
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        segments = _atomic_segments(gold_spans, predicted_spans)
        true_tags.append(_segment_tags(gold_spans, segments, names))
        predicted_tags.append(_segment_tags(predicted_spans, segments, names))
    report = _seqeval_report(true_tags, predicted_tags) if labels else {}
    return Scores(
        micro=_prf(report.get("micro avg")),
        macro=_prf(report.get("macro avg")),
        per_type={label: _prf(report.get(names[label])) for label in labels},
        n_documents=len(gold),
        n_gold=sum(map(len, gold)),
        n_predicted=sum(map(len, predicted)),
    )


def _atomic_segments(gold: Sequence[Span], predicted: Sequence[Span]) -> Mapping[int, int]:
    """The text cut at every span boundary: the position of each cut (in code points) to its number."""
    cuts = {cut for span in (*gold, *predicted) for cut in (span.start, span.end)}
    return {cut: number for number, cut in enumerate(sorted(cuts))}


def _segment_tags(
    spans: Sequence[Span], segments: Mapping[int, int], type_names: Mapping[str, str]
) -> list[str]:
    """The IOB2 tags of ``spans`` over atomic segments; shape ``(len(segments),)``, the last one always ``O``.

    Every span boundary is a cut, so two spans have equal tags only when start, end and label agree.

    Raises:
        ValueError: spans are empty or overlap each other.
    """
    tags = ["O"] * len(segments)
    end_before = -1
    for span in sorted(spans):
        if span.end <= span.start or span.start < end_before:
            raise ValueError(f"Expected non-empty spans that do not overlap, was: {span} in {tuple(spans)}")
        end_before = span.end
        first, last = segments[span.start], segments[span.end]
        name = type_names[span.label]
        tags[first:last] = [f"B-{name}", *[f"I-{name}"] * (last - first - 1)]
    return tags


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
