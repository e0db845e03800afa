"""Several annotators on one text: which of their answers, or what of them, is learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wapaganda.annotation.label_studio.answers import Answer
from wapaganda.annotation.read_options import AnswerRule
from wapaganda.ner import Document, Repairs, Span, decode_spans, encode_spans, repair_spans

ANSWERS_KEY = "_answers"
"""The key in ``Document.meta`` of the answers of several annotators."""


@dataclass(frozen=True, slots=True)
class Given:
    """One annotation of a text: as Label Studio stores it, as it was read, and its spans after repair."""

    annotation: Mapping[str, Any]
    answer: Answer
    spans: tuple[Span, ...]
    repairs: Repairs

    @classmethod
    def of(cls, annotation: Mapping[str, Any], answer: Answer, text: str) -> Given:
        """The annotation with its spans repaired."""
        return cls(annotation, answer, *repair_spans(text, answer.spans))

    @property
    def by(self) -> str:
        """The annotator; an annotation without one is of an annotator of its own."""
        name = annotator_of(self.annotation)
        return f"annotation {self.annotation.get('id', id(self.annotation))}" if name is None else str(name)

    @property
    def is_placed(self) -> bool:
        """Whether no span lies outside the text, and at least one of them touches a word."""
        return not self.repairs.refused or bool(self.spans and not self.repairs.out_of_range)

    @property
    def is_understood(self) -> bool:
        """Whether the answer was read whole."""
        return self.is_placed and not self.answer.problems


def annotator_of(annotation: Mapping[str, Any]) -> object:
    """The id of the annotator, or else the email; ``None`` if the annotation does not say it."""
    by = annotation.get("completed_by")
    if isinstance(by, Mapping):
        return by.get("id") if by.get("id") is not None else by.get("email")
    return by


def precedence(annotation: Mapping[str, Any]) -> tuple[bool, float, int]:
    """Greater for the annotation that counts: a ground truth, then the latest change, then the highest id."""
    changed = annotation.get("updated_at") or annotation.get("created_at")
    number = annotation.get("id")
    return bool(annotation.get("ground_truth")), _seconds(changed), number if isinstance(number, int) else -1


def _seconds(moment: object) -> float:
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return float("-inf")


def latest_of_each(given: Sequence[Given]) -> list[Given]:
    """The newest annotation of each annotator, in the order of the annotators' first ones."""
    latest: dict[str, Given] = {}
    for each in given:
        known = latest.get(each.by)
        if known is None or precedence(each.annotation)[1:] > precedence(known.annotation)[1:]:
            latest[each.by] = each
    return list(latest.values())


def adjudicated(given: Sequence[Given], rule: AnswerRule) -> Given | None:
    """The ground truth, else the newest answer of a reviewer, else the answer that all gave.

    ``None``: it is undecided.
    """
    newest = max(given, key=lambda each: precedence(each.annotation))
    if newest.annotation.get("ground_truth"):
        return newest
    reviewed = [each for each in given if _is_reviewer(each.annotation, rule.reviewers)]
    if reviewed:
        return max(reviewed, key=lambda each: precedence(each.annotation))
    answers = latest_of_each(given)
    agreed = len({each.spans for each in answers}) == 1
    return newest if agreed else None


def _is_reviewer(annotation: Mapping[str, Any], reviewers: Sequence[str]) -> bool:
    by = annotation.get("completed_by")
    names = (by.get("id"), by.get("email")) if isinstance(by, Mapping) else (by,)
    return any(str(name).lower() in reviewers for name in names if name is not None)


def by_majority(answers: Sequence[Given]) -> Given:
    """The spans that more than half of the annotators marked, one answer each, as the newest annotation.

    Two of these spans never overlap: somebody would have marked both. When one answer is not understood,
    its problems are those of the result.
    """
    votes = Counter(span for each in answers for span in set(each.spans))
    spans = tuple(sorted(replace(span, score=None) for span, n in votes.items() if 2 * n > len(answers)))
    newest = max(answers, key=lambda each: precedence(each.annotation)[1:])
    own: dict[str, Any] = {"result": [], "ground_truth": False}
    if set(spans) != set(newest.spans):  # the time is that of another answer
        own["lead_time"] = None
    joined = Answer(
        list(spans),
        [problem for each in answers for problem in each.answer.problems],
        [finding for each in answers for finding in each.answer.found],
        sum((each.answer.lost for each in answers), Counter()),
    )
    if not all(each.is_understood for each in answers):
        joined.spans = [span for each in answers for span in each.answer.spans]
    repairs = sum((each.repairs for each in answers), Repairs())
    return Given({**newest.annotation, **own}, joined, spans, repairs)


def kept_answers(answers: Sequence[Given]) -> list[dict[str, Any]]:
    """The answers that were understood, for the ``meta`` of a document: who, when, and the repaired spans."""
    return [
        {"by": each.by, "spans": encode_spans(each.spans)}
        | {key: each.annotation[key] for key in ("id", "updated_at") if each.annotation.get(key) is not None}
        | ({"ground_truth": True} if each.annotation.get("ground_truth") else {})
        for each in answers
        if each.is_understood
    ]


def answers_of(document: Document) -> dict[str, tuple[Span, ...]]:
    """The spans that each annotator marked in a text that several have labelled; empty for other texts."""
    return {str(each["by"]): decode_spans(each["spans"]) for each in document.meta.get(ANSWERS_KEY, ())}
