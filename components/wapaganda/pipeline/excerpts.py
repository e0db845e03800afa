"""Asking less than a whole text: the part of a picked text that the model doubts most."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, excerpt, is_excerpt, place_of, whole_text, word_offsets
from wapaganda.sampler import Selection
from wapaganda.tagger import TaggedText
from wapaganda.uncertainty import border_doubt

Part = tuple[int, int]
"""A part of a text: where it starts and ends, in code points; or a run of words, by their numbers."""

_STAYS_WHOLE = 1.5
"""A text, or what is left of one, of at most so many times the wanted words is not cut."""
_NEARLY = 0.95
"""Of the windows with at least this share of the most doubt the middle one is taken, so that the doubt does
not stand at its edge."""
_WORTH_ASKING = 0.1
"""Bits of doubt below which the rest of a text that was asked about before is left alone."""
_GLUED = 5
"""Words by which an excerpt is widened at most on each side to end at white space; some scripts have none."""


def asked_parts(documents: Iterable[Document]) -> Mapping[str, Sequence[Part]]:
    """The parts that the excerpts among ``documents`` are, by the whole text that they were cut from."""
    parts: dict[str, list[Part]] = defaultdict(list)
    for document in documents:
        if is_excerpt(document):
            parts[whole_text(document)].append(place_of(document))
    return parts


def still_to_ask(pool: Sequence[Document], known: Sequence[Document]) -> list[Document]:
    """The texts of the pool without those that were asked about in parts and have no word left, and without
    excerpts of texts that are labelled as a whole.

    ``known``: everything that is or was offered to annotators, labelled or not.
    """
    asked = asked_parts(known)
    if not asked:
        return list(pool)
    done = {each.text for each in known if each.is_labelled and each.text in asked and not is_excerpt(each)}
    return [
        each
        for each in pool
        if whole_text(each) not in done
        and (is_excerpt(each) or _free(word_offsets(each.text), asked.get(each.text, ())).any())
    ]


def cut_picks(
    selection: Selection,
    picked: Sequence[Document],
    tagged: Iterable[TaggedText],
    n_words: int,
    known: Sequence[Document],
) -> tuple[Selection, list[Document]]:
    """The selection without the picks of which nothing is worth asking, and what to ask of each of the
    others, with the spans that the model proposes.

    ``picked`` and ``tagged``: the text of each pick and the model's answer for it. ``known`` as in
    ``still_to_ask``, ``n_words`` as in ``cut``.
    """
    asked = asked_parts(known)
    questions = [
        cut(document, answer, n_words, asked.get(document.text, ()))
        for document, answer in zip(picked, tagged, strict=True)
    ]
    rows = zip(selection.picks, questions, strict=True)
    kept = tuple(pick for pick, question in rows if question is not None)
    return replace(selection, picks=kept), [question for question in questions if question is not None]


def cut(document: Document, tagged: TaggedText, n_words: int, asked: Sequence[Part] = ()) -> Document | None:
    """What to ask of a text: of all windows of ``n_words`` words that were not asked before, the one with the
    most doubt, the sum of ``border_doubt`` over its words; of nearly equal ones the middle one. The spans are
    those of ``tagged``.

    No predicted span is cut in two, and the excerpt begins and ends at white space where there is some
    near; so it may have a few words more. A text, or a rest, of at most 1.5 ``n_words`` words is not cut, nor
    is an excerpt; with 0 nothing is. ``None`` when parts were asked and nothing is left worth asking.
    """
    proposed = document.with_spans(tagged.spans)
    words = tagged.words
    if n_words == 0 or is_excerpt(document) or (not asked and len(words) <= _STAYS_WHOLE * n_words):
        return proposed
    places = [(at, run) for run in _runs(_free(words, asked)) for at in _windows(run, n_words)]
    if not places:
        return None
    before = np.append(0.0, border_doubt(tagged.log_probs[None], np.array([len(words)]))[0].cumsum())
    doubts = np.array([before[end] - before[start] for (start, end), _ in places])
    if asked and doubts.max() < _WORTH_ASKING:
        return None
    best = np.flatnonzero(doubts >= _NEARLY * doubts.max())
    window, run = places[int(best[len(best) // 2])]
    first, last = _widened(window, run, document.text, tagged)
    if last - first == len(words):
        return proposed
    return excerpt(proposed, int(words[first, 0]), int(words[last - 1, 1]))


def _free(words: NDArray[np.int32], asked: Sequence[Part]) -> NDArray[np.bool_]:
    """Which words, (n_words, 2), lie in no part that was asked, (n_words,)."""
    free = np.ones(len(words), dtype=bool)
    for start, end in asked:
        free &= (words[:, 1] <= start) | (words[:, 0] >= end)
    return free


def _runs(free: NDArray[np.bool_]) -> Iterator[Part]:
    """The longest runs of true values, as [first, end)."""
    edges = np.flatnonzero(np.diff(free, prepend=False, append=False)).tolist()
    return zip(edges[::2], edges[1::2], strict=True)


def _windows(run: Part, n_words: int) -> Iterator[Part]:
    start, end = run
    size = end - start if end - start <= _STAYS_WHOLE * n_words else n_words
    return ((first, first + size) for first in range(start, end - size + 1))


def _widened(window: Part, run: Part, text: str, tagged: TaggedText) -> Part:
    """The window, widened within its run until it cuts no predicted span and stands between white space."""
    words = tagged.words
    glued = np.array(
        [
            not any(map(str.isspace, text[end:start]))
            for end, start in zip(words[:-1, 1].tolist(), words[1:, 0].tolist(), strict=True)
        ]
    )
    spans = [
        (int(np.searchsorted(words[:, 1], span.start, "right")), int(np.searchsorted(words[:, 0], span.end)))
        for span in tagged.spans
    ]
    first, last = window
    while True:
        before = first, last
        for start, end in spans:
            if start < last and first < end:
                first, last = min(first, max(start, run[0])), max(last, min(end, run[1]))
        first -= _steps(glued[run[0] : first][::-1])
        last += _steps(glued[last - 1 : run[1] - 1])
        if (first, last) == before:
            return before


def _steps(glued: NDArray[np.bool_]) -> int:
    """How many words there are up to the next white space; 0 when it is too far."""
    near = np.flatnonzero(~glued[: _GLUED + 1])
    count = int(near[0]) if len(near) else len(glued)
    return count if count <= _GLUED else 0
