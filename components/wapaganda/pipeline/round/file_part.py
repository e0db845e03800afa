"""The data set as it stands, for the report of a round and for ``selfish status``."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from wapaganda.annotation_cost import FittedPrices
from wapaganda.file_state import TARGET_F1, FileState
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore, Version
from wapaganda.ner import Document
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.prices import fitted_prices, hours_spent, read_proposals
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.pipeline.training.manifests import calibration_of


@dataclass(frozen=True, slots=True)
class FilePart:
    """The file that the labels of people and those of the live model for the other texts make.

    ``purpose``: of the batch, ``model`` or ``dataset``. ``file_f1`` (0 to 1) counts people's labels as right;
    ``file_interval``: 95 %. ``people_share``: of the texts. ``hours_spent`` by people so far; ``hours_left``
    and ``texts_left`` to review until the F1 should be ``target_f1``. ``texts_unscored``: unlabelled
    texts that the live model has not read, which do not count. ``None``: there is no model.
    """

    purpose: str = ""
    file_f1: float | None = None
    file_interval: tuple[float, float] | None = None
    people_share: float | None = None
    hours_spent: float | None = None
    hours_left: float | None = None
    texts_left: int | None = None
    target_f1: float = TARGET_F1
    texts_unscored: int = 0

    @classmethod
    def of(
        cls, purpose: str, state: FileState | None, spent: float, target: float, n_unscored: int = 0
    ) -> Self:
        """The part of a state; ``None``: no model has read the pool. ``spent``: hours."""
        if state is None:
            return cls(purpose, hours_spent=spent, target_f1=target)
        return cls(
            purpose,
            state.f1,
            state.interval,
            state.people_share,
            spent,
            state.hours_left,
            state.texts_left,
            target,
            n_unscored,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @property
    def advice(self) -> str:
        """Whether the review can end, in one sentence; empty without a model."""
        if self.file_f1 is None or self.hours_left is None:
            return ""
        f1, target = f"{100 * self.file_f1:.1f}", f"{100 * self.target_f1:.1f}"
        if self.reached:
            return f"Consider stopping: the file should have F1 {f1}; the target is {target}."
        left = self.hours_left
        hours = f"{60 * left:.0f} minutes" if left < 1 else f"{left:.1f} hours"
        texts = f"{self.texts_left:,} text{'s' if self.texts_left != 1 else ''}"
        return f"Go on: the file should have F1 {f1}; {texts}, ≈ {hours} of review, are left to {target}."

    @property
    def reached(self) -> bool:
        """Whether the F1 of the file should be the target or more."""
        return self.file_f1 is not None and self.texts_left == 0


def file_state(
    labelled: Sequence[Document],
    pool: Sequence[Document],
    scored: PoolScores | None,
    live: Version | None,
    prices: FittedPrices,
    target: float,
) -> FileState | None:
    """The state of the file; ``None``: the live model has not read the pool."""
    if scored is None or live is None:
        return None
    rows = np.array(list(scored.rows(pool).values()), dtype=np.int64)
    return FileState.of(
        sum(len(document.spans or ()) for document in labelled),
        len(labelled),
        scored.expectation[rows],
        calibration=calibration_of(live.manifest),
        prices=prices.prices,
        target=target,
    )


def present_file(ledger: Ledger, store: ModelStore, directory: Path, purpose: str, target: float) -> FilePart:
    """The file as it stands between two rounds, from the files of the last one; nothing is computed by a
    model.

    ``directory``: that of the project, with the files of its rounds.
    """
    labelled = list(ledger.documents(labelled=True))
    pool = [each for each in ledger.documents(labelled=False) if is_waiting(each)]
    proposals = read_proposals(directory / "rounds")
    prices = fitted_prices(labelled, proposals)
    live = store.current()
    scored = _last_scores(directory, live)
    state = file_state(labelled, pool, scored, live, prices, target)
    n_unscored = len(pool) - state.n_machine if state else 0
    return FilePart.of(purpose, state, hours_spent(labelled, proposals, prices), target, n_unscored)


def _last_scores(directory: Path, live: Version | None) -> PoolScores | None:
    """The scores of the live model in the last round that it scored."""
    found = [] if live is None else sorted(directory.glob(f"rounds/*/scores-*-{live.name}.npz"))
    return PoolScores.load(found[-1]) if found else None
