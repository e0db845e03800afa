"""The parts of the page as plain values; the templates draw them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from wapaganda.html_page import NONE, Cell, CurvesFigure, Table, cells
from wapaganda.label_errors import ISSUE_KINDS, issue_context, span_words
from wapaganda.ml_backend.page.curve import curve_figure, forecast_of, point_of, points_of
from wapaganda.ml_backend.page.facts import Facts
from wapaganda.ml_backend.page.words import at, clock, day, duration, points, step_words, texts
from wapaganda.model_store import Version
from wapaganda.pipeline import calibration_of
from wapaganda.project_context import PastRound, assessment_facts

_MOST_ISSUES = 10
_MOST_DAYS = 10 * 365


@dataclass(frozen=True, slots=True)
class Now:
    """What is going on: a headline, sentences about it, and what may be done: cancel a job by its id, start a
    training.

    ``percent``: of the step that runs, if it is known. ``said``: for screen readers, changes with the step
    and every tenth of it.
    """

    headline: str
    sentences: Sequence[str]
    percent: int | None = None
    running: bool = False
    cancel: str = ""
    start: bool = False
    said: str = ""


def now_of(facts: Facts) -> Now:
    """The training that runs or waits, or what starts the next one."""
    job = facts.job
    can_start = facts.number is not None
    if job is None:
        return _idle(facts, can_start)
    why = f"Why: {job.reason}" if job.reason else ""
    if job.state == "queued":
        return _waiting(facts, job.id, job.error, job.starts_at, why)
    step = step_words(job.progress)
    percent = None if job.fraction is None else round(100 * job.fraction)
    left = "" if job.seconds_left is None else f"About {duration(job.seconds_left)} left."
    stop = "It is being cancelled." if job.stopping else ""
    said = step if percent is None else f"{step}, {percent // 10 * 10} percent"
    sentences = [each for each in (stop, left, why) if each]
    return Now(step, sentences, percent, True, "" if job.stopping else job.id, False, said)


def _idle(facts: Facts, can_start: bool) -> Now:
    headline = "No training is running."
    n_new = facts.n_labelled - int(facts.standing.glance.report.get("n_labelled") or 0)
    after = facts.trigger.after_labels
    said = [
        f"{texts(n_new)} {'was' if n_new == 1 else 'were'} labelled since the last one.",
        f"It starts by itself after {after:,} new labels." if after else "It starts by hand only.",
    ]
    last = facts.standing.rounds[-1] if facts.standing.rounds else None
    if last is not None and not last.done:
        headline = "No training is running here."
        said.insert(
            0,
            f"Round {last.number} of {clock(last.began)} is not finished: selfish works on it, or it was "
            "interrupted and the next training goes on with it.",
        )
    return Now(headline, said if can_start else (), start=can_start, said=headline)


def _waiting(facts: Facts, job: str, error: str | None, starts_at: float | None, why: str) -> Now:
    seconds = (starts_at or 0.0) - facts.now.timestamp()
    when = f"in {duration(seconds)}" if seconds > 0 else "when a place is free"
    if error:
        when = f"at {at(starts_at or 0.0)}, after a failure" if seconds > 0 else "again now"
    headline = f"A training starts {when}."
    said = "A training waits."
    return Now(headline, [why] if why else [], None, False, job, facts.number is not None, said)


@dataclass(frozen=True, slots=True)
class BatchPart:
    """The batch that annotators work on; ``address``: of its tab in Label Studio."""

    name: str
    size: int
    answered: int
    sentence: str
    people: Table | None
    address: str


def batch_of(facts: Facts) -> BatchPart | None:
    """The open batch with its answers so far; ``None`` before the first one."""
    batch = facts.standing.glance.batch
    if batch is None:
        return None
    answered = facts.answered
    ids = {each.id for each in batch.documents}
    since = {str(each.task): (each.annotator, each.seconds) for each in facts.labels if str(each.task) in ids}
    before: dict[str, tuple[object, object]] = {}
    for each in batch.documents:
        if each.id in answered:
            who = each.meta.get("annotators") or [None]
            before[each.id] = (who[0] if len(who) == 1 else None, each.meta.get("lead_time"))
    work = [*(before | since).values()]
    timed = [float(seconds) for _, seconds in work if isinstance(seconds, int | float)]
    left = batch.size - len(answered)
    sentence = f"{texts(left)} left" if left else "All of it is answered"
    if left and timed:
        sentence += f", about {duration(left * median(timed))} at the present pace"
    return BatchPart(batch.name, batch.size, len(answered), f"{sentence}.", _people(facts, work), _tab(facts))


def _people(facts: Facts, work: Sequence[tuple[object, object]]) -> Table | None:
    by: dict[object, list[object]] = {}
    for who, seconds in work:
        by.setdefault(who, []).append(seconds)
    if not by:
        return None
    rows = []
    for who, seconds in sorted(by.items(), key=lambda pair: -len(pair[1])):
        known = [float(each) for each in seconds if isinstance(each, int | float)]
        name = "several, or not known" if who is None else facts.standing.people.get(str(who), f"user {who}")
        pace = f"{median(known):.0f} s" if known else "–"
        rows.append(cells([name, f"{len(seconds):,}", pace]))
    return Table("Who has answered", cells(["annotator", "texts", "median time a text"]), rows)


def _tab(facts: Facts) -> str:
    """The tab of the batch, by the sentence of its release."""
    release = str(facts.standing.glance.report.get("release") or "")
    tab = release.partition("/data?tab=")[2].partition(".")[0]
    return _project(facts, f"data?tab={tab}" if tab.isdecimal() else "data")


def _project(facts: Facts, place: str) -> str:
    if facts.number is None or not facts.links.label_studio:
        return ""
    return f"{facts.links.label_studio}/projects/{facts.number}/{place}"


@dataclass(frozen=True, slots=True)
class QualityPart:
    """The one figure for the quality of the live model, with what it means; the rest is behind details."""

    f1: str
    interval: str
    sentence: str
    by_type: Table | None
    others: Table | None


def quality_of(facts: Facts) -> QualityPart:
    """F1 on labels that the live model had not learnt."""
    live = facts.standing.live
    report = facts.standing.glance.report
    others = assessment_facts(report)
    other = Table(
        "Other estimates", cells(["estimate", "value"]), [cells(each) for each in others], css="pairs"
    )
    rest = other if others else None
    if live is None:
        return QualityPart("–", "", "There is no model yet: the first training makes one.", None, rest)
    calibration = calibration_of(live.manifest)
    per_type = {
        label: each.get("f1") for label, each in (live.manifest.metrics.get("per_type") or {}).items()
    }
    if calibration is not None:
        low, high = calibration.f1_interval
        by_type = calibration.per_type_f1 or per_type
        n_texts = texts(calibration.n_texts)
        sentence = f"Strict F1 of {live.name} on {n_texts} that it had not learnt (cross-fitting)."
        if "adapted_from" in live.manifest.recipe:
            sentence += " Its encoder was adapted to the texts of the project; ADAPT=off goes back."
        return QualityPart(
            points(calibration.f1), f"{points(low)} to {points(high)}", sentence, _types(by_type), rest
        )
    f1 = (live.manifest.metrics.get("micro") or {}).get("f1")
    if f1 is not None:
        return QualityPart(
            points(f1), "", f"Strict F1 of {live.name} on labels that were held out.", _types(per_type), rest
        )
    why = "was not measured: too few texts are labelled."
    if live.number == 0:
        why = "answers while its folds are trained: its F1 is known when they are."
    return QualityPart("–", "", f"{live.name} {why}", None, rest)


def _types(by_type: "dict[str, float | None] | object") -> Table | None:
    if not isinstance(by_type, dict) or not by_type:
        return None
    rows = [
        cells([label, points(f1)]) for label, f1 in sorted(by_type.items(), key=lambda pair: -(pair[1] or 0))
    ]
    return Table("F1 by type", cells(["type", "F1"]), rows)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where it leads: the advice, dates, hours, in sentences."""

    sentences: Sequence[str]
    hours_spent: str
    hours_left: str
    target: str


