"""The data card: the origin, the quality, the statistics and the limits of a data set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from wapaganda.annotation import PROVENANCE, Provenance, ReadReport, all_formats, answers_of
from wapaganda.dataset.front_matter import front_matter
from wapaganda.dataset.material import Gathered, is_by_machine
from wapaganda.dataset.provenance import AUDIT, LabelHistory, is_drawn_at_random
from wapaganda.dataset.report import ExportReport
from wapaganda.dataset.split import Splitting
from wapaganda.metrics import annotator_agreement
from wapaganda.ner import Document, LabelSchema, missing_types


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Facts about a data set that the documents do not contain.

    ``history``: what annotators were shown and why texts were offered; others were labelled from the start.
    ``encoder`` and ``model_version`` name the model that selected and pre-annotated texts; ``model_warning``
    says what is wrong with it. ``licence``: an identifier of the hub such as "cc-by-4.0", or a name.
    ``languages``: codes such as "en". ``read``: what was read from the source. ``answers``: the rule for
    texts that several annotators have labelled. ``likely_errors``: labels of people that a model finds
    wrong; ``None``: not looked for. ``prices``: how an annotator's work is priced, in one sentence.
    ``package``: the version of this program. ``reading``: the settings by which the source was read.
    """

    title: str = "A data set for named-entity recognition"
    source: str = ""
    history: LabelHistory = field(default_factory=LabelHistory)
    encoder: str = ""
    model_version: str = ""
    model_warning: str = ""
    created_at: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()
    read: ReadReport = field(default_factory=ReadReport)
    answers: str = "newest"
    likely_errors: int | None = None
    prices: str = ""
    package: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)


_DEFINITIONS: Mapping[str, str] = {
    Provenance.HUMAN: "a person labelled the text without proposals",
    Provenance.CONFIRMED: "a person was shown the proposals of a model and kept them exactly",
    Provenance.CORRECTED: "a person was shown the proposals of a model and changed them",
    Provenance.AUDITED: "a person labelled the text blind, in a random sample of what the model had labelled",
    Provenance.MACHINE: "a model labelled the text and nobody has looked at it",
}
_RULES = {
    "newest": "the newest answer, a ground truth first",
    "majority": "the spans that more than half of the annotators marked",
    "adjudicated": "the answer that was adjudicated",
}


def data_card(report: ExportReport, found: Gathered, splitting: Splitting, facts: CardFacts) -> str:
    """The card as Markdown, with the front matter that the hub reads."""
    parts = [
        f"# {facts.title}",
        _what(report, facts),
        "## Who gave the labels\n\n" + _provenance(report),
        "## Quality\n\n" + _bullets(_quality(report, found, facts)),
        "## Splits\n\n" + _counts(report) + "\n\n" + _bullets(_splitting(found, splitting, facts, report)),
        "## Where the labels come from\n\n" + _bullets(_origin(found, facts)),
        "## Repairs\n\n" + _bullets(_repairs(report, facts)),
        "## How to load it\n\n" + _bullets(_layouts(report)),
        "## Licence\n\n" + (facts.licence or "TO BE FILLED IN: the licence of the texts and of the labels."),
    ]
    return front_matter(report, facts.title, facts.licence, facts.languages) + "\n\n".join(parts) + "\n"


def _what(report: ExportReport, facts: CardFacts) -> str:
    n_spans = sum(split.n_spans for split in report.splits)
    sentences = [f"{report.n_documents:,} texts with {n_spans:,} entity spans."]
    sentences += [f"Source: {facts.source}."] if facts.source else []
    sentences += [f"Exported {facts.created_at}."] if facts.created_at else []
    sentences += [f"Made with wapaganda {facts.package}."] if facts.package else []
    return " ".join(sentences)


def _provenance(report: ExportReport) -> str:
    rows = [
        [f"`{name}`", f"{each.n_documents:,}", f"{each.n_empty:,}", f"{each.n_spans:,}", _DEFINITIONS[name]]
        for name, each in report.by_provenance.items()
    ]
    head = ["provenance", "texts", "without entities", "spans", "meaning"]
    after = ""
    if report.quality.model:
        after = (
            f"\n\nThe labels of the machine are those of the model {report.quality.model}. Each of its spans "
            "has a `score`, the calibrated probability that it is right."
        )
    return _table(head, rows) + after


def _quality(report: ExportReport, found: Gathered, facts: CardFacts) -> list[str]:
    lines = _f1_lines(report)
    lines += _agreement(found.people, facts)
    if facts.likely_errors is not None:
        lines.append(
            f"Likely label errors left in the people's part: {facts.likely_errors:,}, by a model that "
            "was not trained on these texts."
        )
    return lines or ["Nothing was measured."]


