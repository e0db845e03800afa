"""The model that answers for each project: it follows the store's pointer and loads in the background."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wapaganda.errors import tell
from wapaganda.ml_backend.prediction.memory import give_back
from wapaganda.ml_backend.prediction.model_repository import (
    UNTRAINED,
    LoadedModel,
    ModelRepository,
    ModelState,
)

logger = logging.getLogger(__name__)


@dataclass
class _Slot:
    target: str | None = None
    versions: tuple[str, ...] = ()
    live: LoadedModel | None = None
    error: str | None = None
    damage: tuple[str, ...] = ()
    damage_read_at: float | None = None
    retry_at: float = 0.0
    requested_at: float | None = None


class ModelCache:
    """The models of up to ``capacity`` projects in memory; the least recently used one is evicted.

    Looking up a version never reads the disk. One thread reads the pointers every ``poll_seconds`` and loads
    models. A model that fails to load is tried again after ``retry_seconds``; the previous one answers in the
    meantime.
    """

    def __init__(
        self,
        repository: ModelRepository,
        *,
        capacity: int = 4,
        poll_seconds: float = 1.0,
        retry_seconds: float = 30.0,
    ) -> None:
        self._repository = repository
        self._capacity = capacity
        self._poll_seconds = poll_seconds
        self._retry_seconds = retry_seconds
        self._slots: dict[str, _Slot] = {}
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Read all pointers, request the models of the first projects, and start the thread."""
        self._guard(self._read_pointers)
        for project in list(self._slots)[: self._capacity]:
            self.request_load(project)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; a load in progress ends with the process."""
        self._stopping = True
        self._wake.set()

    def version(self, project: str) -> str:
        """The version that /predict would answer with, from memory; ``untrained`` before a first model."""
        slot = self._slots.get(project)
        if slot is None:
            return UNTRAINED
        live = slot.live
        return live.version if live else slot.target or UNTRAINED

    def versions(self, projects: Sequence[str] | None = None) -> tuple[str, ...]:
        """The versions of these projects (None: of all), from memory, without repeats."""
        slots = [slot for key, slot in list(self._slots.items()) if projects is None or key in projects]
        return tuple(dict.fromkeys(version for slot in slots for version in slot.versions))

    def states(self) -> dict[str, ModelState]:
        """The state of each project's model, from memory."""
        return {
            key: ModelState(slot.live.version if slot.live else None, slot.target, slot.error, slot.damage)
            for key, slot in list(self._slots.items())
        }

    def state(self, project: str) -> ModelState:
        """The state of one project's model, from memory."""
        return self.states().get(project, ModelState(None, None, None))

    def request_load(self, project: str) -> None:
        """Request a project's model without waiting for it; unknown projects are ignored."""
        if slot := self._slots.get(project):
            slot.requested_at = time.monotonic()
            if slot.live is None or slot.live.version != slot.target:
                self._wake.set()

    def get(self, project: str, wait_seconds: float) -> LoadedModel | None:
        """The project's model; waits for its first load if necessary; None when there is none (yet)."""
        self.request_load(project)
        slot = self._slots.get(project)
        if slot is None or slot.target is None:
            return None
        with self._changed:
            self._changed.wait_for(
                lambda: slot.live is not None or slot.error is not None or slot.target is None, wait_seconds
            )
            return slot.live

    def _run(self) -> None:
        while not self._stopping:
            self._guard(self._read_pointers)
            while not self._stopping and (project := self._next_to_load()):
                self._load(project)
            self._wake.wait(self._poll_seconds)
            self._wake.clear()

    def _guard(self, read: Callable[[], None]) -> None:
        try:
            read()
        except Exception:
            logger.exception("Expected to read the model store; trying again in %s s.", self._poll_seconds)

    def _read_pointers(self) -> None:
        """Read the pointers of all projects; a damaged one affects only its own project."""
        for project in dict.fromkeys([*self._repository.projects(), *self._slots]):
            slot = self._slots.get(project, _Slot())
            try:
                target = self._repository.current(project)
                versions = (
                    slot.versions if target == slot.target else tuple(self._repository.versions(project))
                )
            except Exception as error:
                if slot.error != str(tell(error)):
                    logger.exception("The model pointer of %s could not be read.", project)
                slot.error = str(tell(error))
                self._slots[project] = slot
            else:
                self._read_damage(project, slot, moved=target != slot.target)
                self._point(project, slot, target, versions)

    def _read_damage(self, project: str, slot: _Slot, *, moved: bool) -> None:
        """Look for damaged versions after a change of the live one, and now and then; log what is new."""
        now = time.monotonic()
        if not moved and slot.damage_read_at and now < slot.damage_read_at + self._retry_seconds:
            return
        slot.damage_read_at, before = now, slot.damage
        slot.damage = tuple(self._repository.damage(project))
        for sentence in slot.damage:
            if sentence not in before:
                logger.warning("%s: %s", project, sentence)

    def _point(self, project: str, slot: _Slot, target: str | None, versions: tuple[str, ...]) -> None:
        with self._changed:
            self._slots[project] = slot
            slot.versions = versions
            if target != slot.target or (slot.live and slot.live.version == target):
                slot.target, slot.error, slot.retry_at = target, None, 0.0
            if target is None:
                slot.live = None
            self._changed.notify_all()

    def _next_to_load(self) -> str | None:
        now = time.monotonic()
        due = [
            (slot.requested_at, project)
            for project, slot in list(self._slots.items())
            if slot.requested_at is not None
            and slot.target is not None
            and (slot.live is None or slot.live.version != slot.target)
            and now >= slot.retry_at
        ]
        return max(due)[1] if due else None

    def _load(self, project: str) -> None:
        slot = self._slots[project]
        version = slot.target
        if version is None:
            return
        began = time.monotonic()
        try:
            tagger = self._repository.load(project, version)
        except Exception as error:
            logger.exception("Model %s of %s could not be loaded.", version, project)
            with self._changed:
                slot.error = f"Model {version} could not be loaded: {tell(error)}"
                slot.retry_at = time.monotonic() + self._retry_seconds
                self._changed.notify_all()
            return
        with self._changed:
            slot.live, slot.error = LoadedModel(version, tagger), None
            self._evict(project)
            self._changed.notify_all()
        give_back()  # of the model before
        logger.info("Model %s of %s answers; loaded in %.1f s.", version, project, time.monotonic() - began)

    def _evict(self, newest: str) -> None:
        in_use = [
            (slot.requested_at or 0.0, key)
            for key, slot in self._slots.items()
            if slot.live and key != newest
        ]
        for _, key in sorted(in_use)[: max(0, len(in_use) + 1 - self._capacity)]:
            self._slots[key].live, self._slots[key].requested_at = None, None