def outlook_of(facts: Facts) -> Outlook:
    """Whether to go on, until when at the pace of the last days, and the hours of people."""
    report, found = facts.standing.glance.report, []
    advice = str(report.get("advice") or report.get("stop_reason") or "")
    found += [advice] if advice else []
    forecast = str(report.get("forecast") or "")
    if forecast and forecast.rstrip(".") not in advice:
        found.append(forecast)
    found += _dates(facts)
    spent, left, target = report.get("hours_spent"), report.get("hours_left"), report.get("target_f1")
    return Outlook(
        found,
        "–" if spent is None else f"{spent:.1f}",
        "–" if left is None else f"{left:.1f}",
        "" if target is None else points(target).removesuffix(".0"),
    )


def _dates(facts: Facts) -> list[str]:
    counts, report = facts.standing.counts, facts.standing.glance.report
    if counts is None or not report:
        return []
    pace = facts.standing.texts_a_day(facts.n_labelled, facts.now)
    if pace is None:
        return ["Dates can be forecast a day after the first round, once texts are labelled."]
    open_texts = max(0, counts.labelled + counts.unlabelled - facts.n_labelled)
    said = []
    left, target = report.get("texts_left"), report.get("target_f1")
    if isinstance(left, int) and target is not None:
        done = max(0, left - max(0, facts.n_labelled - int(report.get("n_labelled") or 0)))
        said.append(f"the file reaches F1 {points(target)} {_by(facts, done / pace)}")
    said.append(
        f"all {counts.labelled + counts.unlabelled:,} texts are labelled {_by(facts, open_texts / pace)}"
    )
    return [f"At {pace:,.0f} texts a day, the pace of the last two weeks, {' and '.join(said)}."]


