"""What the loop knows of a project, in one SQLite file: texts, labels, rounds and their offers."""

from wapaganda.ledger.database import LedgerError
from wapaganda.ledger.documents import Counts, PastLabels, UpsertReport
from wapaganda.ledger.ledger import Ledger
from wapaganda.ledger.rounds import Offer, Round

__all__ = ["Counts", "Ledger", "LedgerError", "Offer", "PastLabels", "Round", "UpsertReport"]
