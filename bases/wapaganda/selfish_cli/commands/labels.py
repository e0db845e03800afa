"""selfish labels: read renamed labels of Label Studio, or change config and annotations together."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, open_context, project_lock
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.label_studio import ChangePlan

FORMS_SHOWN = 10
"""Words that nothing decides, in the table."""
DRY_RUN = "Nothing was changed. Repeat the command with --yes to do it."
KEPT = "What was changed is saved. Repeat the command to go on, or undo it by selfish labels undo."

Pair = Annotated[str, typer.Argument(help="The old and the new name, as OLD=NEW.", show_default=False)]
Tag = Annotated[bool, typer.Option("--tag", help="The names are of tags (name), not of labels.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it the command says what would change.")]


def map_labels(
    pairs: Annotated[
        list[str] | None,
        typer.Argument(help="OLD=NEW, or OLD= to leave regions out.", show_default=False),
    ] = None,
    project: options.Project = None,
    tag: Tag = False,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="Forget what was said about OLD; can be repeated.")
    ] = None,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Read regions of labels or tags that the label config no longer has as others. Without OLD=NEW: list.

    It changes nothing in Label Studio. The ledger remembers it, and every later reading obeys it.
    """
    with session(as_json) as console:
        context = _context(project, url, api_key, label_tag, text_field)
        said = context.label_mapping().to_dict()
        kind = "tags" if tag else "labels"
        for name in remove or ():
            if name not in said[kind]:
                raise InputError(f"Expected one of {', '.join(said[kind]) or 'none'}, was: {name}.")
            del said[kind][name]
        if pairs:
            said[kind] |= _checked(context, project or 0, dict(map(_pair, pairs)), tag)
        if pairs or remove:
            _remember(context, said)
        _show_mapping(console, context.key, said, changed=bool(pairs or remove))
        console.emit({"project": context.key, **said})


