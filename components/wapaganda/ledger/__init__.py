"""The ledger of a project in one SQLite file: texts, labels, rounds and the offered texts."""

from wapaganda.ledger.documents import Counts, PastLabels, UpsertReport
from wapaganda.ledger.ledger import Ledger
from wapaganda.ledger.rounds import Offer, Round
from wapaganda.ledger.schema import LedgerError
from wapaganda.ledger.term_decisions import TermDecision

__all__ = ["Counts", "Ledger", "LedgerError", "Offer", "PastLabels", "Round", "TermDecision", "UpsertReport"]
