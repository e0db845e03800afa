"""What a page sends is done only when this server's own page has sent it."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit


class Forms:
    """Tokens for the forms of a page, bound to the project and to a secret of this process.

    A form of another site has no token, since no other site can read the page; and the browser says where a
    form comes from.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, key: str) -> str:
        """The token of the forms about a project."""
        return hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()

    def refusal(self, key: str, token: str, headers: Mapping[str, str]) -> str:
        """Why the form may not be obeyed, in a sentence; empty when it may."""
        if not _is_own(headers):
            return "Expected a form of this page, was: one of another site."
        if not hmac.compare_digest(self.token(key).encode(), token.encode()):
            return "The page is older than the server. Load it again and repeat."
        return ""


def _is_own(headers: Mapping[str, str]) -> bool:
    """By Sec-Fetch-Site, which browsers send over HTTPS and to localhost, else by Origin."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host", "") != ""
