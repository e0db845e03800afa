"""What a model said of each word of a pool, kept until the model has a calibration of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from wapaganda.storage import naming_full_disk
from wapaganda.tagger import ModelFolder, TaggedText, recalibrated


class KeptEmissions:
    """The words and log-probabilities of tagged texts in a temporary file: 4·(K + 2) bytes a word for K tags.

    ``before``: labels and calibration of the model that tags. ``place``: the folder of the file, which has no
    name there and disappears with the process. Close it at the end.
    """

    def __init__(self, before: ModelFolder, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._before, self._place = before, place
        self._file = TemporaryFile(dir=place)  # noqa: SIM115 - closed by ``close``
        self._end = 0
        self._kept: dict[int, tuple[int, int]] = {}

    def keep(self, rows: Iterable[int], tagged: Iterable[TaggedText]) -> Iterator[TaggedText]:
        """The same texts; each is written when it passes, with its row in the pool. The last one counts.

        Raises:
            DiskFullError: there is no room for them.
        """
        for row, each in zip(rows, tagged, strict=True):
            content = each.words.astype(np.int32).tobytes() + each.log_probs.astype(np.float32).tobytes()
            with naming_full_disk(self._place):
                self._file.write(content)
            self._kept[row] = (self._end, len(each.words))
            self._end += len(content)
            yield each

    def again(
        self, after: ModelFolder, embeddings: NDArray[np.floating], at_once: int
    ) -> Iterator[TaggedText]:
        """The kept texts as the same weights tag them with the calibration ``after``, in the order of the
        rows; ``at_once`` of them are in memory.

        ``embeddings`` (n, hidden): those of the pool from the first time.
        """
        n_tags, rows = len(self._before.schema.tags), sorted(self._kept)
        for start in range(0, len(rows), at_once):
            block = []
            for row in rows[start : start + at_once]:
                place, n_words = self._kept[row]
                self._file.seek(place)
                words = np.frombuffer(self._file.read(8 * n_words), np.int32).reshape(-1, 2)
                log_probs = np.frombuffer(self._file.read(4 * n_words * n_tags), np.float32)
                block.append(TaggedText(words, log_probs.reshape(-1, n_tags), (), embeddings[row]))
            yield from recalibrated(block, self._before, after)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()
