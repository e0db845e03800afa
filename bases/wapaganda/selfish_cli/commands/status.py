"""selfish status: the state of a project, from its running ML backend and the files on disk."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wapaganda.errors import InputError
from wapaganda.project_context import ADAPTATION, ASSESSMENT, FILE, assessment_facts
from wapaganda.selfish_cli.backend import BackendNow, ask_backend
from wapaganda.selfish_cli.project import CliProject, last_reading, later_types_of, open_context, open_jobs
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, percent, plain_table
from wapaganda.selfish_cli.ui.versions import version_record, versions_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wapaganda.annotation import ReadReport
    from wapaganda.ner import Document

ROUNDS = ("Round", "Step", "Labelled", "F1", "Before", "Model", "Pool", "Candidates", "Released")


def status(
    project: options.Project = None, name: options.Name = "default", as_json: options.AsJson = False
) -> None:
    """Show what the ML backend is doing, the rounds, the models and what is left to label.

    The running backend of a Label Studio project is asked first (ML_BACKEND_URL, else the address that
    selfish connect was given); all else comes from the disk.
    """
    with session(as_json) as console:
        context = open_context(project, name)
        now = BackendNow() if project is None else ask_backend(context)
        found = _status(context, now)
        _show(console, context, found, now)
        console.emit(found)


def _status(context: CliProject, now: BackendNow) -> dict[str, Any]:
    store = context.store()
    live, versions, damage = store.current(), store.versions(), store.damage()
    has_ledger = (context.directory / "ledger.sqlite").exists()
    if not versions and not damage and not has_ledger and now.at_work is None:
        raise InputError(
            f"Expected a project that was trained or updated before, was: {context.key}.",
            "Start with selfish train or selfish update. Projects are searched in "
            f"{context.settings.data_dir} and {context.settings.model_dir}.",
        )
    found: dict[str, Any] = {
        "project": context.key,
        "title": (now.project or {}).get("title"),
        "backend": now.to_dict(),
        "live": live.name if live else None,
        "versions": [version_record(version) for version in versions],
        "damage": list(damage),
        "labelled": None,
        "unlabelled": None,
        "waiting": None,
        "read": None,
        "later_types": [],
        "second_look": [],
        "doubted_empty": {},
        "training_problem": _training_problem(context),
        "adaptation": _adaptation(context),
        "rounds": [],
        **dict.fromkeys(FILE),
    }
    if has_ledger:
        ledger = context.ledger()
        counts = ledger.counts()
        read = last_reading(context)
        found |= {"labelled": counts.labelled, "unlabelled": counts.unlabelled, "waiting": counts.waiting}
        found["read"] = read.to_dict()
        labelled = list(ledger.documents(labelled=True))
        later = later_types_of(context, labelled)
        found["later_types"] = [each.to_dict() for each in later]
        found["second_look"] = [each.line() for each in later]
        found["rounds"] = [
            {
                "number": each.number,
                "step": each.step,
                "started_at": each.started_at,
                **each.payload.get("report", {}),
            }
            for each in ledger.rounds()
        ]
        found |= _present_file(context)
        found["doubted_empty"] = _still_empty(_last_report(found["rounds"]), labelled)
        found["second_look"] += _about_empty(found["doubted_empty"])
    last = _last_report(found["rounds"])
    return found | {
        "should_stop": bool(last.get("should_stop", False)),
        "stop_reason": str(last.get("stop_reason", "")),
        **{key: last.get(key) for key in ASSESSMENT},
        "mlflow": context.settings.mlflow_tracking_uri,
        "model_dir": str(store.root),
        "data_dir": str(context.directory),
    }


def _training_problem(context: CliProject) -> str:
    """Why the ML backend's last training failed and when it tries again; empty when it did not fail."""
    queue = open_jobs(context.settings)
    newest = [each for each in queue.list(context.key) if each.kind != ADAPTATION] if queue else []
    if not newest or not newest[0].error:
        return ""
    job = newest[0]
    if not job.waits_to_retry:
        return f"Job {job.id} failed: {job.error}"
    again = datetime.fromtimestamp(job.not_before, UTC)
    return f"Job {job.id} is tried again at {again:%Y-%m-%d %H:%M} UTC: {job.error}"


