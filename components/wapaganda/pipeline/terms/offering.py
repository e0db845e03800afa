"""Which terms are worth a decision, and what a decision on one of them would cover."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wapaganda.errors import InputError
from wapaganda.ledger import Ledger
from wapaganda.ner import Document
from wapaganda.pipeline.completion.current_file import machine_scores
from wapaganda.pipeline.ports import OPEN_AUDIT
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.terms.offer import OfferedPlace, TermOffer
from wapaganda.progress import Progress
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.terms import (
    Answer,
    Occurrence,
    PlaceReading,
    TermCandidate,
    TermPlace,
    Terms,
    forms_of,
    labelled_as,
    ranked,
    read_places,
    reliability,
    term_of,
    to_check,
    why_different,
)

FEWEST = 3
"""Places of a term that is worth a decision."""
_LONGEST = 8
"""Words of a form that is looked for."""
_READ_PLACES, _READ_TEXTS = 20, 2000
"""Places of a candidate, and texts in all, that the model reads to rank the candidates."""


@dataclass(frozen=True, slots=True)
class TermTexts:
    """The texts of a project: those that people have labelled, and the open ones, each wording once.

    Texts of an open audit are labelled blind, so they are in neither part.
    """

    labelled: tuple[Document, ...]
    open: tuple[Document, ...]

    @classmethod
    def of(cls, ledger: Ledger) -> "TermTexts":
        """Those of a ledger."""
        audited = set(ledger.value(OPEN_AUDIT, []))
        labelled: list[Document] = []
        waiting: dict[str, Document] = {}
        for each in ledger.documents():
            if each.is_labelled:
                labelled.append(each)
            elif is_waiting(each) and each.id not in audited:
                waiting.setdefault(each.text, each)
        return cls(tuple(labelled), tuple(waiting.values()))


def find_candidates(loop: Loop, limit: int) -> list[TermCandidate]:
    """The terms whose decision should remove the most errors, best first; decided ones are left out.

    They are forms that people or the live model have marked. The model reads up to 20 places of each again,
    for its doubt.

    Raises:
        InputError: there is no model yet.
    """
    live = loop.store.current()
    if live is None:
        raise InputError(
            "Expected a trained model, was: none.", "Train one by selfish train or selfish update."
        )
    texts = TermTexts.of(loop.ledger)
    decided = {each.term for each in loop.ledger.term_decisions()}
    predicted = machine_scores(loop, live, texts.open).predicted(texts.open)
    marked = [each.with_spans(predicted[each.id]) for each in texts.open]
    forms = [form for form in forms_of([*texts.labelled, *marked]) if len(form.split()) <= _LONGEST]
    terms = Terms(sorted(forms, key=lambda form: (form != form.lower(), form)))  # "aspirin" before "Aspirin"
    places = _places(terms, texts.open)
    held = {term: found for term, found in places.items() if len(found) >= FEWEST and term not in decided}
    first = sorted(held, key=lambda term: -_unsure(held[term], marked))[: 5 * limit]
    tagger = Tagger.load(live.path, device=loop.config.device)
    sample = {term: _some(term, held[term]) for term in first}
    wanted = sorted({row for found in sample.values() for row, _ in found})[:_READ_TEXTS]
    readings = dict(
        zip(wanted, _tag(tagger, [marked[row].text for row in wanted], loop.progress), strict=True)
    )
    said = labelled_as(texts.labelled, Terms(first)) if first else {}
    found = []
    for term in first:
        near = _read(tagger, readings, [(row, at) for row, at in sample[term] if row in readings])
        if near:
            found.append(_candidate(term, len(held[term]), near, said.get(term, Counter()), tagger))
    return ranked(found)[:limit]


def check_label(loop: Loop, label: str | None) -> None:
    """Check that the project has a label; ``None``: no entity.

    Raises:
        InputError: it has not.
    """
    known = loop.source.schema().labels
    if label is not None and label not in known:
        raise InputError(f"Expected one of the labels {', '.join(known)}, was: {label}.")


def offer_term(loop: Loop, form: str, label: str | None, size: int) -> TermOffer:
    """What the decision that a term is ``label`` (``None``: no entity) would cover, with ``size`` places to
    check.

    Raises:
        InputError: the term is nowhere in the open texts, or the project has no such label.
    """
    check_label(loop, label)
    term = term_of(form)
    terms, texts = Terms([term]), TermTexts.of(loop.ledger)
    held = _places(terms, texts.open).get(term, [])
    if not held:
        raise InputError(
            f"Expected {term!r} in a text without labels, was: in none of {len(texts.open):,}.",
            "Letter case counts: only a term without capitals is also found with a capital first letter.",
        )
    live = loop.store.current()
    longer = [form for form in forms_of(texts.labelled) if term_of(form) != term and terms.places(form)]
    around = Terms(longer) if longer else None
    rows = sorted({row for row, _ in held})
    near: Sequence[tuple[int, TermPlace, PlaceReading | None]]
    number: int | None = None
    if live is None:
        near = [(row, at, None) for row, at in held]
    else:
        tagger = Tagger.load(live.path, device=loop.config.device)
        readings = dict(
            zip(rows, _tag(tagger, [texts.open[row].text for row in rows], loop.progress), strict=True)
        )
        near = _read(tagger, readings, held)
        number = tagger.schema.labels.index(label) if label in tagger.schema.labels else -1
    occurrences = [
        Occurrence(
            texts.open[row].text,
            at.start,
            at.end,
            _probability(said, label, number),
            _inside(texts.open[row].text, at, said, around),
        )
        for row, at, said in near
    ]
    reasons = why_different(occurrences)
    places = tuple(
        OfferedPlace(texts.open[row].id, texts.open[row].text, at.start, at.end, why)
        for (row, at, _), why in zip(near, reasons, strict=True)
    )
    counts = labelled_as(texts.labelled, terms).get(term, Counter())
    sample = to_check(reasons, size, _seed(term))
    return TermOffer(term, label, live.name if live else "", places, tuple(sample), size, dict(counts))


def _places(terms: Terms, documents: Sequence[Document]) -> dict[str, list[tuple[int, TermPlace]]]:
    """The places of each term, each with the row of its text."""
    found: dict[str, list[tuple[int, TermPlace]]] = {}
    for row, document in enumerate(documents):
        for place in terms.places(document.text):
            found.setdefault(place.term, []).append((row, place))
    return found


def _unsure(places: Iterable[tuple[int, TermPlace]], marked: Sequence[Document]) -> float:
    """A guess of the errors at these places, until the model reads them again: an empty one counts half."""
    total = 0.0
    for row, place in places:
        near = [s for s in marked[row].spans or () if s.start < place.end and place.start < s.end]
        exact = [s for s in near if (s.start, s.end) == (place.start, place.end)]
        total += 1.0 - (exact[0].score or 0.0) if exact else 0.0 if near else 0.5
    return total


def _some(term: str, places: list[tuple[int, TermPlace]]) -> list[tuple[int, TermPlace]]:
    """A random sample of the places of a candidate, the same each time."""
    return [places[row] for row in sorted(to_check([""] * len(places), _READ_PLACES, _seed(term)))]


def _tag(tagger: Tagger, texts: Sequence[str], progress: Progress) -> list[TaggedText]:
    return list(tagger.tag(texts, progress=progress))


def _read(
    tagger: Tagger, readings: dict[int, TaggedText], places: Sequence[tuple[int, TermPlace]]
) -> list[tuple[int, TermPlace, PlaceReading | None]]:
    """The places with what the model says of each."""
    by_row: dict[int, list[TermPlace]] = {}
    for row, place in places:
        by_row.setdefault(row, []).append(place)
    rows = list(by_row)
    said = read_places(
        [readings[row] for row in rows],
        [[(at.start, at.end) for at in by_row[row]] for row in rows],
        tagger.schema,
    )
    return [
        (row, place, reading)
        for row, found in zip(rows, said, strict=True)
        for place, reading in zip(by_row[row], found, strict=True)
    ]


def _candidate(
    term: str,
    n_places: int,
    near: Sequence[tuple[int, TermPlace, PlaceReading | None]],
    counts: Counter[Answer],
    tagger: Tagger,
) -> TermCandidate:
    free = [(at, said) for _, at, said in near if said and said.probabilities and not _longer(at, said)]
    answers: list[Answer] = [*tagger.schema.labels, None]
    numbers = [*range(len(tagger.schema.labels)), None]
    n_free = max(1, len(free))
    means = {
        answer: sum(said.probability(number) or 0.0 for _, said in free) / n_free
        for answer, number in zip(answers, numbers, strict=True)
    }
    weights = {answer: counts.get(answer, 0) + 2.0 * mean for answer, mean in means.items()}
    answer = max(answers, key=lambda each: weights[each])
    doubt = sum(said.doubt(at.start, at.end) for at, said in free) / n_free
    share = len(free) / len(near)
    return TermCandidate(
        term, answer, round(n_places * share), doubt, reliability(counts, answer, means[answer]), dict(counts)
    )


def _longer(at: TermPlace, said: PlaceReading | None) -> str:
    """Where a longer span of the model begins and ends that holds the place."""
    for span in said.predicted if said else ():
        if span.start <= at.start and at.end <= span.end and (span.start, span.end) != (at.start, at.end):
            return f"{span.start}:{span.end}"
    return ""


def _inside(text: str, at: TermPlace, said: PlaceReading | None, around: Terms | None) -> str:
    """The words of a longer span of the model, or of a longer form that people have marked elsewhere."""
    span = _longer(at, said)
    if span:
        start, _, end = span.partition(":")
        return " ".join(text[int(start) : int(end)].split())
    for each in around.places(text) if around else ():
        if each.start <= at.start and at.end <= each.end:
            return each.term
    return ""


def _probability(said: PlaceReading | None, label: str | None, number: int | None) -> float | None:
    if said is None or (label is not None and number == -1):  # the model does not know the label
        return None
    return said.probability(None if label is None else number)


def _seed(term: str) -> int:
    return int.from_bytes(hashlib.sha256(term.encode()).digest()[:4], "big")
