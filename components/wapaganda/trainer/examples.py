"""Labelled documents as windows with the tags of their core words, their batches and their loss."""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, Repairs, align_spans, encode_tags, missing_types
from wapaganda.tagger import ModelInput, Tokenization, model_inputs
from wapaganda.trainer.job import SoftText
from wapaganda.trainer.recipe import Recipe

Window = TypeVar("Window", bound=Sized)
_BATCHES_SORTED_TOGETHER = 8
_START = -2.0
"""Added to the bias of tags that some texts cannot say."""


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """A window and the tags of its core words, shape (core words,): each word of a text counts once.

    ``missing``: the numbers of the types that the labels of the text cannot say. ``soft``: the probability of
    each tag, shape (core words, K); then ``tags`` are only the most probable ones.
    """

    window: ModelInput
    tags: NDArray[np.int64]
    missing: tuple[int, ...] = ()
    soft: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.window)


def make_examples(
    documents: Sequence[Document], tokenization: Tokenization, schema: LabelSchema, *, casing: bool
) -> tuple[list[Example], Repairs]:
    """All windows of the documents, also those without entities, and the number of spans without a word that
    the tokenizer sees (``Repairs.empty``).

    Raises:
        InputError: a document is not labelled, or no text has a word.
        ValueError: a document has a label that the schema does not know.
    """
    texts = [document.text for document in documents]
    encoded = tokenization.encode(texts)
    rows, repairs = [], Repairs()
    for document, text in zip(documents, encoded, strict=True):
        tags, done = _tags(document, text.words, schema)
        rows.append(tags)
        repairs = repairs + done
    missing = [missing_types(document, schema) for document in documents]
    examples = [
        Example(window, rows[window.text][window.core_start : window.core_end], missing[window.text])
        for window in model_inputs(texts, encoded, tokenization, casing=casing)
    ]
    if not examples:
        raise InputError(f"Expected at least one text with words to learn from, was: {len(documents)} texts")
    return examples, repairs


def soft_examples(texts: Sequence[SoftText], tokenization: Tokenization, *, casing: bool) -> list[Example]:
    """All windows of texts with soft labels.

    Raises:
        ValueError: the tokenizer sees another number of words than there are soft labels.
    """
    encoded = tokenization.encode([each.text for each in texts])
    for soft, text in zip(texts, encoded, strict=True):
        if len(soft.probabilities) != len(text.words):
            raise ValueError(
                f"Expected soft labels for {len(text.words)} words, was: {len(soft.probabilities)}"
            )
    found = []
    for window in model_inputs([each.text for each in texts], encoded, tokenization, casing=casing):
        rows = texts[window.text].probabilities[window.core_start : window.core_end]
        found.append(Example(window, rows.argmax(axis=1).astype(np.int64), soft=rows))
    return found


def _tags(
    document: Document, words: NDArray[np.int32], schema: LabelSchema
) -> tuple[NDArray[np.int64], Repairs]:
    """The tags of ``words``, (n_words, 2)."""
    if document.spans is None:
        raise InputError(f"Expected labelled documents only, was: {document.id!r} without labels")
    visible, n_lost = align_spans(document.spans, words)
    return encode_tags(visible, words, schema), Repairs(empty=n_lost)


def endless_batches(
    examples: Sequence[Window], recipe: Recipe, rng: np.random.Generator
) -> Iterator[list[Window]]:
    """Yield batches without end: each window once per epoch, windows of similar length in a batch."""
    while True:
        epoch = list(_epoch(examples, recipe, rng))
        for number in rng.permutation(len(epoch)):
            yield [examples[index] for index in epoch[number]]


