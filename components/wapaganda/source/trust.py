"""Which sources are switched on, and how much they count: what makes the labels of people most probable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import apply_temperature, fit_temperature
from wapaganda.ner import LabelSchema
from wapaganda.source.reliability import SourceReliability

MINIMUM_TEXTS = 20
"""With fewer labelled texts a source is on, as the user has asked."""
FIRST_WEIGHT = 0.5
"""Its weight until then beside a model. Without one it is 1, for n sources 1/√n each."""
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_RESAMPLINGS = 500
_MOST_DOUBT = 0.1
"""A source is off when it does not help in more than this share of the resamplings."""
_HARM = 0.8
"""A type of a source is off when it hurts in at least this share of them."""

Tags = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source has said: ``labelled``: the tag ids of the words of each labelled text, ``unlabelled``
    those of others, which tell how often it votes; ``known``: the types that it knows."""

    labelled: Tags
    known: Sequence[str]
    unlabelled: Tags = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a source is believed, and why, in one sentence; ``types_off``: why types of it are off."""

    reliability: SourceReliability
    why: str
    types_off: Mapping[str, str]


def trust(
    gold: Tags,
    opinions: Mapping[str, Opinion],
    schema: LabelSchema,
    log_probs: Sequence[NDArray[Any]] | None = None,
    seed: int = 13,
) -> dict[str, Verdict]:
    """Judge sources by labelled texts: ``gold`` are the tag ids of people, (n_words,) for each text.

    ``log_probs``: for each text what a model said that had not learnt it, (n_words, K); its temperature is
    fitted first. ``None``: sources are compared with how frequent the tags are. The reliability of a source
    for one half of the texts comes from the other half. The weights are those with the least log loss. A
    source stays on when the loss with it is smaller in 90% of 500 resamplings of the texts (a paired
    bootstrap: Efron & Tibshirani 1993, "An introduction to the bootstrap"). A type of it is off when the loss
    is smaller without it in 80%.
    """
    whole = {
        name: SourceReliability.learn(gold, each.labelled, schema, each.known, each.unlabelled)
        for name, each in opinions.items()
    }
    if len(gold) < MINIMUM_TEXTS or not opinions:
        why = f"on: {len(gold)} answers are too few to judge it, {MINIMUM_TEXTS} are needed"
        weight = FIRST_WEIGHT if log_probs is not None else 1.0 / max(1, len(opinions)) ** 0.5
        return {name: Verdict(replace(each, weight=weight), why, {}) for name, each in whole.items()}
    judge = _Judge(gold, opinions, schema, log_probs, seed)
    weights = judge.weights()
    verdicts = {}
    for name, each in whole.items():
        without = judge.losses(weights | {name: 0.0})
        with_it = judge.losses(weights)
        doubt = judge.share(without - with_it)
        off = weights[name] == 0.0 or doubt > _MOST_DOUBT
        why = _why(without, with_it, judge.n_words, doubt, weights[name], len(gold))
        types_off = {} if off else judge.harmful(name, weights)
        numbers = frozenset(1 + schema.labels.index(label) for label in types_off)
        kept = replace(each, weight=0.0 if off else weights[name], off=numbers)
        verdicts[name] = Verdict(kept, f"{'off' if off else 'on'}: {why}", types_off)
    return verdicts


def _why(
    without: NDArray[Any], with_it: NDArray[Any], n_words: int, doubt: float, weight: float, n_texts: int
) -> str:
    if weight == 0.0:
        return f"it does not help on {n_texts:,} answered texts"
    before, after = without.sum() / n_words, with_it.sum() / n_words
    return (
        f"log loss of a word {before:.4f} without it, {after:.4f} with it; better in {1.0 - doubt:.0%} of "
        f"{_RESAMPLINGS} resamplings of {n_texts:,} answered texts"
    )


class _Judge:
    """The log loss of each text for given weights of the sources."""

    def __init__(
        self,
        gold: Tags,
        opinions: Mapping[str, Opinion],
        schema: LabelSchema,
        log_probs: Sequence[NDArray[Any]] | None,
        seed: int,
    ) -> None:
        rng = np.random.default_rng(seed)
        n = len(gold)
        half = np.zeros(n, dtype=np.int64)
        half[rng.permutation(n)[: n // 2]] = 1
        self._labels = schema.labels
        self._tags = np.concatenate(gold)
        self._starts = np.cumsum([0, *map(len, gold)])
        self.n_words = len(self._tags)
        self._draws = rng.multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLINGS)
        self._known = {name: each.known for name, each in opinions.items()}
        self._classes = {name: (np.concatenate(each.labelled) + 1) // 2 for name, each in opinions.items()}
        self._likelihood, priors = {}, []
        for name, each in opinions.items():
            by_half = [
                SourceReliability.learn(
                    [tags for tags, side in zip(gold, half, strict=True) if side != this],
                    [tags for tags, side in zip(each.labelled, half, strict=True) if side != this],
                    schema,
                    each.known,
                    each.unlabelled,
                )
                for this in (0, 1)
            ]
            said = [
                by_half[side].log_likelihood(tags) for tags, side in zip(each.labelled, half, strict=True)
            ]
            self._likelihood[name] = np.concatenate(said)
            priors.append([np.exp(each.log_prior()) for each in by_half])
        if log_probs is None:
            shares = np.log(np.mean(priors, axis=0))
            self._base = np.concatenate(
                [np.tile(shares[side], (len(tags), 1)) for tags, side in zip(gold, half, strict=True)]
            )
        else:
            temperature = fit_temperature(list(log_probs), list(gold))
            self._base = np.concatenate(apply_temperature(list(log_probs), temperature)).astype(np.float64)

    def losses(self, weights: Mapping[str, float], ignored: tuple[str, int] | None = None) -> NDArray[Any]:
        """The log loss of each text, (n,); ``ignored``: the votes of a source for a class say nothing."""
        total = self._base
        for name, weight in weights.items():
            if weight:
                added = weight * self._likelihood[name]
                if ignored is not None and ignored[0] == name:
                    added[self._classes[name] == ignored[1]] = 0.0
                total = total + added
        right = total[np.arange(self.n_words), self._tags]
        loss = np.append(np.logaddexp.reduce(total, axis=1) - right, 0.0)
        sums: NDArray[Any] = np.add.reduceat(loss, self._starts[:-1]) * (np.diff(self._starts) > 0)
        return sums

    def weights(self) -> dict[str, float]:
        """The weights with the least loss, one source after the other, twice."""
        found = dict.fromkeys(self._likelihood, 0.0)
        alone = {name: min(self._loss({name: w}) for w in _WEIGHTS) for name in found}
        for name in [*sorted(alone, key=alone.__getitem__)] * 2:
            found[name] = min((self._loss(found | {name: w}), w) for w in _WEIGHTS)[1]
        return found

    def _loss(self, weights: Mapping[str, float]) -> float:
        return float(self.losses(weights).sum())

    def share(self, gains: NDArray[Any]) -> float:
        """The share of resamplings of the texts in which the gains (n,) add up to nothing or less."""
        return float((self._draws @ gains <= 0).mean())

    def harmful(self, name: str, weights: Mapping[str, float]) -> dict[str, str]:
        """The types of the source without which the loss is smaller, each with the reason."""
        with_all, found = self.losses(weights), {}
        for label in self._known[name]:
            if label not in self._labels:
                continue
            number = 1 + self._labels.index(label)
            hurts = 1.0 - self.share(with_all - self.losses(weights, (name, number)))
            if hurts >= _HARM:
                found[label] = f"off: worse with it in {hurts:.0%} of {_RESAMPLINGS} resamplings"
        return found
