"""Everything that a server needs, wired together in `composition` and in tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wapaganda.ml_backend.middleware.telemetry import Telemetry
from wapaganda.ml_backend.page.desk import Desk, Links, NoFiles
from wapaganda.ml_backend.prediction.admission import Admission
from wapaganda.ml_backend.prediction.batching import TaggingQueue
from wapaganda.ml_backend.prediction.model_cache import ModelCache
from wapaganda.ml_backend.prediction.model_repository import UNTRAINED, ModelRepository
from wapaganda.ml_backend.prediction.predictor import (
    Known,
    KnownShowings,
    Limits,
    Predictor,
    UncertaintyMeasure,
)
from wapaganda.ml_backend.prediction.source_answers import KnownSources, NoSources
from wapaganda.ml_backend.prediction.tasks import Showing
from wapaganda.ml_backend.training.credentials import CredentialFile
from wapaganda.ml_backend.training.event_queue import EventQueue
from wapaganda.ml_backend.training.project_state import ProjectState
from wapaganda.ml_backend.training.trigger import Trainings, TrainingTrigger, TriggerConfig
from wapaganda.project_context import Glance


class Background(Protocol):
    """Something that runs next to the server, such as the supervisor of trainings."""

    def start(self) -> None:
        """Start."""

    def stop(self) -> None:
        """Stop."""


def _as_it_is(key: str) -> Showing:
    """Nothing is known about the project: all its spans are shown under their own labels."""
    return Showing()


class Glances(Protocol):
    """What the ledger of a project says."""

    def __call__(self, project: str) -> Glance:
        """It is empty before the first round, and when the ledger cannot be read."""


def no_glance(project: str) -> Glance:
    """Before the first round."""
    return Glance()


@dataclass(frozen=True, slots=True)
class Effects:
    """The external parts of a server: models on disk, trainings, the uncertainty measure, what was decided
    about the spans of each project, what its ledger says, and the files that the page reads and changes.
    ``notices``: what a person should know about the files of the server, in sentences. ``sources``: what
    answers as long as there is no model."""

    repository: ModelRepository
    trainings: Trainings
    measure: UncertaintyMeasure
    background: Sequence[Background] = ()
    showings: KnownShowings = _as_it_is
    glances: Glances = no_glance
    desk: Desk = field(default_factory=NoFiles)
    notices: Sequence[str] = ()
    sources: KnownSources = field(default_factory=NoSources)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The settings of a server; ``basic_auth`` is user and password. ``studio_is_set``: the user has set the
    address of Label Studio or a token for it, so that no other address is ever asked. ``links``: on the page.
    """

    basic_auth: tuple[str, str] | None = None
    max_body_bytes: int = 100_000_000
    limits: Limits = field(default_factory=Limits)
    trigger: TriggerConfig = field(default_factory=TriggerConfig)
    studio_is_set: bool = False
    links: Links = Links()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running server."""

    options: ServerOptions
    effects: Effects
    projects: ProjectState
    credentials: CredentialFile
    models: ModelCache
    queue: TaggingQueue
    predictor: Predictor
    admission: Admission
    events: EventQueue
    telemetry: Telemetry

    @classmethod
    def of(
        cls, effects: Effects, options: ServerOptions, projects: ProjectState, credentials: CredentialFile
    ) -> "Services":
        """Wire the parts together."""
        models = ModelCache(effects.repository)
        queue = TaggingQueue()

        def known_config(key: str) -> str | None:
            record = projects.record(key)
            return record.label_config if record else None

        def has_model(project: str) -> bool:
            return models.state(project).target is not None

        trigger = TrainingTrigger(projects, effects.trainings, has_model, options.trigger)
        return cls(
            options,
            effects,
            projects,
            credentials,
            models,
            queue,
            Predictor(
                models,
                queue,
                effects.measure,
                Known(known_config, effects.showings, effects.sources),
                options.limits,
            ),
            Admission(options.limits.places),
            EventQueue(trigger, credentials),
            Telemetry(),
        )

    def version(self, project: str) -> str:
        """The version that /predict would answer with: of the model, or before it of the sources."""
        found = self.models.version(project)
        return self.effects.sources.version or found if found == UNTRAINED else found

    def start(self) -> None:
        """Start every thread."""
        self.models.start()
        self.queue.start()
        for each in self.effects.background:
            each.start()
        self.events.catch_up()

    def stop(self) -> None:
        """Stop every thread; the background decides what happens to a running training."""
        self.events.stop()
        for each in reversed(self.effects.background):
            each.stop()
        self.admission.stop()
        self.queue.stop()
        self.models.stop()
