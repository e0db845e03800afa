"""Long texts are read in turns: who comes next, who is given up, and who is refused."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from wapaganda.ml_backend.prediction.batching import TaggingQueue
from wapaganda.ml_backend.prediction.predictor import Limits


class SteppedTagger:
    """Takes one turn for each 1,000 characters; each waits for `allowed`. Remembers whose turns they were."""

    def __init__(self):
        self.allowed = threading.Semaphore(0)
        self.turned: list[str] = []
        self.closed: list[str] = []
        self.began = threading.Event()

    def turns(self, texts):
        try:
            for number in range(1 + sum(map(len, texts)) // 1000):
                if number:
                    yield
                self.began.set()
                assert self.allowed.acquire(timeout=30)
                self.turned.append(texts[0][:1])
        finally:
            self.closed.append(texts[0][:1])
        return list(texts)


@pytest.fixture
def tagger():
    return SteppedTagger()


@pytest.fixture
def queue(tagger):
    queue = TaggingQueue()
    queue.start()
    yield queue
    queue.stop()
    tagger.allowed.release(1000)


def waiting(queue, n):
    while len(queue._waiting) < n:
        time.sleep(0.002)


def test_a_short_text_passes_a_long_one_and_the_long_one_goes_on(queue, tagger):
    with ThreadPoolExecutor(8) as pool:
        long = pool.submit(queue.tag, tagger, ["L" * 9_500], 30)
        assert tagger.began.wait(30)
        short = pool.submit(queue.tag, tagger, ["s"], 30)
        waiting(queue, 1)
        tagger.allowed.release(2)
        assert short.result(30) == ["s"]
        assert not long.done()
        tagger.allowed.release(9)
        assert long.result(30) == ["L" * 9_500]
    assert tagger.turned == ["L", "s", *"LLLLLLLLL"]


def test_short_texts_do_not_stop_a_long_one(queue, tagger):
    """The oldest job gets every fourth turn, however many others are waiting."""
    others = [SteppedTagger() for _ in range(12)]  # of other models: they cannot share a batch
    for each in others:
        each.allowed, each.turned = tagger.allowed, tagger.turned
    with ThreadPoolExecutor(16) as pool:
        long = pool.submit(queue.tag, tagger, ["L" * 9_500], 30)
        assert tagger.began.wait(30)
        short = [pool.submit(queue.tag, each, ["s"], 30) for each in others]
        waiting(queue, 12)
        tagger.allowed.release(10 + 12)
        assert [each.result(30) for each in (*short, long)] == [*[["s"]] * 12, ["L" * 9_500]]
    assert [place for place, name in enumerate(tagger.turned) if name == "L"][:4] == [0, 3, 7, 11]


def test_a_text_whose_time_is_up_gets_no_turn_any_more(queue, tagger):
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(queue.tag, tagger, ["L" * 9_500], 0.2)
        with pytest.raises(TimeoutError):
            long.result(30)
        tagger.allowed.release(2)
        assert queue.tag(tagger, ["s"], 30) == ["s"]
    assert tagger.turned == ["L", "s"]
    assert tagger.closed[0] == "L"


def test_texts_share_a_batch_only_while_they_are_short(queue, tagger):
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(queue.tag, tagger, ["f"], 30)
        assert tagger.began.wait(30)
        rest = [pool.submit(queue.tag, tagger, [name * n], 30) for name, n in (("a", 5), ("b", 9_000))]
        waiting(queue, 2)
        tagger.allowed.release(30)
        assert [len(each.result(30)) for each in (first, *rest)] == [1, 1, 1]
    assert sorted(tagger.closed) == ["a", "b", "f"]


TASKS = [{"data": {"text": "Anna"}}]


@pytest.fixture
def stuck(serve, repository, new_tagger):
    """A server whose three places are taken, and the predictions that took them."""
    tagger = new_tagger()
    tagger.gate.clear()
    repository.put("ls-12", "v1", tagger)
    server = serve(limits=Limits(load_seconds=20, places=3))
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(server.predict, TASKS) for _ in range(3)]
        while server.services.admission._free._value:
            time.sleep(0.002)
        yield server, asked
        tagger.gate.set()


def test_over_the_queue_length_a_prediction_is_refused_and_told_when_to_ask(stuck):
    server, asked = stuck
    refused = server.predict(TASKS)
    assert refused.status_code == 503
    assert refused.json() == {"error": "3 predictions are waiting; ask again in 10 s."}
    assert refused.headers["retry-after"] == "10"
    server.repository.models["ls-12"]["v1"].gate.set()
    assert [each.result().status_code for each in asked] == [200] * 3
    assert server.predict(TASKS).status_code == 200


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_what_operators_look_at_waits_for_no_prediction(stuck, path):
    server, asked = stuck
    assert server.client.get(path).status_code == 200
    assert not any(each.done() for each in asked)


def test_the_time_counts_from_the_arrival(serve, repository, new_tagger):
    tagger = new_tagger()
    repository.put("ls-12", "v1", tagger)
    server = serve(limits=Limits(seconds=90.0, load_seconds=20))
    assert server.predict(TASKS).json()["results"][0]["model_version"] == "v1"
    asked = server.services.predictor.predict
    n_batches = len(tagger.batches)
    server.services.predictor.predict = lambda request, arrived: asked(request, arrived - 91.0)
    (late,) = server.predict(TASKS).json()["results"]
    assert late["model_version"] == "unanswered"
    assert len(tagger.batches) == n_batches


def test_a_call_has_at_most_a_thousand_tasks(server):
    assert server.predict(TASKS * 1_000).status_code == 200
    refused = server.predict(TASKS * 1_001)
    assert (refused.status_code, refused.json()["error"]) == (
        413,
        "Expected at most 1000 tasks in a call, was: 1001.",
    )


def test_no_reason_is_longer_than_300_characters(server):
    names = "".join(f'<Text name="t{i}" value="$t{i}"/>' for i in range(2_000))
    many = ",".join(f"t{i}" for i in range(2_000))
    config = f'<View>{names}<Labels name="l" toName="{many}"><Label value="PER"/></Labels></View>'
    (item,) = server.predict(TASKS, label_config=config).json()["results"]
    assert item["model_version"] == "unanswered"
    assert 100 < len(item["reason"]) <= 300
