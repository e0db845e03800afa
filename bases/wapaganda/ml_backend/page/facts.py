"""Everything that the page shows of one project, read at one moment."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wapaganda.errors import WapagandaError, tell
from wapaganda.ml_backend.page.desk import Links
from wapaganda.ml_backend.prediction.model_repository import ModelState
from wapaganda.ml_backend.services import Services
from wapaganda.ml_backend.training.trigger import TrainingStatus, TriggerConfig
from wapaganda.ml_backend.training.webhook_event import NewLabel
from wapaganda.project_context import Standing

_WAITING = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Facts:
    """A project at the time ``now``.

    ``labels``: of people, since the last finished training, by the events of Label Studio. ``n_new``: how
    many texts they are. ``answers``: the version that /predict answers with. ``unreadable``: why the files
    cannot be read, or empty. ``notices``: about the files of the server.
    """

    key: str
    title: str
    number: int | None
    standing: Standing
    jobs: Sequence[TrainingStatus]
    labels: Sequence[NewLabel]
    n_new: int
    model: ModelState
    answers: str
    trigger: TriggerConfig
    links: Links
    now: datetime
    unreadable: str = ""
    notices: Sequence[str] = ()

    @property
    def job(self) -> TrainingStatus | None:
        """The training that runs, else the one that waits."""
        found = [each for each in self.jobs if each.state in _WAITING]
        return min(found, key=lambda each: each.state != "running", default=None)

    @property
    def answered(self) -> frozenset[str]:
        """The ids of the answered texts of the batch, also of those since the last fetch."""
        batch = self.standing.glance.batch
        if batch is None:
            return frozenset()
        ids = {each.id for each in batch.documents}
        return batch.answered | ({str(each.task) for each in self.labels} & ids)

    @property
    def n_labelled(self) -> int:
        """The labelled texts now."""
        counts, report = self.standing.counts, self.standing.glance.report
        known = counts.labelled if counts else 0
        return max(known, int(report.get("n_labelled") or 0) + self.n_new)


def keys_of(services: Services) -> list[str]:
    """All projects that the server knows."""
    records = [record.ref.key for record in services.projects.records()]
    return list(dict.fromkeys([*records, *services.models.states()]))


def facts_of(key: str, services: Services) -> Facts:
    """Read the facts of a project."""
    record, unreadable = services.projects.record(key), ""
    try:
        standing = services.effects.desk.standing(key)
    except (WapagandaError, OSError) as error:
        standing, unreadable = Standing(), str(tell(error))
    title = (record.title if record else None) or standing.glance.title or ""
    jobs = [job for job in services.effects.trainings.jobs() if job.project == key]
    number = record.ref.number if record else None
    if number is None and key.startswith("ls-") and key[3:].isdecimal():
        number = int(key[3:])
    return Facts(
        key,
        title or (f"Project {number}" if number is not None else key),
        number,
        standing,
        jobs,
        services.projects.labels(key),
        services.projects.new_labels(key),
        services.models.state(key),
        services.models.version(key),
        services.options.trigger,
        services.options.links,
        datetime.now(UTC),
        unreadable,
        services.effects.notices,
    )


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the page shows, in short: ``now`` of what is going on, ``rest`` of all else."""

    now: Hashable
    rest: Hashable


def stamp_of(key: str, services: Services, jobs: Sequence[TrainingStatus]) -> Stamp:
    """The stamp of a project; ``jobs``: of all projects. Reads far less than ``facts_of``."""
    own = [each for each in jobs if each.project == key]
    labels = services.projects.labels(key)
    record = services.projects.record(key)
    now = tuple(
        (each.id, each.state, each.progress, each.stopping, round(100 * (each.fraction or 0)))
        for each in own
        if each.state in _WAITING
    )
    rest = (
        tuple((each.id, each.state, each.error) for each in own),
        services.effects.desk.stamp(key),
        len(labels),
        hash(tuple(labels)),
        services.models.state(key),
        services.models.version(key),
        record.title if record else None,
    )
    return Stamp((now, bool(now)), rest)
