"""The two kinds of Label Studio tokens and how each is sent."""

import base64
import binascii
import json
import time
from collections.abc import Generator

import httpx

from wapaganda.label_studio.errors import UnauthorizedError

NEW_TOKEN = "Create a new one in Label Studio under Account & Settings → Personal Access Token."
RENEW_BEFORE = 0.6  # share of an access token's lifetime after which a new one is fetched
LIFETIME = 300.0  # seconds, if the access token does not contain it

Flow = Generator[httpx.Request, httpx.Response, None]


class LegacyToken(httpx.Auth):
    """A legacy token: forty hexadecimal digits, sent unchanged."""

    kind = "legacy token"

    def __init__(self, token: str) -> None:
        self._header = f"Token {token}"

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Add the header."""
        request.headers["Authorization"] = self._header
        yield request


class PersonalToken(httpx.Auth):
    """A personal access token: exchanged for access tokens that are valid for some minutes."""

    kind = "personal access token"
    requires_response_body = True

    def __init__(self, token: str, url: str) -> None:
        self._exchange = httpx.Request("POST", f"{url}/api/token/refresh/", json={"refresh": token})
        self._access = ""
        self._renew_at = 0.0

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Add the header; fetch a new access token before it expires, and once after a 401."""
        if time.monotonic() >= self._renew_at:
            self._accept((yield self._exchange))
        request.headers["Authorization"] = f"Bearer {self._access}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._accept((yield self._exchange))
            request.headers["Authorization"] = f"Bearer {self._access}"
            yield request

    def _accept(self, response: httpx.Response) -> None:
        if response.status_code in (400, 401, 403):
            raise UnauthorizedError(
                "The personal access token is not accepted: expired, revoked or mistyped.", NEW_TOKEN
            )
        if response.status_code == httpx.codes.NOT_FOUND:
            raise UnauthorizedError("This Label Studio has no personal access tokens.", "Use a legacy token.")
        if response.status_code != httpx.codes.OK:
            message = f"The token exchange answered {response.status_code}."
            raise httpx.RemoteProtocolError(message, request=self._exchange)
        try:
            self._access = str(response.json()["access"])
        except (ValueError, KeyError, TypeError):
            message = "The token exchange answered with something else than a token."
            raise httpx.RemoteProtocolError(message, request=self._exchange) from None
        self._renew_at = time.monotonic() + RENEW_BEFORE * _lifetime(self._access)


def authentication(api_key: str, url: str) -> LegacyToken | PersonalToken:
    """The authentication for a token of either kind.

    Raises:
        UnauthorizedError: there is no token, only a part of one, or a short-lived access token.
    """
    token = api_key.strip()
    if not token:
        raise UnauthorizedError(
            "Expected a Label Studio token, was: nothing.", "Set LABEL_STUDIO_API_KEY. " + NEW_TOKEN
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UnauthorizedError(
            "Expected a Label Studio token in one line, was: one with a line end or other signs in it.",
            "Copy it again and set LABEL_STUDIO_API_KEY.",
        )
    dots = token.count(".")
    if not dots:
        return LegacyToken(token)
    if dots != 2:
        raise UnauthorizedError(
            "Expected a personal access token of three parts, was: a part of one.", NEW_TOKEN
        )
    if _claims(token).get("token_type") == "access":
        raise UnauthorizedError(
            "Expected a personal access token, was: an access token of a few minutes.", NEW_TOKEN
        )
    return PersonalToken(token, url)


def _claims(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _lifetime(access: str) -> float:
    """Seconds from issue to expiry by the server's own clock, which may differ from ours."""
    claims = _claims(access)
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(issued, int) and isinstance(expires, int):
        return float(max(expires - issued, 1))
    return LIFETIME
