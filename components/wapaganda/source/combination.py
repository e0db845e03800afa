"""One distribution over the tags of each word, from a model and the votes of sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.source.reliability import SourceReliability


def combine(
    log_probs: NDArray[Any] | None,
    votes: Mapping[str, NDArray[np.int64]],
    reliabilities: Mapping[str, SourceReliability],
) -> NDArray[np.float32]:
    """Log-probabilities of the tags of T words, (T, K), by the model and the sources. Pure.

    Naive Bayes: log P(tag) of the model plus, for each source that is on, w · log P(vote | tag). A vote for
    outside counts as well. The exponent w (`SourceReliability.weight`) tempers it: the votes of the words of
    an entity are right or wrong together, several sources err alike, and a model errs where a source does, so
    their evidence must not multiply. w makes labelled texts most probable, out of fold (`trust`).

    ``log_probs`` (T, K): of a calibrated model; ``None``: there is none, and the sources say how frequent
    each tag is. ``votes``: the tag ids of each source, (T,); ``reliabilities`` by the same names.

    Raises:
        ValueError: there is neither a model nor a source that is on.
    """
    heard = [(votes[name], each) for name, each in reliabilities.items() if each.is_on and name in votes]
    if log_probs is not None:
        total = np.asarray(log_probs, dtype=np.float64)
    elif heard:
        shares = np.mean([np.exp(each.log_prior()) for _, each in heard], axis=0)
        total = np.tile(np.log(shares), (len(heard[0][0]), 1))
    else:
        raise ValueError("Expected a model or a source that is on, was: neither")
    for tags, each in heard:
        total = total + each.log_likelihood(tags)
    total = total - np.logaddexp.reduce(total, axis=1, keepdims=True)
    return np.asarray(total, dtype=np.float32)
