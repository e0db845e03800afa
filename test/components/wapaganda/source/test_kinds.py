"""The kinds of sources, each as its file names it; packages that are not installed have stand-ins."""

import json
import sys
from types import SimpleNamespace

import pytest

from wapaganda.errors import InputError
from wapaganda.source import SOURCE_KINDS, SourceOptions, SourceUnavailableError, make_source


@pytest.fixture
def made(tmp_path):
    """Makes a source of a kind, with files beside the sources file."""

    def make(kind, files=(), labels=(), project=("CITY", "NAME"), **values):
        for name, content in dict(files).items():
            (tmp_path / name).write_text(content)
        return make_source(SourceOptions("it", kind, values, dict(labels), project, tmp_path, "secret-key"))

    return make


def marked(source, text):
    (spans,) = source.spans([text])
    return [(text[span.start : span.end], span.label) for span in spans]


def test_there_are_these_kinds():
    assert set(SOURCE_KINDS) == {
        "function",
        "gazetteer",
        "gliner",
        "llm",
        "model",
        "patterns",
        "spacy",
        "spans",
    }


def test_a_gazetteer_finds_whole_words_and_the_longest_term(made):
    terms = "York\tCITY\nNew York\tCITY\nNew York Times\tPAPER\n# a remark\nAnn\tNAME\n#rome\tCITY\n"
    source = made("gazetteer", {"terms.tsv": terms}, file="terms.tsv")
    text = "ANN reads the New York Times in new york, not in Yorkshire or Anna's York #Rome."
    assert marked(source, text) == [
        ("ANN", "NAME"),
        ("New York Times", "PAPER"),
        ("new york", "CITY"),
        ("York", "CITY"),
        ("#Rome", "CITY"),
    ]
    assert source.types == ("CITY", "NAME", "PAPER")
    strict = made("gazetteer", file="terms.tsv", ignore_case=False)
    assert marked(strict, "ANN in new York") == [("York", "CITY")]
    assert strict.fingerprint != source.fingerprint


def test_a_gazetteer_finds_terms_as_selfish_terms_does(made):
    source = made("gazetteer", {"t.tsv": "COX\tGENE\nO'Brien\tNAME\nnew york\tCITY\n"}, file="t.tsv")
    text = "cox, COX-2, O’BRIEN's New\nYork, New-York"
    assert marked(source, text) == [("cox", "GENE"), ("O’BRIEN", "NAME"), ("New\nYork", "CITY")]
    terms = "apple\tFRUIT\nApple\tCOMPANY\n"
    strict = made("gazetteer", {"a.tsv": terms}, file="a.tsv", ignore_case=False)
    assert marked(strict, "Apple, apple, APPLE") == [("Apple", "COMPANY"), ("apple", "FRUIT")]
    assert strict.notes == ()


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_a_byte_order_mark_line_ends_of_windows_and_empty_lines_make_no_difference(made, tmp_path, name):
    lines = ["\ufeffRome\tCITY", "", "  ", "Ann\tNAME", ""]
    content = "\r\n".join(lines).replace("\t", "," if name.endswith("csv") else "\t")
    (tmp_path / name).write_bytes(content.encode())
    source = made("gazetteer", file=name)
    assert marked(source, "Ann in Rome") == [("Ann", "NAME"), ("Rome", "CITY")]
    assert source.types == ("CITY", "NAME")


def test_terms_with_two_labels_are_counted_and_the_first_counts(made):
    terms = "Washington\tCITY\nAnn\tNAME\nWASHINGTON\tNAME\nann\tNAME\n"
    source = made("gazetteer", {"t.tsv": terms}, file="t.tsv")
    assert marked(source, "in Washington") == [("Washington", "CITY")]
    assert source.notes == (
        "Of 1 terms a line has another label than the first, which counts: WASHINGTON in line 3.",
    )


def test_a_gazetteer_may_be_csv(made):
    source = made("gazetteer", {"t.csv": 'term,label\n"Rome, Italy",CITY\n'}, file="t.csv")
    assert marked(source, "in Rome, Italy") == [("Rome, Italy", "CITY")]


def test_patterns_mark_the_match_or_the_group_entity(made):
    lines = "[A-Z]{2}\\d+\tNAME\ncity of (?<entity>\\w+)\tCITY\n"
    source = made("patterns", {"p.tsv": lines}, file="p.tsv")
    assert marked(source, "AB12 in the city of Oslo") == [("AB12", "NAME"), ("Oslo", "CITY")]


