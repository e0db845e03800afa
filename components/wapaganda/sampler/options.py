"""What can be tuned about a batch beyond its strategy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is put together; all but ``shortlist`` concern ``hybrid`` alone.

    ``random_share``: the part of the batch that is drawn by lot. ``representative_share``: the part that is
    chosen to stand for the pool when nothing is labelled; it falls in a straight line to 0 at ``annealed_by``
    labelled texts. ``type_floor``: that many picks go to the entity types that are the rarest so far, if the
    pool says what entities it expects. ``outlier_share``: the part of the shortlist, the least like the
    pool, that is dropped. ``shortlist``: how many of the best texts per place in the batch stand for the
    diverse choice. Shares are 0 to 1.

    Raises:
        ValueError: a number out of its range.
    """

    random_share: float = 0.05
    representative_share: float = 0.0
    annealed_by: int = 500
    type_floor: int = 0
    outlier_share: float = 0.0
    shortlist: int = 2

    def __post_init__(self) -> None:
        for name, share in (
            ("random share", self.random_share),
            ("representative share", self.representative_share),
            ("outlier share", self.outlier_share),
        ):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"Expected a {name} between 0 and 1 (inclusive), was: {share}")
        for name, value, least in (
            ("type floor", self.type_floor, 0),
            ("shortlist", self.shortlist, 1),
            ("number of texts to anneal by", self.annealed_by, 1),
        ):
            if value < least:
                raise ValueError(f"Expected a {name} of {least} or more, was: {value}")
        if self.random_share + self.representative_share > 1.0:
            raise ValueError(
                f"Expected shares that make up 1 at most, was: {self.random_share} by lot "
                f"and {self.representative_share} representative"
            )
