"""Which texts of a pool are kept: those of the highest rank, and a random sample."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """What the rank of n texts depends on; the order is the same in whatever parts the texts come.

    ``is_candidate`` (n,): whether the score reaches the threshold; candidates come first. ``utility`` (n,):
    the number that the sampler ranks by. ``draws`` (n,): a random number for each text (`draws_of`), which
    decides between equals and makes the random sample.
    """

    is_candidate: NDArray[np.bool_]
    utility: NDArray[np.float64]
    draws: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.draws)

    def __getitem__(self, rows: NDArray[np.int64]) -> Self:
        return type(self)(self.is_candidate[rows], self.utility[rows], self.draws[rows])

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """The texts of all parts, one after the other."""
        return cls(
            np.concatenate([np.zeros(0, np.bool_), *(each.is_candidate for each in parts)]),
            np.concatenate([np.zeros(0), *(each.utility for each in parts)]),
            np.concatenate([np.zeros(0, np.uint64), *(each.draws for each in parts)]),
        )

    def best(self, size: int) -> NDArray[np.int64]:
        """The ``size`` rows of the highest rank, best first."""
        order: NDArray[np.int64] = np.lexsort((self.draws, -self.utility, ~self.is_candidate))
        return order[:size]

    def sample(self, size: int) -> NDArray[np.int64]:
        """``size`` random rows."""
        return np.argsort(self.draws, kind="stable")[:size].astype(np.int64)


class Keeper:
    """Finds the texts that may be among the ``size`` best or the sample of a pool of which it sees parts.

    A text that it leaves out has ``size`` better ones in the pool, whoever sees the rest of it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._best = self._sample = Ranks.join([])

    def rows(self, ranks: Ranks) -> NDArray[np.int64]:
        """The rows of the next part that may be among them, ascending."""
        seen, drawn = Ranks.join([self._best, ranks]), Ranks.join([self._sample, ranks])
        best, sample = seen.best(self._size), drawn.sample(self._size)
        new = np.union1d(best - len(self._best), sample - len(self._sample))
        self._best, self._sample = seen[best], drawn[sample]
        return new[new >= 0]


def draws_of(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """A random number for each id, (n,): 64 bits of a SHA-256, the same wherever the text is scored."""
    start = hashlib.sha256(f"{seed}:".encode())

    def draw(text_id: str) -> bytes:
        own = start.copy()
        own.update(text_id.encode("utf-8", "surrogatepass"))
        return own.digest()[:8]

    return np.frombuffer(b"".join(map(draw, ids)), "<u8").astype(np.uint64)