def _f1_lines(report: ExportReport) -> list[str]:
    quality = report.quality
    if not quality.model:
        return ["All labels were given or seen by people."]
    lines = []
    certificate = quality.certificate
    if certificate is None:
        lines.append("**Not certified**: nobody has audited the machine part (`selfish complete` does that).")
    else:
        lines.append(
            f"Certified: {quality.certified}, by {certificate['n_audited']:,} audited texts (completion "
            f"{quality.campaign}). These have the labels of people, and count with them."
        )
        if (people := float(certificate.get("people_f1", 1.0))) < 1.0:
            lines.append(f"The bound takes the labels of people to have an F1 of {people:.1%}.")
        if quality.n_gone:
            lines.append(
                f"{quality.n_gone:,} texts of the certified file are no longer there, or have changed; the "
                "certificate is of the file with them."
            )
        if certificate.get("estimate") is not None:
            lines.append(f"Estimated by the audit: {certificate['estimate']:.1%}.")
        if not _is_whole(report):
            lines.append(
                "This export holds a part of the completed file only; the certificate is of all of it."
            )
    if quality.estimate is not None:
        low, high = quality.estimate.interval
        types = ", ".join(f"{label} {f1:.1%}" for label, f1 in quality.estimate.by_type.items())
        lines.append(
            f"Estimated by the model itself: F1 {quality.estimate.f1:.1%} of this file ({low:.1%} to "
            f"{high:.1%}), {quality.estimate.machine_f1:.1%} of the machine part. Labels of people count as "
            "right."
        )
        lines += [f"By type: {types}."] if types else []
    return lines


def _is_whole(report: ExportReport) -> bool:
    return not (report.n_left_out.get("provenance") or report.n_left_out.get("confidence"))


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
    return _table(head, rows)


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _splitting(found: Gathered, splitting: Splitting, facts: CardFacts, report: ExportReport) -> list[str]:
    wanted = " / ".join(f"{share:.0%}" for share in splitting.shares)
    audited = sum(
        document.meta[PROVENANCE] == Provenance.AUDITED and split != "train"
        for document, split in zip(found.documents, splitting.names, strict=True)
    )
    lines = [
        f"Wanted shares: {wanted} (seed {report.request.seed}). Dev and test hold only texts that people "
        f"labelled and that were drawn at random: {splitting.n_eligible:,} of {report.n_documents:,} texts.",
        *splitting.notes(),
        f"Near copies of a text stay in its split: {splitting.n_near:,} texts have one. A hash of the text "
        f"decides, so a text keeps its split when the data set grows. Exact copies: {report.n_copies}.",
    ]
    if splitting.n_drawn_back:
        lines.append(
            f"{splitting.n_drawn_back:,} texts are in train because a near copy of them was not drawn at "
            "random or labelled by people."
        )
    if audited:
        lines.append(
            f"{audited:,} texts of dev and test were audited: drawn at random from what the model had "
            "labelled, long texts more often, so they are not quite like the average text."
        )
    empty = [split.name for split in report.splits if not split.n_documents]
    return lines + ([f"No text is in {' and '.join(empty)}."] if empty else [])


def _origin(found: Gathered, facts: CardFacts) -> list[str]:
    by_people = [document for document in found.documents if not is_by_machine(document)]
    drawn = Counter(facts.history.reasons.get(document.id, "") for document in by_people)
    given, audited = drawn.pop("", 0), drawn.pop(AUDIT, 0)
    unscored = [each for each in by_people if is_drawn_at_random(each, facts.history)]
    random = len(unscored) - given - audited
    lines = [f"{given:,} texts were labelled from the start or outside the loop."]
    lines.append(f"{random:,} texts were drawn at random in the loop.")
    lines += [f"{audited:,} texts were drawn at random to audit the model."] if audited else []
    chosen = Counter(
        facts.history.reasons[each.id] for each in by_people if not is_drawn_at_random(each, facts.history)
    )
    by_way = ", ".join(f"{count:,} {way}" for way, count in sorted(chosen.items()))
    lines.append(f"{chosen.total():,} texts were chosen actively" + (f" ({by_way})." if by_way else "."))
    if chosen.total():
        lines.append("Actively chosen texts are harder than average: they are in train only.")
    lines += _later_types(by_people)
    lines += _work(found.people, facts)
    if facts.encoder or facts.model_version:
        version = facts.model_version or "none yet"
        lines.append(
            f"Model that chose and pre-annotated last: {version} (encoder {facts.encoder or 'unknown'})."
        )
    if facts.model_warning:
        lines.append(f"About this model: {facts.model_warning}")
    return lines


def _work(people: Sequence[Document], facts: CardFacts) -> list[str]:
    """How long people worked, as far as it was measured."""
    times = [time for each in people if isinstance(time := each.meta.get("lead_time"), int | float)]
    if not times:
        return []
    return [
        f"People worked {sum(times) / 3600:.1f} hours on {len(times):,} texts whose time was measured; the "
        f"median time for a text was {median(times):.0f} seconds.",
        *([facts.prices] if facts.prices else []),
    ]


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
    return lines + filter_lines(report)


def filter_lines(report: ExportReport) -> list[str]:
    """A sentence for each filter that left texts out."""
    lines = []
    if n := report.n_left_out.get("provenance"):
        lines.append(f"{n:,} texts were left out by the filter: only {', '.join(report.request.only)}.")
    if n := report.n_left_out.get("confidence"):
        lines.append(
            f"{n:,} texts of the machine were left out: one of their spans is less sure than "
            f"{report.request.min_confidence:g}."
        )
    return lines


def _layouts(report: ExportReport) -> list[str]:
    lines = [all_formats()[name].layout for name in report.request.formats]
    apart = [name for name in report.request.formats if "meta" not in all_formats()[name].keeps]
    if apart and report.quality.model:
        lines.append(
            f"The texts of the machine are in files of their own, `<split>-machine`: {', '.join(apart)}."
        )
    return lines


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
