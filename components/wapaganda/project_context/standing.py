"""How a project stands, from its files: what the page of the backend shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from wapaganda.project_context.glance import Glance
from wapaganda.project_context.project_context import ProjectContext

if TYPE_CHECKING:
    from wapaganda.label_errors import LabelIssue
    from wapaganda.ledger import Counts
    from wapaganda.model_store import Version
    from wapaganda.ner import Document

_ISSUES = 100
"""Likely label errors that are looked up, the most suspicious first."""
_DAY = 86_400.0
_PACE_DAYS = 14.0


@dataclass(frozen=True, slots=True)
class PastRound:
    """A round: its number, whether it is done, when it began and ended, and its report as plain values."""

    number: int
    done: bool
    began: datetime
    ended: datetime
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A project as its files know it; all is empty before its first round.

    ``issues``: the most suspicious labels that are still as the live model's training found them and that
    nobody has looked at since they were shown, each with its text, of ``n_issues`` at that time. ``damage``:
    of the versions, in sentences. ``people``: names of annotators by their ids.
    """

    glance: Glance = field(default_factory=Glance)
    counts: "Counts | None" = None
    rounds: tuple[PastRound, ...] = ()
    versions: "tuple[Version, ...]" = ()
    live: "Version | None" = None
    damage: tuple[str, ...] = ()
    issues: "tuple[tuple[LabelIssue, Document], ...]" = ()
    n_issues: int = 0
    people: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, context: ProjectContext) -> Self:
        """Read it. Of the texts only those of the batch and of the issues are read, however many there are.

        Raises:
            LedgerError: the ledger is damaged.
        """
        from wapaganda.label_errors import SHOWN, find_open_issues
        from wapaganda.pipeline import PEOPLE

        store = context.store()
        live = store.current()
        versions = tuple(store.versions())
        if not context.ledger_path.exists():
            return cls(versions=versions, live=live, damage=store.damage())
        ledger = context.ledger()
        rounds = tuple(
            PastRound(
                each.number,
                each.step == "done",
                _moment(each.started_at),
                _moment(each.updated_at),
                each.payload.get("report") or {},
            )
            for each in ledger.rounds()
        )
        issues = _issues(live)
        texts = ledger.find([each.document_id for each in issues[:_ISSUES]])
        still = find_open_issues(issues[:_ISSUES], texts, ledger.value(SHOWN, {})).cases
        return cls(
            Glance.of(context),
            ledger.counts(),
            rounds,
            versions,
            live,
            store.damage(),
            still,
            len(issues),
            ledger.value(PEOPLE, {}),
        )

    @property
    def done(self) -> list[PastRound]:
        """The finished rounds, oldest first."""
        return [each for each in self.rounds if each.done]

    def texts_a_day(self, n_labelled: int, now: datetime) -> float | None:
        """How many texts people have labelled a day in the last two weeks, weekends and nights included.

        ``n_labelled``: the labelled texts ``now``. ``None``: the first round was less than a day ago, or
        nothing was labelled since.
        """
        known = [each for each in self.done if isinstance(each.report.get("n_labelled"), int)]
        old = [each for each in known if (now - each.began).total_seconds() >= _DAY]
        if not old:
            return None
        recent = [each for each in old if (now - each.began).total_seconds() <= _PACE_DAYS * _DAY]
        since = recent[0] if recent else old[-1]
        days = (now - since.began).total_seconds() / _DAY
        labelled = n_labelled - int(since.report["n_labelled"])
        return labelled / days if labelled > 0 else None


def _issues(live: "Version | None") -> "Sequence[LabelIssue]":
    from wapaganda.errors import InputError
    from wapaganda.label_errors import REVIEW_FILE, read_issues

    if live is None or not (live.path / REVIEW_FILE).exists():
        return ()
    try:
        return read_issues(live.path / REVIEW_FILE)
    except InputError:  # a damaged list is no reason to show nothing
        return ()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
