"""One HTTP connection to a Label Studio: tokens, time limits, retries that never write twice.

Label Studio's SDK uses it, too. Three kinds of requests do not use the SDK: those that it lacks (the next
task, counts by model version, drafts), pages of tasks (it hides the server's date) and imports (it copies
them).
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import httpx

from wapaganda.label_studio.errors import (
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from wapaganda.label_studio.tokens import NEW_TOKEN, authentication

if TYPE_CHECKING:
    from label_studio_sdk.base_client import LabelStudioBase

TRY_AGAIN = frozenset({429, 500, 502, 503, 504})  # 500: SQLite's "database is locked" passes
BEHIND_A_PROXY = frozenset({502, 504})  # the proxy timed out, the server perhaps not
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_PAUSE = 20.0
_ERROR_FIELDS = frozenset({"id", "status_code", "version", "detail"})
"""Of every error that Label Studio's exception handler writes."""
NO_LABEL_STUDIO = "Is LABEL_STUDIO_URL a Label Studio?"

Json: TypeAlias = Any  # any JSON of Label Studio; it does not leave this brick
Params = Mapping[str, str | int | float | bool]
P = ParamSpec("P")
T = TypeVar("T")


class Connection:
    """JSON requests to one Label Studio.

    Reads and repeatable writes are retried after a failure (``retries`` times, with growing pauses). A write
    that must not be repeated is retried only when it certainly never arrived; otherwise
    ``OutcomeUnknownError`` is raised, and the caller checks before it sends again.
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
        self._client = _Client(
            base_url=self.url,
            auth=auth,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=transport,
            mounts=proxies(self.url),
            headers={"Accept": "application/json"},
        )

    @cached_property
    def sdk(self) -> "LabelStudioBase":
        """The SDK's client, for ``repeat`` and ``once``: on its own it would repeat every write.

        It gets no token, since it would exchange it again: our client sets the header.
        """
        from label_studio_sdk.base_client import LabelStudioBase  # LabelStudio itself loads pandas: 130 MB

        return LabelStudioBase(base_url=self.url, api_key="-", httpx_client=self._client, max_retries=0)

    def get(self, path: str, params: Params | None = None) -> Json:
        """The JSON at ``path``."""
        return self.read(path, params)[0]

    def read(self, path: str, params: Params | None = None) -> tuple[Any, httpx.Headers]:
        """The JSON at ``path`` and the response headers."""
        response = self.repeat(self._client.get, path, params=params)
        return _json(response), response.headers

    def create(
        self, path: str, body: Json, params: Params | None = None, *, timeout: float | None = None
    ) -> Json:
        """A write that must not arrive twice; see ``once``."""
        limit = httpx.USE_CLIENT_DEFAULT if timeout is None else httpx.Timeout(timeout, connect=10.0)
        return _json(self.once(self._client.post, path, json=body, params=params, timeout=limit))

    def update(self, path: str, body: Json) -> Json:
        """A change of the fields in ``body``, which has the same effect when it arrives twice."""
        return _json(self.repeat(self._client.patch, path, json=body))

    def repeat(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a read, or of a write that has the same effect when it arrives twice."""
        for attempt in range(self.retries + 1):
            try:
                return call(*args, **named)
            except httpx.TransportError as error:
                self._pause_or_raise(attempt, self._unreachable(error), passes=not _is_distrust(error))
            except UnreachableError as error:  # a wrong page: one may pass, a wrong address does not
                self._pause_or_raise(attempt, error, passes=attempt == 0)
            except TypeError as error:  # the SDK cannot make its object of other JSON
                raise unexpected("an answer of Label Studio", self.url) from error
            except httpx.HTTPStatusError as error:
                passes = error.response.status_code in TRY_AGAIN and not _is_final(error.response)
                self._pause_or_raise(attempt, self._refusal(error.response), passes=passes)
        raise AssertionError("unreachable")

    def once(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The result of a write that must not arrive twice.

        Raises:
            OutcomeUnknownError: it was sent, and its outcome is not known.
        """
        for attempt in range(self.retries + 1):
            try:
                return call(*args, **named)
            except NEVER_SENT as error:
                self._pause_or_raise(attempt, self._unreachable(error), passes=not _is_distrust(error))
            except httpx.TransportError as error:
                raise OutcomeUnknownError(
                    f"Label Studio gave no answer to {error.request.url.path}: {error}.", still_running=True
                ) from error
            except (UnreachableError, TypeError) as error:  # a wrong page, or other JSON, as in `repeat`
                raise OutcomeUnknownError(
                    f"Expected an answer of Label Studio from {self.url}, was: another.",
                    NO_LABEL_STUDIO,
                    still_running=False,
                ) from error
            except httpx.HTTPStatusError as error:
                passes = error.response.status_code == httpx.codes.TOO_MANY_REQUESTS
                self._pause_or_raise(attempt, self._refused_write(error.response), passes=passes)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pause_or_raise(self, attempt: int, error: LabelStudioError, *, passes: bool = True) -> None:
        if attempt >= self.retries or not passes or error.retry_after > LONGEST_PAUSE:
            raise error
        self.sleep(max(min(0.5 * 2**attempt, LONGEST_PAUSE), error.retry_after))

    def _refused_write(self, response: httpx.Response) -> LabelStudioError:
        if response.status_code < 500 or _is_final(response):
            return self._refusal(response)
        failure = OutcomeUnknownError(
            f"Label Studio failed at {response.request.url.path}: {_detail(response)}.",
            still_running=response.status_code in BEHIND_A_PROXY,
        )
        return _asked_to_wait(failure, response)

    def _unreachable(self, error: Exception) -> UnreachableError:
        if _is_distrust(error):
            return UnreachableError(
                f"The certificate of {self.url} is not trusted ({error}).",
                "Set SSL_CERT_FILE to a file with the certificate of its authority.",
            )
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
            where = response.headers.get("location", "?").partition("?")[0][:200]
            return UnreachableError(
                f"{self.url} sends us on to {where}.", "Set LABEL_STUDIO_URL to that address."
            )
        return _asked_to_wait(
            RejectedError(f"Label Studio answered {status} to {path}: {detail}.", status=status), response
        )

    def _unauthorized(self, detail: str) -> UnauthorizedError:
        if "legacy token authentication has been disabled" in detail:
            message = "Legacy tokens are switched off in this Label Studio."
            return UnauthorizedError(
                message, NEW_TOKEN + " Or start it with LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN=true."
            )
        return UnauthorizedError(f"The {self.token_kind} is not accepted ({detail}).", NEW_TOKEN)


def proxies(url: str) -> dict[str, httpx.BaseTransport | None] | None:
    """The ``mounts`` of a client: no proxy for this machine itself, for others those of the environment."""
    return {"http://": None, "https://": None} if httpx.URL(url).host in LOOPBACK else None


class _Client(httpx.Client):
    """Raises for every response except success with JSON, so that the SDK's calls fail like ours."""

    def send(self, request: httpx.Request, **options: Json) -> httpx.Response:
        response = super().send(request, **options).raise_for_status()
        if not response.content and request.method != "GET":
            return response
        was = response.headers.get("content-type", "?") if response.content else "nothing"
        if "json" in was:
            try:
                if response.json() is not None:
                    return response
                was = "null"
            except ValueError:  # JSON that is cut, or a page that only calls itself JSON
                was = "text that is no JSON"
        raise UnreachableError(f"Expected JSON from {request.url}, was: {was}.", NO_LABEL_STUDIO)


def _address(url: str) -> str:
    trimmed = url.strip().rstrip("/")
    parsed = httpx.URL(trimmed) if trimmed else httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise LabelStudioError(
            f"Expected an address like http://localhost:8080, was: {url!r}.", "Set LABEL_STUDIO_URL."
        )
    return trimmed


def _asked_to_wait(error: LabelStudioError, response: httpx.Response) -> LabelStudioError:
    """The error with the pause of the header Retry-After: seconds, or a date (RFC 9110, 10.2.3)."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        error.retry_after = float(asked[:9])
    elif asked:
        with suppress(ValueError):
            then, now = parsedate_to_datetime(asked), response.headers.get("date", "")
            since = parsedate_to_datetime(now) if now else datetime.now(UTC)
            error.retry_after = max(0.0, (then - since).total_seconds())
    return error


def unexpected(what: str, where: str) -> UnreachableError:
    """The error for JSON that Label Studio does not send: a proxy or another server has answered."""
    return UnreachableError(f"Expected {what} from {where}, was: other JSON.", NO_LABEL_STUDIO)


def _json(response: httpx.Response) -> Json:
    return response.json() if response.content else None


def _is_distrust(error: Exception) -> bool:
    """Whether the certificate of the server was refused; a retry does not help."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _is_final(response: httpx.Response) -> bool:
    """Label Studio answers 500 for an address that it cannot resolve; a retry does not help."""
    return "resolve hostname" in _detail(response)


def _detail(response: httpx.Response) -> str:
    """The reason in a response, in one line of at most 500 characters.

    Only Label Studio's own errors are read: the address may be that of another server, whose answers are
    nobody's business.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not body.keys() >= _ERROR_FIELDS:
        return response.reason_phrase or "no reason given"
    reason = body.get("validation_errors") or body["detail"]
    return " ".join(str(reason).split())[:500].rstrip(".")
