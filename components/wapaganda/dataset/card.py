"""The data card: the origin, the statistics and the limits of a data set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from wapaganda.annotation import ReadReport, all_formats, answers_of
from wapaganda.dataset.report import ExportReport
from wapaganda.metrics import annotator_agreement
from wapaganda.ner import Document, LabelSchema, missing_types


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Facts about a data set that the documents do not contain.

    ``drawn`` maps a document's id to its selection reason, such as "random"; other documents were labelled
    from the start. ``encoder`` and ``model_version`` name the model that selected and pre-annotated texts;
    ``model_warning`` says what is wrong with it. ``read``: what was read from the source. ``answers``: the
    rule for texts that several annotators have labelled.
    """

    title: str = "A data set for named-entity recognition"
    source: str = ""
    drawn: Mapping[str, str] = field(default_factory=dict)
    encoder: str = ""
    model_version: str = ""
    model_warning: str = ""
    created_at: str = ""
    licence: str = ""
    read: ReadReport = field(default_factory=ReadReport)
    answers: str = "newest"


def data_card(
    report: ExportReport, documents: Sequence[Document], shares: Sequence[float], seed: int, facts: CardFacts
) -> str:
    """The card as Markdown; ``documents`` are the labelled ones that were written."""
    parts = [
        f"# {facts.title}",
        _what(report, facts),
        "## Splits\n\n" + _counts(report) + "\n\n" + _splitting(report, shares, seed),
        "## Where the labels come from\n\n" + _bullets(_origin(documents, facts)),
        "## Repairs\n\n" + _bullets(_repairs(report, facts)),
        "## How to load it\n\n" + _bullets([all_formats()[name].layout for name in report.formats]),
        "## Licence\n\n" + (facts.licence or "TO BE FILLED IN: the licence of the texts and of the labels."),
    ]
    return "\n\n".join(parts) + "\n"


def _what(report: ExportReport, facts: CardFacts) -> str:
    n_spans = sum(split.n_spans for split in report.splits)
    sentences = [f"{report.n_documents:,} texts with {n_spans:,} entity spans."]
    sentences += [f"Source: {facts.source}."] if facts.source else []
    sentences += [f"Exported {facts.created_at}."] if facts.created_at else []
    return " ".join(sentences)


def _counts(report: ExportReport) -> str:
    labels = sorted({label for split in report.splits for label in split.per_type})
    head = ["split", "texts", "without entities", "spans", *labels]
    rows = [
        [
            split.name,
            split.n_documents,
            split.n_empty,
            split.n_spans,
            *(split.per_type.get(each, 0) for each in labels),
        ]
        for split in report.splits
    ]
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _splitting(report: ExportReport, shares: Sequence[float], seed: int) -> str:
    wanted = " / ".join(f"{share:.0%}" for share in shares)
    text = (
        f"Wanted shares: {wanted} (seed {seed}). A hash of the text decides, so copies of one text stay in "
        f"one split and a text keeps its split when the data set grows. Exact copies: {report.n_copies}."
    )
    empty = [split.name for split in report.splits if not split.n_documents]
    return text + (f" No text is in {' and '.join(empty)}." if empty else "")


def _origin(documents: Sequence[Document], facts: CardFacts) -> list[str]:
    drawn = Counter(facts.drawn.get(document.id, "") for document in documents)
    given, random = drawn.pop("", 0), drawn.pop("random", 0)
    lines = [f"{given:,} texts were labelled from the start or outside the loop."]
    lines.append(f"{random:,} texts were drawn at random in the loop.")
    by_way = ", ".join(f"{count:,} {way}" for way, count in sorted(drawn.items()))
    lines.append(f"{drawn.total():,} texts were chosen actively" + (f" ({by_way})." if by_way else "."))
    if drawn.total():
        lines.append("Actively chosen texts are harder than average, so scores measured on them are biased.")
    assisted = sum(document.meta.get("parent_prediction") is not None for document in documents)
    if assisted:
        lines.append(f"{assisted:,} texts were shown to annotators with the spans that a model proposed.")
    lines += _later_types(documents)
    lines += _agreement(documents, facts)
    times = [
        time for document in documents if isinstance(time := document.meta.get("lead_time"), int | float)
    ]
    if times:
        lines.append(f"The median time for a text was {median(times):.0f} seconds ({len(times):,} measured).")
    if facts.encoder or facts.model_version:
        version = facts.model_version or "none yet"
        lines.append(
            f"Model that chose and pre-annotated last: {version} (encoder {facts.encoder or 'unknown'})."
        )
    if facts.model_warning:
        lines.append(f"About this model: {facts.model_warning}")
    return lines


_RULES = {
    "newest": "the newest answer, a ground truth first",
    "majority": "the spans that more than half of the annotators marked",
    "adjudicated": "the answer that was adjudicated",
}


def _agreement(documents: Sequence[Document], facts: CardFacts) -> list[str]:
    """How far the annotators agree, and which of their answers are in the data set."""
    found = annotator_agreement([answers for document in documents if (answers := answers_of(document))])
    if not found.n_texts:
        return []
    measured = ""
    if found.f1 is not None and found.interval is not None:
        low, high = found.interval
        measured = f" They agree with a span F1 of {found.f1:.1%} ({low:.1%} to {high:.1%})."
    return [
        f"{found.n_texts:,} texts were labelled by two annotators or more, {found.n_equal:,} of them the "
        f"same by all.{measured} The data set holds {_RULES.get(facts.answers, facts.answers)}."
    ]


def _later_types(documents: Sequence[Document]) -> list[str]:
    """One sentence for each type that some texts were labelled without."""
    labels = sorted({span.label for document in documents for span in document.spans or ()})
    if not labels:
        return []
    schema = LabelSchema(tuple(labels))
    missing = Counter(number for document in documents for number in missing_types(document, schema))
    return [
        f"{missing[number]:,} texts were labelled before {label!r} existed and say nothing about it: their "
        "records name the labels that the annotators could choose from (`labels_considered`)."
        for number, label in enumerate(labels)
        if missing[number]
    ]


def _repairs(report: ExportReport, facts: CardFacts) -> list[str]:
    lines = [f"While reading: {line}" for line in facts.read.lines()]
    lines.append(f"While writing: {report.repairs.describe()}.")
    lines += [f"Left out: {reason}." for reason in report.left_out]
    if report.n_unlabelled:
        lines.append(f"{report.n_unlabelled:,} texts without labels were left out.")
    return lines


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
