"""The strategies that follow one aim each."""

import numpy as np

from wapaganda.sampler.context import SelectionContext
from wapaganda.sampler.kmeans_pp import weighted_kmeans_pp
from wapaganda.sampler.registry import Choice, strategy
from wapaganda.sampler.types import DIVERSE, RANDOM, REPRESENTATIVE, UNCERTAIN
from wapaganda.sampler.typiclust import typiclust


@strategy("random", uses_scores=False)
def random(context: SelectionContext) -> list[Choice]:
    """At random, without replacement; scores and threshold are ignored."""
    return [(index, RANDOM) for index in context.take(context.at_random(), context.size)]


@strategy("uncertainty", uses_scores=True)
def uncertainty(context: SelectionContext) -> list[Choice]:
    """By falling utility; texts below the threshold come last and fill the batch."""
    order = np.concatenate(context.by_utility())
    return [(index, UNCERTAIN) for index in context.take(order, context.size)]


@strategy("diversity", uses_scores=False)
def diversity(context: SelectionContext) -> list[Choice]:
    """Texts that differ from each other, by k-means++ on embeddings; scores and threshold are ignored."""
    eligible = context.eligible
    weights = np.ones(len(eligible))
    rows = weighted_kmeans_pp(
        context.embeddings(eligible), weights, context.size, context.rng, context.accepts(eligible)
    )
    return [(int(eligible[row]), DIVERSE) for row in rows]


@strategy("representative", uses_scores=False)
def representative(context: SelectionContext) -> list[Choice]:
    """The most typical texts of every cluster (TypiClust); scores and threshold are ignored."""
    eligible = context.eligible
    rows = typiclust(context.embeddings(eligible), context.size, context.rng, context.accepts(eligible))
    return [(int(eligible[row]), REPRESENTATIVE) for row in rows]
