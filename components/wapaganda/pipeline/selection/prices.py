"""The price of a text for the annotators of a project, from the times that Label Studio measured."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from wapaganda.annotation_cost import (
    CORRECTING,
    FittedPrices,
    Prices,
    count_corrections,
    expected_seconds,
    fit_prices,
    seconds_correcting,
    usable_lead_times,
)
from wapaganda.ledger import Ledger
from wapaganda.ner import Document, Span, decode_spans, encode_spans, reading_words
from wapaganda.storage import write_json
from wapaganda.uncertainty import Expectation

logger = logging.getLogger(__name__)

_FILE = "proposals.json"
_PRICES = "prices"
"""The key in the ledger."""

Proposals = Mapping[str, Sequence[Span]]
"""The spans that annotators were shown, by document id."""


def write_proposals(folder: Path, batch: Sequence[Document]) -> None:
    """Store the proposals that annotators see in the file of the round."""
    write_json(folder / _FILE, {document.id: encode_spans(document.spans or ()) for document in batch})


def correct_proposals(rounds: Path, changed: Mapping[str, Sequence[Span]]) -> None:
    """Store other proposals, by document id, in the last file of a round that holds the text."""
    left = dict(changed)
    for path in sorted(rounds.glob(f"*/{_FILE}"), reverse=True):
        held = read_proposals(rounds, path.parent.name)
        if own := {name: left.pop(name) for name in held if name in left}:
            known = {name: encode_spans(spans) for name, spans in {**held, **own}.items()}
            write_json(path, known)


def read_proposals(rounds: Path, name: str = "*") -> Proposals:
    """The proposals of all rounds in the folder ``rounds``, or of the one ``name``; of a repeated text the
    latest ones. A damaged file is passed over: its texts count as labelled without proposals."""
    shown: dict[str, Sequence[Span]] = {}
    for path in sorted(rounds.glob(f"{name}/{_FILE}")):
        try:
            found = json.loads(path.read_text("utf-8")).items()
            shown |= {document_id: decode_spans(spans) for document_id, spans in found}
        except (ValueError, TypeError, AttributeError):
            logger.error("%s is damaged: what annotators were shown in that round is not known.", path)
    return shown


def fitted_prices(labelled: Sequence[Document], proposals: Proposals) -> FittedPrices:
    """The annotators' own prices, from the ``lead_time`` of labelled documents, if there are enough.

    A text that was corrected counts only when its proposals are known. A text without a prediction was
    labelled from scratch.
    """
    timed = [
        (document, float(seconds), proposals.get(document.id, ()) if _was_corrected(document) else ())
        for document in labelled
        if isinstance(seconds := document.meta.get("lead_time"), int | float)
        and (document.id in proposals or not _was_corrected(document))
    ]
    words = [reading_words(document.text) for document, _, _ in timed]
    done = [count_corrections(document.spans or (), shown) for document, _, shown in timed]
    return fit_prices(
        words,
        [each.correct for each in done],
        [each.missed for each in done],
        [each.spurious for each in done],
        [seconds for _, seconds, _ in timed],
    )


def remember_prices(ledger: Ledger, prices: Prices) -> None:
    """Store the prices of a round: until the next one they decide which proposals annotators see."""
    ledger.set_value(_PRICES, asdict(prices))


def remembered_prices(ledger: Ledger) -> Prices:
    """The prices of the last round; before the first one the assumed ones."""
    stored = ledger.value(_PRICES)
    return CORRECTING if stored is None else Prices(**stored)


def hours_spent(labelled: Sequence[Document], proposals: Proposals, prices: FittedPrices) -> float:
    """The hours of people in the labelled documents.

    Where there are enough lead times to fit prices, a usable lead time counts as it is; for the other
    documents, and without fitted prices, it is the price of the work. A text without a lead time whose
    proposals are known was corrected.
    """
    words, done, times = [], [], []
    for document in labelled:
        seconds = document.meta.get("lead_time")
        timed = isinstance(seconds, int | float)
        shown = proposals.get(document.id, ()) if _was_corrected(document) or not timed else ()
        words.append(reading_words(document.text))
        done.append(count_corrections(document.spans or (), shown))
        times.append(float(seconds) if isinstance(seconds, int | float) else 0.0)
    priced = seconds_correcting(
        words,
        [each.correct for each in done],
        [each.missed for each in done],
        [each.spurious for each in done],
        prices.prices,
    )
    measured = np.array(times)
    counts = usable_lead_times(measured, priced) if prices.n_used else np.zeros(len(priced), np.bool_)
    return float(np.where(counts, measured, priced).sum()) / 3600.0


def seconds_per_text(expectation: Expectation, prices: Prices) -> float | None:
    """The expected seconds of a text, corrected, on average; ``None`` without texts."""
    if not len(expectation):
        return None
    seconds = expected_seconds(
        expectation.n_words, expectation.predicted, expectation.expected_correct, expectation.entities, prices
    )
    return float(np.mean(seconds))


def _was_corrected(document: Document) -> bool:
    return document.meta.get("parent_prediction") is not None
