"""From tag sequences to spans."""

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding.forward_backward import SpanIndex


def spans_of(tags: NDArray[np.int64]) -> list[list[SpanIndex]]:
    """First word, last word and type number of every entity of valid IOB2 ``tags`` (B, T)."""
    goes_on = (tags > 0) & (tags % 2 == 0)
    followed = np.pad(goes_on[:, 1:], ((0, 0), (0, 1)))
    text, first = np.nonzero(tags % 2 == 1)
    last = np.nonzero((tags > 0) & ~followed)[1]
    spans: list[list[SpanIndex]] = [[] for _ in tags]
    for row, *span in zip(*(a.tolist() for a in (text, first, last, tags[text, first] // 2)), strict=True):
        spans[row].append((span[0], span[1], span[2]))
    return spans
