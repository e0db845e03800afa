"""The last trial of domain adaptation of a project, and the adapted encoder that it has kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from wapaganda.pipeline.training.adapted_gain import Gain

RECORD: Final = "adaptation.json"
"""The file beside the versions of a project with the last trial."""
GROWTH: Final = 2
"""An adaptation that was not kept is tried again with this many times the labelled texts."""


@dataclass(frozen=True, slots=True)
class AdaptationTrial:
    """The outcome of a trial with ``encoder``: ``kept`` says whether trainings start from the adapted one.

    ``n_labelled`` texts judged it, ``n_read`` texts were read. ``gain``: of the cross-fitted F1; ``None``:
    the encoder could not be adapted, and ``problem`` says why. ``folder``: of the adapted encoder, below the
    folder of the project's models; ``sums``: the SHA-256 of its files.
    """

    encoder: str
    kept: bool
    n_labelled: int
    n_read: int
    seconds: float
    gain: Gain | None = None
    problem: str = ""
    folder: str = ""
    sums: Mapping[str, str] | None = None
    tried_at: str = ""

    def describe(self) -> str:
        """The outcome in one sentence, or two."""
        if self.gain is None:
            return f"The encoder cannot be adapted to the texts: {self.problem}."
        said = f"{self.gain.describe()} by cross-fitting on {self.n_labelled:,} texts"
        if self.kept:
            return (
                f"The encoder was adapted to {self.n_read:,} texts of this project: {said}. Trainings start "
                "from it; ADAPT=off goes back."
            )
        return (
            f"An encoder that was adapted to the texts was not surely better ({said}) and was deleted. It is "
            f"tried again with {GROWTH * self.n_labelled:,} labelled texts."
        )

    @classmethod
    def read(cls, root: Path) -> Self | None:
        """The last trial of the project whose models are in ``root``; a damaged record is none."""
        try:
            values = json.loads((root / RECORD).read_text("utf-8"))
            gain = values["gain"]
            return cls(**values | {"gain": Gain(**gain) if gain else None})
        except (OSError, ValueError, KeyError, TypeError):
            return None


def adapted_encoder(root: Path, encoder: str) -> str | None:
    """The folder of the adapted ``encoder`` if a trial has kept one and all its files are there."""
    trial = AdaptationTrial.read(root)
    if trial is None or not trial.kept or trial.encoder != encoder:
        return None
    folder = (root / trial.folder).absolute()
    return str(folder) if all((folder / name).is_file() for name in trial.sums or {}) else None
