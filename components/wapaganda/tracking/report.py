"""The result of a mirroring."""

import json
from dataclasses import asdict, dataclass
from typing import Final

EXPERIMENT: Final = "ner_active_learning"
"""The MLflow experiment of the runs, unless another one is named."""


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """Whether MLflow has everything that the log has, and one sentence about it. ``is_running``: nothing has
    failed, the mirror goes on in the background."""

    ok: bool
    message: str
    is_running: bool = False

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self))
