"""Which labelled texts are kept for judging models and never trained on."""

import hashlib
from collections.abc import Callable, Iterable

from wapaganda.ner import Document, collapse_whitespace

MINIMUM_LABELLED = 20
"""With fewer labelled texts nothing is held out: a handful of texts judges nothing and each is needed to
learn from."""


def split_holdout(
    documents: Iterable[Document], fraction: float, drawn_at_random: Callable[[str], bool]
) -> tuple[list[Document], list[Document]]:
    """Labelled documents as (to train on, held out).

    Only texts that were drawn at random may be held out: scores on actively chosen texts mislead. Whether one
    is depends on a hash of its text alone, so it stays on its side in every round, whatever else is labelled,
    and a copy of a held-out text is never trained on.
    """
    labelled = [document for document in documents if document.is_labelled]
    if len(labelled) < MINIMUM_LABELLED:
        return labelled, []
    held = [
        document
        for document in labelled
        if drawn_at_random(document.id) and _share(text_key(document.text)) < fraction
    ]
    held_keys = {text_key(document.text) for document in held}
    train = [document for document in labelled if text_key(document.text) not in held_keys]
    return train, held


def text_key(text: str) -> str:
    """64 hex digits that tell a text from others, white space apart."""
    return hashlib.sha256(collapse_whitespace(text).encode("utf-8", "surrogatepass")).hexdigest()


def _share(key: str) -> float:
    return int(key[:8], 16) / 0x1_0000_0000
