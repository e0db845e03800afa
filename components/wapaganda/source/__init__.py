"""Sources of labels besides people and the project's own model: gazetteers, other models, an LLM, …

A sources file names them (`SourceSet.read`). `judge_sources` says how far each is believed, `propose` what
they find without a model, and `combine` joins their votes with what a model says. A source of one's own is a
function, or a kind: ``@source_kind("name")``.
"""

from wapaganda.source.combination import combine
from wapaganda.source.interface import (
    SOURCE_KINDS,
    SourceOptions,
    SourceUnavailableError,
    SpanSource,
    make_source,
    source_kind,
)
from wapaganda.source.proposing import Judged, SourceProposals, judge_sources, propose
from wapaganda.source.reliability import SourceReliability, VoteCounts, tags_of
from wapaganda.source.source_set import Heard, SourceFiles, SourceSet, sources_version
from wapaganda.source.trust import MINIMUM_TEXTS, Opinion, Verdict, trust

__all__ = [
    "MINIMUM_TEXTS",
    "SOURCE_KINDS",
    "Heard",
    "Judged",
    "Opinion",
    "SourceFiles",
    "SourceOptions",
    "SourceProposals",
    "SourceReliability",
    "SourceSet",
    "SourceUnavailableError",
    "SpanSource",
    "Verdict",
    "VoteCounts",
    "combine",
    "judge_sources",
    "make_source",
    "propose",
    "source_kind",
    "sources_version",
    "tags_of",
    "trust",
]
