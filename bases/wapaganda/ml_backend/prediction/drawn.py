"""A region that an annotator has just drawn, and the other places of its words in the same text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wapaganda.annotation import LabelConfig, is_remark, result_from_spans
from wapaganda.errors import InputError
from wapaganda.ml_backend.prediction.tasks import Answer
from wapaganda.ner import Span
from wapaganda.terms import Terms

SAME_WORDS: Final = "same-words"
"""The version of such an answer. Label Studio does not store it."""


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A region ``start`` to ``end`` with the labels that the annotator gave it."""

    start: int
    end: int
    labels: tuple[str, ...]


def drawn_regions(params: object) -> tuple[DrawnRegion, ...]:
    """The regions that an annotator has drawn, from ``params.context.result``; those of other forms are left
    out."""
    context = params.get("context") if isinstance(params, Mapping) else None
    return tuple(_regions(context.get("result") if isinstance(context, Mapping) else None))


def same_words(
    text: str, drawn: Sequence[DrawnRegion], task: Mapping[str, Any], config: LabelConfig
) -> Answer:
    """Regions with the same label at all other places of the drawn words in the text, found by ``Terms``.

    None lies over a drawn region, nor over one that the annotator sees: those of the newest draft of the
    task, without one of its newest annotation, without one of its newest prediction.
    """
    taken = [(each.start, each.end) for each in (*drawn, *_regions(_seen(task)))]
    found: list[Span] = []
    for region in drawn:
        labels = [name for name in region.labels if config.canonical(name) is not None]
        for start, end in _places(text, region) if labels else ():
            if not any(start < last and first < end for first, last in taken):
                found.append(Span(start, end, labels[0]))
                taken.append((start, end))
    return Answer(SAME_WORDS, result_from_spans(sorted(found), text, config), 1.0)


def _places(text: str, region: DrawnRegion) -> list[tuple[int, int]]:
    try:
        return [(each.start, each.end) for each in Terms([text[region.start : region.end]]).places(text)]
    except InputError:  # it holds no word, or the text one that is too long
        return []


def _regions(result: object) -> Iterator[DrawnRegion]:
    for region in result if isinstance(result, list) else ():
        value = region.get("value") if isinstance(region, Mapping) else None
        if not isinstance(value, Mapping):
            continue
        start, end, labels = (value.get(key) for key in ("start", "end", "labels"))
        if isinstance(start, int) and isinstance(end, int):
            names = labels if isinstance(labels, list) else ()
            yield DrawnRegion(start, end, tuple(name for name in names if isinstance(name, str)))


def _seen(task: Mapping[str, Any]) -> object:
    """The regions that the annotator sees, as far as Label Studio says it."""
    for key in ("drafts", "annotations", "predictions"):
        held = task.get(key)
        usable = [
            each
            for each in (held if isinstance(held, list) else ())
            if isinstance(each, Mapping) and not each.get("was_cancelled") and not is_remark(each)
        ]
        if usable:
            newest = max(
                usable, key=lambda each: (str(each.get("updated_at") or ""), _number(each.get("id")))
            )
            return newest.get("result")
    return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
