"""Labels in JSON under the keys and in the forms of other tools, and keys that are not read."""

import json

import pytest

from wapaganda.annotation import ReadOptions, is_unread, proposal_of, read_documents
from wapaganda.ner import Span

TEXT = "Mira lives in Oslo"
SPANS = (Span(0, 4, "PER"), Span(14, 18, "LOC"))
WORDS, TAGS = TEXT.split(), ["B-PER", "O", "O", "B-LOC"]
LISTS = [[0, 4, "PER"], [14, 18, "LOC"]]
DICTS = [{"start": start, "end": end, "label": label} for start, end, label in LISTS]


@pytest.fixture
def read(tmp_path):
    def read(*records, name="x.jsonl", **options):
        path = tmp_path / name
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        path.write_text("\n".join(lines))
        return read_documents(path, options=ReadOptions.parse(**options))

    return read


def renamed(**names):
    return [{names.get(key, key): value for key, value in each.items()} for each in DICTS]


def words_of(span):
    return TEXT[span["start"] : span["end"]]


TAG_KEYS = ("ner_tags", "tags", "labels", "NER", "ner_labels", "label", "iob")
FORMS = {
    "ours": {"text": TEXT, "spans": DICTS},
    "upper case": {"text": TEXT, "Spans": DICTS},
    "doccano, old": {"id": 1, "text": TEXT, "label": LISTS, "annotation_approver": None, "meta": {}},
    "doccano, data": {"id": 1, "data": TEXT, "label": LISTS},
    "doccano, current": {
        "id": 1,
        "text": TEXT,
        "entities": [
            {"id": 3, "label": label, "start_offset": start, "end_offset": end} for start, end, label in LISTS
        ],
        "relations": [],
        "Comments": [],
    },
    "prodigy": {
        "text": TEXT,
        "tokens": [{"text": word, "start": 0, "end": 1, "id": 0} for word in WORDS],
        "spans": [each | {"token_start": 0, "token_end": 0} for each in DICTS],
        "_input_hash": 1,
        "answer": "accept",
    },
    "spacy, doc.to_json": {
        "text": TEXT,
        "ents": DICTS,
        "sents": [{"start": 0, "end": 18}],
        "tokens": [{"id": 0, "start": 0, "end": 4, "tag": "NNP", "pos": "PROPN", "dep": "ROOT"}],
    },
    "spacy, pairs": [TEXT, {"entities": LISTS}],
    "spacy, object": {"text": TEXT, "annotations": {"entities": LISTS}},
    "argilla 1": {
        "text": TEXT,
        "tokens": WORDS,
        "prediction": None,
        "annotation": [["PER", 0, 4], ["LOC", 14, 18]],
        "annotation_agent": "me",
        "status": "Validated",
    },
    "argilla 2": {
        "id": "a",
        "status": "completed",
        "fields": {"text": TEXT},
        "metadata": {},
        "suggestions": {"span": {"value": [], "score": None, "agent": "m"}},
        "responses": {"span": [{"value": DICTS, "user_id": "u", "status": "submitted"}]},
    },
    "argilla 2, columns": {
        "id": "a",
        "status": "completed",
        "_server_id": "s",
        "text": TEXT,
        "span.responses": [DICTS, []],
        "span.responses.users": ["u", "v"],
        "span.responses.status": ["submitted", "draft"],
        "span.suggestion": None,
    },
    "rasa": {
        "text": TEXT,
        "intent": "x",
        "entities": [each | {"value": words_of(each)} for each in renamed(label="entity")],
    },
    "type": {"text": TEXT, "spans": renamed(label="type")},
    "chars": {"text": TEXT, "entities": renamed(start="start_char", end="end_char")},
    "object of lists": {
        "text": TEXT,
        "entities": {"start": [0, 14], "end": [4, 18], "label": ["PER", "LOC"]},
    },
    "class of the text beside": {"text": TEXT, "spans": DICTS, "label": "news"},
    "equal spans twice": {"text": TEXT, "spans": DICTS, "entities": LISTS},
    **{f"tokens and {key}": {"tokens": WORDS, key: TAGS} for key in TAG_KEYS},
    "words": {"words": WORDS, "ner_tags": TAGS},
    "tokens, tags and the text": {"text": TEXT, "tokens": WORDS, "ner_tags": TAGS},
    "bare tags": {"tokens": WORDS, "ner_tags": ["PER", "O", "O", "LOC"]},
    "suffixes": {"tokens": WORDS, "ner_tags": ["PER-B", "O", "O", "LOC-B"]},
}


