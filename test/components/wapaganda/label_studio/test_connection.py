"""Tokens, retries and errors, with a server made of a function."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from wapaganda.annotation import default_label_config
from wapaganda.errors import Retry, retry_after, retry_of
from wapaganda.label_studio import (
    LabelStudio,
    LabelStudioError,
    OutcomeUnknownError,
    RejectedError,
    Server,
    UnauthorizedError,
    UnreachableError,
)
from wapaganda.label_studio.connection import Connection

LEGACY = "a" * 40
Answer = Callable[[httpx.Request], httpx.Response]


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.sign"


PERSONAL = jwt(token_type="refresh")


def connect(answer: Answer, token: str = LEGACY, pauses: list[float] | None = None) -> Connection:
    sleep = (pauses if pauses is not None else []).append
    return Connection("http://ls.test/", token, transport=httpx.MockTransport(answer), sleep=sleep)


def error(status, detail, **more):
    """An error as Label Studio's exception handler writes it."""
    known = {"id": "0b1c", "status_code": status, "version": "1.23.2", "exc_info": None}
    return httpx.Response(status, json={**known, "detail": detail, **more})


class Script:
    """Gives prepared answers, exceptions among them, in turn and remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok(**body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def test_a_legacy_token_is_sent_as_it_is():
    script = Script(ok())
    connect(script, f" {LEGACY}\n").get("/api/x")
    assert script.requests[0].headers["Authorization"] == f"Token {LEGACY}"


def test_a_personal_token_is_exchanged_once_and_renewed_after_a_401():
    issued: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh/":
            assert json.loads(request.content) == {"refresh": PERSONAL}
            issued.append(jwt(token_type="access", iat=1000, exp=1300, n=len(issued)))
            return ok(access=issued[-1])
        if (
            request.headers["Authorization"] != f"Bearer {issued[-1]}"
            or request.url.path == f"/{len(issued)}"
        ):
            return httpx.Response(401, json={"detail": "expired"})
        return ok(path=request.url.path)

    connection = connect(answer, PERSONAL)
    assert [connection.get("/a"), connection.get("/b")] == [{"path": "/a"}, {"path": "/b"}]
    assert len(issued) == 1
    assert connection.get("/1") == {"path": "/1"}  # refused with the first access token
    assert len(issued) == 2


def test_an_access_token_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("wapaganda.label_studio.tokens.time.monotonic", lambda: now[0])
    script = Script(ok(access=jwt(iat=0, exp=300)), ok(), ok(), ok(access=jwt(iat=0, exp=300)), ok())
    connection = connect(script, PERSONAL)
    for now[0] in (100.0, 250.0, 290.0):
        connection.get("/x")
    assert [request.url.path for request in script.requests].count("/api/token/refresh/") == 2


def test_an_expired_personal_token_is_an_error():
    refused = Script(httpx.Response(401, json={"detail": "Token is invalid or expired"}))
    with pytest.raises(UnauthorizedError, match="not accepted: expired, revoked or mistyped") as caught:
        connect(refused, PERSONAL).get("/x")
    assert caught.value.hint.startswith("Create a new one")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("  ", "was: nothing"),
        ("head.body", "was: a part of one"),
        (jwt(token_type="access"), "was: an access token of a few minutes"),
    ],
)
def test_a_wrong_token_is_an_error_at_once(token: str, message: str):
    with pytest.raises(LabelStudioError, match=message) as caught:
        connect(Script(), token)
    assert ("Set LABEL_STUDIO_API_KEY" in caught.value.hint) == (token == "  ")
    assert "Personal Access Token" in caught.value.hint


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x", "http://"])
def test_a_wrong_address_is_an_error_at_once(url: str):
    with pytest.raises(LabelStudioError, match="Expected an address like"):
        Connection(url, LEGACY)


def test_an_address_below_a_path_is_kept():
    script = Script(ok())
    Connection("http://h/ls/", LEGACY, transport=httpx.MockTransport(script)).get("/api/x")
    assert str(script.requests[0].url) == "http://h/ls/api/x"


def test_reads_are_repeated_with_growing_pauses():
    pauses: list[float] = []
    script = Script(
        *(httpx.ReadTimeout("slow"), httpx.Response(502), httpx.Response(500, json={"detail": "locked"})),
        *(httpx.ConnectError("no"), ok(a=1)),
    )
    assert connect(script, pauses=pauses).get("/x") == {"a": 1}
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_reads_end_with_a_clear_error():
    with pytest.raises(UnreachableError, match=r"does not answer at http://ls.test ") as caught:
        connect(Script(*[httpx.ConnectError("refused")] * 5)).get("/x")
    assert "Set LABEL_STUDIO_URL" in caught.value.hint


def test_a_write_of_unknown_outcome_is_never_repeated():
    for failure, still_running in (
        (httpx.ReadTimeout("slow"), True),
        (httpx.RemoteProtocolError("cut"), True),
        (httpx.Response(504), True),
        (httpx.Response(500, json={"detail": "database is locked"}), False),
    ):
        script = Script(failure)
        with pytest.raises(OutcomeUnknownError) as caught:
            connect(script).create("/x", {})
        assert caught.value.still_running is still_running
        assert len(script.requests) == 1


def test_a_write_that_was_never_sent_is_repeated():
    script = Script(httpx.ConnectError("refused"), httpx.Response(429), ok(id=1))
    assert connect(script).create("/x", {}) == {"id": 1}


REFUSALS = [
    (
        httpx.Response(401, json={"detail": "Invalid token."}),
        UnauthorizedError,
        r"legacy token is not accepted",
    ),
    (
        error(401, "…: legacy token authentication has been disabled for this …"),
        UnauthorizedError,
        "Legacy tokens are switched off",
    ),
    (error(403, "No."), UnauthorizedError, "may not do /x: No"),
    (error(404, "Not found."), RejectedError, "answered 404 to /x: Not found"),
    (
        error(400, "Validation error", validation_errors={"text": ["bad"]}),
        RejectedError,
        "{'text': \\['bad'\\]}",
    ),
    (
        httpx.Response(302, headers={"location": "https://ls"}),
        UnreachableError,
        "sends us on to https://ls",
    ),
    (httpx.Response(200, html="<p>hello"), UnreachableError, "Expected JSON from .* text/html"),
]


@pytest.mark.parametrize(("response", "error", "message"), REFUSALS)
def test_refusals_are_errors(response: httpx.Response, error: type[LabelStudioError], message: str):
    with pytest.raises(error, match=message):
        connect(Script(response, response)).get("/x")


@pytest.mark.parametrize(("response", "error"), [refusal[:2] for refusal in REFUSALS])
def test_the_sdks_calls_fail_just_like_ours(response: httpx.Response, error: type[LabelStudioError]):
    ours, theirs = connect(Script(response, response)), connect(Script(response, response))
    with pytest.raises(error) as caught:
        ours.get("/api/version/")
    with pytest.raises(error) as caught_by_sdk:
        theirs.repeat(theirs.sdk.versions.get)
    assert str(caught_by_sdk.value) == str(caught.value)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ReadTimeout("slow"), OutcomeUnknownError),
        (httpx.RemoteProtocolError("cut"), OutcomeUnknownError),
        (httpx.Response(502), OutcomeUnknownError),
        (httpx.Response(500, json={"detail": "database is locked"}), OutcomeUnknownError),
        (httpx.Response(408), RejectedError),
        (httpx.Response(409), RejectedError),
    ],
    ids=repr,
)
def test_the_sdk_repeats_nothing_by_itself(
    failure: httpx.Response | Exception, error: type[LabelStudioError]
):
    script = Script(failure)
    with (
        LabelStudio("http://ls.test", LEGACY, transport=httpx.MockTransport(script)) as client,
        pytest.raises(error, match="/api/projects/"),
    ):
        client.create_project("a", default_label_config(["PER"]))
    assert len(script.requests) == 1


def test_the_sdks_calls_are_repeated_as_ours_are():
    pauses: list[float] = []
    failures = [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut"), httpx.Response(503)]
    connection = connect(Script(*failures, ok(release="1.2")), pauses=pauses)
    assert connection.repeat(connection.sdk.versions.get).release == "1.2"
    assert pauses == [0.5, 1.0, 2.0]


def test_the_sdk_sends_our_token_and_exchanges_none_itself():
    script = Script(ok(access=jwt(iat=0, exp=300)), ok(email="a@b.c"), ok(release="1.2"))
    transport = httpx.MockTransport(script)
    with LabelStudio("http://ls.test/below/", PERSONAL, transport=transport) as client:
        assert client.check() == Server("1.2", "a@b.c")
    paths = ["token/refresh/", "current-user/whoami", "version/"]
    assert [request.url.path for request in script.requests] == [f"/below/api/{path}" for path in paths]
    assert script.requests[1].headers["Authorization"].startswith("Bearer head.")
    assert script.requests[1].headers["Authorization"] == script.requests[2].headers["Authorization"]


@pytest.mark.parametrize(
    ("public", "page"),
    [
        ("", "http://studio:8080/projects/7/data?tab=3"),
        ("https://labels.test/", "https://labels.test/projects/7/data?tab=3"),
    ],
)
def test_people_get_the_address_that_their_browsers_know(public, page):
    with LabelStudio("http://studio:8080", LEGACY, public_url=public) as client:
        assert client.page(7, 3) == page
        assert client.page(7) == page.partition("?")[0]
        assert client.url == "http://studio:8080"


@pytest.mark.real
def test_the_sdk_comes_without_its_heavy_companions():
    code = (
        "import sys; from wapaganda.label_studio.connection import Connection;"
        "sdk = Connection('http://ls.test', 'a').sdk;"
        "sdk.projects, sdk.ml, sdk.webhooks, sdk.views, sdk.annotations, sdk.users, sdk.versions;"
        "print([name for name in ('pandas', 'cv2', 'nltk', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WRONG = {
    "a page": httpx.Response(200, html="<p>Log in"),
    "null": httpx.Response(200, headers={"content-type": "application/json"}, content=b"null"),
    "cut": httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"tasks": [1, 2'),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_one_wrong_answer_passes_and_of_two_the_error_passes(wrong: httpx.Response):
    assert connect(Script(wrong, ok(a=1))).get("/x") == {"a": 1}
    with pytest.raises(UnreachableError, match=r"Expected JSON from http://ls.test/x") as caught:
        connect(Script(wrong, wrong)).get("/x")
    assert retry_of(caught.value) is Retry.LATER
    with pytest.raises(OutcomeUnknownError) as unknown:
        connect(Script(wrong)).create("/x", {})
    assert retry_of(unknown.value) is Retry.LATER


@pytest.mark.parametrize("other", [{"hello": 1}, [1], "text", {"tasks": [{"no": "id"}], "total": 1}], ids=str)
def test_other_json_is_no_answer_of_label_studio(other: object):
    def work(call: Callable[[LabelStudio], object]) -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=other))
        with (
            LabelStudio("http://ls.test", LEGACY, transport=transport, sleep=lambda _: None) as client,
            pytest.raises(UnreachableError, match="other JSON"),
        ):
            call(client)

    work(lambda client: client.project(1))
    work(lambda client: client.all_ids(1))
    work(lambda client: client.versions(1))


@pytest.mark.parametrize(
    ("headers", "pauses", "left"),
    [
        ({"retry-after": "7"}, [7.0, 7.0], 0.0),
        ({"retry-after": "120"}, [], 120.0),
        (
            {"retry-after": "Sun, 06 Nov 1994 08:51:37 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"},
            [],
            120.0,
        ),
        ({"retry-after": "soon"}, [0.5, 1.0], 0.0),
    ],
)
def test_a_server_that_asks_for_a_pause_gets_it(headers: dict[str, str], pauses: list[float], left: float):
    found: list[float] = []
    busy = httpx.Response(429, headers=headers)
    connection = connect(Script(busy, busy, ok()), pauses=found)
    if not left:
        connection.get("/x")
    else:
        with pytest.raises(RejectedError) as caught:
            connection.get("/x")
        assert (retry_of(caught.value), retry_after(caught.value)) == (Retry.LATER, left)
    assert found == pauses


@pytest.mark.parametrize(
    ("response", "retry"),
    [
        (httpx.Response(400), Retry.NEVER),
        (httpx.Response(401), Retry.RARELY),
        (httpx.Response(403), Retry.RARELY),
        (httpx.Response(404), Retry.NEVER),
        (httpx.Response(429), Retry.LATER),
        (httpx.Response(500), Retry.LATER),
        (httpx.Response(503), Retry.LATER),
        (httpx.Response(302, headers={"location": "https://ls"}), Retry.LATER),
    ],
    ids=lambda each: str(each.status_code) if isinstance(each, httpx.Response) else str(each),
)
def test_which_refusals_pass(response: httpx.Response, retry: Retry):
    with pytest.raises(LabelStudioError) as caught:
        connect(Script(*[response] * 5)).get("/x")
    assert retry_of(caught.value) is retry


def test_an_empty_page_is_a_wrong_answer_and_an_empty_answer_to_a_write_is_none():
    assert connect(Script(httpx.Response(204))).create("/x", {}) is None
    with pytest.raises(UnreachableError, match="was: nothing"):
        connect(Script(httpx.Response(200), httpx.Response(200))).get("/x")


def test_a_token_exchange_that_answers_with_a_page_is_repeated_and_then_a_clear_error():
    with pytest.raises(UnreachableError, match="something else than a token"):
        connect(Script(*[httpx.Response(200, html="<p>")] * 5), PERSONAL).get("/x")


def test_an_address_that_the_server_cannot_resolve_is_not_asked_again():
    script = Script(error(500, "Can't resolve hostname x"))
    with pytest.raises(RejectedError):
        connect(script).get("/x")
    script = Script(error(500, "Can't resolve hostname x"))
    with pytest.raises(RejectedError):
        connect(script).create("/x", {})


def test_the_client_closes():
    with LabelStudio("http://ls.test", LEGACY, transport=httpx.MockTransport(Script())) as client:
        assert client.url == "http://ls.test"
