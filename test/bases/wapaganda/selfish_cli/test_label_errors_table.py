"""Likely label errors as records."""

from wapaganda.label_errors import LabelIssue, text_digest
from wapaganda.ner import Document, Span
from wapaganda.selfish_cli.ui.label_errors import label_errors_records


def test_records_name_the_spans_in_words():
    text = "Zoë\nMüller saw"
    given, proposed = Span(0, 3, "PER"), Span(0, 10, "PER", 0.5)
    issue = LabelIssue("old", "border", given, proposed, 0.5, text_digest(text))
    (record,) = label_errors_records([(issue, Document("new", text, (given,)))])
    assert (record["rank"], record["document_id"]) == (1, "new")
    assert (record["marked"], record["model"]) == ("Zoë (PER)", "Zoë Müller (PER)")
    assert record["proposed"]["score"] == 0.5