@pytest.mark.parametrize("name", FORMS)
def test_the_forms_of_all_tools_are_read_without_a_false_alarm(read, name):
    result = read(FORMS[name])
    assert [(each.text, each.spans) for each in result.documents] == [(TEXT, SPANS)]
    assert (result.report.findings, result.report.n_labelled) == ((), 1)


def test_tags_over_a_text_with_other_white_space_are_placed_in_it(read):
    text = "Mira\tlives  in\nOslo"
    result = read({"text": text, "tokens": WORDS, "ner_tags": TAGS})
    (document,) = result.documents
    assert [text[span.start : span.end] for span in document.spans] == ["Mira", "Oslo"]
    other = read({"text": "Something else", "tokens": WORDS, "ner_tags": TAGS})
    assert [(each.text, each.spans) for each in other.documents] == [(TEXT, SPANS)]


GOOD = {"text": "fine", "spans": []}
UNKNOWN = {
    "mentions": DICTS,
    "tagged": LISTS,
    "highlights": [{"text": "Mira", "label": "PER"}],
    "gold": {"entities": LISTS},
    "by_type": {"PER": [[0, 4]], "LOC": [[14, 18]]},
    "bio_string": "B-PER O O B-LOC",
    "marked": [{"begin": 0, "stop": 4, "category": "PER"}],
    "iob2_tags": TAGS,
    "chunks_found": [["PER", 0, 4]],
}


@pytest.mark.parametrize("key", UNKNOWN)
def test_a_key_that_looks_like_labels_is_said_and_the_text_is_not_read(read, key):
    result = read(GOOD, {"text": TEXT, key: UNKNOWN[key]})
    assert [each.spans for each in result.documents] == [(), None]
    assert is_unread(result.documents[1])
    (finding,) = result.report.findings
    assert (finding.kind, finding.place.rpartition(":")[2]) == ("unknown-key", "2")
    assert repr(key) in finding.example
    assert (result.report.n_labelled, result.report.n_unlabelled, result.report.n_not_read) == (1, 0, 1)
    assert "PER" in result.report.lost


@pytest.mark.parametrize(
    "others",
    [
        {"topics": ["news", "sport"], "tags": ["a", "b"], "source": "x", "page": 3, "url": "http://x.y/O"},
        {"tokens": [{"text": "Mira", "start": 0, "end": 4, "id": 0}], "_input_hash": 3},
        {"sentences": [{"start": 0, "end": 18}], "embedding": [0.1, 0.2], "ids": [1, 2, 3, 4]},
        {"label": None, "entities": None, "relations": [{"id": 1, "from_id": 2, "to_id": 3, "type": "x"}]},
        {"sections": [{"type": "title", "text": "Mira"}], "authors": [{"name": "A", "email": "b"}]},
        {"history": [["2024", 3]], "box": [[0, 4, 5, 6]], "prediction": None, "options": [{"id": 1}]},
    ],
)
def test_other_fields_are_no_labels(read, others):
    result = read({"text": TEXT, **others})
    assert (result.report.findings, result.report.n_unlabelled) == ((), 1)


