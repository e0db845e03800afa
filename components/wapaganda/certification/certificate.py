"""The result of an audit."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an audit says about the F1 of the whole file.

    ``lower``: with probability ``confidence`` the F1 is at least that, whenever one looks. ``upper``: with
    the same probability it is at most that. ``estimate``: unbiased up to a ratio; ``None`` before the first
    audited text. ``error_ratio``: the errors that were found over those that the model expected in the
    audited texts; above 1 the model is too sure. ``n_beyond``: audited texts with more missed entities than
    the bound assumes; with one of them the audit proves nothing.
    """

    lower: float
    upper: float
    estimate: float | None
    confidence: float
    n_audited: int
    n_machine: int
    n_people_spans: int
    people_f1: float
    error_ratio: float | None
    n_beyond: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)
