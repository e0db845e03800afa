"""The batch that annotators work on, from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from wapaganda.ledger import Ledger, Round
from wapaganda.ner import Document
from wapaganda.pipeline.selection.waiting import is_waiting


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """The newest batch of a project: its name and its texts in their order, without those that were deleted.

    ``number``: of its round. Which texts are answered is as of the last fetch.
    """

    name: str
    number: int
    documents: tuple[Document, ...]

    @property
    def size(self) -> int:
        """The number of texts."""
        return len(self.documents)

    @property
    def answered(self) -> frozenset[str]:
        """The ids of the texts that wait for no label any more."""
        return frozenset(each.id for each in self.documents if not is_waiting(each))


def open_batch(ledger: Ledger, rounds: Sequence[Round]) -> OpenBatch | None:
    """The batch of the last of these rounds that has chosen one, also of a round that still goes on; ``None``
    before the first one. Only its texts are read."""
    for current in reversed(rounds):
        chosen = current.payload.get("report") or current.payload.get("draft") or {}
        if size := chosen.get("n_released"):
            ids = [each.document_id for each in ledger.offers(current.number)[:size]]
            return OpenBatch(chosen["batch"], current.number, tuple(ledger.find(ids)))
    return None