def test_a_pattern_that_tries_too_many_ways_is_stopped(made, monkeypatch):
    from wapaganda.source.kinds import patterns

    monkeypatch.setattr(patterns, "_SECONDS", 0.05)
    source = made("patterns", {"p.tsv": "(a|aa)+$\tNAME\n"}, file="p.tsv")
    with pytest.raises(SourceUnavailableError, match="The pattern of line 1 takes more than"):
        source.spans(["a" * 60 + "b"])


def test_a_function_of_ones_own(made):
    code = "def find(texts):\n    return [[(0, 3, 'NAME')] if each[0] == 'A' else [] for each in texts]\n"
    source = made("function", {"my_source.py": code}, function="my_source:find")
    assert source.spans(["Ann", "Bob"])[0][0].end == 3
    assert source.fingerprint == ""
    assert made("function", function="my_source:find", version="2").fingerprint.endswith(" 2")
    del sys.modules["my_source"]


@pytest.mark.parametrize("answer", ["1 / 0", "[]", "[['x']]"])
def test_a_function_that_fails_says_what_it_must_return(made, answer):
    source = made(
        "function", {"failing.py": f"def find(texts):\n    return {answer}\n"}, function="failing:find"
    )
    with pytest.raises(SourceUnavailableError, match="Source it: ") as failure:
        source.spans(["Ann"])
    assert "eturns for each a list" in failure.value.hint or "list of spans" in failure.value.hint
    del sys.modules["failing"]


def test_a_file_of_spans(made):
    line = json.dumps({"text": "in Rome", "spans": [[3, 7, "CITY"]]})
    source = made("spans", {"s.jsonl": line}, file="s.jsonl")
    assert marked(source, "in Rome") == [("Rome", "CITY")]
    assert source.spans(["another"]) == [None]


def test_spacy_is_asked_with_a_stand_in(made, monkeypatch):
    entity = SimpleNamespace(start_char=3, end_char=7, label_="GPE")

    def load(name):
        if name == "a-model":  # an installed package that is no model itself
            raise ModuleNotFoundError(f"No module named {name!r}")
        if name != "folder":
            raise OSError(f"Can't find model {name}")
        pipe = lambda texts: [SimpleNamespace(ents=[entity]) for _ in texts]  # noqa: E731
        return SimpleNamespace(pipe=pipe, meta={"lang": "en", "name": "core", "version": "3"})

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=load))
    monkeypatch.setitem(sys.modules, "a_model", SimpleNamespace(model_path=lambda: "folder"))
    source = made("spacy", model="a-model", labels={"GPE": "CITY"})
    assert marked(source, "in Rome") == [("Rome", "GPE")]
    assert source.fingerprint == "spacy a-model en core 3"
    with pytest.raises(SourceUnavailableError, match="the spaCy model gone cannot be loaded"):
        made("spacy", model="gone").spans(["x"])


def test_gliner_is_asked_for_the_names_of_types_with_a_stand_in(made, monkeypatch):
    asked = {}

    class StandIn:
        @classmethod
        def from_pretrained(cls, place, map_location):
            asked["model"] = (place, map_location)
            return cls()

        def eval(self):
            return self

        def inference(self, texts, labels, threshold):
            asked["labels"] = (labels, threshold)
            return [
                [{"start": 3, "end": 7, "text": "Rome", "label": "name of a town", "score": 0.8}]
                for _ in texts
            ]

    monkeypatch.setitem(sys.modules, "gliner", SimpleNamespace(GLiNER=StandIn))
    source = made("gliner", model="some/gliner", threshold=0.4, labels={"name of a town": "CITY"})
    (spans,) = source.spans(["in Rome"])
    assert (spans[0].label, spans[0].score) == ("name of a town", 0.8)
    assert asked == {"model": ("some/gliner", "cpu"), "labels": (["name of a town"], 0.4)}


@pytest.mark.parametrize("kind", ["spacy", "gliner"])
def test_a_package_that_is_missing_is_named(made, monkeypatch, kind):
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(SourceUnavailableError, match=f"the package {kind} is missing") as failure:
        made(kind, model="x").spans(["text"])
    assert f"pip install {kind}" in failure.value.hint


