"""What `selfish complete` has accepted, for the export of the whole file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wapaganda.ner import Document, Span
from wapaganda.pipeline.completion.campaign import Campaign, CampaignFolder
from wapaganda.pipeline.completion.machine_labels import MachineLabels


@dataclass(frozen=True, slots=True)
class Completion:
    """The last campaign whose machine labels were accepted.

    ``certificate``: what the audit has shown, as ``certification.Certificate.to_dict``. ``accepted``: when
    (ISO 8601, UTC). ``audited``: the ids of the texts that people have labelled blind for it.
    """

    campaign: Campaign
    labels: MachineLabels
    certificate: Mapping[str, Any]
    accepted: str
    audited: tuple[str, ...]

    @property
    def number(self) -> int:
        """The number of the campaign, from 1."""
        return self.campaign.number

    @property
    def model(self) -> str:
        """The model version that gave the labels."""
        return self.campaign.model

    def machine_spans(self, documents: Sequence[Document]) -> Mapping[str, tuple[Span, ...]]:
        """The machine's spans by id, each with its confidence as ``score``.

        A document that was not in the machine part, or whose text has changed since, has no entry. One that
        people have labelled since still has one: their labels win.
        """
        return {document_id: self.labels.row(row) for document_id, row in self.labels.rows(documents).items()}


def completed(project_folder: Path) -> Completion | None:
    """The last accepted campaign in the folder of a project; ``None`` if none was accepted.

    Raises:
        CampaignError: its files are damaged.
    """
    for folder in reversed(CampaignFolder.all(project_folder)):
        accepted = folder.accepted()
        if accepted is not None:
            return Completion(
                campaign=folder.campaign(),
                labels=folder.labels(),
                certificate=dict(accepted.get("certificate", {})),
                accepted=str(accepted.get("accepted", "")),
                audited=tuple(accepted.get("audited", ())),
            )
    return None
