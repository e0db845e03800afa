"""Choose the next batch for the review of the model's labels, until the data set is good."""

from collections.abc import Iterable, Sequence

import numpy as np

from wapaganda.annotation_cost import CORRECTING, Prices
from wapaganda.calibration import Calibration
from wapaganda.file_state import Correction, review_order
from wapaganda.ner import Document, Span
from wapaganda.pipeline.ports import REVIEW
from wapaganda.pipeline.selection.pool_scores import PoolScores
from wapaganda.sampler import SelectedText, Selection


def choose_review(
    pool: Sequence[Document],
    scored: PoolScores,
    size: int,
    prices: Prices = CORRECTING,
    calibration: Calibration | None = None,
) -> Selection:
    """The ``size`` texts of the pool with the most expected span errors per expected correcting second.

    Every text is part of the file, so near copies are not left out, and there is no threshold and no other
    aim: the sure texts and those without entities come last. Only texts without a visible character are never
    chosen. ``calibration``: of the model that scored the pool, if it was cross-fitted.
    """
    waiting = {document.id: document for document in pool}
    known = [row for row, document_id in enumerate(scored.ids) if document_id in waiting]
    rows = np.array([row for row in known if waiting[scored.ids[row]].text.strip()], dtype=np.int64)
    expected = Correction.of(calibration)(scored.expectation[rows])
    chosen = review_order(expected, prices)[:size]
    picks = tuple(
        SelectedText(int(row), scored.ids[row], float(scored.scores[row]), rank, REVIEW)
        for rank, row in enumerate(rows[chosen].tolist(), start=1)
    )
    n_blank = len(known) - len(rows)
    held, total = float(expected.errors[chosen].sum()), float(expected.errors.sum())
    summary = (
        f"{len(picks)} of {len(waiting)} texts in the order of review: expected errors for the seconds of "
        f"correcting them; they hold {held:.1f} of {total:.1f} expected errors"
        f"{f'; {n_blank} blank' if n_blank else ''}."
    )
    return Selection(picks, len(waiting), len(rows), 0, 0, n_blank, summary, should_stop=False)


def doubtful_first(spans: Iterable[Span]) -> list[Span]:
    """The spans with the least confident first, so that the outliner of an annotator begins with them."""
    return sorted(spans, key=lambda span: (1.0 if span.score is None else span.score, span))
