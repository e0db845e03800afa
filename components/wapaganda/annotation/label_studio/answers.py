"""The answer of an annotator: the regions of one annotation as spans of the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.counting import Marked, Places, find_places, own_words
from wapaganda.annotation.label_studio.label_config import REGION_TYPES, LabelConfig
from wapaganda.annotation.label_studio.task_text import TaskText, is_address
from wapaganda.annotation.read_report import Finding
from wapaganda.annotation.record_spans import checked_score, shown
from wapaganda.ner import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a region is not understood: the kind, a sentence, its labels, and the name that is not known."""

    kind: str
    message: str
    labels: tuple[str, ...]
    name: str = ""


@dataclass(slots=True)
class Answer:
    """The ``spans`` of an annotation as they were marked, and what was found.

    ``problems``: if there is one, the answer is not understood whole. ``found``: what was mended, or left out
    on purpose. ``lost``: the labels of the regions that were left out. ``beside``: whether there are choices,
    relations or texts, which are no labels.
    """

    spans: list[Span] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    beside: bool = False

    def leave_out(self, kind: str, name: str, labels: Sequence[str]) -> None:
        """Count a region that is not read on purpose."""
        self.found.append(Finding(kind, 1, "", name))
        self.lost.update(labels)


class _Region(NamedTuple):
    marked: Marked
    labels: tuple[str, ...]
    score: float | None


def read_answer(result: Sequence[Mapping[str, Any]], text: TaskText, config: LabelConfig) -> Answer:
    """Reads the regions of the config's tags on its text, and says what the other ones are."""
    answer = Answer()
    regions = []
    for region in result:
        if config.is_ours(region):
            regions += _own_region(region, text, config, answer)
        elif marks_something(region):
            _foreign_region(region, config, answer)
        else:
            answer.beside = True
    if regions:
        _place(regions, text, answer)
    return answer


def _own_region(
    region: Mapping[str, Any], text: TaskText, config: LabelConfig, answer: Answer
) -> list[_Region]:
    try:
        names, value = labels_of(region), region["value"]
        start, end = text.offsets(value)
    except FormatError as error:
        answer.problems.append(Problem("region-form", str(error), marked_labels(region)))
        return []
    labels = []
    for name in names:
        label = config.canonical(name)
        if label is not None:
            labels.append(label)
        elif config.leaves_out(name):
            answer.leave_out("label-left-out", name, [])
        else:
            message = f"Expected a label of the config ({', '.join(config.labels)}), was: {name!r}"
            answer.problems.append(Problem("region-label", message, (name,), name))
    score = region.get("score")
    return [
        _Region(
            Marked(start, end, own_words(value.get("text"))),
            tuple(labels),
            None if score is None else checked_score(score),
        )
    ]


def _foreign_region(region: Mapping[str, Any], config: LabelConfig, answer: Answer) -> None:
    labels, kind = marked_labels(region), str(region.get("type"))
    made = f"one of type {kind!r} by {region.get('from_name')!r} over {region.get('to_name')!r}"
    if config.is_beside(region):
        answer.leave_out("other-tag", made, ())
        return
    tags = " or ".join(repr(name) for name in dict.fromkeys((config.from_name, *config.tags.values())))
    message = f"Expected regions by {tags} over {config.to_name!r}, was: {made}"
    if kind not in REGION_TYPES:
        answer.problems.append(Problem("region-type", message, labels, kind))
    else:
        answer.problems.append(Problem("region-tag", message, labels, config.unknown_tag(region)))


def _place(regions: Sequence[_Region], text: TaskText, answer: Answer) -> None:
    """Adds the spans of the regions, whose offsets are checked against their own words."""
    marks = [region.marked for region in regions]
    if not all(mark.words for mark in marks) and is_address(text.text):
        answer.problems.append(address_problem(text))
    places = find_places(text.text, marks, text.counted)
    if places.ranges is None:
        answer.problems.append(_misplaced(regions, text, places))
        ranges = tuple((mark.start, mark.end) for mark in marks)
    else:
        ranges = places.ranges
    if places.ranges is not None and places.counting:
        answer.found.append(Finding("offsets-mended", 1, "", places.example))
    for region, (start, end) in zip(regions, ranges, strict=True):
        answer.spans += [Span(start, end, label, region.score) for label in region.labels]


def _misplaced(regions: Sequence[_Region], text: TaskText, places: Places) -> Problem:
    if is_address(text.text):
        return address_problem(text)
    return Problem("offsets-contradict", places.example, ())


def address_problem(text: TaskText) -> Problem:
    """The problem that the text is an address."""
    return Problem("text-address", f"Expected a text, was: {shown(text.text)}", ())


def labels_of(region: Mapping[str, Any]) -> Sequence[str]:
    """The label names of a region that can be read; it has a ``value`` then.

    Raises:
        FormatError: it has none, or they are no strings.
    """
    value = region.get("value")
    if not isinstance(value, dict):
        raise FormatError(f"Expected a region with start and end, was: {shown(value)}")
    names = value.get("labels", value.get(str(region.get("type"))))
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise FormatError(f"Expected a region with labels, was: {shown(value)}")
    return names


def marked_labels(region: Mapping[str, Any]) -> tuple[str, ...]:
    """The label names of a region of any type, so far as they can be found."""
    value = region.get("value")
    fields = value.items() if isinstance(value, Mapping) else ()
    lists = [names for key, names in fields if str(key).endswith("labels") and isinstance(names, list)]
    return tuple(name for names in lists for name in names if isinstance(name, str))


def marks_something(region: Mapping[str, Any]) -> bool:
    """Whether the region marks a part of something, as opposed to a choice, a rating or a relation.

    A region without a type, which nobody can understand, counts as well.
    """
    value = region.get("value")
    has_place = isinstance(value, Mapping) and ("start" in value or "end" in value)
    has_type = region.get("type") is not None or not region
    return has_place or not has_type or str(region.get("type")).endswith("labels")
