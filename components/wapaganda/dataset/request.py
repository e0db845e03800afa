"""What of a project goes into a data set, and how it is split and written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wapaganda.annotation import Provenance, all_formats
from wapaganda.dataset.split import checked_shares
from wapaganda.errors import InputError

FORMATS = ("conll", "jsonl", "datasets")
"""The formats that are written if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The options of an export.

    ``formats``: names of formats. ``shares``: of train, dev and test, from the whole file. ``seed``: of the
    split. ``only``: the provenances of the texts to write. ``min_confidence`` (0 to 1): texts of a machine
    with a span below that are left out; without spans they stay. ``annotators``: write who they were.

    Raises:
        InputError: a value is wrong.
    """

    formats: tuple[str, ...] = FORMATS
    shares: tuple[float, ...] = (0.8, 0.1, 0.1)
    seed: int = 13
    only: tuple[str, ...] = tuple(each.value for each in Provenance)
    min_confidence: float = 0.0
    annotators: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", tuple(dict.fromkeys(self.formats)))
        _check(self.formats, export_formats(), "formats")
        _check(self.only, tuple(Provenance), "provenances")
        object.__setattr__(self, "only", tuple(each.value for each in Provenance if each in self.only))
        checked_shares(self.shares)
        if not 0.0 <= self.min_confidence <= 1.0:
            raise InputError(f"Expected a confidence from 0 to 1, was: {self.min_confidence}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def export_formats() -> tuple[str, ...]:
    """The names of the formats that an export can have."""
    return tuple(each.name for each in all_formats().values() if each.write is not None)


def _check(names: Sequence[str], known: Sequence[str], what: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(f"Expected {what} out of {', '.join(known)}, was: {', '.join(unknown) or 'none'}")