@pytest.mark.real
def test_an_earlier_model_says_what_its_tagger_says(made, tmp_path, tiny_encoder, toy_documents):
    from dataclasses import replace

    from wapaganda.ner import LabelSchema
    from wapaganda.tagger import Tagger
    from wapaganda.trainer import TrainingJob, recipe_for, train

    schema = LabelSchema.of(toy_documents)
    recipe = recipe_for(tiny_encoder, 32, 2, 1e-2)
    train(TrainingJob(toy_documents, schema, tiny_encoder, replace(recipe, steps=30)), tmp_path / "earlier")
    source = made("model", folder="earlier", device="cpu")
    texts = [each.text for each in toy_documents]
    assert source.types == schema.labels
    assert source.spans(texts) == Tagger.load(tmp_path / "earlier", "cpu").predict(texts)
    assert any(source.spans(texts))


WRONG = [
    ({"kind": "magic"}, "one of function, gazetteer"),
    ({"kind": "gazetteer"}, "a text as file, was: 'nothing'"),
    ({"kind": "gazetteer", "file": "gone.tsv"}, "a file or folder that exists"),
    ({"kind": "gazetteer", "file": "terms.tsv", "ignore_case": "no"}, "true or false as ignore_case"),
    ({"kind": "gazetteer", "file": "no_label.tsv"}, "a term, a tab and a label in .*no_label.tsv:2"),
    ({"kind": "patterns", "file": "terms.tsv"}, "a regular expression in .*terms.tsv:1"),
    ({"kind": "function", "function": "nothing"}, "module:function"),
    ({"kind": "function", "function": "no_such_module:find"}, "cannot be imported"),
    ({"kind": "spans", "file": "terms.tsv"}, "text and spans in .*terms.tsv:1"),
    ({"kind": "model", "folder": "."}, "the folder of a model"),
    ({"kind": "gazetteer", "file": "three.tsv"}, "a term, a tab and a label in .*three.tsv:1"),
    ({"kind": "gazetteer", "file": "empty.tsv"}, "a term in .*empty.tsv, was: none"),
    ({"kind": "gazetteer", "file": "invisible.tsv"}, "a letter, a digit or a sign .*invisible.tsv:2"),
    ({"kind": "gazetteer", "file": "open.csv"}, "CSV in .*open.csv:2, was: unexpected end of data"),
    ({"kind": "gazetteer", "file": "good.tsv", "ignorecase": False}, "file, ignore_case.*, was: ignorecase"),
    ({"kind": "spans", "file": "empty.tsv"}, "text and spans in .*empty.tsv:1"),
    ({"kind": "spans", "file": "twice.jsonl"}, "each text once, and as a text, in .*twice.jsonl:2"),
    ({"kind": "spans", "file": "number.jsonl"}, "each text once, and as a text, in .*number.jsonl:1"),
    ({"kind": "function", "function": "json:loads", "at_a_time": 0.5}, "a whole number, 1 or more, as at_a"),
    ({"kind": "llm", "url": "http://x/v1", "model": "m", "temperature": "hot"}, "0 or more as temperature"),
    ({"kind": "llm", "url": "http://x/v1", "model": "m", "requests_at_a_time": 0}, "a whole number, 1 or"),
    ({"kind": "llm", "url": "localhost", "model": "m"}, "an address such as"),
    ({"kind": "gliner", "model": "m", "threshold": 0}, "a number above 0 as threshold"),
]


@pytest.mark.parametrize(("table", "message"), WRONG)
def test_a_wrong_table_is_one_sentence(made, table, message):
    files = {
        "terms.tsv": "(York\tCITY\n",
        "no_label.tsv": "Ann\tNAME\nBob\n",
        "three.tsv": "1\tAnn\tNAME\n",
        "empty.tsv": "# Ann\n",
        "invisible.tsv": "Ann\tNAME\n\u2060\tNAME\n",
        "open.csv": 'Ann,"NAME\nBob,NAME\n',
        "good.tsv": "Ann\tNAME\n",
        "twice.jsonl": '{"text": "Ann", "spans": []}\n{"text": "Ann", "spans": [[0, 3, "NAME"]]}\n',
        "number.jsonl": '{"text": 1, "spans": []}\n',
    }
    table = dict(table)
    with pytest.raises(InputError, match=message) as failure:
        made(table.pop("kind"), files, **table)
    assert failure.value.hint
    assert "secret-key" not in str(failure.value)