def _by(facts: Facts, days: float) -> str:
    return f"by {day(facts.now + timedelta(days=days))}" if days < _MOST_DAYS else "in more than ten years"


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds: the learning curve and a verdict on each."""

    figure: CurvesFigure | None
    has_forecast: bool
    table: Table | None


def rounds_of(facts: Facts) -> Rounds:
    """All rounds, the newest first in the table."""
    done = facts.standing.done
    measured = points_of(done)
    target = facts.standing.glance.report.get("target_f1")
    rows = [_round(each) for each in reversed(facts.standing.rounds)]
    head = cells(["round", "labelled", "F1", "verdict"])
    table = Table("Every round", head, rows, css="words") if rows else None
    return Rounds(curve_figure(measured, target), bool(measured and forecast_of(measured)), table)


def _round(past: PastRound) -> list[Cell]:
    point, report = point_of(past), past.report
    number = Cell(str(past.number), under=clock(past.ended if past.done else past.began))
    if not past.done:
        return [number, NONE, NONE, Cell("It is not finished.", italic=True)]
    under = "" if point is None or point.interval is None else " to ".join(map(points, point.interval))
    f1 = NONE if point is None else Cell(points(point.f1), under=under)
    labelled = report.get("n_labelled")
    return [number, NONE if labelled is None else Cell(f"{labelled:,}"), f1, Cell(verdict(past))]


def verdict(past: PastRound) -> str:
    """What became of the model of a finished round, and why."""
    report = past.report
    reason = str(report.get("reason") or "")
    name = str(report.get("version") or "")
    words = [] if not name else [f"{name} {'went' if report.get('promoted') else 'did not go'} live."]
    words += [reason[:1].upper() + reason[1:]] if reason else []
    words += [str(report["undertrained"])] if report.get("undertrained") else []
    return " ".join(each if each.endswith((".", "!", "?")) else f"{each}." for each in words)


def issues_of(facts: Facts) -> Table | None:
    """The labels that are most probably wrong."""
    rows = [
        cells([
            span_words(issue.given, document) or "–",
            ISSUE_KINDS[issue.kind],
            span_words(issue.proposed, document) or "–",
            issue_context(issue, document),
        ])
        for issue, document in facts.standing.issues[:_MOST_ISSUES]
    ]  # fmt: skip
    if not rows:
        return None
    note = f"the most suspicious of {facts.standing.n_issues:,}"
    return Table(
        "Likely label errors", cells(["marked", "suspected", "the model", "text"]), rows, note, "words"
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version: what it is, how good, and why it is or is not live; ``can_go_live``: by a click."""

    name: str
    made: str
    texts: str
    f1: str
    live: bool
    reason: str
    can_go_live: bool


def versions_of(facts: Facts) -> list[VersionRow]:
    """The versions, the newest first."""
    live = facts.standing.live
    return [
        VersionRow(
            each.name,
            each.manifest.created_at[:16].replace("T", " "),
            f"{each.manifest.n_documents:,}",
            points(_f1(each)),
            live is not None and each.name == live.name,
            each.manifest.reason,
            live is None or each.name != live.name,
        )
        for each in reversed(facts.standing.versions)
    ]


