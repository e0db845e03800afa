"""Each labelled text keeps the labels that its annotators could choose from."""

import json
import sqlite3

import pytest

from wapaganda.ledger import Ledger
from wapaganda.ner import CONSIDERED, Document, Span

PER = (Span(0, 4, "PER"),)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite")


def answer(name: str, spans=PER, number: int = 1, moment: str = "2026-01-01T00:00:00Z") -> Document:
    return Document(name, "Anna 1999", spans, {"annotation_id": number, "updated_at": moment})


def read(ledger: Ledger, documents: list[Document], *labels: str, **renamed: str) -> None:
    ledger.set_labels(labels, renamed)
    ledger.upsert_documents(documents, "label-studio", labels)


def considered(ledger: Ledger) -> dict[str, list[str] | None]:
    return {each.id: each.meta.get(CONSIDERED) for each in ledger.documents()}


def test_a_label_that_appears_later_is_missing_in_the_answers_read_before(ledger):
    read(ledger, [answer("a"), answer("b", ()), Document("c", "not labelled")], "PER")
    assert considered(ledger) == {"a": None, "b": None, "c": None}
    read(ledger, [answer("c")], "PER", "DATE")
    assert considered(ledger) == {"a": ["PER"], "b": ["PER"], "c": None}
    assert [each.meta.get(CONSIDERED) for each in ledger.find(["c", "a"])] == [None, ["PER"]]
    assert ledger.labels() == ("PER", "DATE")


def test_the_same_answer_keeps_its_labels_and_a_new_one_gets_those_of_now(ledger):
    read(ledger, [answer("same"), answer("later"), answer("other"), answer("read otherwise")], "PER")
    again = [
        answer("same"),
        answer("later", moment="2026-02-02T00:00:00Z"),
        answer("other", number=2),
        answer("read otherwise", ()),
    ]
    read(ledger, again, "PER", "DATE")
    assert considered(ledger) == {"same": ["PER"], "later": None, "other": None, "read otherwise": ["PER"]}


def test_an_answer_without_a_number_is_the_same_if_its_spans_are(ledger):
    read(ledger, [Document("a", "Anna", PER), Document("b", "Anna", PER)], "PER")
    read(ledger, [Document("a", "Anna", PER, {"seen": 1}), Document("b", "Anna", ())], "PER", "DATE")
    assert considered(ledger) == {"a": ["PER"], "b": None}


def test_deleted_labels_forget_their_schema_and_unreadable_ones_keep_it(ledger):
    read(ledger, [answer("deleted"), answer("unread")], "PER")
    ledger.mark_unlabelled(["deleted", "unread"])
    read(ledger, [Document("deleted", "Anna 1999"), answer("unread", None)], "PER", "DATE")
    read(ledger, [answer("deleted", number=7), answer("unread")], "PER", "DATE")
    assert considered(ledger) == {"deleted": None, "unread": ["PER"]}


def test_a_renamed_label_is_no_new_one(ledger):
    read(ledger, [answer("a")], "PER", "LOC")
    spans = (Span(0, 4, "PERSON"),)
    read(ledger, [answer("a", spans), answer("b", ())], "PERSON", "LOC", PER="PERSON")
    assert considered(ledger) == {"a": None, "b": None}
    read(ledger, [], "PERSON", "LOC", "DATE", PER="PERSON")
    assert considered(ledger) == {"a": ["PERSON", "LOC"], "b": ["PERSON", "LOC"]}


def test_a_removed_label_changes_nothing(ledger):
    read(ledger, [answer("a")], "PER", "LOC")
    read(ledger, [answer("b")], "PER")
    assert considered(ledger) == {"a": None, "b": None}
    read(ledger, [], "PER", "LOC")
    assert considered(ledger) == {"a": None, "b": ["PER"]}


def test_the_schema_in_the_data_of_a_text_comes_first(ledger):
    own = Document("a", "Anna", PER, {CONSIDERED: ["PER"]})
    read(ledger, [own], "PER", "LOC", "DATE")
    assert considered(ledger) == {"a": ["PER"]}


