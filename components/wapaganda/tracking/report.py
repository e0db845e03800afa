"""The result of a mirroring."""

import json
from dataclasses import asdict, dataclass
from typing import Final

EXPERIMENT: Final = "ner_active_learning"
"""The MLflow experiment of the runs, unless another one is named."""


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """Whether MLflow has everything that the log has, and one sentence about it."""

    ok: bool
    message: str

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self))