def test_a_second_key_with_labels_is_said_and_the_first_one_read(read):
    result = read({"tokens": WORDS, "ner_tags": TAGS, "fine_ner_tags": ["B-a", "O", "O", "B-b"]})
    assert result.documents[0].spans == SPANS
    assert [(each.kind, each.example) for each in result.report.findings] == [
        ("other-labels", "'fine_ner_tags'")
    ]


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"text": TEXT, "spans": DICTS, "entities": LISTS[:1]}, "several-keys"),
        ({"text": TEXT, "annotations": [{"label": 7, "start_offset": 0, "end_offset": 4}]}, "label-numbers"),
        ({"tokens": WORDS, "ner_tags": [1, 0, 0, 2]}, "label-numbers"),
        ({"tokens": WORDS, "ner_tags": ["B-PER", "O", None, "B-LOC"]}, "hidden-tags"),
        ({"tokens": WORDS, "ner_tags": ["PER", "LOC", "PER", "LOC"]}, "tag"),
        ({"tokens": WORDS, "ner_tags": TAGS[:3]}, "malformed"),
        ({"text": TEXT, "spans": [{"start": 0, "end": 4}]}, "malformed"),
        ({"text": TEXT, "spans": [DICTS[0] | {"text": "lives"}]}, "offsets-contradict"),
        ({"fields": {"text": TEXT}, "responses": {"s": [{"value": DICTS}, {"value": []}]}}, "answers-differ"),
        (f'{{"text": "{TEXT}", "spans": [[0, 4, "PER"]], "spans": []}}', "doubled-key"),
        (f'{{"text": "a", "text": "{TEXT}", "spans": []}}', "doubled-key"),
        (
            f'{{"text": "{TEXT}", "spans": [{{"start": 0, "start": 1, "end": 4, "label": "PER"}}]}}',
            "doubled-key",
        ),
    ],
)
def test_what_is_not_understood_is_not_read_and_has_its_kind(read, record, kind):
    result = read(GOOD, record)
    assert [each.spans for each in result.documents if not is_unread(each)] == [()]
    assert [each.kind for each in result.report.findings] == [kind]
    assert result.report.n_not_read == 1
    in_array = read(
        f"[{json.dumps(GOOD)}, {record if isinstance(record, str) else json.dumps(record)}]", name="y.json"
    )
    assert [each.kind for each in in_array.report.findings] == [kind]


def test_offsets_in_another_counting_are_mended_by_the_words_of_the_spans(read):
    span = {"start": 5, "end": 9, "label": "PER", "text": "Mira"}
    result = read({"text": "👍👍 Mira met", "spans": [span]})
    assert result.documents[0].spans == (Span(3, 7, "PER"),)
    assert [each.kind for each in result.report.findings] == ["offsets-mended"]


def test_tags_of_a_file_have_one_scheme_which_can_be_named(read):
    records = [{"tokens": ["Mira"], "ner_tags": ["PER"]}, {"tokens": ["Bob"], "ner_tags": ["PER"]}]
    unread = read(*records)
    assert unread.report.n_not_read == 2
    assert "no tag that is O" in unread.skipped[0]
    assert "--scheme" in unread.skipped[0]
    assert read(*records, scheme="bare").documents[0].spans == (Span(0, 4, "PER"),)


def test_hidden_tags_of_a_whole_text_are_no_labels(read):
    for hidden in (-1, -100, None):
        result = read({"tokens": WORDS, "ner_tags": [hidden] * 4}, {"tokens": WORDS, "ner_tags": TAGS})
        assert [each.spans for each in result.documents] == [None, SPANS]
        assert result.report.findings == ()


def saved(path, columns, features=None):
    from datasets import Dataset

    Dataset.from_dict(columns, features=features).save_to_disk(str(path))
    return read_documents(path)


@pytest.mark.parametrize("key", ["ner_tags", "labels", "tags", "ner"])
@pytest.mark.parametrize("names", [["O", "B-PER", "I-PER", "B-LOC"], ["O", "PER", "X", "LOC"]])
def test_class_labels_of_datasets_have_names_under_every_key(tmp_path, key, names):
    from datasets import ClassLabel, Features, List, Value

    features = Features({"tokens": List(Value("string")), key: List(ClassLabel(names=names))})
    result = saved(tmp_path / "d", {"tokens": [WORDS, ["Bob"]], key: [[1, 0, 0, 3], [-1]]}, features)
    assert [each.spans for each in result.documents] == [SPANS, None]
    assert (result.report.findings, result.report.n_unlabelled) == ((), 1)


