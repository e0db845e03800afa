"""What the ledger of a project says about it at a glance, between two rounds and during one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from wapaganda.project_context.project_context import ProjectContext

if TYPE_CHECKING:
    from wapaganda.jobs import Job
    from wapaganda.ledger import Round
    from wapaganda.pipeline import OpenBatch


@dataclass(frozen=True, slots=True)
class Glance:
    """A project as its ledger knows it; all is empty before the first round.

    ``title``: in Label Studio. ``report``: of the last finished round (``RoundReport.to_dict``). ``batch``:
    that annotators work on.
    """

    title: str | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    batch: "OpenBatch | None" = None

    @classmethod
    def of(cls, context: ProjectContext) -> Self:
        """Read it; only the texts of the batch are read.

        Raises:
            LedgerError: the ledger is damaged.
        """
        from wapaganda.pipeline import PROJECT_TITLE, open_batch

        if not context.ledger_path.exists():
            return cls()
        ledger = context.ledger()
        rounds = ledger.rounds()
        return cls(ledger.value(PROJECT_TITLE), _last_report(rounds), open_batch(ledger, rounds))


def seconds_left_of(job: "Job", context: ProjectContext, now: float) -> float | None:
    """About the seconds that a running job still takes, by the last round; ``None``: not known yet.

    ``now``: Unix seconds.
    """
    from wapaganda.pipeline import seconds_left

    if job.step_at is None:
        return None
    rounds = context.ledger().rounds() if context.ledger_path.exists() else []
    return seconds_left(
        job.progress_text,
        job.progress_fraction,
        max(0.0, now - job.step_at),
        _last_report(rounds).get("seconds", {}),
        ahead=bool(rounds) and bool(rounds[-1].payload.get("ahead", False)),
        folds=context.config().folds,
    )


def _last_report(rounds: "Sequence[Round]") -> Mapping[str, Any]:
    """The report of the last finished round; empty when there is none."""
    reports = (each.payload.get("report") for each in reversed(rounds) if each.step == "done")
    return next((report for report in reports if report is not None), {})
