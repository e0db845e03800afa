"""The campaigns of a project: each certifies the labels of one model for one machine part."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from wapaganda.pipeline.completion.machine_labels import CampaignError, MachineLabels
from wapaganda.storage import atomic_folder, write_json

_FOLDER = "completions"
_ANNOTATIONS = "annotations.json"
_FACTS, _LABELS, _CERTIFICATE, _ACCEPTED = "campaign.json", "machine.npz", "certificate.json", "accepted.json"


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """A part of the audit that was released: ``size`` texts of the order from the place ``first`` on."""

    name: str
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, as its ``campaign.json`` holds it.

    ``model``: the version whose labels are certified. ``target`` and ``confidence``: 0 to 1. ``seed``: of the
    order of the audit. ``planned``: the texts that the audit should need. ``n_people`` and ``people_spans``:
    texts and spans of people when it began; ``labelled``: a fingerprint of these labels. ``n_machine``: texts
    of the machine part. ``left_out``: unlabelled texts that are in neither part, by the reason. ``audits``:
    what was released so far. ``closed``: why it cannot reach its target; empty while it can.
    ``people_f1``: of the labels of people, as the bound assumes it.
    """

    number: int
    created: str
    model: str
    target: float
    confidence: float
    seed: int
    planned: int
    n_people: int
    people_spans: int
    labelled: str
    n_machine: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    audits: tuple[AuditBatch, ...] = ()
    closed: str = ""
    people_f1: float = 1.0

    @property
    def version(self) -> str:
        """The version under which Label Studio holds the machine's labels when they are accepted."""
        return f"complete-{self.number}"

    @property
    def n_released(self) -> int:
        """The texts of the audit that were released."""
        return sum(each.size for each in self.audits)

    def audit_name(self) -> str:
        """The name of the next part of the audit: ``audit-1``, then ``audit-1-2`` and so on."""
        part = len(self.audits) + 1
        return f"audit-{self.number}" + (f"-{part}" if part > 1 else "")

    def with_audit(self, size: int) -> Self:
        """The campaign with the next ``size`` texts of the order released."""
        batch = AuditBatch(self.audit_name(), self.n_released, size)
        return replace(self, audits=(*self.audits, batch))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The campaign of ``to_dict``."""
        audits = tuple(AuditBatch(**each) for each in values.get("audits", ()))
        return cls(**{**values, "audits": audits})


@dataclass(frozen=True, slots=True)
class CampaignFolder:
    """The folder of one campaign; every file in it is written completely or not at all."""

    path: Path

    @classmethod
    def create(cls, project_folder: Path, campaign: Campaign, labels: MachineLabels) -> Self:
        """Write a new campaign; it appears as a whole."""
        path = project_folder / _FOLDER / f"{campaign.number:03d}"
        with atomic_folder(path) as draft:
            write_json(draft / _FACTS, campaign.to_dict(), indent=1)
            labels.save(draft / _LABELS)
        return cls(path)

    @classmethod
    def all(cls, project_folder: Path) -> list[Self]:
        """The campaigns of a project, the oldest first."""
        folder = project_folder / _FOLDER
        names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
        return [cls(folder / name) for name in names if re.fullmatch(r"\d{3,}", name)]

    def campaign(self) -> Campaign:
        """The campaign.

        Raises:
            CampaignError: its file is missing or damaged.
        """
        values = self.read(_FACTS)
        try:
            return Campaign.from_dict(values or {})
        except (TypeError, ValueError) as error:
            raise CampaignError(f"Expected a campaign in {self.path / _FACTS}, was: {error}.") from error

    def save(self, campaign: Campaign) -> None:
        """Replace the facts of the campaign."""
        write_json(self.path / _FACTS, campaign.to_dict(), indent=1)

    def labels(self) -> MachineLabels:
        """The machine's labels.

        Raises:
            CampaignError: the file is missing or damaged.
        """
        return MachineLabels.load(self.path / _LABELS)

    def save_certificate(self, certificate: Mapping[str, Any]) -> None:
        """Replace the latest certificate."""
        write_json(self.path / _CERTIFICATE, dict(certificate), indent=1)

    def certificate(self) -> dict[str, Any] | None:
        """The latest certificate; ``None`` before the first audited text."""
        return self.read(_CERTIFICATE)

    def accept(self, values: Mapping[str, Any]) -> None:
        """Store that the machine's labels are accepted, once and for all."""
        write_json(self.path / _ACCEPTED, {"accepted": now(), **values}, indent=1)

    def accepted(self) -> dict[str, Any] | None:
        """What was stored when the labels were accepted; ``None`` if they were not."""
        return self.read(_ACCEPTED)

    @property
    def annotations_path(self) -> Path:
        """The file that records the annotations of the machine in Label Studio."""
        return self.path / _ANNOTATIONS

    def has_annotations(self) -> bool:
        """Whether annotations of the machine were written and not all taken back."""
        found = self.read(_ANNOTATIONS)
        return found is not None and found.get("state") != "undone"

    def read(self, name: str) -> dict[str, Any] | None:
        """The JSON object in a file of the campaign; ``None`` if there is none.

        Raises:
            CampaignError: the file is damaged.
        """
        try:
            found = json.loads((self.path / name).read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CampaignError(f"Expected JSON in {self.path / name}, was: {error}.") from error
        if not isinstance(found, dict):
            raise CampaignError(f"Expected a JSON object in {self.path / name}, was: {type(found).__name__}.")
        return found

    def write(self, name: str, values: Mapping[str, Any]) -> None:
        """Write another file of the campaign."""
        write_json(self.path / name, dict(values))


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
