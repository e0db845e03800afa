"""An LLM behind an address, with a local server as its stand-in."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wapaganda.ner import Span
from wapaganda.source import SourceOptions, SourceSet, SourceUnavailableError
from wapaganda.source.kinds.llm import LanguageModel, located


class StandIn(ThreadingHTTPServer):
    """Answers chat completions: `faults` first, then what `says` makes of the text."""

    def __init__(self, says):
        super().__init__(("127.0.0.1", 0), Handler)
        self.says, self.faults, self.bodies, self.keys = says, [], [], []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.bodies.append(body)
        server.keys.append(self.headers.get("authorization"))
        status = server.faults.pop(0) if server.faults else 200
        said = server.says(body["messages"][1]["content"]) if status == 200 else ""
        content = said if isinstance(said, str) else json.dumps({"entities": said})
        answer = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def towns(text):
    return [{"quote": town, "label": "town"} for town in ("Rome", "Oslo") if town in text]


@pytest.fixture
def server():
    made = StandIn(towns)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def source(server, **values):
    table = {"url": server.url, "model": "small", "requests_at_a_time": 1} | values
    options = SourceOptions("llm", "llm", table, {"town": "CITY"}, ("CITY", "NAME"), key="very-secret")
    return LanguageModel(options, sleep=lambda seconds: None)


def test_it_is_asked_with_a_schema_and_its_quotes_are_located(server):
    assert source(server).spans(["Ann in Rome.", "  "]) == [(Span(7, 11, "town"),), ()]
    (body,) = server.bodies
    assert body["response_format"]["json_schema"]["strict"] is True
    mention = body["response_format"]["json_schema"]["schema"]["properties"]["entities"]["items"]
    assert mention["properties"]["label"]["enum"] == ["town"]
    assert server.keys == ["Bearer very-secret"]


def test_a_fault_that_passes_is_tried_again(server):
    server.faults = [503, 429]
    assert source(server).spans(["in Oslo"]) == [(Span(3, 7, "town"),)]
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("faults", "asked", "hint"),
    [([401], 1, "SOURCES_API_KEY"), ([400], 1, "url and model"), ([500, 500], 2, "url and model")],
)
def test_a_fault_that_stays_is_one_sentence_without_the_key(server, faults, asked, hint):
    server.faults = list(faults)
    with pytest.raises(SourceUnavailableError, match=f"answered {faults[-1]}") as failure:
        source(server, retries=1).spans(["in Oslo"])
    assert len(server.bodies) == asked
    assert hint in failure.value.hint
    assert (
        "very-secret"
        not in f"{failure.value} {failure.value.hint} {SourceOptions('a', 'b', key='very-secret')}"
    )


@pytest.mark.parametrize("said", ["no JSON", '{"entities": [{"quote": "Rome"}]}', "[]"])
def test_an_answer_of_another_form_is_one_sentence(server, said):
    server.says = lambda text: said
    asked = source(server)
    assert asked.spans(["in Rome", "in Oslo"]) == [None, None]
    with pytest.raises(SourceUnavailableError, match="another answer about 3 of 3 texts"):
        asked.spans(["in Rome"])


def test_a_few_answers_of_another_form_cost_no_more_than_their_texts(server, tmp_path):
    server.says = lambda text: "rubbish" if "Oslo" in text else towns(text)
    table = {"url": server.url, "model": "small", "requests_at_a_time": 1}
    sources = SourceSet(
        [SourceOptions("llm", "llm", table, {"town": "CITY"}, ("CITY",))], tmp_path / "kept.sqlite"
    )
    heard = sources.hear(["in Oslo", "in Oslo now", "in Oslo then", "in Rome", "to Rome", "at Rome"])
    assert (heard.spans, len(heard.messages)) == ({}, 1)  # at the third text nothing else was heard
    heard = sources.hear(["in Rome", "to Rome", "at Rome", "from Rome", "in Oslo"])
    assert [len(spans) for spans in heard.spans["llm"]] == [1, 1, 1, 1, 0]
    (note,) = heard.notes
    assert note.startswith(
        "The source llm: it says nothing that can be read about 1 of 5 texts, which count as"
    )
    server.says = towns
    assert sources.hear(["in Oslo"]).spans["llm"] == [(Span(3, 7, "CITY"),)]  # it was not kept


def test_quotes_that_are_of_no_use_are_counted(server, tmp_path):
    server.says = lambda text: [
        {"quote": "Rome", "label": "town"},
        {"quote": "Atlantis", "label": "town"},
        {"quote": "Rome", "label": "planet"},
        {"quote": "ome", "label": "town"},
    ]
    table = {"url": server.url, "model": "small"}
    options = SourceOptions("llm", "llm", table, {"town": "CITY"}, ("CITY",))
    heard = SourceSet([options], tmp_path / "kept.sqlite").hear(["in Rome", "to Rome"])
    assert heard.spans["llm"] == [(Span(3, 7, "CITY"),)] * 2
    (note,) = heard.notes
    assert note.startswith("The source llm: 6 of 8 quotes so far are not in the text")


def test_nobody_answers_at_the_address(server):
    with pytest.raises(SourceUnavailableError, match="does not answer"):
        source(server, url="http://127.0.0.1:9", retries=1, timeout=1).spans(["in Rome"])


def test_it_is_never_asked_twice_about_a_text(server, tmp_path):
    table = {"url": server.url, "model": "small", "requests_at_a_time": 1}
    options = SourceOptions("llm", "llm", table, {"town": "CITY"}, ("CITY", "NAME"))
    kept = tmp_path / "sources.sqlite"
    first = SourceSet([options], kept).hear(["in Rome", "in Oslo", "in Rome"])
    again = SourceSet([options], kept).hear(["in Oslo", "in Rome", "nowhere"])
    assert first.spans["llm"] == [(Span(3, 7, "CITY"),)] * 3
    assert again.spans["llm"] == [(Span(3, 7, "CITY"),), (Span(3, 7, "CITY"),), ()]
    assert [body["messages"][1]["content"] for body in server.bodies] == ["in Rome", "in Oslo", "nowhere"]
    other = SourceOptions("llm", "llm", table | {"prompt": "Towns only."}, {"town": "CITY"}, ("CITY", "NAME"))
    SourceSet([other], kept).hear(["in Rome"])
    assert len(server.bodies) == 4


def test_what_was_answered_before_a_failure_is_kept(server, tmp_path):
    table = {"url": server.url, "model": "small", "requests_at_a_time": 1, "retries": 0}
    options = SourceOptions("llm", "llm", table, {"town": "CITY"}, ("CITY", "NAME"))
    server.faults = [200, 500]
    heard = SourceSet([options], tmp_path / "kept.sqlite").hear(["in Rome", "in Oslo"])
    assert (heard.spans, len(heard.messages)) == ({}, 1)
    assert heard.messages[0].startswith("The source llm is left out: Source llm: ")
    assert heard.messages[0].count("answered 500") == 1
    SourceSet([options], tmp_path / "kept.sqlite").hear(["in Rome", "in Oslo"])
    assert [body["messages"][1]["content"] for body in server.bodies] == ["in Rome", "in Oslo", "in Oslo"]


def test_quotes_are_found_as_whole_words_each_at_its_place():
    text = "May in May: Mays, may and C++ (May)"
    found = located(
        text, [("May", "NAME"), ("May", "MONTH"), ("C++", "CODE"), ("June", "MONTH"), (" ", "NAME")]
    )
    assert [(text[span.start : span.end], span.start, span.label) for span in found] == [
        ("May", 0, "NAME"),
        ("May", 7, "MONTH"),
        ("C++", 26, "CODE"),
        ("May", 31, "MONTH"),
    ]
    long = located("New York and York", [("York", "A"), ("New York", "B")])
    assert [(span.start, span.label) for span in long] == [(0, "B"), (13, "A")]
