"""The steps of a round that the product and the simulation share.

`Loop` is the product's round: it adds the ledger, the model store, the run log and the release.
`wapaganda.simulation` is the same round on labelled texts: it adds the oracle, the costs and the cache. Both
train the job of ``training_job``, score by ``score_tagged`` and choose by ``choose_step``.
"""

from collections.abc import Sequence

from wapaganda.ner import Document
from wapaganda.pipeline.config import LoopConfig
from wapaganda.pipeline.selection.batch import choose
from wapaganda.pipeline.selection.cold_start import choose_first
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.progress import Progress, silent
from wapaganda.sampler import Selection


def choose_step(
    pool: Sequence[Document],
    scored: PoolScores | None,
    labelled: Sequence[Document],
    config: LoopConfig,
    seed: int,
    progress: Progress = silent,
) -> Selection:
    """The next batch: by the scores, or by the pretrained encoder when no model has scored the pool."""
    if scored is None:
        return choose_first(pool, labelled, config, seed, progress)
    return choose(pool, scored, labelled, config, seed)


def selected_documents(
    selection: Selection, pool: Sequence[Document], scored: PoolScores | None
) -> list[Document]:
    """The selected texts, best first, with the spans that the model predicted while it scored the pool.

    Without a model the spans are ``None``.
    """
    by_id = {document.id: document for document in pool}
    selected = [by_id[each.id] for each in selection.picks]
    if scored is None:
        return [document.with_spans(None) for document in selected]
    spans = scored.predicted(selected)
    return [document.with_spans(spans[document.id]) for document in selected]
