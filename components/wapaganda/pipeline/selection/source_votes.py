"""What sources propose for the texts of a batch when the project has no model yet."""

import re
from collections.abc import Sequence

from wapaganda.errors import WapagandaError, tell
from wapaganda.ner import Document, LabelSchema
from wapaganda.progress import Progress, silent
from wapaganda.source import SourceFiles, SourceProposals, judge_sources, propose

_BY = "-by-"
_LONGEST = 60
"""Characters of the names of sources in that of a batch."""


def proposed_by_sources(
    files: SourceFiles | None,
    labelled: Sequence[Document],
    documents: Sequence[Document],
    schema: LabelSchema,
    progress: Progress = silent,
) -> SourceProposals:
    """What the sources find in the documents, judged by the labelled ones. It never fails: a source, or the
    file that names them, that cannot be used is left out with a message."""
    texts = [document.text for document in documents]
    if files is None:
        return SourceProposals([()] * len(texts), (), ())
    try:
        sources = files.open(schema.labels)
        judged = judge_sources(sources, labelled, schema, progress=progress)
        found = propose(sources, judged, texts, schema, progress)
    except (WapagandaError, OSError) as error:
        return SourceProposals([()] * len(texts), (), (f"There are no proposals by sources: {tell(error)}",))
    said = tuple(dict.fromkeys((*judged.messages, *judged.notes, *found.messages)))
    if found.names:
        said = (f"There is no model yet: the proposals are by {', '.join(found.names)}.", *said)
    return SourceProposals(found.spans, found.names, said)


def named_by_sources(batch: str, names: Sequence[str]) -> str:
    """The name of a batch with those of its sources, such as ``al-001-by-places+spacy``."""
    shown = "+".join(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "source" for name in names)
    return f"{batch}{_BY}{shown[:_LONGEST]}" if names else batch


def sources_in(batch: str) -> str:
    """The part of the name of a batch that names its sources; empty without any."""
    return "".join(batch.partition(_BY)[1:])
