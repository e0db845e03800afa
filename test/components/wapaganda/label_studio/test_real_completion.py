"""`selfish complete` on the real Label Studio: audit, acceptance, write back and undo, with kills between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from label_studio_server import LabelStudioServer
from wapaganda.annotation import Provenance
from wapaganda.dataset import LabelHistory, origin_of
from wapaganda.label_studio import LabelStudio
from wapaganda.ledger import Ledger
from wapaganda.model_store import Manifest, ModelStore
from wapaganda.ner import Document, Span
from wapaganda.pipeline import (
    Completing,
    CompletionReport,
    CompletionRequest,
    LabelStudioSource,
    Loop,
    LoopConfig,
    PoolScores,
    RoundLog,
    read_proposals,
)
from wapaganda.pipeline.selection.pool_scores import PoolSpans
from wapaganda.pipeline.selection.prices import write_proposals
from wapaganda.tracking import RunLog
from wapaganda.uncertainty import Expectation

pytestmark = pytest.mark.label_studio

ANNA, BOB = Span(0, 4, "PER"), Span(9, 12, "PER")
GUESS = (Span(0, 4, "PER", 0.99), Span(9, 12, "PER", 0.98))
REQUEST = CompletionRequest(target=0.8, confidence=0.9)


@pytest.fixture
def raw(label_studio_server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {label_studio_server.token}"}
    return httpx.Client(base_url=label_studio_server.url, headers=headers, timeout=60)


def loop_of(folder: Path, studio: LabelStudio, project: int) -> Loop:
    config = LoopConfig(encoder="none", folds=0, device="cpu")
    record = RoundLog(RunLog(folder / "runs"), "toy")
    ledger, store = Ledger(folder / "ledger.sqlite"), ModelStore(folder / "models")
    return Loop(LabelStudioSource(studio, project), ledger, store, config, record, folder)


def with_model(folder: Path, ids: list[int], texts: list[str]) -> None:
    """A live model that is only its stored scores: it finds two spans in each text."""
    store, empty = ModelStore(folder / "models"), folder / "model"
    empty.mkdir()
    version = store.publish(empty, Manifest(("LOC", "PER"), "none", "0" * 8, 60))
    store.promote(version.name)
    n = len(ids)
    entities = np.zeros((n, 2))
    entities[:, 1] = 2.0
    expectation = Expectation(np.full(n, 3), np.full(n, 2), np.full(n, 1.98), entities)
    spans = PoolSpans.of([GUESS] * n, texts, ("LOC", "PER"))
    names = tuple(map(str, ids))
    scores = PoolScores(names, np.zeros(n), np.zeros((n, 1), np.float16), expectation, ("LOC", "PER"), spans)
    scores.save(folder / "rounds" / "001" / f"scores-least_confidence-{version.name}.npz")


def with_batch(folder: Path, batch: list[Document]) -> None:
    """A finished round that has offered these texts with their proposals."""
    ledger = Ledger(folder / "ledger.sqlite")
    number = ledger.start_round().number
    ledger.record_offers(number, [(each.id, rank, 0.5, "review") for rank, each in enumerate(batch, start=1)])
    ledger.save_step(number, "done")
    write_proposals(folder / "rounds" / f"{number:03d}", batch)


def test_complete_audit_accept_write_back_and_undo_with_kills(
    run_killed: Callable[..., Any],
    client: LabelStudio,
    project: int,
    raw: httpx.Client,
    start_backend: Callable[..., Any],
    tmp_path: Path,
):
    people = [Document(f"h{n}", f"Anna saw Bob {n}", (ANNA, BOB)) for n in range(30)]
    machine = [Document(f"m{n}", f"Anna saw Bob {n + 100}") for n in range(50)]
    client.import_documents(project, people)
    ids = client.import_documents(project, machine)
    texts = [each.text for each in machine]
    with_model(tmp_path, ids, texts)
    earlier = [
        Document(str(number), text, (ANNA,)) for number, text in zip(ids[:8], texts[:8], strict=True)
    ]  # a released batch at which people are at work
    with_batch(tmp_path, earlier)
    client.release(project, earlier, "al-001")
    backend = start_backend()
    client.connect_backend(project, backend.url)

    def until_done(work: Callable[[Completing], CompletionReport], **changes: Any) -> CompletionReport:
        nonlocal kills
        request = CompletionRequest(REQUEST.target, REQUEST.confidence, **changes)

        def complete(studio: LabelStudio) -> CompletionReport:
            return work(Completing(loop_of(tmp_path, studio, project), request))

        for last, arrives in ((1, True), (2, False)):
            if (report := run_killed(complete, last, arrives=arrives)) is not None:
                return report  # it had less to write
            kills += 1
        report = run_killed(complete)
        assert report is not None
        return report

    kills = 0
    report = until_done(Completing.run)
    assert report.state == "audit"
    size = report.audit["open"]
    order = [str(number) for number in Ledger(tmp_path / "ledger.sqlite").value("open audit", [])]
    at_work = [each for each in earlier if each.id not in order]
    assert 0 < len(at_work) < len(earlier)
    held = client.versions(project)
    assert held == {"al-001": len(earlier), "audit-1": size + len(at_work)}
    for each in at_work:  # an annotator who opens one still finds its proposal
        shown = raw.get(f"/api/tasks/{each.id}/", params={"project": project}).raise_for_status().json()
        (now,) = [found for found in shown["predictions"] if found["model_version"] == "audit-1"]
        assert [found["value"]["text"] for found in now["result"]] == ["Anna"]

    asked = len(backend.asked("/predict"))
    answered: set[str] = set()
    for place in range(size):
        task = raw.get(f"/api/projects/{project}/next").raise_for_status().json()
        assert [(each["model_version"], each["result"]) for each in task["predictions"]] == [("audit-1", [])]
        opened = raw.get(f"/api/tasks/{task['id']}/", params={"project": project}).raise_for_status().json()
        shown = [each for each in opened["predictions"] if each["model_version"] == "audit-1"]
        assert [each["result"] for each in shown] == [[]]
        parent = task["predictions"][0]["id"]
        regions = [] if place == 1 else [_region(ANNA), _region(BOB)]
        answer = {"result": regions, "lead_time": 4.0, "parent_prediction": parent}
        raw.post(f"/api/tasks/{task['id']}/annotations/", json=answer).raise_for_status()
        answered.add(str(task["id"]))
    assert len(backend.asked("/predict")) == asked  # the backend was not asked about the audited texts

    before = {each.id: (each.spans, each.meta["annotation_id"]) for each in labelled(client, project)}
    assert len(before) == 30 + size
    report = until_done(Completing.run)
    assert report.state == "accepted"
    assert report.certificate is not None
    assert report.certificate["n_audited"] == size
    left = 50 - size
    assert client.versions(project) == {**held, "complete-1": left}
    assert client.project(project).model_version == "complete-1"
    loop = loop_of(tmp_path, client, project)
    offers = [each for number in (1, 2) for each in loop.ledger.offers(number)]
    history = LabelHistory(
        read_proposals(tmp_path / "rounds"), {each.document_id: each.reason for each in offers}
    )
    origins = {each.id: origin_of(each, history).text for each in loop.ledger.documents(labelled=True)}
    assert {each for each, origin in origins.items() if origin is Provenance.AUDITED} == answered

    report = until_done(Completing.run, write_annotations=True)
    assert report.written == {"predictions": left, "annotations": left, "drafts": 0}
    assert client.project(project).n_annotations == 30 + size + left
    late = next(number for number in ids if str(number) not in answered)
    client.annotate(project, late, machine[ids.index(late)].text, [ANNA], 3.0)
    people_now = {each.id: (each.spans, each.meta["annotation_id"]) for each in labelled(client, project)}
    assert people_now.keys() - before.keys() == {str(late)}
    assert {key: people_now[key] for key in before} == before

    undone = until_done(Completing.undo)
    assert undone.written["kept"] == 0
    found = {each.id: (each.spans, each.meta["annotation_id"]) for each in labelled(client, project)}
    assert found == people_now
    assert client.project(project).n_annotations == 30 + size + 1
    assert kills >= 5


def labelled(client: LabelStudio, project: int) -> list[Document]:
    return [each for each in client.fetch(project).documents if each.is_labelled]


def _region(span: Span) -> dict[str, Any]:
    value = {"start": span.start, "end": span.end, "labels": [span.label]}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
