"""Register a sampling strategy of your own and select a batch with it.

python docs/examples/own_strategy.py
"""

import numpy as np

from wapaganda.sampler import Choice, Pool, SelectionContext, select, strategy


@strategy("short_and_uncertain", uses_scores=True)
def short_and_uncertain(context: SelectionContext) -> list[Choice]:
    """The most uncertain texts a word: cheap to label."""
    words = np.array([max(1, len(text.split())) for text in context.pool.texts])
    order = sorted(context.eligible, key=lambda row: -context.pool.scores[row] / words[row])
    return [(row, "cheap") for row in context.take(order, context.size)]


texts = ["Ada met Bob.", "Ada met Bob in the old town of Tbilisi last spring.", "Nothing happened."]
pool = Pool(["a", "b", "c"], texts, np.array([0.9, 0.95, 0.1]))
for chosen in select(pool, size=2, strategy="short_and_uncertain").picks:
    print(chosen.rank, chosen.reason, texts[chosen.index])