def _f1(version: Version) -> float | None:
    calibration = calibration_of(version.manifest)
    if calibration is not None:
        return calibration.f1
    f1 = (version.manifest.metrics.get("micro") or {}).get("f1")
    return None if f1 is None else float(f1)


def problems_of(facts: Facts) -> list[str]:
    """What is wrong now, each with what to do about it."""
    last = facts.jobs[0].error if facts.jobs else None
    found = [facts.unreadable, last or "", facts.model.error or "", *facts.model.damage]
    found += [*facts.standing.damage, *facts.notices]
    return [each for each in dict.fromkeys(found) if each]


def notes_of(facts: Facts) -> list[str]:
    """What the last finished round noted, such as why a source was left out."""
    return [str(each) for each in facts.standing.glance.report.get("notes") or ()]


@dataclass(frozen=True, slots=True)
class Link:
    """An address with its name, or a command to copy."""

    name: str
    address: str = ""
    command: str = ""


def links_of(facts: Facts) -> list[Link]:
    """Where to go on."""
    option = f"--project {facts.number}" if facts.number is not None else f"--name {facts.key}"
    found = [
        Link("The batch in Label Studio", _tab(facts)),
        Link("The project in Label Studio", _project(facts, "data")),
        Link("All rounds in MLflow", facts.links.mlflow),
    ]
    commands = [
        Link("Write the data set to files", command=f"selfish export {option} --out data-set"),
        Link("List all likely label errors", command=f"selfish review {option} --view"),
    ]
    return [each for each in found if each.address] + commands


@dataclass(frozen=True, slots=True)
class LargeNumber:
    """A large number and what it is."""

    number: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One project, all parts."""

    key: str
    title: str
    facts: str
    now: Now
    batch: BatchPart | None
    quality: QualityPart
    outlook: Outlook
    rounds: Rounds
    issues: Table | None
    versions: Sequence[VersionRow]
    problems: Sequence[str]
    notes: Sequence[str]
    links: Sequence[Link]
    tiles: Sequence[LargeNumber] = field(default_factory=tuple)


def project_of(facts: Facts) -> ProjectPage:
    """The whole page of a project."""
    batch, quality, outlook = batch_of(facts), quality_of(facts), outlook_of(facts)
    counts = facts.standing.counts
    total = counts.labelled + counts.unlabelled if counts else 0
    about = [facts.key, f"{facts.n_labelled:,} of {total:,} texts labelled" if counts else "no round yet"]
    live = facts.standing.live
    about.append(f"live model: {live.name}" if live else "no model yet")
    if live is not None and facts.answers != live.name:
        about.append("which is being loaded")
    tiles = [
        LargeNumber(
            quality.f1, "F1 of the live model" + (f", {quality.interval}" if quality.interval else "")
        )
    ]
    if batch is not None:
        tiles.append(
            LargeNumber(f"{batch.answered:,} of {batch.size:,}", f"texts of the batch {batch.name} answered")
        )
    tiles.append(LargeNumber(outlook.hours_spent, "hours of annotators so far"))
    if outlook.hours_left != "–":
        tiles.append(LargeNumber(outlook.hours_left, f"hours left until the file has F1 {outlook.target}"))
    return ProjectPage(
        facts.key,
        facts.title,
        " · ".join(about),
        now_of(facts),
        batch,
        quality,
        outlook,
        rounds_of(facts),
        issues_of(facts),
        versions_of(facts),
        problems_of(facts),
        notes_of(facts),
        links_of(facts),
        tiles,
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """One project on the first page."""

    key: str
    title: str
    state: str
    percent: int | None
    quality: str
    batch: str
    has_problem: bool


def overview_of(facts: Facts) -> Overview:
    """One row of the first page."""
    now, batch, quality = now_of(facts), batch_of(facts), quality_of(facts)
    state = f"{now.headline}" + (f" {now.percent}%" if now.percent is not None else "")
    f1 = quality.f1 if not quality.interval else f"{quality.f1} ({quality.interval})"
    answered = "none" if batch is None else f"{batch.answered:,} of {batch.size:,} answered"
    return Overview(facts.key, facts.title, state, now.percent, f1, answered, bool(problems_of(facts)))
