"""The state of a round in the ledger."""

from dataclasses import dataclass
from typing import Any, Self

from wapaganda.ledger import Ledger, Round
from wapaganda.pipeline.round.report import RoundReport


@dataclass(frozen=True, slots=True)
class RoundState:
    """The progress of a round; ``None``: not reached yet.

    ``run_id``: its run in the run log. ``draft``: the report when the batch was chosen. ``trained_on``: the
    fingerprint of the labels at that time. ``report``: of a finished round. ``ahead``: the batch was chosen
    by a model that was not judged yet.
    """

    run_id: str | None = None
    draft: RoundReport | None = None
    trained_on: str | None = None
    report: RoundReport | None = None
    ahead: bool = False

    @classmethod
    def of(cls, current: Round) -> Self:
        """The state of a round in the ledger."""
        values = current.payload
        return cls(
            values.get("run"),
            _report(values.get("draft")),
            values.get("learnt"),
            _report(values.get("report")),
            bool(values.get("ahead", False)),
        )


def save_run(ledger: Ledger, current: Round, run_id: str) -> None:
    """Store the run of a round."""
    ledger.save_step(current.number, current.step, run=run_id)


def save_draft(
    ledger: Ledger, draft: RoundReport, trained_on: str | None = None, *, ahead: bool = False
) -> None:
    """Store that the batch of a round is chosen; without ``trained_on`` only the draft is replaced."""
    facts = {} if trained_on is None else {"learnt": trained_on, "ahead": ahead}
    ledger.save_step(draft.number, "selected", draft=draft.to_dict(), **facts)


def batch_size_of(current: Round) -> int | None:
    """How many of a round's offers are its batch, the others follow it; ``None``: all."""
    draft = current.payload.get("draft")
    return None if draft is None else int(draft["n_released"])


def save_report(ledger: Ledger, report: RoundReport) -> None:
    """Store that a round is finished."""
    ledger.save_step(report.number, "done", report=report.to_dict())


def _report(values: dict[str, Any] | None) -> RoundReport | None:
    return None if values is None else RoundReport.from_dict(values)
