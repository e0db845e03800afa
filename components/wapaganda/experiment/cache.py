"""What the model of a seed set said, kept for all arms that begin with it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wapaganda.experiment.reading import Judged, PoolReading
from wapaganda.metrics import Scores
from wapaganda.ner import Span
from wapaganda.tagger import TaggedText


@dataclass(frozen=True, eq=False, slots=True)
class SharedReading:
    """The scores and the answers of the model of a seed set."""

    judged: Judged
    reading: PoolReading


def reading_path(out: Path, seed: int) -> Path:
    """The file that holds it."""
    return out / "cache" / f"seed{seed}.npz"


def save_reading(out: Path, seed: int, shared: SharedReading) -> None:
    """Write it; the file appears whole or not at all."""
    path, tagged = reading_path(out, seed), shared.reading.tagged
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        ids=np.array(shared.reading.ids, dtype=np.str_),
        judged=np.array(json.dumps(asdict(shared.judged) | {"scores": shared.judged.scores.to_dict()})),
        spans=np.array(json.dumps([[asdict(span) for span in each.spans] for each in tagged])),
        lengths=np.array([len(each.words) for each in tagged], dtype=np.int64),
        words=_joined([each.words for each in tagged], (0, 2)),
        log_probs=_joined([each.log_probs for each in tagged], (0, 1)),
        embeddings=_joined([each.embedding[None] for each in tagged], (0, 1)),
    )
    partial.replace(path)


def load_reading(out: Path, seed: int) -> SharedReading | None:
    """Read what ``save_reading`` wrote; ``None`` when there is nothing."""
    path = reading_path(out, seed)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        judged = json.loads(str(stored["judged"]))
        spans = [tuple(Span(**span) for span in each) for each in json.loads(str(stored["spans"]))]
        borders = np.cumsum(stored["lengths"])[:-1]
        words, log_probs = np.split(stored["words"], borders), np.split(stored["log_probs"], borders)
        rows = zip(words, log_probs, spans, stored["embeddings"], strict=True) if spans else ()
        reading = PoolReading(tuple(stored["ids"].tolist()), tuple(TaggedText(*row) for row in rows))
    return SharedReading(Judged(**{**judged, "scores": Scores.from_dict(judged["scores"])}), reading)


def _joined(parts: list[NDArray[np.generic]], empty: tuple[int, ...]) -> NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.zeros(empty)
