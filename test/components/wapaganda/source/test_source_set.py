"""The sources of a project: what is asked, what is left out, and what is said about it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from wapaganda.errors import InputError
from wapaganda.ner import Document, LabelSchema, Span, with_considered, word_offsets
from wapaganda.source import SourceSet, combine, judge_sources, propose

SCHEMA = LabelSchema(("CITY", "NAME"))
TEXTS = ["Ann in Rome", "Bob in Oslo"]


@pytest.fixture
def sources(tmp_path):
    """Reads a sources file with these tables and the files beside it."""

    def read(tables, labels=SCHEMA.labels, **files):
        for name, content in files.items():
            (tmp_path / name).write_text(content, "utf-8")
        path = tmp_path / "sources.toml"
        path.write_bytes("\ufeff".encode() + tables.encode())
        return SourceSet.read(path, labels, tmp_path / "kept.sqlite")

    return read


def table(kind, **values):
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(["[[source]]", 'name = "it"', f'kind = "{kind}"', *lines, ""])


def test_types_that_the_project_lacks_are_said_with_the_number_of_their_spans(sources):
    terms = "Ann\tNAME\nRome\tTOWN\nOslo\tTOWN\nlion\tANIMAL\n"
    heard = sources(table("gazetteer", file="t"), t=terms).hear(TEXTS)
    assert heard.spans["it"] == [(Span(0, 3, "NAME"),), ()]
    assert heard.notes == (
        "The source it: the project has no label ANIMAL, TOWN; 2 spans with it do not count.",
    )
    named = sources(table("gazetteer", file="t") + '[source.labels]\nTOWN = "CITY"\n').hear(TEXTS)
    assert [len(spans) for spans in named.spans["it"]] == [1, 1]
    assert named.notes == ()  # the file leaves the others out
    wrong = sources(table("gazetteer", file="t") + '[source.labels]\nCity = "CITY"\n').hear(TEXTS)
    assert wrong.notes == ("The source it: it has no label City, which the sources file names.",)


def test_spans_that_do_not_fit_their_text_are_counted(sources):
    spans = [
        [0, 3, "NAME"],
        [7, 90, "CITY"],
        [-2, 3, "NAME"],
        [5, 5, "CITY"],
        [8, 10, "CITY"],
        [0, 6, "NAME"],
    ]
    lines = [{"text": TEXTS[0], "spans": spans}, {"text": "elsewhere", "spans": []}]
    heard = sources(table("spans", file="s"), s="\n".join(map(json.dumps, lines))).hear(TEXTS)
    assert heard.spans["it"] == [(Span(0, 6, "NAME"), Span(7, 11, "CITY")), ()]
    assert heard.notes == (
        "The source it: it says nothing that can be read about 1 of 2 texts, which count as texts without an "
        "entity.",
        "The source it: its spans in 2 texts: 1 widened to whole words, 2 refused as out of range, "
        "1 refused as empty, 1 refused as overlapping a longer one.",
    )


def test_what_was_not_understood_is_said_with_the_judgement_and_with_the_proposals(sources):
    found = sources(table("spans", file="s"), s=json.dumps({"text": TEXTS[0], "spans": [[0, 3, "NAME"]]}))
    labelled = [Document(text, text, ()) for text in TEXTS]
    judged = judge_sources(found, labelled, SCHEMA)
    (note,) = judged.notes
    assert note.startswith("The source it: it says nothing that can be read about 1 of 2 texts")
    proposed = propose(found, judged, ["elsewhere"], SCHEMA)
    (note,) = proposed.messages
    assert note.startswith("The source it: it says nothing that can be read about 1 of 1 texts")


def test_a_source_is_judged_by_the_newest_texts_that_can_judge_it(sources, monkeypatch):
    from wapaganda.source import proposing

    found = sources(table("gazetteer", file="t"), t="Ann\tNAME\nRome\tCITY\n")
    ann = Span(0, 3, "NAME", 0.9)
    labelled = [Document(str(row), f"Ann left {row}", (ann,)) for row in range(6)]
    labelled[5] = replace(labelled[5], meta=with_considered({}, ["NAME"]))  # nobody could say CITY there
    assert judge_sources(found, labelled, SCHEMA).n_texts == 5
    folds = [(ann,), (ann,), None, (), None, (ann,)]
    judged = judge_sources(found, labelled, SCHEMA, folds)
    assert (judged.n_texts, judged.with_model) == (3, True)
    monkeypatch.setattr(proposing, "MOST_ANSWERED", 2)
    labelled[3] = labelled[3].with_spans((Span(4, 8, "CITY"),))
    (newest,) = judge_sources(found, labelled, SCHEMA).verdicts.values()
    assert [each.gold for each in newest.reliability.spans] == [1, 1]


def test_a_source_that_is_off_proposes_nothing(sources):
    found = sources(table("gazetteer", file="t"), t="saw\tCITY\n")
    labelled = [Document(str(row), f"Ann saw {row}", (Span(0, 3, "NAME"),)) for row in range(30)]
    judged = judge_sources(found, labelled, SCHEMA)
    said = judged.verdicts["it"]
    off = replace(judged, verdicts={"it": replace(said, reliability=replace(said.reliability, weight=0.0))})
    assert propose(found, off, ["he saw it"], SCHEMA).names == ()
    assert off.on == ()


def test_a_proposal_is_no_more_probable_than_its_least_probable_word(sources):
    found = sources(table("patterns", file="p"), p="New York\tCITY\n")
    judged = judge_sources(found, [], SCHEMA)
    (spans,) = propose(found, judged, ["in New York"], SCHEMA).spans
    assert [(each.start, each.end) for each in spans] == [(3, 11)]
    words, votes = word_offsets("in New York"), np.array([0, 1, 2])
    share = np.exp(combine(None, {"it": votes}, {"it": judged.verdicts["it"].reliability}))
    assert len(words) == 3
    assert spans[0].score == pytest.approx(min(share[1, 1:3].sum(), share[2, 1:3].sum()))


def test_a_source_whose_code_breaks_is_left_out_and_the_others_are_heard(sources, monkeypatch):
    from wapaganda.source.kinds.patterns import Patterns

    def broken(self, texts):
        raise KeyError("no such  layer")

    monkeypatch.setattr(Patterns, "spans", broken)
    tables = table("patterns", file="p") + table("gazetteer", file="t").replace('"it"', '"other"')
    heard = sources(tables, p="x\tNAME\n", t="Ann\tNAME\n").hear(TEXTS)
    assert list(heard.spans) == ["other"]
    assert heard.messages == ("The source it is left out: it failed (KeyError: 'no such layer').",)


def test_answers_are_kept_by_the_rules_that_made_them(sources):
    strict = table("gazetteer", file="t", ignore_case=False)
    assert sources(table("gazetteer", file="t"), t="ann\tNAME\n").hear(["ANN"]).spans["it"] != [()]
    assert sources(strict).hear(["ANN"]).spans["it"] == [()]


def test_a_label_that_is_mapped_to_none_of_the_project_is_refused(sources):
    with pytest.raises(InputError, match=r"labels of the project \(CITY, NAME\) as labels, was: 'ANIMAL'"):
        sources(table("gazetteer", file="t") + '[source.labels]\nlion = "ANIMAL"\n')
