"""Scores one piece of a pool and writes what is known of its texts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.batch import utility
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.selection.scoring import score_pool
from wapaganda.pipeline.shards.pieces import Piece
from wapaganda.pipeline.shards.ranks import Keeper, Ranks, draws_of
from wapaganda.pipeline.shards.rows import Table, scored_rows
from wapaganda.progress import silent
from wapaganda.storage import atomic_path
from wapaganda.tagger import Tagger


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """How a pool is scored. ``model``: its folder. ``config``: measure, ranking, threshold, seed and device.

    ``keep``: how many of the best texts, and of a random sample, are kept whole. ``out``: the folder for all.
    """

    model: Path
    config: LoopConfig
    keep: int
    out: Path

    def part(self, piece: Piece) -> Path:
        """The file with id, score and utility of each text of the piece, which is done with it."""
        return self.out / "scores" / f"{piece.number:06d}.parquet"

    def kept(self, piece: Piece) -> Path:
        """The file with those texts of the piece that may be kept."""
        return self.out / "kept" / f"{piece.number:06d}.parquet"


class PieceScorer:
    """Scores pieces, one after the other, with a model that is loaded once. It can be pickled until then."""

    def __init__(self, job: ScoringJob) -> None:
        self._job = job
        self._keeper = Keeper(job.keep)
        self._tagger: Tagger | None = None

    def __call__(self, piece: Piece) -> int:
        """Score the piece, write its two files and return the number of its texts.

        Raises:
            InputError: the piece is damaged.
            FolderError: the model is.
        """
        import pyarrow as pa

        job = self._job
        if self._tagger is None:
            self._tagger = Tagger.load(job.model, device=job.config.device)
        documents = piece.read()
        scored = score_pool(self._tagger, documents, job.config, silent)
        ranks = self._ranks(piece, scored)
        visible = np.flatnonzero([bool(each.text.strip()) for each in documents])
        rows = visible[self._keeper.rows(ranks[visible])]
        _write(scored_rows(documents, scored, ranks, rows), job.kept(piece))
        columns = {"id": pa.array(scored.ids, pa.string()), "score": scored.scores, "utility": ranks.utility}
        _write(pa.table(columns), job.part(piece))
        return len(documents)

    def _ranks(self, piece: Piece, scored: PoolScores) -> Ranks:
        config = self._job.config
        places = [f"{piece.path.name}:{row}" for row in range(piece.start, piece.stop)]
        values = utility(scored.scores, scored.expectation, config)
        return Ranks(scored.scores >= config.threshold, values, draws_of(places, config.seed))


def _write(table: Table, path: Path) -> None:
    from pyarrow.parquet import write_table

    with atomic_path(path) as draft:
        write_table(table, draft)
