"""The loss of a batch of words, and what is known of it before the first step."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wapaganda.trainer.training_set.examples import Example

_START = -2.0
"""Added to the bias of tags that some texts cannot say."""


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
