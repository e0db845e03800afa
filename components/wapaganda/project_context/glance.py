"""What the ledger of a project says about it at a glance, between two rounds and during one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from wapaganda.project_context.project_context import ProjectContext

if TYPE_CHECKING:
    from wapaganda.jobs import Job
    from wapaganda.pipeline import OpenBatch


@dataclass(frozen=True, slots=True)
class Glance:
    """A project as its ledger knows it; all is empty before the first round.

    ``title``: in Label Studio. ``report``: of the last finished round (``RoundReport.to_dict``). ``batch``:
    that annotators work on. ``ahead``: whether the last round has released its batch before its judge.
    """

    title: str | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    batch: "OpenBatch | None" = None
    ahead: bool = False

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
        reports = (each.payload.get("report") for each in reversed(rounds) if each.step == "done")
        last: Mapping[str, Any] = next((report for report in reports if report is not None), {})
        ahead = bool(rounds) and bool(rounds[-1].payload.get("ahead", False))
        return cls(ledger.value(PROJECT_TITLE), last, open_batch(ledger, rounds), ahead)


def seconds_left_of(job: "Job", context: ProjectContext, now: float) -> float | None:
    """About the seconds that a running job still takes, by the last round; ``None``: not known yet.

    ``now``: Unix seconds.
    """
    from wapaganda.pipeline import seconds_left

    if job.step_at is None:
        return None
    found = Glance.of(context)
    return seconds_left(
        job.progress_text,
        job.progress_fraction,
        max(0.0, now - job.step_at),
        found.report.get("seconds", {}),
        ahead=found.ahead,
        folds=context.config().folds,
    )
