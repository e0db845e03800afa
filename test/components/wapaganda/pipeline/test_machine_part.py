"""The machine part that an export takes: the accepted completion, or what the live model says."""

import numpy as np
import pytest

from wapaganda.dataset import ExportRequest, export_dataset
from wapaganda.ner import Document, Span
from wapaganda.pipeline import Campaign, CampaignFolder, MachineLabels, accepted_labels
from wapaganda.pipeline.selection.pool_scores import PoolSpans

TEXTS = ("Anna sleeps.", "It rains.", "Bern is old.", "Carla came.")
SPANS = ((Span(0, 4, "PER", 0.9),), (), (Span(0, 4, "LOC", 0.5),), (Span(0, 5, "PER", 0.8),))


@pytest.fixture
def folder(tmp_path):
    """A project folder with an accepted completion of four texts."""
    predicted = np.array([len(spans) for spans in SPANS])
    labels = MachineLabels(
        ("1", "2", "3", "4"),
        ("PER", "LOC"),
        PoolSpans.of(SPANS, TEXTS, ("PER", "LOC")),
        np.array([3, 3, 4, 3]),
        predicted,
        predicted * 0.75,
        np.outer(predicted, [0.5, 0.5]),
        np.array([3, 2, 0, 1]),
    )
    campaign = Campaign(2, "2026-01-01T00:00:00+00:00", "v0001-0a", 0.95, 0.95, 7, 30, 2, 3, "f", 4)
    made = CampaignFolder.create(tmp_path / "project", campaign, labels)
    certificate = {"lower": 0.9, "estimate": 0.94, "confidence": 0.99, "n_audited": 1, "people_f1": 0.98}
    made.accept({"certificate": certificate, "audited": ["2"]})
    return tmp_path / "project"


def test_an_export_takes_the_accepted_labels_where_nobody_has_labelled(folder, tmp_path):
    assert accepted_labels(tmp_path / "other", []) is None
    documents = [Document(str(number), text) for number, text in enumerate(TEXTS, start=1)]
    documents[1] = documents[1].with_spans(())
    documents[2] = Document("3", "Basel is old.")
    found = accepted_labels(folder, documents)
    assert [each.id for each in found.documents] == ["1", "2", "4"]
    report = export_dataset(documents, tmp_path / "out", ExportRequest(("jsonl",)), machine=found)
    counts = {name: each.n_documents for name, each in report.by_provenance.items()}
    assert (counts, report.n_unlabelled) == ({"human": 1, "machine": 2}, 1)
    assert (report.quality.model, report.quality.campaign) == ("v0001-0a", 2)
    assert report.quality.certificate["lower"] == 0.9
    # Two spans, 1.5 of them right, 2 entities expected.
    assert report.quality.estimate.f1 == pytest.approx(2 * 1.5 / 4)
    assert set(report.quality.estimate.by_type) == {"PER"}
    card = (tmp_path / "out" / "README.md").read_text()
    assert "at least 90.0%, with 95% confidence, by 1 audited texts (completion 2)" in card
    assert "takes the labels of people to have an F1 of 98.0%" in card
    assert "1 texts of the certified file are no longer there, or have changed" in card
