"""The address and token that Label Studio sends to /setup, in memory and in a file that only the owner may
read.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.storage import atomic_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address of a project's Label Studio and the token that it sent (a legacy one, often disabled)."""

    hostname: str = ""
    access_token: str = field(default="", repr=False)


class CredentialFile:
    """Credentials by project, in a file with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = _read(path)

    def get(self, project: ProjectRef) -> Credentials:
        """What /setup sent for the project; empty before the first /setup."""
        return self._known.get(project.key, Credentials())

    def put(self, project: ProjectRef, credentials: Credentials) -> None:
        """Store the credentials; writes only when they are new."""
        with self._lock:
            if self._known.get(project.key) == credentials:
                return
            self._known = {**self._known, project.key: credentials}
            _write(self._path, {key: asdict(value) for key, value in self._known.items()})


def _read(path: Path) -> Mapping[str, Credentials]:
    if not path.exists():
        return {}
    try:
        return {key: Credentials(**value) for key, value in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, AttributeError):
        logger.warning(
            "Expected JSON in %s; it is unreadable, so the next /setup of Label Studio replaces it.", path
        )
        return {}


def _write(path: Path, content: Mapping[str, Mapping[str, str]]) -> None:
    with atomic_path(path) as draft:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content))
