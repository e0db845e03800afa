"""What people have found in the audited texts of a campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wapaganda.annotation_cost import count_corrections
from wapaganda.certification import Audit, Certificate, MachinePart
from wapaganda.file_state import Correction
from wapaganda.ledger import Ledger
from wapaganda.ner import Document, Span
from wapaganda.pipeline.completion.campaign import Campaign
from wapaganda.pipeline.completion.machine_labels import MachineLabels
from wapaganda.pipeline.selection.pool_scores import text_digests
from wapaganda.uncertainty import Expectation


@dataclass(frozen=True, slots=True)
class AuditAnswers:
    """The answers to the texts of an audit, in its order, up to the first text that is not answered.

    ``correct`` and ``missed`` (t,): spans of the machine that are right, and entities that it lacks.
    ``labelled`` (t,): whether the text has labels of people; one that nobody could answer counts as wholly
    wrong. ``n_answered``: all answered texts, also behind the first open one. ``open``: the ids of the
    released texts without an answer. ``audited``: the ids of the t texts.
    """

    correct: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()
    labelled: tuple[bool, ...] = ()
    n_answered: int = 0
    open: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.correct)

    @property
    def n_worst(self) -> int:
        """The texts that count as wholly wrong."""
        return len(self.labelled) - sum(self.labelled)


def machine_part(labels: MachineLabels) -> MachinePart:
    """The machine part as the certification takes it."""
    return part_of(labels.expectation())


def part_of(expectation: Expectation) -> MachinePart:
    """The machine part of which a model expects that."""
    return MachinePart(
        expectation.n_words,
        expectation.predicted,
        expectation.expected_correct,
        expectation.entities.sum(axis=1),
    )


def audit_answers(labels: MachineLabels, n_released: int, ledger: Ledger) -> AuditAnswers:
    """The answers to the first ``n_released`` texts of the order.

    A text that was skipped, deleted or changed counts as wholly wrong: no span is right, and the most
    entities are missing that the certification assumes. A text whose labels could not be read, or whose
    annotators have not decided, is not answered yet.
    """
    rows = labels.order[:n_released].tolist()
    answers = _Answers(labels, rows, ledger)
    most_missed = machine_part(labels).most_missed
    correct: list[int] = []
    missed: list[int] = []
    still_open: list[str] = []
    labelled: list[bool] = []
    n_answered = 0
    for row in rows:
        gold, is_answered = answers.of(row)
        if not is_answered:
            still_open.append(labels.ids[row])
            continue
        n_answered += 1
        if still_open:
            continue
        labelled.append(gold is not None)
        if gold is None:
            found = (0, int(most_missed[row]))
        else:
            counted = count_corrections(gold, labels.row(row))
            found = (counted.correct, counted.missed)
        correct.append(found[0])
        missed.append(found[1])
    audited = tuple(labels.ids[row] for row in rows[: len(correct)])
    return AuditAnswers(
        tuple(correct), tuple(missed), tuple(labelled), n_answered, tuple(still_open), audited
    )


class _Answers:
    """The labels of people for audited texts, from the ledger."""

    def __init__(self, labels: MachineLabels, rows: Sequence[int], ledger: Ledger) -> None:
        self._labels = labels
        held = {each.id: each for each in ledger.find([labels.ids[row] for row in rows])}
        self._held: Mapping[str, Document] = held
        lacking = {int(labels.spans.texts[row]) for row in rows if labels.ids[row] not in held}
        self._copies = _labelled_by_digest(ledger, lacking)

    def of(self, row: int) -> tuple[Sequence[Span] | None, bool]:
        """The labels of a text, ``None`` if nobody can answer it, and whether that is settled."""
        digest = int(self._labels.spans.texts[row])
        document = self._held.get(self._labels.ids[row])
        if document is None:  # deleted, or a copy of a text that was answered under another id
            return self._copies.get(digest), True
        if int(text_digests([document.text])[0]) != digest:
            return None, True
        if document.spans is not None:
            return document.spans, True
        return None, bool(document.meta.get("skipped"))


def _labelled_by_digest(ledger: Ledger, wanted: set[int]) -> dict[int, Sequence[Span]]:
    if not wanted:
        return {}
    labelled = list(ledger.documents(labelled=True))
    digests = text_digests([each.text for each in labelled]).tolist()
    return {
        digest: each.spans or () for digest, each in zip(digests, labelled, strict=True) if digest in wanted
    }


def audit_of(campaign: Campaign, labels: MachineLabels, answers: AuditAnswers) -> Audit:
    """The audit so far."""
    return Audit(
        machine_part(labels),
        labels.order,
        np.array(answers.correct, np.int64),
        np.array(answers.missed, np.int64),
        n_people_spans=campaign.people_spans,
        planned=campaign.planned,
        people_f1=campaign.people_f1,
        answered=np.array(answers.labelled, bool),
    )


def corrected_part(labels: MachineLabels, certificate: Certificate) -> MachinePart:
    """The machine part with as many expected errors as the audit has found.

    The ratio of found and expected errors counts as much as its texts: it is drawn towards 1 as if twenty
    further texts had held what was expected.
    """
    share = certificate.n_audited / (certificate.n_audited + 20.0)
    ratio = 1.0 if certificate.error_ratio is None else certificate.error_ratio
    factor = ratio**share if ratio > 0 else 1.0 - share
    return part_of(Correction.none().times(factor)(labels.expectation()))
