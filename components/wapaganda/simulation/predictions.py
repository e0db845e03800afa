"""A model's predictions for the test texts and for the rest of the pool, and the files that keep them."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from wapaganda.metrics import Scores
from wapaganda.ner import Document, Span, decode_spans, span_to_dict
from wapaganda.storage import atomic_path
from wapaganda.tagger import TaggedText, Tagger

PARTS = ("pool", "test")


@dataclass(frozen=True, eq=False, slots=True)
class Predictions:
    """The predictions of one model for some texts."""

    ids: tuple[str, ...]
    tagged: tuple[TaggedText, ...]

    @classmethod
    def of(cls, tagger: Tagger, documents: Sequence[Document]) -> Self:
        """Predict every text once."""
        tagged = tuple(tagger.tag([document.text for document in documents]))
        return cls(tuple(document.id for document in documents), tagged)

    @property
    def spans(self) -> list[tuple[Span, ...]]:
        """The predicted spans of each text."""
        return [each.spans for each in self.tagged]


@dataclass(frozen=True, eq=False, slots=True)
class EvaluatedModel:
    """A model's scores on the test texts, and its estimated and its true F1 on the rest of the pool.

    ``pool`` and ``test`` are the predictions; the F1 of an empty pool is ``None``.
    """

    scores: Scores
    estimated_f1: float | None
    true_pool_f1: float | None
    train_seconds: float
    score_seconds: float
    pool: Predictions
    test: Predictions

    def without_predictions(self) -> "EvaluatedModel":
        """The numbers only."""
        return replace(self, pool=Predictions((), ()), test=Predictions((), ()))


def shared_path(out: Path, seed: int) -> Path:
    """The file of the model of a seed set, which all arms start with."""
    return out / "cache" / f"seed{seed}.npz"


def save_evaluated(path: Path, evaluated: EvaluatedModel) -> None:
    """Write an evaluated model atomically."""
    about = asdict(evaluated.without_predictions()) | {"scores": evaluated.scores.to_dict()}
    arrays = {"judged": np.array(json.dumps(about))}
    for part, predictions in zip(PARTS, (evaluated.pool, evaluated.test), strict=True):
        arrays |= {f"{part}_{name}": array for name, array in _arrays(predictions).items()}
    with atomic_path(path) as draft:
        np.savez(draft, **arrays)  # type: ignore[arg-type]


def load_evaluated(path: Path) -> EvaluatedModel | None:
    """Read the file of ``save_evaluated``; ``None`` if it is missing, damaged or of an earlier version."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(str(stored["judged"]))
            pool, test = (_predictions(stored, f"{part}_") for part in PARTS)
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return EvaluatedModel(
        **{**about, "scores": Scores.from_dict(about["scores"]), "pool": pool, "test": test}
    )


def _arrays(predictions: Predictions) -> dict[str, NDArray[Any]]:
    tagged = predictions.tagged
    return {
        "ids": np.array(predictions.ids, dtype=np.str_),
        "spans": np.array(json.dumps([[span_to_dict(span) for span in each.spans] for each in tagged])),
        "lengths": np.array([len(each.words) for each in tagged], dtype=np.int64),
        "words": _joined([each.words for each in tagged]),
        "log_probs": _joined([each.log_probs for each in tagged]),
        "embeddings": _joined([each.embedding[None] for each in tagged]),
    }


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _predictions(stored: Mapping[str, NDArray[Any]], prefix: str) -> Predictions:
    ids = tuple(stored[f"{prefix}ids"].tolist())
    if not ids:
        return Predictions((), ())
    borders = np.cumsum(stored[f"{prefix}lengths"])[:-1]
    rows = zip(
        np.split(stored[f"{prefix}words"], borders),
        np.split(stored[f"{prefix}log_probs"], borders),
        (decode_spans(each) for each in json.loads(str(stored[f"{prefix}spans"]))),
        stored[f"{prefix}embeddings"],
        strict=True,
    )
    return Predictions(ids, tuple(TaggedText(*row) for row in rows))
