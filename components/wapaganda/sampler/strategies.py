"""The strategies that want one thing: each takes a draw in hand and answers with indices and why."""

import numpy as np

from wapaganda.sampler.coverage import cover
from wapaganda.sampler.diversity import farthest, spread
from wapaganda.sampler.draw import Choice, Draw
from wapaganda.sampler.typical import representatives


def random(draw: Draw) -> list[Choice]:
    """By lot, without replacement; scores and threshold play no part."""
    return [(index, "random") for index in draw.take(draw.rng.permutation(draw.eligible), draw.size)]


def uncertainty(draw: Draw) -> list[Choice]:
    """From the highest worth down; texts below the threshold come last and fill the batch."""
    return [(index, "uncertain") for index in draw.take(np.concatenate(draw.by_worth()), draw.size)]


def diversity(draw: Draw) -> list[Choice]:
    """Texts that are unlike each other, whatever their scores; the threshold plays no part."""
    rows = draw.embeddings(draw.eligible)
    accept = draw.accepts(draw.eligible)
    chosen = spread(rows, np.ones(len(rows)), draw.size, draw.rng, accept, draw.covered())
    return [(int(draw.eligible[row]), "diverse") for row in chosen]


def k_center(draw: Draw) -> list[Choice]:
    """Each text the least like those before it and those labelled; scores and threshold play no part."""
    rows = draw.embeddings(draw.eligible)
    chosen = farthest(rows, draw.size, draw.rng, draw.accepts(draw.eligible), draw.covered())
    return [(int(draw.eligible[row]), "diverse") for row in chosen]


def representative(draw: Draw) -> list[Choice]:
    """The most usual texts of every kind; scores and threshold play no part, so no model is needed."""
    rows = draw.embeddings(draw.eligible)
    chosen = representatives(rows, draw.size, draw.rng, draw.accepts(draw.eligible), draw.covered())
    return [(int(draw.eligible[row]), "representative") for row in chosen]


def facility_location(draw: Draw) -> list[Choice]:
    """Of the candidates of the highest worth those that are like the others of them.

    The ``shortlist`` × size best texts at or above the threshold stand; when these do not suffice, all of
    them are taken and the next best fill the batch.
    """
    candidates, others = draw.by_worth()
    shortlist = np.array(draw.take(candidates, draw.options.shortlist * draw.size), dtype=np.int64)
    rows = cover(draw.embeddings(shortlist), draw.pool.value[shortlist], draw.size, draw.rng, draw.covered())
    chosen: list[Choice] = [(int(shortlist[row]), "diverse") for row in rows]
    return chosen + [(index, "uncertain") for index in draw.take(others, draw.size - len(chosen))]
