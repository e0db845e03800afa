"""The pages of a running server: drawn when something has changed, and pushed to those who watch."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from wapaganda.ml_backend.page.facts import Facts, Stamp, facts_of, keys_of, stamp_of
from wapaganda.ml_backend.page.forms import Forms
from wapaganda.ml_backend.page.render import Renderer
from wapaganda.ml_backend.page.sections import now_of, overview_of, project_of
from wapaganda.ml_backend.services import Services

logger = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")

HOME: Final = ""
"""The key of the first page; no project has it."""
WATCHERS: Final = 100
"""Browsers that get changes pushed at a time; others ask every few seconds."""
_OLDEST_SECONDS: Final = 20.0
_EMPTY: Final = Stamp(None, None)


class TooManyWatchersError(Exception):
    """As many browsers as there are places get changes pushed already."""


class Pages:
    """The pages of a server.

    All reading and drawing is done by one thread, so that it takes at most one place from predictions. While
    anybody watches, one task looks every ``poll_seconds`` whether something has changed; a page is drawn once
    for all who watch it. A watcher holds no thread. One that hears of no change gets an empty line every
    ``beat_seconds``, by which a connection that has gone is noticed.
    """

    def __init__(
        self,
        services: Services,
        *,
        places: int = WATCHERS,
        poll_seconds: float = 1.0,
        beat_seconds: float = 15.0,
    ) -> None:
        self.forms = Forms()
        self.renderer = Renderer(self.forms)
        self._services = services
        self._places = places
        self._poll_seconds = poll_seconds
        self._beat_seconds = beat_seconds
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="page")
        self._drawn: dict[tuple[str, str], tuple[Stamp, float, str]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._watched: dict[str, int] = {}
        self._tick = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self, work: Callable[[], Outcome]) -> Outcome:
        """The result of ``work``, in the thread of the pages."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def keys(self) -> list[str]:
        """The projects that have a page."""
        return await self.run(lambda: keys_of(self._services))

    async def home(self) -> str:
        """All projects at a glance."""
        return await self.run(lambda: self._page(HOME))

    async def project(self, key: str) -> str | None:
        """The page of a project; ``None``: there is no such project."""
        return await self.run(lambda: self._page(key) if key in keys_of(self._services) else None)

    def close(self) -> None:
        """End the streams of all who watch; call it in the event loop, before the server waits for them."""
        self._closed = True
        self._notify()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def stop(self) -> None:
        """Stop the thread."""
        self.close()
        self._worker.shutdown(wait=False)

    def events(self, key: str, known: str) -> AsyncIterator[str]:
        """The changes of a page as server-sent events; ``known``: the name of the last one that was seen.

        The event ``now`` brings the part that says what is going on; at ``page`` the page must be read again.

        Raises:
            TooManyWatchersError: there is no free place.
        """
        if sum(self._watched.values()) >= self._places:
            raise TooManyWatchersError
        return self._events(key, known)

    async def _events(self, key: str, known: str) -> AsyncIterator[str]:
        self._watched[key] = self._watched.get(key, 0) + 1
        if self._watch is None and not self._closed:
            self._watch = asyncio.create_task(self._watching())
        seen = known
        try:
            yield "retry: 3000\n\n"
            while not self._closed:
                tick, stamp = self._tick, self._stamps.get(key)
                name = "" if stamp is None else _name(stamp)
                if stamp is not None and name != seen:
                    yield await self._event(key, stamp, seen)
                    seen = name
                    continue
                try:
                    async with asyncio.timeout(self._beat_seconds):
                        await tick.wait()
                except TimeoutError:
                    yield ":\n\n"
        finally:
            self._watched[key] -= 1
            if not self._watched[key]:
                del self._watched[key]
                self._stamps.pop(key, None)

    async def _event(self, key: str, stamp: Stamp, seen: str) -> str:
        name = _name(stamp)
        if key == HOME or seen.partition(".")[2] != name.partition(".")[2]:
            return f"id: {name}\nevent: page\ndata: {name}\n\n"
        part = await self.run(lambda: self._kept((key, "now"), stamp, lambda: self._now(key)))
        lines = "".join(f"data: {line}\n" for line in part.splitlines())
        return f"id: {name}\nevent: now\n{lines}\n"

    async def _watching(self) -> None:
        """Read the stamps of what is watched until nobody watches any more."""
        while self._watched and not self._closed:
            keys = list(self._watched)
            try:
                found = await self.run(lambda keys=keys: self._read(keys))  # type: ignore[misc]
            except Exception:
                logger.exception("The state for the page could not be read; trying again.")
            else:
                changed = {key: stamp for key, stamp in found.items() if self._stamps.get(key) != stamp}
                self._stamps |= {key: stamp for key, stamp in changed.items() if key in self._watched}
                if changed:
                    self._notify()
            await asyncio.sleep(self._poll_seconds)
        self._watch = None

    def _notify(self) -> None:
        tick, self._tick = self._tick, asyncio.Event()
        tick.set()

    def _read(self, keys: list[str]) -> dict[str, Stamp]:
        jobs = self._services.effects.trainings.jobs()
        known = keys_of(self._services)
        wanted = known if HOME in keys else [key for key in keys if key in known]
        found = {key: stamp_of(key, self._services, jobs) for key in wanted}
        if HOME in keys:
            all_ = tuple(found.items())
            found[HOME] = Stamp(None, hash(all_))
        return {key: found.get(key, _EMPTY) for key in keys}

    def _page(self, key: str) -> str:
        stamp = self._read([key])[key]
        return self._kept((key, "page"), stamp, lambda: self._draw(key, stamp))

    def _draw(self, key: str, stamp: Stamp) -> str:
        if key == HOME:
            rows = [overview_of(self._facts(each)) for each in keys_of(self._services)]
            return self.renderer.home(rows, _name(stamp))
        return self.renderer.project(project_of(self._facts(key)), _name(stamp))

    def _now(self, key: str) -> str:
        return self.renderer.now(key, now_of(self._facts(key)))

    def _facts(self, key: str) -> Facts:
        return facts_of(key, self._services)

    def _kept(self, which: tuple[str, str], stamp: Stamp, draw: Callable[[], str]) -> str:
        """What was drawn of the same stamp, if it is not too old for its times."""
        known, now = self._drawn.get(which), time.monotonic()
        if known is not None and known[0] == stamp and now - known[1] < _OLDEST_SECONDS:
            return known[2]
        drawn = draw()
        self._drawn[which] = (stamp, now, drawn)
        return drawn


def _name(stamp: Stamp) -> str:
    """A short name of a stamp, with a part for each of its parts."""
    return ".".join(f"{hash(each) & 0xFFFFFFFFFFFF:012x}" for each in (stamp.now, stamp.rest))
