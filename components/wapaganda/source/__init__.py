"""Sources of labels besides people and the project's own model."""

from wapaganda.source.combination import combine
from wapaganda.source.reliability import SourceReliability, SpanCounts, tags_of
from wapaganda.source.trust import MINIMUM_TEXTS, Opinion, Verdict, trust

__all__ = ["MINIMUM_TEXTS", "Opinion", "SourceReliability", "SpanCounts", "Verdict", "combine", "tags_of", "trust"]