def _adaptation(context: CliProject) -> str:
    """What became of the last trial of domain adaptation, in a sentence; empty: none, or it is off."""
    trial = context.adaptation() if context.settings.adapt == "auto" else None
    return trial.describe() if trial else ""


def _present_file(context: CliProject) -> dict[str, Any]:
    """The data set as it stands now, with the labels since the last round."""
    from wapaganda.pipeline import present_file, selected_purpose

    chosen, ledger = context.settings, context.ledger()
    purpose = selected_purpose(ledger, chosen.purpose)
    return present_file(ledger, context.store(), context.directory, purpose, chosen.target_f1).to_dict()


def _still_empty(last: dict[str, Any], labelled: "Sequence[Document]") -> dict[str, int]:
    """The empty answers in whose texts the model of the last round expected entities, if they still are."""
    empty = {document.id for document in labelled if document.spans == ()}
    return {key: number for key, number in last.get("doubted_empty", {}).items() if key in empty}


def _about_empty(entities: dict[str, int]) -> list[str]:
    from wapaganda.pipeline import describe_empty_answers

    return [describe_empty_answers(entities)] if entities else []


def _report(found: dict[str, Any]) -> "ReadReport":
    from wapaganda.annotation import ReadReport

    return ReadReport.from_dict(found["read"] or {})


def _live(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in found["versions"] if each["name"] == found["live"]]


def _last_report(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The report of the last finished round."""
    return next((each for each in reversed(rounds) if each["step"] == "done"), {})


def _show(console: Console, context: CliProject, found: dict[str, Any], now: BackendNow) -> None:
    if found["rounds"]:
        rows = [_round_row(each) for each in found["rounds"]]
        console.show(plain_table("Rounds", ROUNDS, rows, numbers=(0, 2, 3, 4, 6, 7, 8)))
    if found["versions"]:
        console.show(versions_table(found["versions"], found["live"]))
    waiting = f", {found['waiting']:,} of them in a batch and not labelled yet" if found["waiting"] else ""
    facts = [(name, said) for name, said in (("Backend", now.sentence()), ("Batch", now.batch())) if said]
    if found["labelled"] is None:
        facts.append(("Texts", "counted after the first selfish update"))
    else:
        facts += [
            ("Labelled", f"{found['labelled']:,} texts"),
            ("Unlabelled", f"{found['unlabelled']:,} texts{waiting}"),
        ]
    facts += [
        ("Live model", found["live"] or "none"),
        *(("Damaged", sentence) for sentence in found["damage"]),
        *(("Warning", each["undertrained"]) for each in _live(found) if each["undertrained"]),
        ("MLflow", found["mlflow"]),
        ("On disk", f"{found['model_dir']}, {found['data_dir']}"),
    ]
    facts += [("Last training", found["training_problem"])] if found["training_problem"] else []
    facts += [("Encoder", found["adaptation"])] if found["adaptation"] else []
    facts += [("Read", line) for line in _report(found).lines()]
    facts += [("Second look", line) for line in found["second_look"]]
    facts += assessment_facts(_last_report(found["rounds"]) | {key: found[key] for key in FILE})
    title = f", {found['title']}" if found["title"] else ""
    console.show(facts_table(f"Project {context.key}{title}", facts))


def _round_row(each: dict[str, Any]) -> list[str]:
    def number(key: str) -> str:
        return f"{each[key]:,}" if isinstance(each.get(key), int) else "–"

    return [
        str(each["number"]),
        each["step"],
        number("n_labelled"),
        percent(each.get("f1")),
        percent(each.get("previous_f1")),
        _model(each),
        number("n_pool"),
        number("n_candidates"),
        number("n_released"),
    ]


def _model(each: dict[str, Any]) -> str:
    """The number of a round's version; the table of the models has its full name."""
    version = each.get("version")
    if not version:
        return "–"
    return str(version).partition("-")[0] + ("" if version == each.get("live") else ", not live")
