"""Active learning on plain lists in three calls.

`fit` a model on labelled texts, `score` unlabelled texts with it, `choose` those to label next. They do what
`selfish train` and `selfish select` do, with the same defaults, but without ledger, run log and output.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wapaganda.active_learning.calls import (
        FittedModel,
        LabelledText,
        PlainText,
        ScoredTexts,
        choose,
        fit,
        score,
    )

__all__ = ["FittedModel", "LabelledText", "PlainText", "ScoredTexts", "choose", "fit", "score"]


def __getattr__(name: str) -> object:
    """Load torch on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.calls"), name)
    return found
