"""The batch of a round, the texts that follow it, and the draft of the report about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from wapaganda.ledger import Offer
from wapaganda.pipeline.round.report import RoundReport
from wapaganda.sampler import SelectedText, Selection

UNJUDGED = "The training was interrupted before the new model was judged: the next round trains again."
"""The reason in the draft of a report, until the model is judged."""


@dataclass(frozen=True, slots=True)
class ChosenBatch:
    """What a round offers: ``selection`` is the batch. ``following``: the texts that follow it, for
    annotators who are done before the next model is."""

    draft: RoundReport
    selection: Selection
    following: Sequence[SelectedText] = ()

    def offers(self) -> list[tuple[str, int, float, str]]:
        """The batch and what follows it as offers: document id, rank, score and reason."""
        picks = (*self.selection.picks, *self.following)
        return [(pick.id, rank, pick.score, pick.reason) for rank, pick in enumerate(picks, start=1)]

    @classmethod
    def stored(cls, draft: RoundReport, offers: Sequence[Offer]) -> Self:
        """The choice by the ledger. The rows of its picks are not known any more (0)."""
        picks = tuple(
            SelectedText(0, each.document_id, each.score, each.rank, each.reason) for each in offers
        )
        part, size = draft.selection, draft.n_released
        batch = Selection(
            picks[:size],
            part.n_pool,
            part.n_candidates,
            part.n_filled,
            part.n_duplicates,
            0,
            part.summary,
            draft.assessment.should_stop,
        )
        return cls(draft, batch, picks[size:])