def rename(
    pair: Pair,
    project: options.Project = None,
    tag: Tag = False,
    yes: Yes = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Rename a label or a tag in the label config of Label Studio and in all annotations together.

    If the config has the new name already, only the annotations are changed. It goes on after an interruption
    and can be undone.
    """
    with session(as_json, KEPT) as console:
        context = _context(project, url, api_key, label_tag, text_field)
        _change(console, context, "tag" if tag else "rename", pair, yes)


def merge(
    pair: Pair,
    project: options.Project = None,
    yes: Yes = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Merge the label OLD with the label NEW, in the label config of Label Studio and in all annotations.

    It goes on after an interruption and can be undone.
    """
    with session(as_json, KEPT) as console:
        context = _context(project, url, api_key, label_tag, text_field)
        _change(console, context, "merge", pair, yes)


def split(
    pair: Annotated[
        str, typer.Argument(help="The label and those that it becomes, as OLD=NEW,NEW.", show_default=False)
    ],
    project: options.Project = None,
    by: Annotated[
        Path | None,
        typer.Option("--by", help="CSV file with the columns text and label: which words get which label."),
    ] = None,
    forms: Annotated[
        Path | None,
        typer.Option("--forms", help="Write such a file to fill in: the words of all regions that are left."),
    ] = None,
    view: Annotated[
        bool, typer.Option("--view", help="Make a tab of the texts with such regions in the Data Manager.")
    ] = False,
    yes: Yes = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Split the label OLD by the words of the regions, in the label config and in all annotations.

    Regions with other words keep the old label, and the label config keeps it, too. It goes on after an
    interruption and can be undone.
    """
    with session(as_json, KEPT) as console:
        context = _context(project, url, api_key, label_tag, text_field)
        old, into = _parts(pair)
        chosen = _read_forms(by, into) if by is not None else {}
        if yes and not chosen:
            raise InputError(
                "Expected --by FILE with the new labels of some words, was: none.",
                "Write a file to fill in by --forms FILE.",
            )
        if forms is not None:
            _check_new(forms)
        with console.progress() as progress:
            progress("search", 0, 0)
            path, plan = _open_or_new(context, "split", old, ",".join(into), chosen)
            if plan is None:
                plan = context.studio().plan_label_split(_number(context), old, into, chosen, progress)
            if yes:
                with project_lock(context):
                    plan = context.studio().apply_label_change(plan, path, progress)
                    _rename_in_ledger(context, plan, {old: [old, *into]})
            tab = _undecided_tab(context, plan) if view and plan.undecided else ""
        if forms is not None:
            _write_forms(forms, plan)
        _show_change(console, context.key, plan, path, "Change", yes, tab)


def undo(
    project: options.Project = None,
    yes: Yes = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Undo the last rename, merge or split, also an interrupted one. Repeated, it goes back further.

    Regions that annotators have changed since stay as they are.
    """
    with session(as_json, KEPT) as console:
        context = _context(project, url, api_key, label_tag, text_field)
        found = [(path, plan) for path, plan in _saved(context) if plan.state != "undone"]
        if not found:
            raise InputError(f"Expected a change of labels in {context.key}, was: none to undo.")
        path, plan = found[-1]
        if yes:
            with project_lock(context), console.progress() as progress:
                plan = context.studio().undo_label_change(plan, path, progress)
                _rename_in_ledger(context, plan, _names_before(plan))
        _show_change(console, context.key, plan, path, "Undo", yes)


def _names_before(plan: "ChangePlan") -> Mapping[str, Sequence[str]]:
    """For each new label what it was before, in the sets of labels that annotators could choose from."""
    from wapaganda.annotation import parse_label_config

    old, change = plan.change.old, plan.change
    if change.kind != "split":
        return {change.new: [change.new, old] if change.kind == "merge" else [old]}
    known = parse_label_config(plan.config_before, *change.tags[:1]).labels
    return {new: [new, old] if new in known else [old] for new in change.into}


def _parts(text: str) -> tuple[str, tuple[str, ...]]:
    """The label to split and those that it becomes."""
    old, new = _pair(text)
    into = tuple(dict.fromkeys(name.strip() for name in new.split(",")))
    if not all(into) or old in into:
        raise InputError(f"Expected OLD=NEW,NEW with other labels than OLD, was: {text!r}.")
    return old, into


def _read_forms(path: Path, into: Sequence[str]) -> dict[str, str]:
    """The new label of each of the words in the file; rows without a label are left out.

    Raises:
        InputError: the file has other columns or labels, or two labels for the same words.
    """
    from wapaganda.ner import collapse_whitespace

    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"text", "label"} <= set(rows.fieldnames or ()):
            raise InputError(
                f"Expected a CSV file with the columns text and label, was: {path} with "
                f"{', '.join(rows.fieldnames or ()) or 'none'}."
            )
        found: dict[str, str] = {}
        for row in rows:
            words, label = collapse_whitespace(row["text"] or ""), (row["label"] or "").strip()
            if not words or not label:
                continue
            if label not in into:
                raise InputError(
                    f"Expected one of the labels {', '.join(into)}, was: {label} ({path}:{rows.line_num})."
                )
            if found.setdefault(words, label) != label:
                both = f"{found[words]} and {label} ({path}:{rows.line_num})"
                raise InputError(f"Expected one label for {words!r}, was: {both}.")
    return found


def _check_new(path: Path) -> None:
    """Check that the file can be written and overwrites nothing."""
    if path.exists():
        raise InputError(f"Expected a new file, was: {path}, which exists.", "Name another one by --forms.")
    check_parent(path)


def _write_forms(path: Path, plan: "ChangePlan") -> None:
    """The words of all regions with the old label, the undecided ones first, the commonest at the top."""
    import io

    from wapaganda.storage import write_text

    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["text", "label", "regions"])
    writer.writerows([words, "", len(tasks)] for words, tasks in _most_first(plan) if words)
    writer.writerows([words, label, ""] for words, label in plan.change.by.items())
    write_text(path, file.getvalue())


