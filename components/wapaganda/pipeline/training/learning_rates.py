"""The learning rate of a project: what the user sets, else what a search has chosen, else the default."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wapaganda.model_store import ModelStore
from wapaganda.ner import Document
from wapaganda.pipeline.config import LoopConfig
from wapaganda.storage import write_json
from wapaganda.trainer import Callbacks, RateSearch, TrainingJob, search_learning_rate

MINIMUM_TEXTS = 40
"""With fewer labelled texts with entities nothing is searched: a quarter of them cannot tell rates apart."""

_SEARCHES = "recipe_search.json"
"""The file beside the versions of a project with the result of the last search, by encoder."""
_GROWTH = 3
"""A search is repeated when there are this many times as many texts."""


def with_chosen_rate(job: TrainingJob, config: LoopConfig, store: ModelStore) -> TrainingJob:
    """The job with the rate that an earlier search has chosen, unless the user sets one."""
    found = _read(store.root).get(job.encoder)
    if found is None or not config.recipe_search or config.learning_rate is not None:
        return job
    return replace(job, recipe=job.recipe.with_rate(float(found["learning_rate"])))


def search_is_due(job: TrainingJob, config: LoopConfig, store: ModelStore) -> bool:
    """Whether the rate is to be searched before this training.

    The encoder is new to the project, or there are three times as many texts as in the last search; there are
    enough texts; and the user has neither set a rate nor switched the search off.
    """
    if (
        not config.recipe_search
        or config.learning_rate is not None
        or _n_filled(job.documents) < MINIMUM_TEXTS
    ):
        return False
    found = _read(store.root).get(job.encoder)
    return found is None or len(job.documents) >= _GROWTH * int(found["n_documents"])


def search_and_keep(job: TrainingJob, store: ModelStore, callbacks: Callbacks) -> RateSearch:
    """Search the rate for this job, whose recipe has the default rate, and keep the result with the project.

    Raises:
        EncoderUnavailable: the pretrained encoder cannot be loaded.
    """
    found = search_learning_rate(job, callbacks)
    record = {"n_documents": len(job.documents), **found.to_dict()}
    write_json(store.root / _SEARCHES, {**_read(store.root), job.encoder: record}, indent=2)
    return found


def inherit_rate(store: ModelStore, encoder: str, heir: str) -> None:
    """Let the encoder ``heir`` have the rate that was found for ``encoder``, if one was."""
    known = _read(store.root)
    if encoder in known:
        write_json(store.root / _SEARCHES, {**known, heir: known[encoder]}, indent=2)


def _read(root: Path) -> Mapping[str, Any]:
    """The kept searches by encoder. A damaged file holds none: they are made again and replace it."""
    path = root / _SEARCHES
    try:
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError:
        return {}
    kept = found.items() if isinstance(found, dict) else ()
    return {encoder: each for encoder, each in kept if _is_whole(each)}


def _is_whole(search: object) -> bool:
    """Whether a kept search has what is read from it."""
    values = search if isinstance(search, dict) else {}
    rate, n_documents = values.get("learning_rate"), values.get("n_documents")
    return isinstance(rate, float) and rate > 0 and isinstance(n_documents, int)


def _n_filled(documents: Sequence[Document]) -> int:
    """The number of different texts with entities."""
    return len({document.text for document in documents if document.spans})
