"""The log: one line an event, with the request or job that it belongs to, and without texts and tokens."""

import base64
import io
import json
import logging
import stat
import sys

import pytest

from wapaganda.ml_backend.composition import compose
from wapaganda.ml_backend.logs import JsonLines, TextLines, chosen_format, process_context, set_up
from wapaganda.settings import Settings

TEXT = "Anna explode in a secret place"


@pytest.fixture
def lines():
    """What the root logger writes as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_request_has_an_id_in_answer_and_log(serve, lines):
    client = serve().client
    named = client.get("/nowhere", headers={"X-Request-ID": "from-a.proxy_7"})
    assert named.headers["x-request-id"] == "from-a.proxy_7"
    (line,) = [each for each in lines() if each["logger"].endswith("telemetry")]
    assert (line["request"], line["level"]) == ("from-a.proxy_7", "INFO")
    assert line["message"].startswith("GET other: 404 after ")
    for odd in ("x" * 65, "a b", "a\tb", "{}"):
        made = client.get("/health", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert len(made) == 32


def test_what_the_model_fails_on_is_logged_with_the_request_and_without_the_text(server, lines):
    answer = server.client.post(
        "/predict",
        json={"tasks": [{"data": {"text": TEXT}}], "project": "12.1", "label_config": CONFIG},
        headers={"X-Request-ID": "mine", "Authorization": "Basic " + base64.b64encode(b"u:pw").decode()},
    )
    assert answer.json()["results"][0]["model_version"] == "unanswered"
    written = json.dumps(lines())
    assert "The model failed on a text of 30 characters: RuntimeError at conftest.py" in written
    assert "secret" not in written
    assert "pw" not in written


CONFIG = (
    '<View><Labels name="l" toName="t"><Label value="PER"/></Labels><Text name="t" value="$text"/></View>'
)


def record(message, *arguments, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("a.b", logging.WARNING, "x.py", 1, message, arguments, info)


@pytest.fixture(autouse=True)
def own_process(monkeypatch):
    """Nothing is known about the process yet, whatever other tests have said."""
    monkeypatch.setattr("wapaganda.ml_backend.logs._process", {})


def test_a_line_is_one_line_whatever_it_holds():
    odd = record("%s", 'two\nlines \ud800 "quoted"', error=ValueError("deep"))
    line = JsonLines().format(odd)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["logger"]) == ("WARNING", "a.b")
    assert said["message"] == 'two\nlines \ud800 "quoted"'
    assert "ValueError: deep" in said["error"]
    assert TextLines().format(record("%s", "two\nlines")).endswith("a.b: two\\nlines")


def test_a_job_stands_in_every_line_of_its_process():
    process_context(job="7")
    process_context(project="ls-12")
    said = json.loads(JsonLines().format(record("Round done")))
    assert (said["job"], said["project"]) == ("7", "ls-12")
    assert TextLines().format(record("Round done")).endswith("Round done [job=7 project=ls-12]")


@pytest.mark.parametrize(
    ("form", "terminal", "expected"),
    [
        ("auto", True, TextLines),
        ("auto", False, JsonLines),
        ("text", False, TextLines),
        ("json", True, JsonLines),
    ],
)
def test_the_form_is_text_on_a_terminal_and_json_elsewhere(monkeypatch, form, terminal, expected):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(logging, "captureWarnings", lambda _: None)
    chosen = []
    monkeypatch.setattr(logging, "basicConfig", lambda **given: chosen.extend(given["handlers"]))
    set_up(form)
    assert [type(each.formatter) for each in chosen] == [expected]


def test_the_form_is_known_although_another_setting_is_wrong(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "text")
    assert chosen_format() == "text"
    monkeypatch.setenv("SEED", "none")
    assert chosen_format() == "auto"


def test_data_and_models_are_closed_to_other_users(tmp_path, caplog):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)

    data, models = tmp_path / "data", tmp_path / "models"
    compose(Settings(data_dir=data, model_dir=models))
    assert (mode(data), mode(models)) == (0o700, 0o700)

    project, other = models / "ls-1", models / "other"
    for folder in (project, other, data / "errors"):
        folder.mkdir()
    (project / "current.json").touch()
    before = [data, models, other]
    ours = [project, data / "errors", data / "jobs.sqlite", data / "backend.sqlite"]
    for path in (*before, *ours):
        path.chmod(0o755)
    compose(Settings(data_dir=data, model_dir=models))
    assert {mode(path) for path in ours} == {0o700}
    assert {mode(path) for path in before} == {0o755}  # they may hold what others need
    assert all(str(path) in caplog.text for path in ours)
