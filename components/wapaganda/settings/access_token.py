"""The form of an access token of Label Studio; the token itself is never shown."""

import re

_LEGACY = re.compile(r"[0-9a-fA-F]{40}")


def check_token(token: str, kind: str) -> None:
    """Check the form of a ``token`` of this ``kind`` (``any`` or ``legacy``).

    Raises:
        ValueError: it is no token of the kind.
    """
    if not token or _LEGACY.fullmatch(token):
        return
    personal = token.count(".") == 2
    if kind == "legacy":
        found = "a personal access token" if personal else f"{len(token)} characters"
        raise ValueError(
            f"LABEL_STUDIO_API_KEY: Expected a legacy token of 40 hexadecimal digits, was: {found}. "
            "A variable of the shell wins over .env."
        )
    if not (token.isascii() and token.isprintable()) or re.search(r"[\s<>\"']", token):
        raise ValueError(
            "LABEL_STUDIO_API_KEY: Expected an access token of Label Studio in one line, was: one with "
            "spaces, quotes or other signs in it. Copy it again from Account & Settings."
        )
