"""What a model said, kept for those who would otherwise train it again."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.metrics import Scores
from wapaganda.ner import decode_spans, span_to_dict
from wapaganda.simulation.reading import Judged, Reading
from wapaganda.tagger import TaggedText

PARTS = ("pool", "test")


def shared_path(out: Path, seed: int) -> Path:
    """The file of the model of a seed set, which all arms begin with."""
    return out / "cache" / f"seed{seed}.npz"


def save_judged(path: Path, judged: Judged) -> None:
    """Write it; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    about = asdict(judged.without_readings()) | {"scores": judged.scores.to_dict()}
    arrays = {"judged": np.array(json.dumps(about))}
    for part, reading in zip(PARTS, (judged.pool, judged.test), strict=True):
        arrays |= {f"{part}_{name}": array for name, array in _arrays(reading).items()}
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def load_judged(path: Path) -> Judged | None:
    """Read what ``save_judged`` wrote; ``None`` when there is nothing, or only something torn or older."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(str(stored["judged"]))
            pool, test = (_reading(stored, f"{part}_") for part in PARTS)
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return Judged(**{**about, "scores": Scores.from_dict(about["scores"]), "pool": pool, "test": test})


def _arrays(reading: Reading) -> dict[str, NDArray[Any]]:
    tagged = reading.tagged
    return {
        "ids": np.array(reading.ids, dtype=np.str_),
        "spans": np.array(json.dumps([[span_to_dict(span) for span in each.spans] for each in tagged])),
        "lengths": np.array([len(each.words) for each in tagged], dtype=np.int64),
        "words": _joined([each.words for each in tagged]),
        "log_probs": _joined([each.log_probs for each in tagged]),
        "embeddings": _joined([each.embedding[None] for each in tagged]),
    }


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _reading(stored: Mapping[str, NDArray[Any]], prefix: str) -> Reading:
    ids = tuple(stored[f"{prefix}ids"].tolist())
    if not ids:
        return Reading((), ())
    borders = np.cumsum(stored[f"{prefix}lengths"])[:-1]
    rows = zip(
        np.split(stored[f"{prefix}words"], borders),
        np.split(stored[f"{prefix}log_probs"], borders),
        (decode_spans(each) for each in json.loads(str(stored[f"{prefix}spans"]))),
        stored[f"{prefix}embeddings"],
        strict=True,
    )
    return Reading(ids, tuple(TaggedText(*row) for row in rows))