def _epoch(
    examples: Sequence[Sized], recipe: Recipe, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Batches of indices, sorted by length only within a few batches, so that epochs differ."""
    order = rng.permutation(len(examples))
    size = recipe.batch_size * _BATCHES_SORTED_TOGETHER
    for start in range(0, len(order), size):
        group = sorted(order[start : start + size].tolist(), key=lambda index: -len(examples[index]))
        while group:
            fitting = max(1, min(recipe.batch_size, recipe.batch_pieces // len(examples[group[0]])))
            yield np.array(group[:fitting])
            group = group[fitting:]


def word_loss(logits: Tensor, tags: Tensor, batch: Sequence[Example]) -> Tensor:
    """The mean loss of a word, in nats, of logits (core words, K) and tags (core words,).

    It is the cross entropy. Where the labels of a text cannot say some types, ``O`` says only that no other
    type is there: the loss of such a word is −log of the probability of ``O`` and of these types together
    (Greenberg et al. 2018, "Marginal likelihood training of BiLSTM-CRF for biomedical named entity
    recognition from disjoint label sets", for single words). With soft labels it is the cross entropy with
    them.
    """
    if not any(example.missing or example.soft is not None for example in batch):
        return nn.functional.cross_entropy(logits, tags)
    log_probs = nn.functional.log_softmax(logits, dim=1)
    allowed = torch.from_numpy(_allowed(batch, logits.shape[1])).to(logits.device)
    losses = -log_probs.masked_fill(~allowed, -torch.inf).logsumexp(dim=1)  # 0 where all tags are allowed
    soft = [each.soft for each in batch if each.soft is not None]
    if soft:
        is_soft = torch.from_numpy(_repeated([each.soft is not None for each in batch], batch)).to(
            logits.device
        )
        targets = torch.from_numpy(np.concatenate(soft)).to(log_probs)
        losses = losses.masked_scatter(is_soft, -(targets * log_probs[is_soft]).sum(dim=1))
    return losses.mean()


def frequency_loss(examples: Sequence[Example]) -> float:
    """The mean loss of a word when the tags' frequencies are always predicted: their entropy, in nats."""
    n_tags = max(int(example.tags.max(initial=0)) for example in examples) + 1
    n_tags = max([n_tags, *(example.soft.shape[1] for example in examples if example.soft is not None)])
    counts = np.zeros(n_tags)
    for example in examples:
        counts += (
            np.bincount(example.tags, minlength=n_tags) if example.soft is None else example.soft.sum(axis=0)
        )
    shares = counts[counts > 0] / counts.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    partial = [example for example in examples if example.missing]
    if not partial:
        return entropy
    gained = 0.0  # where O stands for more than O
    for example in partial:
        of_missing = sum(counts[column] for column in _columns(example.missing) if column < len(counts))
        gained += float((example.tags == 0).sum() * np.log1p(of_missing / max(1, counts[0])))
    return entropy - gained / float(counts.sum())


def start_low(model: nn.Module, examples: Sequence[Example], n_tags: int) -> None:
    """Make the new head's tags of the types that some texts cannot say improbable, before the first step.

    The loss of such texts does not distinguish them from ``O``. From equal probabilities a model with few
    other texts would mark them everywhere.
    """
    types = sorted({number for example in examples for number in example.missing})
    biases = [each for name, each in model.named_parameters() if name.endswith("bias")]
    of_head = [each for each in biases if each.shape == (n_tags,)][-1:]
    with torch.no_grad():
        for bias in of_head if types else ():
            bias[_columns(types)] += _START


def _allowed(batch: Sequence[Example], n_tags: int) -> NDArray[np.bool_]:
    """Which tags a word may have by the labels of its text, (core words, K)."""
    rows = []
    for example in batch:
        allowed = np.full((len(example.tags), n_tags), example.soft is not None)
        allowed[np.arange(len(example.tags)), example.tags] = True
        allowed[np.ix_(example.tags == 0, _columns(example.missing))] = True
        rows.append(allowed)
    return np.concatenate(rows)


def _repeated(values: Sequence[bool], batch: Sequence[Example]) -> NDArray[np.bool_]:
    """The value of each window for each of its core words, (core words,)."""
    return np.repeat(np.array(values), [len(example.tags) for example in batch])


def _columns(types: Sequence[int]) -> list[int]:
    """The tag ids of types."""
    return [tag for number in types for tag in (1 + 2 * number, 2 + 2 * number)]