def test_a_source_without_a_label_config_records_nothing(ledger):
    ledger.upsert_documents([Document("a", "Anna", PER)], "files")
    assert ledger.labels() is None
    assert considered(ledger) == {"a": None}


def test_an_old_ledger_is_migrated_and_its_texts_get_the_labels_known_at_the_next_read(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.upsert_documents([answer("a"), Document("pool", "Bob")], "label-studio")
    with sqlite3.connect(path) as connection:  # as version 0.2 left it
        connection.execute("ALTER TABLE documents DROP COLUMN considered")
        connection.execute("DROP TABLE term_places")
        connection.execute("DROP TABLE terms")
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    ledger = Ledger(path)
    assert considered(ledger) == {"a": None, "pool": None}
    read(ledger, [answer("a")], "PER", "LOC")
    assert considered(ledger) == {"a": None, "pool": None}
    read(ledger, [answer("pool")], "PER", "LOC", "DATE")
    assert considered(ledger) == {"a": ["PER", "LOC"], "pool": None}
    with sqlite3.connect(path) as connection:
        rows = dict(connection.execute("SELECT id, considered FROM documents"))
    connection.close()
    assert {name: json.loads(text) for name, text in rows.items()} == {
        "a": ["PER", "LOC"],
        "pool": ["PER", "LOC", "DATE"],
    }


def test_a_label_renamed_by_a_program_is_no_second_look(ledger):
    read(ledger, [answer("a"), answer("b", ())], "PER", "LOC")
    read(ledger, [], "PER", "LOC", "DATE")
    ledger.rename_labels({"PER": ["PERSON"]})
    later = answer("a", (Span(0, 4, "PERSON"),), moment="2026-03-03T00:00:00Z")
    read(ledger, [later], "PERSON", "LOC", "DATE")
    assert considered(ledger) == {"a": ["PERSON", "LOC"], "b": ["PERSON", "LOC"]}
    ledger.rename_labels({"PERSON": ["PERSON", "PER"]})  # a merge that was undone
    assert considered(ledger)["b"] == ["PERSON", "PER", "LOC"]


def test_a_person_who_changes_a_label_has_looked_again(ledger):
    first, second = answer("a"), answer("a", (Span(0, 4, "ORG"),), moment="2026-03-03T00:00:00Z")
    read(ledger, [Document("a", first.text, first.spans, {**first.meta, "lead_time": 5.0})], "PER", "ORG")
    again = Document("a", second.text, second.spans, {**second.meta, "lead_time": 9.0})
    read(ledger, [again], "PER", "ORG", "DATE")
    assert considered(ledger) == {"a": None}


def test_an_answer_before_the_first_use_of_an_added_label_could_not_choose_from_it(ledger):
    read(ledger, [answer("known")], "PER")
    ledger.set_labels(["PER", "DATE", "ORG"], {})
    news = [
        answer("before", moment="2026-02-01T00:00:00.5Z"),
        answer("first", (Span(5, 9, "DATE"),), moment="2026-02-02T00:00:00.5Z"),
        answer("after", moment="2026-02-03T00:00:00.5Z"),
    ]
    first_use = {"DATE": "2026-02-02T00:00:00.5Z", "ORG": ""}
    ledger.upsert_documents([answer("known"), *news], "label-studio", ["PER", "DATE", "ORG"], first_use)
    both = {"known": ["PER"], "before": ["PER"], "first": ["PER", "DATE"], "after": ["PER", "DATE"]}
    assert considered(ledger) == both
    read(ledger, [answer("later")], "PER", "DATE", "ORG")
    assert considered(ledger) == {**both, "later": None}


def test_labels_that_a_program_renames_are_not_new_at_the_next_read(ledger):
    read(ledger, [answer("a")], "PER", "LOC")
    ledger.rename_labels({"LOC": ["LOC", "CITY"]})
    assert ledger.labels() == ("PER", "LOC", "CITY")
