"""What the sources of a project say in /predict as long as there is no model."""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Protocol

from wapaganda.errors import InputError, WapagandaError, tell
from wapaganda.ner import LabelSchema, Span
from wapaganda.project_context import ProjectContext
from wapaganda.settings import Settings
from wapaganda.source import Judged, SourceSet, judge_sources, propose, sources_version

logger = logging.getLogger(__name__)

_AT_WORK: Final = 8
"""Requests that wait for sources; more get no answer, since each keeps a thread."""
_LABELLED: Final = 200
"""A source is judged by the newest so many labelled texts."""

_Stamp = tuple[object, ...]


class KnownSources(Protocol):
    """The sources of the projects."""

    @property
    def version(self) -> str:
        """What stands as the version of their predictions; empty when there are none."""

    def propose(
        self, key: str, texts: Sequence[str], labels: Sequence[str], seconds: float
    ) -> Sequence[tuple[Span, ...]]:
        """The spans of each text, each with its probability as ``score``.

        Raises:
            TimeoutError: there is no answer within ``seconds``.
            WapagandaError: no source can answer.
        """


class NoSources:
    """There are none."""

    version = ""

    def propose(
        self, key: str, texts: Sequence[str], labels: Sequence[str], seconds: float
    ) -> Sequence[tuple[Span, ...]]:
        """Nothing."""
        raise InputError("Expected sources, was: none.", "Set SOURCES.")


class StoredSources:
    """The sources that the setting SOURCES names. They are asked one after the other, beside the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = threading.BoundedSemaphore(_AT_WORK)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[_Stamp, SourceSet, Judged]] = {}

    @property
    def version(self) -> str:
        """It has the names of all sources in the file; empty without a file that can be read."""
        try:
            files = ProjectContext(self._settings, "").sources()
            return sources_version(files.names()) if files else ""
        except (WapagandaError, OSError):
            return ""

    def propose(
        self, key: str, texts: Sequence[str], labels: Sequence[str], seconds: float
    ) -> Sequence[tuple[Span, ...]]:
        """Ask the sources in a thread of its own, which goes on after ``seconds``: what it hears is kept."""
        if not self._places.acquire(blocking=False):
            raise TimeoutError
        answer: Future[Sequence[tuple[Span, ...]]] = Future()

        def work() -> None:
            try:
                with self._lock:
                    answer.set_result(self._ask(key, texts, labels))
            except BaseException as error:  # it belongs to the request
                answer.set_exception(error)
            finally:
                self._places.release()

        threading.Thread(target=work, name="sources", daemon=True).start()
        return answer.result(max(0.0, seconds))

    def _ask(self, key: str, texts: Sequence[str], labels: Sequence[str]) -> Sequence[tuple[Span, ...]]:
        schema = LabelSchema(tuple(labels))
        sources, judged = self._judged(key, schema)
        found = propose(sources, judged, texts, schema)
        if not found.names:
            raise InputError(
                " ".join((*judged.messages, *found.messages)) or "No source is switched on.",
                "selfish sources says more.",
            )
        return found.spans

    def _judged(self, key: str, schema: LabelSchema) -> tuple[SourceSet, Judged]:
        """The sources, judged again when labels, types or the file have changed, or one was left out."""
        context = ProjectContext(self._settings, key)
        files = context.sources()
        assert files is not None
        ledger = context.ledger_path
        stamp = (schema.labels, *map(_stamp, (files.path, ledger, ledger.with_name(f"{ledger.name}-wal"))))
        known = self._known.get(key)
        if known is not None and known[0] == stamp and not known[2].messages:
            return known[1], known[2]
        labelled = list(context.ledger().documents(labelled=True)) if ledger.exists() else []
        sources = files.open(schema.labels)
        judged = judge_sources(sources, labelled[-_LABELLED:], schema)
        for message in (*judged.messages, *judged.notes):
            logger.warning("%s: %s", key, message)
        self._known[key] = (stamp, sources, judged)
        return sources, judged


def _stamp(path: Path) -> object:
    """Time of change and size; ``None``: there is no such file."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return (facts.st_mtime_ns, facts.st_size)


def reason_of(error: Exception) -> str:
    """Why there are no proposals, in one sentence."""
    return f"There is no model yet, and no source answers: {tell(error).message}"
