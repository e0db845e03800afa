"""A region that an annotator has just drawn, and the other places of its words in the same text."""

import threading
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
_REMEMBERED: Final = 10_000
"""Drawn regions that were answered."""
_MACHINE: Final = ("prediction", "prediction-changed")


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A region ``start`` to ``end`` with its labels, its id in Label Studio, and whether a person drew it."""

    start: int
    end: int
    labels: tuple[str, ...]
    id: str = ""
    by_person: bool = True


def drawn_regions(params: object) -> tuple[DrawnRegion, ...]:
    """The regions in ``params.context.result``; those of other forms are left out.

    Label Studio's page sends all regions of the label that was just drawn or changed, in the order in which
    they were made.
    """
    context = params.get("context") if isinstance(params, Mapping) else None
    return tuple(_regions(context.get("result") if isinstance(context, Mapping) else None))


class SameWords:
    """The other places of the words that an annotator has just marked. Safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: dict[tuple[str, ...], None] = {}

    def answer(
        self,
        project: str,
        drawn: Sequence[DrawnRegion],
        text: str,
        task: Mapping[str, Any],
        config: LabelConfig,
    ) -> Answer:
        """Regions with the same label at all other places of the words of the newest region, by ``Terms``.

        None if a machine has made that region, or if it was answered before: then the annotator has changed
        a label or borders, and has perhaps deleted such places. None lies over a region in ``drawn``, nor
        over one that the annotator sees: those of the newest draft of the task, without one of its newest
        annotation, without one of its newest prediction.
        """
        newest = drawn[-1]
        found: list[Span] = []
        if newest.by_person and self._is_new((project, str(task.get("id")), newest.id)):
            taken = [(each.start, each.end) for each in (*drawn, *_regions(_seen(task)))]
            labels = [name for name in newest.labels if config.canonical(name) is not None]
            for start, end in _places(text, newest) if labels else ():
                if not any(start < last and first < end for first, last in taken):
                    found.append(Span(start, end, labels[0]))
                    taken.append((start, end))
        regions = result_from_spans(sorted(found), text, config)
        return Answer(SAME_WORDS, [each | {"origin": _MACHINE[0]} for each in regions], 1.0)

    def _is_new(self, region: tuple[str, ...]) -> bool:
        """Whether this region was not answered before; a region without an id always is."""
        if not region[-1]:
            return True
        with self._lock:
            known = region in self._answered
            self._answered[region] = None
            while len(self._answered) > _REMEMBERED:
                del self._answered[next(iter(self._answered))]
        return not known


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
            names = tuple(
                name for name in (labels if isinstance(labels, list) else ()) if isinstance(name, str)
            )
            by_person = region.get("origin") not in _MACHINE
            yield DrawnRegion(start, end, names, str(region.get("id") or ""), by_person)


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
