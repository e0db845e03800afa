"""The votes of sources in the targets of a student."""

import numpy as np
import pytest

from wapaganda.ner import Document, LabelSchema, Span, word_offsets
from wapaganda.pipeline.training.votes import Lesson, OutOfFold, with_votes
from wapaganda.progress import silent
from wapaganda.source import SourceFiles
from wapaganda.tagger import TaggedText

SCHEMA = LabelSchema(("CITY", "NAME"))
CITIES = ("oslo", "rome", "paris", "berlin")
FILE = '[[source]]\nname = "places"\nkind = "gazetteer"\nfile = "places.tsv"\n'


def doubtful(text: str) -> TaggedText:
    """A model that finds half a city in every word."""
    words = word_offsets(text)
    rows = np.tile(np.log([0.5, 0.3, 0.05, 0.1, 0.05]), (len(words), 1)).astype(np.float32)
    return TaggedText(words, rows, (), np.zeros(1, np.float32))


@pytest.fixture
def known():
    documents = []
    for number in range(60):
        city = CITIES[number % 4]
        text = f"we saw {city} and left" if number % 3 else "we saw nothing and left"
        spans = (Span(7, 7 + len(city), "CITY"),) if number % 3 else ()
        documents.append(Document(str(number), text, spans))
    return OutOfFold(documents, [doubtful(each.text) for each in documents], SCHEMA)


@pytest.fixture
def lesson():
    texts = ["they left paris", "they left home", ""]
    tagged = [doubtful(text) for text in texts]
    return Lesson(texts, [each.words for each in tagged], [np.exp(each.log_probs) for each in tagged])


def files(tmp_path, terms):
    (tmp_path / "places.tsv").write_text("".join(f"{term}\tCITY\n" for term in terms), "utf-8")
    (tmp_path / "sources.toml").write_text(FILE, "utf-8")
    return SourceFiles(tmp_path / "sources.toml", tmp_path / "kept.sqlite")


def test_a_source_that_people_agree_with_moves_the_targets(lesson, known, tmp_path):
    found = with_votes(lesson, files(tmp_path, CITIES), known, 1.0, silent)
    begin = SCHEMA.tags.index("B-CITY")
    assert found.targets[0][2, begin] > 0.8 > 0.3
    assert found.targets[0][1, 0] > 0.8
    assert found.targets[1][2, 0] > 0.8
    assert all(np.allclose(each.sum(axis=1), 1.0, atol=1e-5) for each in found.targets)
    (said,) = found.messages
    assert said.startswith("The source places is on: log loss of a word ")


def test_a_source_that_does_not_help_changes_nothing(lesson, known, tmp_path):
    """The model says truly how often a word is a city, and the source marks words without regard to that."""
    documents, answers = [], []
    for number, each in enumerate(known.labelled):
        mark = "xq" if number % 5 in (1, 3) else "yq"
        is_city = (number // 5) % 3 == 0
        text = f"we saw {mark} and left"
        documents.append(Document(each.id, text, (Span(7, 9, "CITY"),) if is_city else ()))
        rows = np.tile(np.log([0.96, 0.01, 0.01, 0.01, 0.01]), (5, 1))
        rows[2] = np.log([0.65, 1 / 3, 0.005, 0.005, 1 / 150])
        answers.append(TaggedText(word_offsets(text), rows.astype(np.float32), (), np.zeros(1, np.float32)))
    honest = OutOfFold(documents, answers, SCHEMA)
    found = with_votes(lesson, files(tmp_path, ["xq"]), honest, 1.0, silent)
    assert found.targets is lesson.targets, found.messages
    (said,) = found.messages
    assert said.startswith("The source places is off: ")


def test_what_a_source_says_that_does_not_count_is_said(lesson, known, tmp_path):
    found = with_votes(lesson, files(tmp_path, [*CITIES, "left\tVERB\nhome"]), known, 1.0, silent)
    assert any("has no label VERB; 60 spans with it do not count" in note for note in found.messages)


def test_without_sources_and_with_sources_that_cannot_be_read_nothing_changes(lesson, known, tmp_path):
    assert with_votes(lesson, None, known, 1.0, silent) is lesson
    missing = SourceFiles(tmp_path / "none.toml", tmp_path / "kept.sqlite")
    found = with_votes(lesson, missing, known, 1.0, silent)
    assert found.targets is lesson.targets
    assert "The student learned without the sources: Expected a sources file" in found.messages[0]


def test_with_few_answers_a_source_counts_as_the_user_has_asked(lesson, known, tmp_path):
    few = OutOfFold(known.labelled[:10], known.answers[:10], SCHEMA)
    found = with_votes(lesson, files(tmp_path, CITIES), few, 1.0, silent)
    assert "10 answers are too few to judge it" in found.messages[0]
    assert found.targets[0][2, SCHEMA.tags.index("B-CITY")] > 0.3
