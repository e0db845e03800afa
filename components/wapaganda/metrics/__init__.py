"""Strict span-level precision, recall and F1; agreement of annotators."""

from wapaganda.metrics.agreement import AnnotatorAgreement, PairAgreement, annotator_agreement
from wapaganda.metrics.evaluate import evaluate
from wapaganda.metrics.scores import PRF, Scores

__all__ = ["PRF", "AnnotatorAgreement", "PairAgreement", "Scores", "annotator_agreement", "evaluate"]
