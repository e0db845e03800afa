"""A committee: several models of the same labels that tag the same texts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.tagger.tagger import Tagger


def member_folder(folder: Path, number: int) -> Path:
    """The folder of the committee's member ``number``, from 0, inside a model's ``folder``."""
    return folder / "committee" / str(number)


def load_members(folder: Path, device: str = "auto") -> list[Tagger]:
    """The committee of the model in ``folder``; an empty list for a model without one.

    Raises:
        FolderError: the folder of a member is incomplete.
    """
    paths = sorted((folder / "committee").glob("*"))
    return [Tagger.load(path, device=device) for path in paths]


def read_together(members: Sequence[Tagger], texts: Sequence[str]) -> Iterator[NDArray[np.float32]]:
    """The log-probabilities of all members of each text, (members, n_words, K)."""
    for answers in zip(*(member.tag(texts) for member in members), strict=True):
        yield np.stack([answer.log_probs for answer in answers])
