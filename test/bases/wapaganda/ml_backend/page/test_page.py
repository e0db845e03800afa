"""What the page says, who may see it, and who may act by it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from wapaganda.label_errors import REVIEW_FILE, SHOWN, read_issues, with_shown
from wapaganda.ledger import Ledger
from wapaganda.ml_backend.composition import StoredFiles
from wapaganda.ml_backend.page.desk import Links
from wapaganda.ml_backend.training.trigger import TrainingStatus
from wapaganda.model_store import ModelStore

HOSTILE = "<script>alert('&')</script>\"><img src=x onerror=alert(1)>"
OWN = {"Origin": "http://testserver"}
ACTIONS = ("train", "cancel", "promote", "rollback")


@pytest.fixture
def shown(serve, repository, folders, past):
    """A server that shows a project with a past."""

    def started(title="News", **named):
        past(title=title)
        repository.put("ls-12", "v0004-00000004")
        links = Links("http://studio.example:8080", "http://mlflow.example:5000")
        return serve(desk=StoredFiles(folders), links=links, **named)

    return started


def text_of(page: str) -> str:
    body = page.partition("<body")[2].partition("<script>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def token_of(page: str) -> str:
    return re.search(r'name="token" value="(\w+)"', page)[1]


def test_a_doubtful_label_that_somebody_has_looked_at_is_not_shown_again(shown, folders):
    server = shown()
    ledger = Ledger(folders.data_dir / "ls-12" / "ledger.sqlite")
    issues = read_issues(ModelStore(folders.model_dir / "ls-12").current().path / REVIEW_FILE)
    cases = [(each, ledger.find([each.document_id])[0]) for each in issues]
    ledger.set_value(SHOWN, with_shown({}, cases[:2], "2026-11-01T10:00:00Z"))
    submitted = {**cases[0][1].meta, "updated_at": "2026-11-01T11:00:00Z"}
    ledger.upsert_documents([replace(cases[0][1], meta=submitted)], "label-studio")
    said = text_of(server.client.get("/projects/ls-12").text)
    assert [f"number {each.document_id} in London" in said for each in issues] == [False, True, True]


def test_it_answers_what_a_team_lead_asks(shown):
    server = shown()
    job = TrainingStatus(
        "7", "ls-12", "running", "calibrate", 0.62, reason="200 new labels.", seconds_left=240
    )
    server.trainings.listed.append(job)
    page = server.client.get("/projects/ls-12").text
    said = text_of(page)
    assert "News ls-12 · 355 of 1,200 texts labelled · live model: v0004-00000004" in said
    assert "Cross-fitting 62% About 4 minutes left. Why: 200 new labels." in said
    assert "5 of 40 texts answered 35 texts left, about 6 minutes at the present pace." in said
    assert "ada@example.org 3 10 s bob@example.org 2 10 s" in said
    assert "F1 77.8 (73.8 to 81.8) Strict F1 of v0004-00000004 on 350 texts that it had not learnt" in said
    assert "person 83.8 place 78.8 organisation 67.8" in said
    assert "Go on. The next 100 labels gain about +1.9 F1" in said
    assert re.search(r"At 3\d texts a day, .* reaches F1 95.0 by \d+ \w+ 20\d\d and all 1,200 texts", said)
    assert "1.2 hours of annotators so far 6.4 hours left until the file has F1 95" in said
    assert "v0003-00000003 went live. F1 0.765 against 0.710 of the live version" in said
    assert "Ada Lovelace (person) another type Ada Lovelace (organisation)" in said
    assert "selfish export --project 12 --out data-set" in said
    assert 'href="http://studio.example:8080/projects/12/data?tab=7"' in page
    assert 'href="http://mlflow.example:5000"' in page
    head, _, behind = page.partition('<details id="quality-others">')
    assert "F1 of the pool" not in head
    assert "F1 of the pool" in behind.partition("</details>")[0]


def test_it_says_what_is_wrong_and_when_a_training_is_tried_again(shown):
    server = shown()
    error = "No Label Studio answers at http://x:1. Start it."
    waits = TrainingStatus("8", "ls-12", "queued", error=error, next_attempt=4e9, starts_at=4e9)
    server.trainings.listed.append(waits)
    said = text_of(server.client.get("/projects/ls-12").text)
    assert f"What is wrong, and what to do {error}" in said
    assert "A training starts at 2 Oct 2096, 07:06 UTC, after a failure." in said


def test_it_says_what_the_last_round_noted(shown, folders):
    server = shown()
    section = '<section id="notes" data-part{} aria-labelledby'
    assert section.format(" hidden") in server.client.get("/projects/ls-12").text
    ledger = Ledger(folders.data_dir / "ls-12" / "ledger.sqlite")
    last = ledger.rounds()[-1]
    notes = ["The source gone is left out: Expected <a file>."]
    ledger.save_step(last.number, "done", report=last.payload["report"] | {"notes": notes})
    page = server.client.get("/projects/ls-12").text
    assert section.format("") in page
    assert "<li>The source gone is left out: Expected &lt;a file&gt;.</li>" in page


def test_it_says_that_a_command_works_on_the_project(shown, folders):
    server = shown()
    Ledger(folders.data_dir / "ls-12" / "ledger.sqlite").start_round()
    said = text_of(server.client.get("/projects/ls-12").text)
    assert re.search(r"No training is running here. Round 5 of .* is not finished: selfish works on it", said)


def test_all_projects_at_a_glance_one_at_once_and_the_first_steps(serve, repository, shown):
    assert "selfish connect" in text_of(serve().client.get("/").text)
    server = shown()
    one = server.client.get("/", follow_redirects=False)
    assert (one.status_code, one.headers["location"]) == (303, "projects/ls-12")
    repository.put("news", "v1")
    server.services.models._read_pointers()
    said = text_of(server.client.get("/").text)
    assert "News No training is running. 77.8 (73.8 to 81.8) 5 of 40 answered" in said
    assert "news No training is running. – none" in said
    assert server.client.get("/projects/nowhere").status_code == 404


def test_whatever_people_write_is_shown_and_never_obeyed(shown, folders):
    server = shown(title=HOSTILE)
    ledger = Ledger(folders.data_dir / "ls-12" / "ledger.sqlite")
    ledger.set_value("people", {"1": HOSTILE, "2": HOSTILE})
    report = ledger.round(4).payload["report"] | {"advice": HOSTILE, "reason": HOSTILE, "batch": HOSTILE}
    ledger.save_step(4, "done", report=report)
    server.trainings.listed.append(TrainingStatus("7", "ls-12", "running", HOSTILE, 0.1, reason=HOSTILE))
    server.trainings.listed.append(TrainingStatus("6", "ls-12", "failed", error=HOSTILE))
    for path in ("/projects/ls-12", "/projects/%3Cscript%3E"):
        page = server.client.get(path)
        assert page.text.count("<script") == 1
        assert "<img" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
    assert server.client.get("/projects/ls-12").text.count("&lt;script&gt;") >= 6


def test_it_needs_the_log_in(serve, repository):
    repository.put("ls-12", "v1")
    client = serve(basic_auth=("ls", "secret")).client
    for path in ("/", "/projects/ls-12", "/events", "/projects/ls-12/events", "/docs", "/redoc"):
        assert client.get(path).status_code == 401
    for action in ACTIONS:
        assert client.post(f"/projects/ls-12/{action}", headers=OWN).status_code == 401
    assert client.get("/projects/ls-12", auth=("ls", "secret")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        (OWN, ""),
        (OWN, "0" * 64),
        (OWN, "of another project"),
        ({}, "right"),
        ({"Origin": "null"}, "right"),
        ({"Origin": "http://evil.example"}, "right"),
        ({**OWN, "Sec-Fetch-Site": "cross-site"}, "right"),
        ({**OWN, "Sec-Fetch-Site": "same-site"}, "right"),
        ({"Origin": "http://evil.example", "Host": "evil.example", "Sec-Fetch-Site": "none"}, "right"),
    ],
)
def test_a_form_of_another_site_changes_nothing(shown, folders, headers, token):
    server = shown()
    tokens = {"right": token_of(server.client.get("/projects/ls-12").text)}
    tokens["of another project"] = server.client.app.state.pages.forms.token("ls-13")
    for action in ACTIONS:
        values = {"token": tokens.get(token, token), "live": "v0004-00000004", "version": "v0001-00000001"}
        answer = server.client.post(f"/projects/ls-12/{action}", data={**values, "job": "1"}, headers=headers)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
    assert ModelStore(folders.model_dir / "ls-12").current().name == "v0004-00000004"
    assert (server.trainings.submitted, server.trainings.cancelled) == ([], [])


def test_its_own_forms_are_obeyed_once(shown, folders):
    server, store = shown(), ModelStore(folders.model_dir / "ls-12")
    token = token_of(server.client.get("/projects/ls-12").text)

    def press(action, headers=OWN, **values):
        address = f"/projects/ls-12/{action}"
        data = {"token": token, **values}
        return server.client.post(address, data=data, headers=headers, follow_redirects=False)

    done = press("rollback", live="v0004-00000004")
    assert (done.status_code, done.headers["location"]) == (303, "../ls-12")
    assert store.current().name == "v0003-00000003"
    again = press("rollback", live="v0004-00000004")  # pressed twice, or in a page that is old
    assert again.status_code == 409
    assert "Load the page again" in again.text
    assert store.current().name == "v0003-00000003"
    browser = {"Origin": "https://proxy.example", "Sec-Fetch-Site": "same-origin"}
    assert press("promote", browser, version="v0001-00000001").status_code == 303
    assert store.current().name == "v0001-00000001"
    assert press("promote", version="../../etc").status_code == 409
    assert press("cancel", job="7").status_code == 303
    assert server.trainings.cancelled == [("ls-12", "7")]
    assert press("train").status_code == 303
    assert server.trainings.submitted == [("ls-12", "round", "It was asked for on the page.", 0.0)]
    assert press("erase").status_code == 404


def test_of_30_000_texts_only_those_are_read_that_it_shows(shown, past, folders, monkeypatch):
    server = shown()
    (folders.data_dir / "ls-12" / "ledger.sqlite").unlink()
    for path in (folders.data_dir / "ls-12").glob("ledger.sqlite-*"):
        path.unlink()
    past(n_texts=30_000)
    found, find = [], Ledger.find
    monkeypatch.setattr(Ledger, "documents", None)
    monkeypatch.setattr(Ledger, "find", lambda self, ids: found.extend(ids) or find(self, ids))
    page = server.client.get("/projects/ls-12")
    assert "355 of 30,000 texts labelled" in page.text
    assert len(found) <= 40 + 100
    assert len(page.content) < 60_000


def test_a_damaged_ledger_is_said_and_the_page_still_works(shown, folders):
    server = shown()
    (folders.data_dir / "ls-12" / "ledger.sqlite").write_bytes(b"no ledger at all" * 1000)
    said = text_of(server.client.get("/projects/ls-12").text)
    assert "What is wrong, and what to do" in said
    assert "selfish update --project 12" in said


def test_the_calls_are_documented_without_the_internet(serve):
    client = serve().client
    for path, script in (("/docs", "docs/swagger-ui-bundle.js"), ("/redoc", "docs/redoc.standalone.js")):
        page = client.get(path).text
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
        assert f'src="{script}"' in page
    assert client.get("/docs/core.py").status_code == 404
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "start.js"):
        assert len(client.get(f"/docs/{name}").content) > 50


def test_the_script_and_the_templates_ship_with_the_base():
    import wapaganda.ml_backend.page as page

    shipped = {path.name for path in (Path(page.__file__).parent / "templates").iterdir()}
    assert {"page.js", "page.css", "base.html.j2"} <= shipped
