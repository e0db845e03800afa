"""People's answers that are empty although the model expects entities: they are named, never dropped."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.ner import Document, Span, judged_spans
from wapaganda.pipeline.training.evaluation import out_of_fold_spans

CONFIDENCE = 0.5
"""The least confidence of a span that is expected: it is more likely an entity than not."""
_SHOWN = 5

Predict = Callable[[Sequence[str]], Sequence[Sequence[Span]]]


@dataclass(frozen=True, slots=True)
class EmptyAnswer:
    """A text that was labelled as one without entities, and the spans that the model ``expected``."""

    document: Document
    expected: tuple[Span, ...]


def empty_answers(
    labelled: Sequence[Document],
    folder: Path | None,
    predict: Predict | None = None,
    labels: Collection[str] | None = None,
) -> tuple[EmptyAnswer, ...]:
    """The empty answers in whose texts the model expects entities, the most confident model first.

    Args:
        labelled: the labelled texts.
        folder: of the live version, with its out-of-fold predictions; ``None`` without a model.
        predict: the live model, for texts without an out-of-fold prediction; ``None`` leaves them out.
        labels: those of the project; spans of other labels do not count. ``None``: all do.
    """
    empty = [document for document in labelled if document.spans == ()]
    if folder is None or not empty:
        return ()
    predicted = dict(zip(range(len(empty)), out_of_fold_spans(folder, empty), strict=True))
    unknown = [row for row, spans in predicted.items() if spans is None]
    if predict is not None and unknown:
        found = predict([empty[row].text for row in unknown])
        predicted |= dict(zip(unknown, found, strict=True))
    sayable = judged_spans(empty, [predicted[row] or () for row in range(len(empty))])
    cases = [
        EmptyAnswer(document, expected)
        for document, spans in zip(empty, sayable, strict=True)
        if (expected := tuple(span for span in spans if _is_expected(span, labels)))
    ]
    return tuple(sorted(cases, key=lambda case: -max(_confidence(span) for span in case.expected)))


def describe_empty_answers(entities: Mapping[str, int]) -> str:
    """One sentence about empty answers; empty without any. ``entities``: the expected number by text id."""
    if not entities:
        return ""
    many, total = len(entities) > 1, sum(entities.values())
    texts, expected = ("texts" if many else "text"), ("entities" if total > 1 else "entity")
    named = ", ".join(list(entities)[:_SHOWN]) + (", …" if len(entities) > _SHOWN else "")
    return (
        f"{len(entities):,} {'answers of people are' if many else 'answer of people is'} empty although the "
        f"model expects {total:,} {expected}: {texts} {named}. "
        f"Look at {'them' if many else 'it'} again (selfish review --empty)."
    )


def _is_expected(span: Span, labels: Collection[str] | None) -> bool:
    return _confidence(span) >= CONFIDENCE and (labels is None or span.label in labels)


def _confidence(span: Span) -> float:
    return 1.0 if span.score is None else span.score
