"""Everything a server needs, wired together in `composition` and in tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wapaganda.ml_backend.book import Book
from wapaganda.ml_backend.credentials import CredentialFile
from wapaganda.ml_backend.intake import Intake
from wapaganda.ml_backend.live import LiveModels
from wapaganda.ml_backend.metrics import Telemetry
from wapaganda.ml_backend.predictor import Limits, Measure, Predictor
from wapaganda.ml_backend.shelf import Shelf
from wapaganda.ml_backend.tagging import TaggingQueue
from wapaganda.ml_backend.training import Rules, TrainingDesk, Trainings


class Background(Protocol):
    """Something that runs beside the server, such as the supervisor of trainings."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The outside world of a server: models on disk, trainings, and the measure of uncertainty."""

    shelf: Shelf
    trainings: Trainings
    measure: Measure
    background: Sequence[Background] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What a user can set about a server; ``basic_auth`` is user and password."""

    basic_auth: tuple[str, str] | None = None
    max_body_bytes: int = 100_000_000
    limits: Limits = field(default_factory=Limits)
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running server."""

    options: Options
    effects: Effects
    book: Book
    credentials: CredentialFile
    models: LiveModels
    queue: TaggingQueue
    predictor: Predictor
    intake: Intake
    telemetry: Telemetry

    @classmethod
    def of(cls, effects: Effects, options: Options, book: Book, credentials: CredentialFile) -> "Services":
        """Wire the parts together."""
        models = LiveModels(effects.shelf)
        queue = TaggingQueue()

        def known_config(key: str) -> str | None:
            record = book.record(key)
            return record.label_config if record else None

        desk = TrainingDesk(
            book, effects.trainings, lambda key: models.state(key).target is not None, options.rules
        )
        return cls(
            options,
            effects,
            book,
            credentials,
            models,
            queue,
            Predictor(models, queue, effects.measure, known_config, options.limits),
            Intake(desk, credentials),
            Telemetry(),
        )

    def start(self) -> None:
        """Start every thread."""
        self.models.start()
        self.queue.start()
        for each in self.effects.background:
            each.start()
        self.intake.catch_up()

    def stop(self) -> None:
        """Stop every thread; trainings in progress are left to their background's own rule."""
        self.intake.stop()
        for each in reversed(self.effects.background):
            each.stop()
        self.queue.stop()
        self.models.stop()
