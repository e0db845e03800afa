"""The address and token that Label Studio sends to /setup, in memory and in a file that only the owner may
read.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.storage import atomic_path

logger = logging.getLogger(__name__)

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[\w.-]{1,253}|[0-9a-f:.]{2,45}")


class OtherHostError(ValueError):
    """A project that is set up from one Label Studio is set up from another."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address of a project's Label Studio and the token that it sent (a legacy one, often disabled)."""

    hostname: str = ""
    access_token: str = field(default="", repr=False)

    def then(self, sent: "Credentials") -> "Credentials":
        """These after another /setup: the address stays, and an empty token does not replace one.

        Raises:
            OtherHostError: ``sent`` has another address.
        """
        if self.hostname and sent.hostname and self.hostname != sent.hostname:
            raise OtherHostError(
                f"Expected a /setup from {self.hostname}, as before, was: {sent.hostname}. If Label Studio "
                "has moved, set LABEL_STUDIO_URL to its address and start the backend again."
            )
        return Credentials(sent.hostname or self.hostname, sent.access_token or self.access_token)


def origin(address: str) -> str:
    """Scheme, host and port of an address, and nothing else of it; empty for an empty one.

    Raises:
        ValueError: it is none of http or https.
    """
    if not address:
        return ""
    expected = ValueError("Expected an address such as http://localhost:8080 as hostname, was: none.")
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise expected from None
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise expected
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


class CredentialFile:
    """Credentials by project, in a file with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = _read(path)

    def get(self, project: ProjectRef) -> Credentials:
        """What /setup sent for the project; empty before the first /setup."""
        return self._known.get(project.key, Credentials())

    def put(
        self, project: ProjectRef, credentials: Credentials, is_known: Callable[[str], bool] = bool
    ) -> None:
        """Store what a /setup sent, after what was sent before; writes only what is new.

        Those of projects that are not known any more are dropped.

        Raises:
            OtherHostError: the project was set up from another address.
        """
        with self._lock:
            merged = self.get(project).then(credentials)
            if self.get(project) == merged:
                return
            kept = {key: value for key, value in self._known.items() if is_known(key)}
            self._known = {**kept, project.key: merged}
            _write(self._path, {key: asdict(value) for key, value in self._known.items()})


def _read(path: Path) -> Mapping[str, Credentials]:
    if not path.exists():
        return {}
    try:
        return {
            key: Credentials(origin(value["hostname"]), value["access_token"])
            for key, value in json.loads(path.read_text()).items()
        }
    except (ValueError, TypeError, AttributeError, KeyError):
        logger.warning(
            "Expected JSON in %s; it is unreadable, so the next /setup of Label Studio replaces it.", path
        )
        return {}


def _write(path: Path, content: Mapping[str, Mapping[str, str]]) -> None:
    with atomic_path(path) as draft:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content))
