"""/predict: one answer for each task, and each failure alone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wapaganda.annotation import LabelMapping
from wapaganda.ml_backend.prediction.predictor import Limits
from wapaganda.ml_backend.prediction.source_answers import StoredSources
from wapaganda.ml_backend.prediction.tasks import Showing
from wapaganda.settings import Settings
from wapaganda.terms import DecidedPlace, DecidedTerms, text_key


def task(text, number=1):
    return {"id": number, "data": {"text": text}, "project": 12}


def test_a_text_is_tagged_with_span_and_text_confidence(server):
    answer = server.predict([task("👋 Anna met Bob")]).json()
    (item,) = answer["results"]
    assert item["model_version"] == "v1"
    assert item["score"] == pytest.approx(0.75)
    assert [(r["value"]["start"], r["value"]["end"], r["value"]["text"]) for r in item["result"]] == [
        (2, 6, "Anna"),
        (11, 14, "Bob"),
    ]
    first = item["result"][0]
    assert (first["from_name"], first["to_name"], first["type"]) == ("label", "text", "labels")
    assert first["value"]["labels"] == ["PER"]
    assert first["score"] == pytest.approx(0.75)


BAD_TASKS = [
    ({"id": 1}, "data"),
    ({"id": 1, "data": None}, "data"),
    ({"id": 1, "data": []}, "data"),
    ({"id": 1, "data": {}}, "data.text"),
    ({"id": 1, "data": {"txt": "Anna"}}, "data.text"),
    ({"id": 1, "data": {"text": None}}, "null"),
    ({"id": 1, "data": {"text": 5}}, "a number"),
    ({"id": 1, "data": {"text": ["Anna"]}}, "a list"),
    ({"id": 1, "data": {"text": {"a": 1}}}, "an object"),
    ({"id": 1, "data": {"text": "x" * 600_000}}, "at most"),
    ({"id": 1, "data": {"text": "Anna explode"}}, "failed"),
    (None, "data"),
    ("Anna", "data"),
    (7, "data"),
    ([], "data"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_TASKS)
def test_a_bad_task_fails_alone(server, bad, reason):
    response = server.predict([task("Anna", 1), bad, task("Bob in Rome", 3)])
    assert response.status_code == 200
    first, middle, last = response.json()["results"]
    assert middle["result"] == []
    assert middle["score"] == 0
    assert reason in middle["reason"]
    assert [len(first["result"]), len(last["result"])] == [1, 2]
    assert "reason" not in first


def test_texts_without_entities_and_empty_texts_get_an_empty_answer_of_the_model(server):
    results = server.predict([task(""), task("nothing here"), task("   ")]).json()["results"]
    assert [item["result"] for item in results] == [[], [], []]
    assert {item["model_version"] for item in results} == {"v1"}


def test_many_tasks_come_back_in_their_order(server):
    texts = ["Anna " * (i % 7) + "x" * (i % 31) for i in range(300)]
    results = server.predict([task(text, i) for i, text in enumerate(texts)]).json()["results"]
    assert [len(item["result"]) for item in results] == [text.split().count("Anna") for text in texts]


def test_no_tasks_no_results(server):
    assert server.predict([]).json() == {"results": []}


def test_before_a_first_model_the_answer_is_empty_and_says_so(serve):
    response = serve().predict([task("Anna"), task("Bob")])
    assert response.status_code == 200
    for item in response.json()["results"]:
        assert (item["result"], item["score"], item["model_version"]) == ([], 0, "untrained")
        assert "no model yet" in item["reason"]


def test_projects_have_models_of_their_own(server, new_tagger):
    server.repository.put("ls-13", "other", new_tagger({"Bob": "LOC"}))
    server.services.models._read_pointers()
    (mine,) = server.predict([task("Anna Bob")], project="12.1").json()["results"]
    (theirs,) = server.predict([task("Anna Bob")], project="13.1").json()["results"]
    assert [region["value"]["labels"][0] for region in mine["result"]] == ["PER", "PER"]
    assert [region["value"]["labels"][0] for region in theirs["result"]] == ["LOC"]


@pytest.mark.parametrize("project", ["12.1795335716", "12", 12, "ls-12", " 12.5 "])
def test_a_project_may_be_named_in_many_ways(server, project):
    assert server.predict([task("Anna")], project=project).json()["results"][0]["model_version"] == "v1"


@pytest.mark.parametrize("project", [None, "", "../../etc", "12/..", "a" * 100, -1, 10**30, "١٢"])
def test_a_project_that_cannot_be_one_has_no_model(server, project):
    response = server.predict([{"data": {"text": "Anna"}}], project=project)
    assert response.json()["results"][0]["model_version"] == "untrained"


def test_without_a_project_the_task_names_it(server):
    assert server.predict([task("Anna")], project=None).json()["results"][0]["model_version"] == "v1"


def test_labels_that_the_project_lacks_are_left_out_and_counted(server):
    (item,) = server.predict([task("Anna of Acme")]).json()["results"]
    assert [region["value"]["labels"] for region in item["result"]] == [["PER"]]
    assert "wapaganda_dropped_spans_total 1.0" in server.client.get("/metrics").text


def test_doubtful_spans_are_hidden_and_counted(serve, repository):
    repository.put("ls-12", "v1")
    for floor, shown, hidden in ((0.75, 2, 0), (0.76, 0, 2)):
        server = serve(showings=lambda key, floor=floor: Showing(floor=floor if key == "ls-12" else 0.0))
        (item,) = server.predict([task("Anna in Rome")]).json()["results"]
        assert (len(item["result"]), item["score"], "reason" in item) == (shown, 0.75, False)
        assert f"wapaganda_hidden_spans_total {hidden:.1f}" in server.client.get("/metrics").text


def test_labels_that_were_mapped_are_shown_under_their_new_name(serve, repository):
    repository.put("ls-12", "v1")
    mapping = LabelMapping(labels={"ORG": "LOC"})
    server = serve(showings=lambda key: Showing(mapping))
    (item,) = server.predict([task("Acme")]).json()["results"]
    assert [region["value"]["labels"] for region in item["result"]] == [["LOC"]]


def test_names_come_from_the_config_of_the_request(server):
    config = (
        '<View><Text name="t" value="$body"/><Labels name="ner" toName="t">'
        '<Label value="PER"/></Labels></View>'
    )
    (item,) = server.predict([{"data": {"body": "Anna"}}], label_config=config).json()["results"]
    assert (item["result"][0]["from_name"], item["result"][0]["to_name"]) == ("ner", "t")


def test_the_text_may_lie_deeper_and_labels_may_have_aliases(server):
    config = (
        '<View><Text name="t" value="$page.body"/><Labels name="ner" toName="t">'
        '<Label value="Person" alias="P" predicted_values="PER"/></Labels></View>'
    )
    tasks = [{"data": {"page": {"body": "Anna"}}}, {"data": {"page.body": "Bob"}}, {"data": {"page": "Anna"}}]
    results = server.predict(tasks, label_config=config).json()["results"]
    assert [[region["value"]["labels"] for region in item["result"]] for item in results] == [
        [["P"]],
        [["P"]],
        [],
    ]
    assert "data.page.body" in results[2]["reason"]


@pytest.mark.parametrize("config", ["", "<View>", "<View/>", "no xml", None, "<" * 2_000, "\u0000"])
def test_a_config_that_is_none_empties_every_answer_with_the_reason(server, config):
    response = server.predict([task("Anna"), task("Bob")], label_config=config)
    assert response.status_code == 200
    results = response.json()["results"]
    assert [item["result"] for item in results] == [[], []]
    assert all(item["model_version"] == "unanswered" and item["reason"] for item in results)


def test_without_a_config_the_one_of_setup_serves(server, label_config):
    body = {"project": "12.1795335716", "schema": label_config, "hostname": "", "access_token": ""}
    server.client.post("/setup", json=body)
    server.settle()
    assert len(server.predict([task("Anna")], label_config=None).json()["results"][0]["result"]) == 1


def region(start, end, label="LOC"):
    return {"type": "labels", "value": {"start": start, "end": end, "labels": [label]}}


def marked(server, text, drawn, **more):
    params = {"login": None, "password": None, "context": {"result": drawn}}
    (item,) = server.predict([task(text) | more], params=params).json()["results"]
    return [
        (each["value"]["start"], each["value"]["end"], each["value"]["labels"]) for each in item["result"]
    ]


def test_a_drawn_region_marks_the_other_places_of_its_words(server):
    text = "👋 COX of COX-2, pre-COX, COX. cox (COX)"
    drawn = [region(2, 5), {"value": {}}, None, 5]
    assert marked(server, text, drawn) == [(25, 28, ["LOC"]), (35, 38, ["LOC"])]
    assert marked(server, text, [region(2, 5, "UNKNOWN")]) == []
    assert marked(server, "a.b*(c and a.b*(c", [region(0, 6)]) == [(11, 17, ["LOC"])]
    assert marked(server, "...", [region(0, 3)]) == []
    assert marked(server, "x", [region(-5, 10**12), region(1, 0)]) == []


def test_a_drawn_region_marks_nothing_over_what_the_annotator_sees(server):
    text = "Rome, Rome, Rome and New Rome"
    draft, old = {"id": 2, "result": [region(6, 10, "PER")]}, {"id": 1, "result": [region(12, 16)]}
    prediction = [{"id": 3, "result": [region(21, 29)]}, {"id": 4, "model_version": "why: x", "result": []}]
    drawn = [region(0, 4)]
    assert marked(server, text, drawn, drafts=[old, draft], predictions=prediction) == [
        (12, 16, ["LOC"]),
        (25, 29, ["LOC"]),
    ]
    seen = marked(
        server, text, drawn, drafts=[], annotations=[{"was_cancelled": True}], predictions=prediction
    )
    assert seen == [(6, 10, ["LOC"]), (12, 16, ["LOC"])]
    assert len(marked(server, text, drawn, drafts=5, annotations=None, predictions=[None])) == 3


def test_only_the_newest_region_is_looked_for(server):
    text = "Rome, Oslo, Rome, Oslo"
    assert marked(server, text, [region(0, 4), region(6, 10)]) == [(18, 22, ["LOC"])]
    for origin in ("prediction", "prediction-changed"):  # a proposal got another label or other borders
        assert marked(server, text, [region(0, 4), region(6, 10) | {"origin": origin}]) == []


def test_a_region_that_gets_another_label_marks_nothing_twice(server):
    drawn, text = {"id": "x7", "origin": "manual"}, "Rome, Rome"
    assert marked(server, text, [region(0, 4) | drawn], id=5) == [(6, 10, ["LOC"])]
    assert marked(server, text, [region(0, 4, "PER") | drawn], id=5) == []
    assert marked(server, text, [region(0, 4, "PER") | drawn], id=6) == [(6, 10, ["PER"])]
    assert marked(server, text, [region(0, 4, "PER") | drawn | {"id": "x8"}], id=5) == [(6, 10, ["PER"])]


def test_what_a_drawn_region_marks_is_marked_as_a_machines(server):
    params = {"context": {"result": [region(0, 4)]}}
    (item,) = server.predict([task("Rome, Rome")], params=params).json()["results"]
    assert [each["origin"] for each in item["result"]] == ["prediction"]


def test_a_drawn_region_needs_no_model(serve):
    assert marked(serve(), "Rome, Rome", [region(0, 4)]) == [(6, 10, ["LOC"])]


def test_what_was_decided_about_a_term_is_shown(serve, repository):
    repository.put("ls-12", "v1")
    places = [DecidedPlace(0, 4, None, 0.9, 1), DecidedPlace(5, 8, "LOC", 0.9, 2)]
    terms = DecidedTerms({text_key("Anna met Bob"): places})
    server = serve(showings=lambda key: Showing(terms=terms))
    (here, there) = server.predict([task("Anna met Bob"), task("Anna met")]).json()["results"]
    assert [(each["value"]["text"], each["value"]["labels"]) for each in here["result"]] == [
        ("met", ["LOC"]),
        ("Bob", ["PER"]),
    ]
    assert [each["value"]["text"] for each in there["result"]] == ["Anna"]


@pytest.mark.parametrize(
    "params", [None, 5, [], {"context": None}, {"context": 5}, {"context": {"result": 5}}]
)
def test_other_contexts_are_left_alone(server, params):
    assert len(server.predict([task("Anna met Bob")], params=params).json()["results"][0]["result"]) == 2


def test_lone_surrogates_neither_fail_nor_move_offsets(server, label_config):
    tasks = b'[{"data": {"text": "\\ud800\\ud800 Anna \\udfff"}}]'
    config = json.dumps(label_config).encode()
    body = b'{"tasks": %s, "project": "12.1", "label_config": %s}' % (tasks, config)
    headers = {"Content-Type": "application/json"}
    (item,) = server.client.post("/predict", content=body, headers=headers).json()["results"]
    assert [(r["value"]["start"], r["value"]["text"]) for r in item["result"]] == [(3, "Anna")]


def test_an_uncertainty_that_is_no_number_counts_as_unsure(serve, repository):
    repository.put("ls-12", "v1")
    server = serve(measure=lambda log_probs: np.full(len(log_probs), np.nan))
    assert server.predict([task("Anna")]).json()["results"][0]["score"] == 0


def test_what_is_not_reached_in_time_is_empty_and_asked_again_later(serve, repository, new_tagger):
    tagger = new_tagger()
    repository.put("ls-12", "v1", tagger)
    server = serve(limits=Limits(seconds=0.3, load_seconds=20))
    server.services.models.get("ls-12", 20)
    tagger.gate.clear()
    response = server.predict([task("Anna"), {"data": {}}])
    tagger.gate.set()
    late, bad = response.json()["results"]
    assert (late["model_version"], late["result"]) == ("unanswered", [])
    assert "0.3 s" in late["reason"]
    assert bad["model_version"] == "v1"


def test_requests_that_wait_together_share_a_batch_and_keep_their_answers(server, new_tagger):
    tagger = new_tagger()
    server.repository.put("ls-12", "v2", tagger)
    server.services.models._read_pointers()
    live = server.services.models
    live.request_load("ls-12")
    while live.version("ls-12") != "v2":
        live.get("ls-12", 0.01)
    tagger.gate.clear()
    texts = ["Anna", "Bob Bob", "none", "Rome Rome Rome", "explode"]
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(server.predict, [task("Anna")])
        assert tagger.called.wait(20)
        rest = [pool.submit(server.predict, [task(text)]) for text in texts]
        while len(server.services.queue._waiting) < len(texts):
            threading.Event().wait(0.005)
        tagger.gate.set()
        lengths = [len(each.result().json()["results"][0]["result"]) for each in rest]
        assert first.result().status_code == 200
    assert lengths == [1, 2, 0, 3, 0]
    assert max(len(batch) for batch in tagger.batches) > 1


def test_a_long_request_lets_a_short_one_through(server):
    """Between two slices of a long request, a waiting request gets its turn."""
    tagger = server.repository.models["ls-12"]["v1"]
    server.services.models.get("ls-12", 20)
    tagger.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(server.predict, [task(f"a{i}") for i in range(300)])
        assert tagger.called.wait(20)
        short = pool.submit(server.predict, [task("Anna")])
        while not server.services.queue._waiting:
            threading.Event().wait(0.005)
        tagger.gate.set()
        assert len(short.result().json()["results"]) == 1
        assert len(long.result().json()["results"]) == 300
    at = next(i for i, batch in enumerate(tagger.batches) if "Anna" in batch)
    assert at == 1


def gazetteer_of(folder, **more):
    """Settings of a server whose only source is a gazetteer."""
    (folder / "names.tsv").write_text("Anna\tPER\nRome\tLOC\nAcme\tORG\n")
    (folder / "sources.toml").write_text(
        '[[source]]\nname = "names"\nkind = "gazetteer"\nfile = "names.tsv"\n'
    )
    return Settings(sources=folder / "sources.toml", data_dir=folder / "data", **more)


def test_before_the_first_model_the_sources_answer_under_their_name(serve, repository, tmp_path):
    server = serve(sources=StoredSources(gazetteer_of(tmp_path)))
    first, bad = server.predict([task("👋 Anna in Rome, by Acme"), task(None, 2)]).json()["results"]
    assert (first["model_version"], bad["result"]) == ("sources-names", [])
    marked = [(region["value"]["text"], region["value"]["labels"]) for region in first["result"]]
    assert marked == [("Anna", ["PER"]), ("Rome", ["LOC"])]  # the project has no ORG
    assert all(0.3 < region["score"] < 1 for region in first["result"])
    assert "null" in bad["reason"]
    setup = {"project": "12.1795335716", "schema": "<View/>", "hostname": "", "access_token": ""}
    assert server.client.post("/setup", json=setup).json() == {"model_version": "sources-names"}

    repository.put("ls-12", "v1")
    server.services.models._read_pointers()
    (answer,) = server.predict([task("Anna")]).json()["results"]
    assert answer["model_version"] == "v1"


def test_sources_that_cannot_answer_leave_a_task_empty_with_the_reason(serve, tmp_path):
    settings = gazetteer_of(tmp_path)
    server = serve(sources=StoredSources(settings))
    (tmp_path / "names.tsv").unlink()
    (answer,) = server.predict([task("Anna")]).json()["results"]
    assert (answer["result"], answer["model_version"]) == ([], "unanswered")
    assert "The source names is left out" in answer["reason"]


def test_slow_sources_do_not_hold_a_request_longer_than_its_limit(serve, tmp_path):
    settings, gate = gazetteer_of(tmp_path), threading.Event()

    class Slow(StoredSources):
        def _ask(self, key, texts, labels):
            assert gate.wait(30)
            return super()._ask(key, texts, labels)

    server = serve(sources=Slow(settings), limits=Limits(seconds=0.2))
    (answer,) = server.predict([task("Anna")]).json()["results"]
    gate.set()
    assert (answer["result"], answer["model_version"]) == ([], "unanswered")
    assert "did not answer within 0.2 s" in answer["reason"]
