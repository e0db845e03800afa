"""A scored pool of any size: a folder of Parquet files, and the texts of it that a batch is chosen from."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from wapaganda.errors import InputError
from wapaganda.ner import Document
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.pipeline.shards.pieces import Piece, pieces_of
from wapaganda.pipeline.shards.ranks import Ranks
from wapaganda.pipeline.shards.rows import documents_in, ranks_in, scores_in
from wapaganda.pipeline.shards.scorer import PieceScorer, ScoringJob
from wapaganda.progress import Progress
from wapaganda.sampler import find_strategy
from wapaganda.storage import atomic_path, write_json
from wapaganda.tagger import ModelFolder
from wapaganda.uncertainty import find_measure

_FORMAT = 1
_FACTS, _BEST = "scored.json", "best.parquet"
_RANKING = ("strategy", "measure", "threshold", "cost_exponent", "prices")
"""The settings on which it depends which texts are kept."""
_AGAIN = "Score the pool again with a new --out."


class PieceEngine(Protocol):
    """Calls a function for each of some pieces, in this process or in others."""

    def __call__(
        self, make: Callable[[], Callable[[Piece], int]], items: Sequence[Piece]
    ) -> Generator[int, None, None]:
        """Yield the answers, in any order; each process makes the function once."""


def in_this_process(
    make: Callable[[], Callable[[Piece], int]], items: Sequence[Piece]
) -> Generator[int, None, None]:
    """The `PieceEngine` without other processes."""
    function = make()
    for item in items:
        yield function(item)


@dataclass(frozen=True, slots=True)
class ScoredPool:
    """The kept texts of a scored pool, and facts about all of it.

    ``documents`` and ``scored``: in the order of the pool. ``is_best`` (n,): among the best of the pool.
    ``is_random`` (n,): of its random sample. ``version``: of the model. ``measure``: that scored the texts.
    ``ranking``: the settings by which texts were kept. ``n_texts``: of the whole pool. ``n_candidates``: its
    texts whose score reaches the threshold. ``n_renamed``: kept texts whose id stood there before.
    """

    documents: list[Document]
    scored: PoolScores
    is_best: NDArray[np.bool_]
    is_random: NDArray[np.bool_]
    version: str
    measure: str
    ranking: Mapping[str, Any]
    n_texts: int
    n_candidates: int
    n_renamed: int

    @classmethod
    def load(cls, folder: Path) -> "ScoredPool":
        """Read the folder of ``score_shards``. The memory is that of the kept texts.

        Raises:
            InputError: it is none, is unfinished or damaged.
        """
        import pyarrow
        from pyarrow.parquet import read_table

        facts = _facts(folder)
        if facts is None or "n_texts" not in facts:
            was = "scored in part" if facts else "another folder"
            raise InputError(f"Expected a scored pool, was: {folder}, {was}.", "Run selfish score first.")
        try:
            table = read_table(folder / _BEST)
            return cls(
                documents_in(table),
                scores_in(table, tuple(facts["labels"])),
                table["best"].to_numpy(),
                table["random"].to_numpy(),
                **{name: facts[name] for name in ("version", "measure", "ranking", "n_texts")},
                **{name: facts[name] for name in ("n_candidates", "n_renamed")},
            )
        except (OSError, KeyError, pyarrow.ArrowException) as error:
            raise InputError(
                f"Expected a scored pool, was: {folder} with a damaged {_BEST}.", _AGAIN
            ) from error

    def check(self, config: LoopConfig) -> None:
        """Check that the pool was scored with the settings of ``config``.

        Raises:
            InputError: other texts would have been kept.
        """
        other = [name for name in _RANKING if self.ranking[name] != getattr(config, name)]
        if other:
            wanted, was = (
                ", ".join(f"{name}={values[name]}" for name in other)
                for values in ({name: getattr(config, name) for name in other}, self.ranking)
            )
            raise InputError(f"Expected a pool that was scored with {wanted}, was: {was}.", _AGAIN)


def score_shards(pool: Path, job: ScoringJob, engine: PieceEngine, progress: Progress) -> ScoredPool:
    """Score the texts of a Parquet file or of a folder of them, and keep the best of all.

    ``job.out`` gets ``scores/`` with a row for each text, ``best.parquet`` with the kept texts, and
    ``scored.json``. The memory is that of one piece and the kept texts. Every engine writes the same. When it
    is interrupted, the same call goes on after the last finished piece.

    Raises:
        InputError: the pool cannot be read, ``job.out`` holds other scores, or another process writes there.
        FolderError: the model is incomplete.
    """
    _check_strategy(job.config.strategy)
    pieces = pieces_of(pool)
    plan = _plan(pieces, job)
    with _held(job.out):
        known = _facts(job.out)
        if known is None and any(each.name != _LOCK for each in job.out.iterdir()):
            raise InputError(f"Expected a new folder, was: {job.out}, which holds other files.")
        if known is not None and {name: known.get(name) for name in plan} != plan:
            raise InputError(
                f"Expected a new folder, was: {job.out} with scores of another model, pool or setting.",
                "Name another one by --out, or delete it.",
            )
        if known is None:
            write_json(job.out / _FACTS, plan)
        if known is None or "n_texts" not in known:
            _score(pieces, job, engine, progress)
            progress("write", 0, 0)
            write_json(job.out / _FACTS, plan | _merge(pieces, job))
        shutil.rmtree(job.out / "kept", ignore_errors=True)
    return ScoredPool.load(job.out)


def _check_strategy(name: str) -> None:
    found = find_strategy(name)
    if not found.uses_scores and name != "random":
        raise InputError(
            f"Expected a strategy that ranks by scores, or random, was: {name}, which needs the whole pool.",
            "Name another one by --strategy, or use selfish select --pool.",
        )


_LOCK = "score.lock"


@contextmanager
def _held(folder: Path) -> Generator[None, None, None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"Expected no other work in {folder}, was: another process scores there.") from None
    try:
        yield
    finally:
        lock.release()


def _plan(pieces: Sequence[Piece], job: ScoringJob) -> dict[str, Any]:
    """All that the scores depend on, as JSON."""
    paths = list(dict.fromkeys(each.path for each in pieces))
    config = asdict(job.config)
    return {
        "format": _FORMAT,
        "version": job.model.name,
        "labels": list(ModelFolder.read(job.model).labels),
        "measure": find_measure(job.config.measure).name,
        "ranking": {name: config[name] for name in _RANKING},
        "seed": job.config.seed,
        "precision": job.config.scoring_precision,
        "batch_size": job.config.batch_size,
        "keep": job.keep,
        "files": [[path.name, path.stat().st_size] for path in paths],
        "n_pieces": len(pieces),
    }


def _facts(folder: Path) -> dict[str, Any] | None:
    """``scored.json``; ``None``: there is none that can be read."""
    try:
        found = json.loads((folder / _FACTS).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == _FORMAT else None


def _score(pieces: Sequence[Piece], job: ScoringJob, engine: PieceEngine, progress: Progress) -> None:
    left = [each for each in pieces if not job.part(each).exists()]
    total = sum(map(len, pieces))
    done = total - sum(map(len, left))
    progress("score", done, total)
    with closing(engine(partial(PieceScorer, job), left)) as answers:
        for n_texts in answers:
            done += n_texts
            progress("score", done, total)


def _merge(pieces: Sequence[Piece], job: ScoringJob) -> dict[str, int]:
    """Write the best of all pieces and their sample, in the order of the pool; return what was counted."""
    from pyarrow.parquet import ParquetWriter, read_table

    names = ("candidate", "utility", "draw")
    ranks = [ranks_in(read_table(job.kept(each), columns=list(names))) for each in pieces]
    starts = np.cumsum([0, *map(len, ranks)])
    joined = Ranks.join(ranks)
    chosen = {"best": joined.best(job.keep), "random": joined.sample(job.keep)}
    rows = np.union1d(*chosen.values())
    seen: Counter[str] = Counter()
    writer = None
    with atomic_path(job.out / _BEST) as draft:
        for piece, start, stop in zip(pieces, starts[:-1], starts[1:], strict=True):
            own = rows[(rows >= start) & (rows < stop)]
            table = read_table(job.kept(piece)).take(own - start).drop_columns(["candidate", "draw"])
            for name, among in chosen.items():
                table = table.append_column(name, [np.isin(own, among)])
            table = _with_unique_ids(table, seen)
            writer = writer or ParquetWriter(draft, table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
    n_candidates, n_texts = 0, 0
    for piece in pieces:
        scores = read_table(job.part(piece), columns=["score"])["score"].to_numpy()
        n_texts += len(scores)
        n_candidates += int((scores >= job.config.threshold).sum())
    n_renamed = sum(count - 1 for count in seen.values())
    return {"n_texts": n_texts, "n_candidates": n_candidates, "n_renamed": n_renamed}


def _with_unique_ids(table: Any, seen: Counter[str]) -> Any:  # noqa: ANN401 - a pyarrow table
    """The table with ``#2``, ``#3`` … behind ids that stood there before, as ``read_documents`` does."""
    import pyarrow as pa

    ids = []
    for own in table["id"].to_pylist():
        seen[own] += 1
        ids.append(own if seen[own] == 1 else f"{own}#{seen[own]}")
    return table.set_column(0, "id", pa.array(ids, pa.string()))