def _most_first(plan: "ChangePlan") -> list[tuple[str, Sequence[int]]]:
    return sorted(plan.undecided.items(), key=lambda each: (-len(each[1]), each[0]))


def _undecided_tab(context: CliProject, plan: "ChangePlan") -> str:
    """The address of a tab with the texts whose regions nothing decides."""
    studio, number = context.studio(), _number(context)
    tasks = sorted({task for tasks in plan.undecided.values() for task in tasks})
    tab = studio.show_annotated(number, tasks, f"{plan.change.old} to split")
    return studio.page(number, tab)


def _context(
    project: int | None, url: str | None, api_key: str | None, label_tag: str | None, text_field: str | None
) -> CliProject:
    if project is None:
        raise InputError("Expected --project, was: none.", "Labels are changed in a project of Label Studio.")
    return open_context(
        project,
        overrides={
            "label_studio_url": url,
            "label_studio_api_key": api_key,
            "label_tag": label_tag,
            "text_field": text_field,
        },
    )


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = (part.strip() for part in text.partition("="))
    if not old or not sign or old == new:
        raise InputError(f"Expected OLD=NEW, was: {text!r}.")
    return old, new


def _checked(context: CliProject, project: int, pairs: Mapping[str, str], tag: bool) -> Mapping[str, str]:
    """The pairs, whose new names are those of the label config and whose old names are not."""
    config = context.studio().project(project).label_config
    if tag:
        known = [config.from_name, config.to_name, *config.tags.values(), *config.beside]
    else:
        known = list(config.labels)
    what = "tags" if tag else "labels"
    for old, new in pairs.items():
        if new not in known and not (new == "" and not tag):
            raise InputError(
                f"Expected one of the {what} {', '.join(dict.fromkeys(known))}, was: {new or 'none'}."
            )
        if old in known:
            raise InputError(
                f"Expected one of the {what} that the config no longer has, was: {old}, which it has.",
                f"Change it everywhere by selfish labels {'rename --tag' if tag else 'merge'} {old}={new}.",
            )
    return pairs


def _remember(context: CliProject, said: Mapping[str, Mapping[str, str]]) -> None:
    from wapaganda.annotation import LabelMapping

    context.set_label_mapping(LabelMapping.from_dict(said))


def _show_mapping(
    console: Console, key: str, said: Mapping[str, Mapping[str, str]], *, changed: bool
) -> None:
    rows = [[kind[:-1], old, new or "left out"] for kind in said for old, new in sorted(said[kind].items())]
    if rows:
        console.show(plain_table(f"Project {key}", ["Kind", "Old name", "Read as"], rows))
    else:
        console.show(f"Project {key}: every label and tag is read by its own name.")
    if changed:
        console.say("The next reading obeys it, such as selfish update.")


def _change(console: Console, context: CliProject, kind: str, pair: str, yes: bool) -> None:
    old, new = _pair(pair)
    if not new:
        raise InputError(f"Expected OLD=NEW, was: {pair!r}.", "Leave regions out by selfish labels map OLD=.")
    with console.progress() as progress:
        progress("search", 0, 0)
        path, plan = _open_or_new(context, kind, old, new)
        if plan is None:
            plan = context.studio().plan_label_change(_number(context), kind, old, new, progress)
        if yes:
            with project_lock(context):
                plan = context.studio().apply_label_change(plan, path, progress)
                _rename_in_ledger(context, plan, {old: [new]})
    _show_change(console, context.key, plan, path, "Change", yes)


def _rename_in_ledger(context: CliProject, plan: "ChangePlan", renamed: Mapping[str, Sequence[str]]) -> None:
    """Rename the labels that the annotators of each text could choose from."""
    if plan.change.kind != "tag" and (context.directory / "ledger.sqlite").exists():
        context.ledger().rename_labels(renamed)


