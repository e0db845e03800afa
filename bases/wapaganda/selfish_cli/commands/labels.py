"""selfish labels: read renamed labels of Label Studio, or change label config and annotations together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.project import CliProject, open_context, project_lock
from wapaganda.selfish_cli.ui import options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table, plain_table

if TYPE_CHECKING:
    from wapaganda.label_studio import ChangePlan

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


def undo(
    project: options.Project = None,
    yes: Yes = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    label_tag: options.LabelTag = None,
    text_field: options.TextField = None,
    as_json: options.AsJson = False,
) -> None:
    """Undo the last rename or merge, also an interrupted one. Repeated, it goes back further.

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
                old, new = plan.change.old, plan.change.new
                _rename_in_ledger(context, plan, {new: [new, old] if plan.change.kind == "merge" else [old]})
        _show_change(console, context.key, plan, path, "Undo", yes)


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


def _open_or_new(context: CliProject, kind: str, old: str, new: str) -> "tuple[Path, ChangePlan | None]":
    """The interrupted change if it is this one, otherwise the path of the next one."""
    saved = _saved(context)
    for path, plan in saved:
        if not plan.is_open:
            continue
        if (plan.state, plan.change.kind, plan.change.old, plan.change.new) == ("started", kind, old, new):
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


def _show_change(console: Console, key: str, plan: "ChangePlan", path: Path, title: str, done: bool) -> None:
    change = plan.change
    what = "tag" if change.kind == "tag" else "label"
    config = "changed" if plan.config_before != plan.config_after else "has the new name already"
    facts = [
        (title, f"{what} {change.old} → {change.new}" + (" (merged)" if change.kind == "merge" else "")),
        ("Label config", config),
        ("Annotations", f"{plan.n_regions:,} regions in {plan.n_texts:,} texts"),
        ("Predictions", f"{plan.n_predictions:,} that are shown, or that annotators began with"),
        ("Tasks", _examples(sorted({plan.tasks[name] for name in plan.regions}))),
    ]
    facts += [("State", plan.state), ("Saved in", str(path))] if done else []
    console.show(facts_table(f"Project {key}", facts))
    if not done:
        console.say(DRY_RUN)
    console.emit(_record(key, plan, path, done))


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
        "saved": str(path) if done else None,
    }


def _examples(tasks: Sequence[int]) -> str:
    shown = ", ".join(map(str, tasks[:5]))
    return f"{shown} and {len(tasks) - 5:,} more" if len(tasks) > 5 else shown or "none"