def test_class_labels_inside_spans_have_names_and_numbers_without_names_are_not_read(tmp_path):
    from datasets import ClassLabel, Features, List, Value

    span = {"start": Value("int32"), "end": Value("int32"), "label": ClassLabel(names=["PER", "LOC"])}
    rows = {
        "text": [TEXT],
        "entities": [[{"start": 0, "end": 4, "label": 0}, {"start": 14, "end": 18, "label": 1}]],
    }
    result = saved(tmp_path / "a", rows, Features({"text": Value("string"), "entities": List(span)}))
    assert result.documents[0].spans == SPANS
    plain = saved(tmp_path / "b", {"tokens": [WORDS, WORDS], "ner_tags": [[1, 0, 0, 3], [1, 0, 0, -100]]})
    assert [each.kind for each in plain.report.findings] == ["label-numbers", "hidden-tags"]
    assert "row 1: " in plain.report.findings[0].example
    assert plain.report.n_not_read == 2


OLD_BATCH = {"rank": 0, "uncertainty": 0.9, "drawn": "hybrid"}
STARTS = [{"start": start, "end": end} for start, end, _ in LISTS]
SCORED = [each | {"score": 0.75} for each in DICTS]
MACHINE = {
    "ours": {"text": TEXT, "spans": None, "proposed": {"by": "v0001", "spans": SCORED}},
    "old batch": {"text": TEXT, "spans": SCORED, "meta": OLD_BATCH},
    "old batch without entities": {"text": TEXT, "spans": [], "meta": OLD_BATCH},
    "old prediction": {"text": TEXT, "spans": SCORED},
    "pipeline of transformers": {
        "text": TEXT,
        "entities": [
            {"entity_group": each["label"], "score": 0.9, "word": words_of(each), **STARTS[at]}
            for at, each in enumerate(DICTS)
        ],
    },
    "argilla 1": {"text": TEXT, "prediction": [["PER", 0, 4, 0.9]], "annotation": None, "status": "Default"},
    "argilla 2": {"fields": {"text": TEXT}, "responses": {}, "suggestions": {"s": {"value": DICTS}}},
    "doccano, unchanged": {"text": TEXT, "label": LISTS, "meta": {"proposed": {"by": "v1", "spans": DICTS}}},
    "prodigy, no answer": {"text": TEXT, "spans": DICTS, "meta": {"proposed": {"by": "v1", "spans": DICTS}}},
}


@pytest.mark.parametrize("name", MACHINE)
def test_what_a_model_found_is_no_label_and_it_is_said(read, name):
    result = read({"text": "Bob", "spans": [[0, 3, "PER"]]}, MACHINE[name])
    assert [each.is_labelled for each in result.documents] == [True, False]
    assert (result.report.n_labelled, result.report.n_unlabelled, result.report.n_not_read) == (1, 1, 0)
    assert [each.kind for each in result.report.findings] == ["machine"]
    assert proposal_of(result.documents[1]) is not None


ANSWERED = {
    "the same": MACHINE["ours"] | {"spans": DICTS},
    "nothing": MACHINE["ours"] | {"spans": []},
    "old batch": {"text": TEXT, "spans": DICTS, "meta": OLD_BATCH},
    "doccano, changed": MACHINE["doccano, unchanged"] | {"label": LISTS[:1]},
    "doccano, approved": MACHINE["doccano, unchanged"] | {"annotation_approver": "me"},
    "prodigy": MACHINE["prodigy, no answer"] | {"answer": "accept"},
    "partly scored": {"text": TEXT, "spans": [SCORED[0], DICTS[1]]},
}


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_to_a_proposal_is_a_label(read, name):
    result = read(ANSWERED[name])
    assert result.documents[0].is_labelled
    assert "proposed" not in result.documents[0].meta
    assert result.report.findings == ()


def test_texts_without_entities_in_a_file_of_a_model_are_its_own_too(read):
    result = read({"text": TEXT, "spans": SCORED}, {"text": "nobody", "spans": []})
    assert [each.is_labelled for each in result.documents] == [False, False]
    assert [(each.kind, each.count) for each in result.report.findings] == [("machine", 2)]
