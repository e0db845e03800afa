"""One HTTP connection to a Label Studio: tokens, time limits, retries that never write twice."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeAlias

import httpx
from wapaganda.label_studio.errors import (
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from wapaganda.label_studio.tokens import NEW_TOKEN, authentication

TRY_AGAIN = frozenset({429, 500, 502, 503, 504})  # 500: SQLite's "database is locked" passes
BEHIND_A_PROXY = frozenset({502, 504})  # the proxy gave up, the server perhaps not
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_PAUSE = 20.0

Json: TypeAlias = Any  # whatever Label Studio says; it goes no further than this brick
Params = Mapping[str, str | int | float | bool]


class Connection:
    """Speaks JSON with one Label Studio.

    Reads, and writes that may be repeated, are tried again after a failure (``retries`` times, with growing
    pauses). A write that may not be repeated is tried again only when it surely never arrived; otherwise
    ``OutcomeUnknownError`` is raised and the caller looks before it sends again.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = _address(url)
        self.timeout = timeout
        self.retries = retries
        self.sleep = sleep
        auth = authentication(api_key, self.url)
        self.token_kind = auth.kind
        self._client = httpx.Client(
            base_url=self.url,
            auth=auth,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=transport,
            trust_env=httpx.URL(self.url).host not in LOOPBACK,  # no proxy stands before this machine itself
            headers={"Accept": "application/json"},
        )

    def get(self, path: str, params: Params | None = None) -> Json:
        """The JSON at ``path``."""
        return self.read(path, params)[0]

    def read(self, path: str, params: Params | None = None) -> tuple[Any, httpx.Headers]:
        """The JSON at ``path`` and the answer's headers."""
        response = self._repeat("GET", path, params=params)
        return _json(response), response.headers

    def change(self, method: str, path: str, body: Json, params: Params | None = None) -> Json:
        """A write that has the same effect when it arrives twice."""
        return _json(self._repeat(method, path, params=params, json=body))

    def create(
        self, path: str, body: Json, params: Params | None = None, *, timeout: float | None = None
    ) -> Json:
        """A write that must not arrive twice.

        Raises:
            OutcomeUnknownError: it was sent, and nobody knows what became of it.
        """
        limit = httpx.USE_CLIENT_DEFAULT if timeout is None else httpx.Timeout(timeout, connect=10.0)
        for attempt in range(self.retries + 1):
            try:
                response = self._client.post(path, json=body, params=params, timeout=limit)
            except NEVER_SENT as error:
                self._pause_or_raise(attempt, self._unreachable(error))
            except httpx.TransportError as error:
                raise OutcomeUnknownError(
                    f"Label Studio gave no answer to {path}: {error}.", still_running=True
                ) from error
            else:
                if response.status_code >= 500 and not _is_final(response):
                    still_running = response.status_code in BEHIND_A_PROXY
                    raise OutcomeUnknownError(
                        f"Label Studio failed at {path}: {_detail(response)}.", still_running=still_running
                    )
                if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    self._pause_or_raise(attempt, self._refusal(response))
                    continue
                return _json(self._accepted(response))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _repeat(self, method: str, path: str, **request: Json) -> httpx.Response:
        for attempt in range(self.retries + 1):
            try:
                response = self._client.request(method, path, **request)
            except httpx.TransportError as error:
                self._pause_or_raise(attempt, self._unreachable(error))
            else:
                if response.status_code not in TRY_AGAIN or _is_final(response):
                    return self._accepted(response)
                self._pause_or_raise(attempt, self._refusal(response))
        raise AssertionError("unreachable")

    def _pause_or_raise(self, attempt: int, error: LabelStudioError) -> None:
        if attempt >= self.retries:
            raise error
        self.sleep(min(0.5 * 2**attempt, LONGEST_PAUSE))

    def _accepted(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        raise self._refusal(response)

    def _unreachable(self, error: Exception) -> UnreachableError:
        what = "in time" if isinstance(error, httpx.TimeoutException) else f"({error})"
        return UnreachableError(
            f"Label Studio does not answer at {self.url} {what}.",
            "Is it running? Set LABEL_STUDIO_URL to its address.",
        )

    def _refusal(self, response: httpx.Response) -> LabelStudioError:
        status, path, detail = response.status_code, response.request.url.path, _detail(response)
        if status == httpx.codes.UNAUTHORIZED:
            return self._unauthorized(detail)
        if status == httpx.codes.FORBIDDEN and "reserved network address" not in detail:
            return UnauthorizedError(
                f"This user may not do {path}: {detail}.", "Use the token of a user who may."
            )
        if response.is_redirect:
            where = response.headers.get("location", "?")
            return UnreachableError(
                f"{self.url} sends us on to {where}.", "Set LABEL_STUDIO_URL to that address."
            )
        return RejectedError(f"Label Studio answered {status} to {path}: {detail}.", status=status)

    def _unauthorized(self, detail: str) -> UnauthorizedError:
        if "legacy token authentication has been disabled" in detail:
            message = "Legacy tokens are switched off in this Label Studio."
            return UnauthorizedError(
                message, NEW_TOKEN + " Or start it with LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true."
            )
        return UnauthorizedError(f"The {self.token_kind} is not accepted ({detail}).", NEW_TOKEN)


def _address(url: str) -> str:
    trimmed = url.strip().rstrip("/")
    parsed = httpx.URL(trimmed) if trimmed else httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise LabelStudioError(
            f"Expected an address like http://localhost:8080, was: {url!r}.", "Set LABEL_STUDIO_URL."
        )
    return trimmed


def _json(response: httpx.Response) -> Json:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        kind = response.headers.get("content-type", "?")
        raise UnreachableError(
            f"Expected JSON from {response.request.url}, was: {kind}.", "Is LABEL_STUDIO_URL a Label Studio?"
        ) from None


def _is_final(response: httpx.Response) -> bool:
    """Label Studio answers 500 to an address it cannot resolve: the same the next time."""
    return "resolve hostname" in _detail(response)


def _detail(response: httpx.Response) -> str:
    """What Label Studio says about a refusal, in one line of at most 500 characters."""
    try:
        body = response.json()
    except ValueError:
        return response.reason_phrase or "no reason given"
    said = [body.get("validation_errors"), body.get("detail")] if isinstance(body, dict) else []
    reason = next((part for part in said if part), body)
    return " ".join(str(reason).split())[:500].rstrip(".")
