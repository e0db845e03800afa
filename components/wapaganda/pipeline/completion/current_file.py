"""The file as it is now: the labels of people, and the live model's labels of the other texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation import has_machine_answer, is_unread
from wapaganda.annotation_cost import Prices
from wapaganda.certification import MachinePart, audit_order, plan_audit
from wapaganda.file_state import Correction, FileState, correcting_seconds, f1_by_reviewed, review_order
from wapaganda.model_store import Version, data_fingerprint
from wapaganda.ner import Document, Span
from wapaganda.pipeline.completion.auditing import machine_part, part_of
from wapaganda.pipeline.completion.machine_labels import MachineLabels
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.pool_scores import PoolScores, PoolSpans
from wapaganda.pipeline.selection.prices import fitted_prices, read_proposals
from wapaganda.pipeline.selection.scoring import score_pool
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.training.manifests import calibration_of
from wapaganda.tagger import Tagger
from wapaganda.terms import DecidedTerms
from wapaganda.uncertainty import Expectation

_MARGINS = (0.0, 0.3, 0.5, 0.7)
"""How far above the target the expected F1 is when an audit is tried, as shares of the way to 1."""


@dataclass(frozen=True, slots=True)
class ReviewNeeded:
    """``texts`` to review in ``seconds``, after which the file should have ``f1`` and an audit of ``audit``
    texts should prove the target; ``None``: even then 2,000 texts are not enough."""

    texts: int
    seconds: float
    f1: float
    audit: int | None


@dataclass(frozen=True, eq=False, slots=True)
class CurrentFile:
    """The people's part and the machine part of a file.

    ``rows``: of the texts of ``machine`` in ``scored``. ``expectation``: what the model expects of each, with
    the ``correction`` by its calibration and by an audit that has contradicted it. ``left_out``: unlabelled
    texts that are in neither part, by the reason. ``people_f1``: F1 that the labels of people are taken to
    have.
    """

    people: Sequence[Document]
    machine: Sequence[Document]
    scored: PoolScores
    rows: NDArray[np.int64]
    correction: Correction
    live: Version
    expectation: Expectation
    state: FileState
    prices: Prices
    left_out: Mapping[str, int]
    people_f1: float

    @property
    def labelled(self) -> str:
        """The fingerprint of the labels of people."""
        return data_fingerprint(self.people)

    def part(self) -> MachinePart:
        """The machine part as the certification takes it."""
        return part_of(self.expectation)

    def review_needed(self, risk: float) -> ReviewNeeded:
        """How much review makes the target provable by an audit, in the order of review."""
        state = self.state
        order = review_order(self.expectation, self.prices)
        curve = f1_by_reviewed(state.people_spans, self.expectation, order)
        seconds = np.concatenate([[0.0], np.cumsum(correcting_seconds(self.expectation, self.prices)[order])])
        gained = np.concatenate([[0.0], np.cumsum(self.expectation.entities.sum(axis=1)[order])])
        count, audit = 0, None
        for margin in _MARGINS:
            wanted = state.target + margin * (1.0 - state.target)
            count = int(np.argmax(curve >= min(wanted, float(curve[-1]))))
            rest = self.expectation[order[count:]]
            spans = state.people_spans + round(float(gained[count]))
            audit = plan_audit(part_of(rest), spans, state.target, risk, people_f1=self.people_f1)
            if audit is not None:
                break
        return ReviewNeeded(count, float(seconds[count]), float(curve[count]), audit)

    def frozen(self, labels: Sequence[str], seed: int, decided: DecidedTerms) -> MachineLabels:
        """The machine's labels as they are now, as far as the project has these ``labels``, and the order of
        an audit. What was ``decided`` about terms replaces what the model says of them."""
        found = self.scored.predicted(self.machine)
        before = [tuple(s for s in found[each.id] if s.label in labels) for each in self.machine]
        spans = [
            tuple(span for span in decided.applied(each.text, own) if span.label in labels)
            for each, own in zip(self.machine, before, strict=True)
        ]
        predicted = np.array([len(each) for each in spans], np.int64)
        gained = [_scores(now) - _scores(was) for now, was in zip(spans, before, strict=True)]
        pairs = zip(self.machine, spans, strict=True)
        made = [by for each, own in pairs for by in decided.made(each.text, own)]
        raw = self.scored.expectation[self.rows]
        added = tuple(each for each in labels if each not in self.scored.labels)
        known = (*self.scored.labels, *added)
        labelled = MachineLabels(
            tuple(each.id for each in self.machine),
            known,
            PoolSpans.of(spans, [each.text for each in self.machine], known),
            raw.n_words,
            predicted,
            np.clip(raw.expected_correct + np.array(gained), 0.0, predicted),
            np.pad(raw.entities, ((0, 0), (0, len(added)))),
            np.arange(len(predicted)),
            (self.correction.false_positives, self.correction.misses, self.correction.exponent),
            np.array(made, bool),
        )
        return replace(labelled, order=audit_order(machine_part(labelled), seed))


def _scores(spans: Sequence[Span]) -> float:
    return sum(span.score or 0.0 for span in spans)


def current_texts(loop: Loop) -> tuple[list[Document], list[Document], dict[str, int]]:
    """The texts that people have labelled, those that wait, and the numbers of the others by the reason."""
    people, machine, left_out = [], [], Counter[str]()
    for each in loop.ledger.documents():
        if each.is_labelled:
            people.append(each)
        elif is_unread(each):
            left_out["labels not read"] += 1
        elif each.meta.get("undecided"):
            left_out["annotators disagree"] += 1
        elif has_machine_answer(each):
            left_out["a prediction made an annotation in Label Studio"] += 1
        elif each.meta.get("skipped"):
            left_out["skipped"] += 1
        elif is_waiting(each):
            machine.append(each)
    return people, machine, dict(left_out)


def current_file(loop: Loop, target: float, error_ratio: float = 1.0) -> CurrentFile | None:
    """The file with the labels of the live model; ``None`` without one.

    ``error_ratio``: how many times as many errors as expected an audit of this model has found.
    """
    live = loop.store.current()
    if live is None:
        return None
    people, machine, left_out = current_texts(loop)
    scored = machine_scores(loop, live, machine)
    place = scored.rows(machine)
    rows = np.array([place[each.id] for each in machine], dtype=np.int64)
    correction = Correction.of(calibration_of(live.manifest)).times(error_ratio)
    prices = fitted_prices(people, read_proposals(loop.directory / "rounds")).prices
    raw = scored.expectation[rows]
    state = FileState.of(
        sum(len(each.spans or ()) for each in people),
        len(people),
        raw,
        calibration=correction,
        prices=prices,
        target=target,
    )
    expectation = correction(raw)
    return CurrentFile(
        people,
        machine,
        scored,
        rows,
        correction,
        live,
        expectation,
        state,
        prices,
        left_out,
        loop.config.people_f1,
    )


def machine_scores(loop: Loop, live: Version, machine: Sequence[Document]) -> PoolScores:
    """The scores of the live model for these texts: stored ones of a round if it has read all of them."""
    own = loop.directory / "completions" / f"scores-{live.name}.npz"
    stored = sorted(loop.directory.glob(f"rounds/*/scores-*-{live.name}.npz"), reverse=True)
    for path in (*stored[:1], own):
        found = PoolScores.load(path)
        if found is not None and len(found.rows(machine)) == len(machine):
            return found
    tagger = Tagger.load(live.path, device=loop.config.device)
    found = score_pool(tagger, machine, loop.config, loop.progress)
    found.save(own)
    return found
