"""The address and token that Label Studio's /setup brings, kept in memory and in a file for the owner's eyes
only.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wapaganda.ml_backend.identity import ProjectRef
from wapaganda.storage import atomic_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a project's Label Studio answers and the token it handed out (a legacy one, often switched
    off).
    """

    hostname: str = ""
    access_token: str = field(default="", repr=False)


class CredentialFile:
    """Credentials by project; the file has mode 0600 and is replaced as a whole, so a reader never sees half
    of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = _read(path)

    def get(self, project: ProjectRef) -> Credentials:
        """What /setup brought for the project; empty when it never came."""
        return self._known.get(project.key, Credentials())

    def put(self, project: ProjectRef, credentials: Credentials) -> None:
        """Remember the credentials; writes only when they are new."""
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
            "Expected JSON in %s; it is unreadable, so the next /setup of Label Studio fills it anew.", path
        )
        return {}


def _write(path: Path, content: Mapping[str, Mapping[str, str]]) -> None:
    with atomic_path(path) as draft:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content))
