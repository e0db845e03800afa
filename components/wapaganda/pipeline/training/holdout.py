"""The labelled texts of a training: those to train on and those that are held out."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from wapaganda.ner import Document, collapse_whitespace
from wapaganda.source import SourceFiles

MINIMUM_LABELLED = 20
"""With fewer labelled texts none is held out: each is needed to train on."""


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """The texts of one training.

    ``train`` and ``holdout`` are labelled; no model is trained on ``holdout``. ``actively_selected``: the ids
    of texts that were selected by their scores; no model is evaluated on them. ``unlabelled``: texts a
    student may learn. ``dev``: labelled texts that choose the best checkpoint; never trained on. ``sources``:
    what they say about the unlabelled texts is taught, too.
    """

    train: Sequence[Document]
    holdout: Sequence[Document] = ()
    actively_selected: Collection[str] = ()
    unlabelled: Sequence[str] = ()
    dev: Sequence[Document] = ()
    sources: SourceFiles | None = None

    def without_dev_texts(self) -> "TrainingTexts":
        """The same without the training texts that are also dev texts, up to white space."""
        if not self.dev:
            return self
        texts = {text_key(document.text) for document in self.dev}
        return replace(self, train=[each for each in self.train if text_key(each.text) not in texts])


def split_holdout(
    documents: Iterable[Document], fraction: float, drawn_at_random: Callable[[str], bool]
) -> tuple[list[Document], list[Document]]:
    """Split labelled documents into those to train on and those that are held out.

    Only texts that were selected at random are held out: scores on actively selected texts are biased. A hash
    of the text decides, so a text is on the same side in every round. Copies of a held-out text are not
    trained on.
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
    """64 hex digits that identify a text, up to white space."""
    return hashlib.sha256(collapse_whitespace(text).encode("utf-8", "surrogatepass")).hexdigest()


def _share(key: str) -> float:
    return int(key[:8], 16) / 0x1_0000_0000
