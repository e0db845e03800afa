"""Strict span-level precision, recall and F1."""

from wapaganda.metrics.evaluate import evaluate
from wapaganda.metrics.scores import PRF, Scores

__all__ = ["PRF", "Scores", "evaluate"]
