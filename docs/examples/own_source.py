"""A source of your own: a function, named in a sources file, and what it is worth against labelled texts.

python docs/examples/own_source.py
"""

import re
from collections.abc import Sequence
from pathlib import Path

from sample import labelled_documents

from wapaganda.ner import LabelSchema
from wapaganda.source import SourceFiles, judge_sources, propose

BEFORE = re.compile(r"\b(?:in|to|from) ([A-Z]\w+)")


def find(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    """A capitalised word after *in*, *to* or *from* is a town."""
    return [[(*match.span(1), "town") for match in BEFORE.finditer(text)] for text in texts]


TABLE = """
[[source]]
name = "after a preposition"
kind = "function"
function = "own_source:find"
labels = {town = "place"}
"""

if __name__ == "__main__":
    labelled = labelled_documents(60)
    schema = LabelSchema.of(labelled)
    Path("sources.toml").write_text(TABLE, encoding="utf-8")
    sources = SourceFiles(Path("sources.toml"), Path("sources.sqlite")).open(schema.labels)
    judged = judge_sources(sources, labelled, schema)
    for name, verdict in judged.verdicts.items():
        print(name, "is", verdict.why)
    print(propose(sources, judged, ["Ada went to Rome."], schema).spans)
