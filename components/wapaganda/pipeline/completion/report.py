"""What one run of `selfish complete` has found and done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wapaganda.file_state import FileState
from wapaganda.pipeline.completion.campaign import Campaign

NO_MODEL, REVIEW, AUDIT, CLOSED, ACCEPTED, FINISHED = (
    "no-model",
    "review",
    "audit",
    "closed",
    "accepted",
    "finished",
)
"""The states: no model yet; the model's labels are not good enough and are to be reviewed; an audit is
under way; the audit has shown that the target is out of reach; the labels are accepted; people have labelled
every text."""


@dataclass(frozen=True, slots=True)
class CompletionReport:
    """The ``state``, and what comes next, in sentences (``lines``).

    ``file``: the F1 that the file should have. ``campaign``, ``certificate``: as stored. ``audit``: numbers
    of texts ``released``, ``answered`` and ``open``. ``written``: what was written to Label Studio.
    """

    state: str
    lines: tuple[str, ...]
    file: FileState | None = None
    campaign: Campaign | None = None
    certificate: Mapping[str, Any] | None = None
    audit: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)

    @property
    def wants_review(self) -> bool:
        """Whether the model's labels are to be reviewed next."""
        return self.state in (REVIEW, CLOSED)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "state": self.state,
            "lines": list(self.lines),
            "file": None if self.file is None else self.file.to_dict(),
            "campaign": None if self.campaign is None else self.campaign.to_dict(),
            "certificate": None if self.certificate is None else dict(self.certificate),
            "audit": dict(self.audit),
            "written": dict(self.written),
        }
