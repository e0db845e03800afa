"""The files of a campaign, and what the export reads from them."""

from pathlib import Path

import numpy as np
import pytest

from wapaganda.ner import Document, Span
from wapaganda.pipeline import Campaign, CampaignError, CampaignFolder, MachineLabels, completed
from wapaganda.pipeline.selection.pool_scores import PoolSpans

TEXTS = ("Anna sleeps.", "It rains.", "Bern is old.")
SPANS = ((Span(0, 4, "PER", 0.9),), (), (Span(0, 4, "LOC", 0.5),))


def machine_labels() -> MachineLabels:
    numbers = np.array([1, 0, 1])
    return MachineLabels(
        ("1", "2", "3"),
        ("PER", "LOC"),
        PoolSpans.of(SPANS, TEXTS, ("PER", "LOC")),
        np.array([3, 3, 4]),
        numbers,
        numbers * 0.9,
        np.outer(numbers * 1.1, [0.5, 0.5]),
        np.array([2, 0, 1]),
    )


def campaign(number: int = 1) -> Campaign:
    return Campaign(number, "2026-01-01T00:00:00+00:00", "v0001-0a0a0a0a", 0.95, 0.95, 7, 30, 2, 3, "f", 3)


def documents() -> list[Document]:
    return [Document(str(number), text) for number, text in enumerate(TEXTS, start=1)]


def test_a_project_without_an_accepted_campaign_has_no_completion(tmp_path: Path):
    assert completed(tmp_path) is None
    CampaignFolder.create(tmp_path, campaign(), machine_labels())
    assert completed(tmp_path) is None


def test_the_export_reads_the_spans_of_the_last_accepted_campaign(tmp_path: Path):
    for number in (1, 2, 3):
        folder = CampaignFolder.create(tmp_path, campaign(number), machine_labels())
        if number < 3:
            folder.accept({"certificate": {"lower": 0.9 + number / 100}, "audited": ["1"]})
    found = completed(tmp_path)
    assert found is not None
    assert (found.number, found.model, found.audited) == (2, "v0001-0a0a0a0a", ("1",))
    assert found.certificate["lower"] == 0.92
    changed = Document("3", "Basel is old.")
    unknown = Document("9", TEXTS[0])
    spans = found.machine_spans([*documents()[:2], changed, unknown])
    assert spans == {"1": SPANS[0], "2": ()}
    assert [span.score for span in spans["1"]] == [0.9]


def test_a_campaign_is_read_as_it_was_written_and_names_its_audits(tmp_path: Path):
    first = campaign()
    folder = CampaignFolder.create(tmp_path, first, machine_labels())
    assert folder.campaign() == first
    assert first.audit_name() == "audit-1"
    second = first.with_audit(2)
    folder.save(second)
    assert folder.campaign() == second
    assert (second.audit_name(), second.n_released) == ("audit-1-2", 2)
    assert list(folder.labels().order) == [2, 0, 1]


def test_damaged_files_are_reported(tmp_path: Path):
    folder = CampaignFolder.create(tmp_path, campaign(), machine_labels())
    (folder.path / "machine.npz").write_bytes(b"x")
    with pytest.raises(CampaignError, match=r"machine\.npz"):
        folder.labels()
    (folder.path / "campaign.json").write_text("{")
    with pytest.raises(CampaignError, match="JSON"):
        folder.campaign()
    (folder.path / "campaign.json").write_text("[]")
    with pytest.raises(CampaignError, match="list"):
        folder.campaign()
    (folder.path / "campaign.json").write_text('{"number": 1}')
    with pytest.raises(CampaignError, match="campaign"):
        folder.campaign()
