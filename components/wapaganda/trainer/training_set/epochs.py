"""What a training learns, epoch by epoch."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from wapaganda.errors import InputError
from wapaganda.trainer.encoders import LoadedEncoder
from wapaganda.trainer.job import TrainingJob
from wapaganda.trainer.training_set.augmentation import OtherMentions
from wapaganda.trainer.training_set.examples import Example, make_examples, soft_examples

_LABEL_COPIES = 2  # of each labelled text beside texts with soft labels


class TrainingSet:
    """The windows of a job: the ``labelled`` ones, and all ``examples``, also those with soft labels.

    ``repairs``: labelled spans that the tokenizer cannot see.

    Raises:
        InputError: a document is not labelled, or no text has a word.
        ValueError: a document has a label that the schema does not know, or the tokenizer sees another number
            of words than there are soft labels.
    """

    def __init__(self, job: TrainingJob, encoder: LoadedEncoder) -> None:
        self._documents = list(job.documents)
        self._share = job.recipe.other_mentions
        self._make = partial(
            make_examples, tokenization=encoder.tokenization, schema=job.schema, casing=encoder.casing
        )
        self.labelled, self.repairs = self._make(self._documents)
        if not self.labelled:
            n_texts = len(self._documents)
            raise InputError(f"Expected at least one text with words to learn from, was: {n_texts} texts")
        self._soft = soft_examples(job.soft, encoder.tokenization, casing=encoder.casing) if job.soft else []
        self._copies = _LABEL_COPIES if job.soft else 1
        self.examples: list[Example] = self.labelled * self._copies + self._soft

    def epochs(self, rng: np.random.Generator) -> Iterator[list[Example]]:
        """All examples, again and again. A share of the labelled texts has other mentions each time."""
        with_mentions = np.array([bool(document.spans) for document in self._documents])
        if not self._share or not with_mentions.any():
            while True:
                yield self.examples
        mentions = OtherMentions(self._documents)
        while True:
            epoch = list(self._soft)
            for _ in range(self._copies):
                changed = with_mentions & (rng.random(len(self._documents)) < self._share)
                epoch += [each for each in self.labelled if not changed[each.window.text]]
                others = [mentions.in_place(self._documents[row], rng) for row in np.flatnonzero(changed)]
                epoch += self._make(others)[0]
            yield epoch
