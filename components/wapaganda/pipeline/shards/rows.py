"""Scored texts as rows of an Arrow table, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wapaganda.ner import Document, Span
from wapaganda.pipeline.selection.pool_scores import PoolScores, PoolSpans
from wapaganda.pipeline.shards.ranks import Ranks
from wapaganda.uncertainty import Expectation

Table = Any
"""A ``pyarrow.Table``; the library is imported when it is used."""


def scored_rows(
    documents: Sequence[Document], scored: PoolScores, ranks: Ranks, rows: NDArray[np.int64]
) -> Table:
    """Some of the scored ``documents``, with all that a selection needs."""
    import pyarrow as pa

    kind = pa.struct(
        [("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("score", pa.float64())]
    )
    expected = scored.expectation[rows]
    spans = [
        [(each.start, each.end, each.label, each.score) for each in scored.spans.row(row, scored.labels)]
        for row in rows.tolist()
    ]
    columns = {
        "id": pa.array([documents[row].id for row in rows.tolist()], pa.string()),
        "text": pa.array([documents[row].text for row in rows.tolist()], pa.string()),
        "score": pa.array(scored.scores[rows]),
        "utility": pa.array(ranks.utility[rows]),
        "candidate": pa.array(ranks.is_candidate[rows]),
        "draw": pa.array(ranks.draws[rows]),
        "n_words": pa.array(expected.n_words),
        "predicted": pa.array(expected.predicted),
        "expected_correct": pa.array(expected.expected_correct),
        "entities": _matrix(expected.entities),
        "embedding": _matrix(np.asarray(scored.embeddings[rows])),
        "spans": pa.array(spans, pa.list_(kind)),
    }
    return pa.table(columns)


def ranks_in(table: Table) -> Ranks:
    """The ranks of the rows."""
    return Ranks(*(table[name].to_numpy() for name in ("candidate", "utility", "draw")))


def documents_in(table: Table) -> list[Document]:
    """The texts of the rows, without spans."""
    pairs = zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)
    return [Document(own, text) for own, text in pairs]


def scores_in(table: Table, labels: tuple[str, ...]) -> PoolScores:
    """The scores of the rows; ``labels``: of the model."""
    spans = [tuple(Span(**each) for each in found) for found in table["spans"].to_pylist()]
    return PoolScores(
        tuple(table["id"].to_pylist()),
        table["score"].to_numpy(),
        _rows_of(table["embedding"]),
        Expectation(
            table["n_words"].to_numpy(),
            table["predicted"].to_numpy(),
            table["expected_correct"].to_numpy(),
            _rows_of(table["entities"]),
        ),
        labels,
        PoolSpans.of(spans, table["text"].to_pylist(), labels),
    )


def _matrix(values: NDArray[Any]) -> Any:  # noqa: ANN401 - a pyarrow array
    """A column of lists of one length, from (n, width)."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _rows_of(column: Any) -> NDArray[Any]:  # noqa: ANN401 - a pyarrow column
    """The column of `_matrix` as (n, width)."""
    found: NDArray[Any] = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return found.reshape(len(column), column.type.list_size)