def _open_or_new(
    context: CliProject, kind: str, old: str, new: str, by: Mapping[str, str] | None = None
) -> "tuple[Path, ChangePlan | None]":
    """The interrupted change if it is this one, otherwise the path of the next one."""
    saved = _saved(context)
    for path, plan in saved:
        if not plan.is_open:
            continue
        change = plan.change
        if (plan.state, change.kind, change.old, change.new) == ("started", kind, old, new) and (
            change.by == (by or {})
        ):
            return path, plan
        raise InputError(
            f"Expected no unfinished change, was: {plan.change.old}={plan.change.new} in {path}.",
            "Repeat that command to finish it, or undo it by selfish labels undo --yes.",
        )
    return context.directory / "label-changes" / f"{len(saved) + 1:03d}.json", None


def _saved(context: CliProject) -> "list[tuple[Path, ChangePlan]]":
    from wapaganda.label_studio import ChangePlan

    return [(path, ChangePlan.load(path)) for path in sorted(context.directory.glob("label-changes/*.json"))]


def _number(context: CliProject) -> int:
    return int(context.key.removeprefix("ls-"))


def _show_change(
    console: Console, key: str, plan: "ChangePlan", path: Path, title: str, done: bool, tab: str = ""
) -> None:
    change = plan.change
    what = "tag" if change.kind == "tag" else "label"
    config = "changed" if plan.config_before != plan.config_after else "has the new name already"
    facts = [
        (title, f"{what} {change.old} → {change.new}" + (" (merged)" if change.kind == "merge" else "")),
        ("Label config", config),
        ("Annotations", f"{plan.n_regions:,} regions in {plan.n_texts:,} texts"),
        ("Predictions", f"{plan.n_predictions:,} that are shown, or that annotators began with"),
        *([("Drafts", f"{plan.n_drafts:,} that annotators have not submitted yet")] if plan.n_drafts else []),
        ("Tasks", _examples(sorted({plan.tasks[name] for name in plan.regions}))),
    ]
    if change.kind == "split":
        facts.append(("Undecided", _undecided(plan)))
    facts += [("Tab", tab)] if tab else []
    facts += [("State", plan.state), ("Saved in", str(path))] if done else []
    console.show(facts_table(f"Project {key}", facts))
    if not done:
        console.say(DRY_RUN)
    console.emit(_record(key, plan, path, done) | ({"view": tab} if tab else {}))


def _record(key: str, plan: "ChangePlan", path: Path, done: bool) -> dict[str, Any]:
    return {
        "project": key,
        "kind": plan.change.kind,
        "old": plan.change.old,
        "new": plan.change.new,
        "done": done,
        "state": plan.state,
        "annotations": plan.n_annotations,
        "regions": plan.n_regions,
        "texts": plan.n_texts,
        "predictions": plan.n_predictions,
        "drafts": plan.n_drafts,
        "saved": str(path) if done else None,
        **({"undecided": _counts(plan)} if plan.change.kind == "split" else {}),
    }


def _undecided(plan: "ChangePlan") -> str:
    """The regions that keep the old label, by their words."""
    counts = _counts(plan)
    if not counts:
        return f"none; take {plan.change.old} away by selfish labels merge, when no region has it"
    shown = ", ".join(f"{words or '(no words)'} ({n:,})" for words, n in list(counts.items())[:FORMS_SHOWN])
    more = f" and {len(counts) - FORMS_SHOWN:,} more" if len(counts) > FORMS_SHOWN else ""
    return f"{sum(counts.values()):,} regions stay {plan.change.old}: {shown}{more}"


def _counts(plan: "ChangePlan") -> dict[str, int]:
    return {words: len(tasks) for words, tasks in _most_first(plan)}


def _examples(tasks: Sequence[int]) -> str:
    shown = ", ".join(map(str, tasks[:5]))
    return f"{shown} and {len(tasks) - 5:,} more" if len(tasks) > 5 else shown or "none"
