"""Texts that were labelled before a type existed: found, priced and remembered."""

from dataclasses import replace

import pytest

from wapaganda.annotation_cost import Prices
from wapaganda.ledger import Ledger
from wapaganda.ner import CONSIDERED, Document, Span
from wapaganda.pipeline import Changes, later_types
from wapaganda.pipeline.sources.fetching import fetch_into
from wapaganda.progress import silent

PRICES = Prices(word=1.0, entity=10.0, confirmation=0.0, removal=0.0)
ANNA = Span(0, 4, "PER")
MAY = Span(8, 11, "DATE")


def text(name: str, *spans: Span, **meta: object) -> Document:
    return Document(name, "Anna in May", spans, meta)


def test_the_hours_count_the_words_and_the_entities_to_expect():
    before = [text(f"old{number}", ANNA, **{CONSIDERED: ["PER"]}) for number in range(1_200)]
    after = [text("new0", ANNA, MAY), text("new1", ANNA)]  # half an entity for three words
    (found,) = later_types([*before, *after], ["PER", "DATE"], PRICES)
    assert (found.label, found.documents) == ("DATE", tuple(before))
    assert found.hours == pytest.approx(1_200 * (3 * 1.0 + 0.5 * 10.0) / 3600)
    assert found.line().startswith(
        "1,200 texts were labelled before 'DATE' existed: 2.7 hours to look at them again."
    )
    assert found.to_dict() == {"label": "DATE", "texts": 1_200, "hours": 2.667}


def test_one_short_text_is_a_minute():
    (found,) = later_types([text("a", **{CONSIDERED: ["PER"]})], ["PER", "DATE"], PRICES)
    assert found.line().startswith("1 text was labelled before 'DATE' existed: 1 minute to look at it again.")


def test_without_such_texts_there_is_nothing():
    assert later_types([text("a", ANNA)], ["PER", "DATE"], PRICES) == ()
    assert later_types([text("a", ANNA, **{CONSIDERED: ["PER"]})], None, PRICES) == ()
    assert later_types([], [], PRICES) == ()


class Project:
    """A source with a label config, as Label Studio's."""

    name = "project"

    def __init__(self, documents, labels):
        self.held, self.labels = {each.id: each for each in documents}, labels

    def fetch(self, cursor, progress):
        documents = list(self.held.values())
        gone = [each.id for each in documents if each.spans is None]
        return Changes(documents, gone, len(self.held), "now", labels=self.labels)

    def ids(self):
        return frozenset(self.held)


def test_a_fetch_remembers_which_labels_there_were(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    source = Project([text("a", ANNA, annotation_id=1), Document("b", "Anna in May")], ["PER"])
    fetch_into(ledger, source, silent)
    source.labels = ["PER", "DATE"]
    source.held["b"] = text("b", ANNA, MAY, annotation_id=2, updated_at="2026-02-02")
    source.held["c"] = text("c", ANNA, annotation_id=3, updated_at="2026-02-03")
    source.held["d"] = text("d", ANNA, annotation_id=4, updated_at="2026-02-01")  # before anybody used DATE
    fetch_into(ledger, source, silent)
    found = {each.id: each.meta.get(CONSIDERED) for each in ledger.documents()}
    assert found == {"a": ["PER"], "b": None, "c": None, "d": ["PER"]}
    assert [each.label for each in later_types(list(ledger.documents()), ledger.labels(), PRICES)] == ["DATE"]

    source.held["a"] = replace(source.held["a"], meta={"annotation_id": 1, "updated_at": "later"})
    source.held["d"] = replace(source.held["d"], meta={"annotation_id": 4, "updated_at": "later"})
    fetch_into(ledger, source, silent)  # somebody looked at them again and found no date
    assert later_types(list(ledger.documents()), ledger.labels(), PRICES) == ()
