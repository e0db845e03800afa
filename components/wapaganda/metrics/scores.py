"""The result of an evaluation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class PRF:
    """Precision, recall and F1 in [0, 1], 0 without any span; ``support`` is the number of gold spans."""

    precision: float
    recall: float
    f1: float
    support: int

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``."""
        return cls(
            float(values["precision"]), float(values["recall"]), float(values["f1"]), int(values["support"])
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """Strict span scores: ``micro`` over all spans, ``macro`` the unweighted mean over types, and by type.

    A predicted span is correct only when start, end and label agree with a gold span. A type that is only
    predicted has support 0 and F1 0 and counts in ``macro``, as in seqeval.
    """

    micro: PRF
    macro: PRF
    per_type: Mapping[str, PRF] = field(default_factory=dict)
    n_documents: int = 0
    n_gold: int = 0
    n_predicted: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "micro": asdict(self.micro),
            "macro": asdict(self.macro),
            "per_type": {label: asdict(prf) for label, prf in self.per_type.items()},
            "n_documents": self.n_documents,
            "n_gold": self.n_gold,
            "n_predicted": self.n_predicted,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`."""
        return cls(
            micro=PRF.from_dict(values["micro"]),
            macro=PRF.from_dict(values["macro"]),
            per_type={label: PRF.from_dict(prf) for label, prf in values["per_type"].items()},
            n_documents=int(values["n_documents"]),
            n_gold=int(values["n_gold"]),
            n_predicted=int(values["n_predicted"]),
        )
