"""The running ML backend of a project: its address, and what it is doing now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wapaganda.selfish_cli.ui.training import training_in_words

if TYPE_CHECKING:
    from wapaganda.selfish_cli.project import CliProject
    from wapaganda.settings import Settings

TIMEOUT = 3.0
"""Seconds that the backend has to answer."""
_ADDRESSES = "backends.json"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class BackendNow:
    """What the backend at ``address`` says about a project; ``problem``: why it says nothing, one sentence.

    ``project`` and ``jobs`` (newest first) are those of ``GET /status``.
    """

    address: str = ""
    problem: str = ""
    project: Mapping[str, Any] | None = None
    jobs: tuple[Mapping[str, Any], ...] = ()

    @property
    def at_work(self) -> Mapping[str, Any] | None:
        """The training that runs, else the one that waits."""
        found = [each for each in self.jobs if each.get("state") in ("running", "queued")]
        return next((each for each in found if each["state"] == "running"), found[0] if found else None)

    def sentence(self) -> str:
        """What the backend is doing, one sentence; empty if its address is not known."""
        if self.problem or not self.address:
            return self.problem
        job = self.at_work
        return f"{self.address}: " + ("no training runs" if job is None else training_in_words(job))

    def batch(self) -> str:
        """How far the open batch is; empty without one."""
        found = (self.project or {}).get("batch")
        if not found:
            return ""
        return f"{found['name']}: {found['answered']:,} of {found['size']:,} texts answered"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "address": self.address or None,
            "problem": self.problem or None,
            "training": self.at_work,
            "batch": (self.project or {}).get("batch"),
        }

    @classmethod
    def of(cls, address: str, answer: Mapping[str, Any], key: str) -> Self:
        """From the answer of ``GET /status``."""
        projects = [each for each in answer.get("projects", ()) if each.get("project") == key]
        jobs = tuple(each for each in answer.get("jobs", ()) if each.get("project") == key)
        return cls(address, "", projects[0] if projects else None, jobs)


def ask_backend(context: "CliProject") -> BackendNow:
    """What the backend of the project says now; without an address, or an answer, it raises nothing."""
    address = backend_address(context.settings, context.key)
    if not address:
        return BackendNow()
    import httpx

    settings = context.settings
    trust_env = httpx.URL(address).host not in _LOCAL
    try:
        with httpx.Client(timeout=TIMEOUT, auth=settings.basic_auth, trust_env=trust_env) as client:
            answer = client.get(f"{address}/status")
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return BackendNow(
                address, f"{address} asks for a log-in: set BASIC_AUTH_USER and BASIC_AUTH_PASS"
            )
        found = answer.raise_for_status().json()
        return BackendNow.of(address, found, context.key)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError, TypeError) as error:
        what = f"does not answer ({type(error).__name__})"
        return BackendNow(address, f"{address} {what}; is this its address from here (ML_BACKEND_URL)?")


def backend_address(settings: "Settings", key: str) -> str:
    """The address of the project's backend from here: ML_BACKEND_URL, else what connect was given."""
    return settings.ml_backend_url or str(_known(settings.data_dir).get(key, ""))


def remember_address(settings: "Settings", key: str, address: str) -> None:
    """Keep the address that ``connect`` was given, for later commands in the same DATA_DIR."""
    from wapaganda.storage import write_json

    known = _known(settings.data_dir)
    if known.get(key) != address:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        write_json(settings.data_dir / _ADDRESSES, {**known, key: address})


def _known(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / _ADDRESSES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
