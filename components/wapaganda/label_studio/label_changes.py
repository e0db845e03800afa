"""Rename, merge or split labels, or rename a tag, in the label config and the regions of a project together.

A change is planned first, which only reads. It is saved in a file before anything is written, and goes on
where it stopped when it is applied again. A label change first gives the config both labels, then changes the
regions, then takes the old label away: no region ever has a label that the config does not have. The file
holds what the regions were, so the change can be undone, also when annotators have worked on since. Drafts,
which annotators have not submitted yet, hold regions as well and are changed with the annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from wapaganda.annotation import LabelChange
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import Task, all_tasks, query_of, tasks_by_id, with_draft
from wapaganda.label_studio.errors import LabelStudioError
from wapaganda.progress import Progress, silent
from wapaganda.storage import write_json

PLANNED, STARTED, DONE, UNDOING, UNDONE = "planned", "started", "done", "undoing", "undone"
_FIELDS = (
    "id,annotations,predictions,result,was_cancelled,ground_truth,created_at,updated_at,parent_prediction,"
    "model_version"
)
_CHUNK = 100
_SCANS = 5
"""Times that the project is searched for regions that annotators made in the meantime."""
_Names = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A change of a project, and how far it is (``state``).

    ``regions``: the old names of each region that changes, by ``annotation 7``, ``prediction 9`` or
    ``draft 3`` and then by the region's id, or ``#`` and its position. ``tasks``: the task of each of these.
    ``done``: the tasks that were changed. ``doing``: the annotations, in their order, of those that are being
    changed. ``undecided``: the words of the annotated regions that a split leaves as they are, with their
    tasks.
    """

    project: int
    change: LabelChange
    config_before: str
    config_after: str
    state: str = PLANNED
    regions: _Names = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)
    done: Sequence[int] = ()
    doing: Mapping[str, Sequence[int]] = field(default_factory=dict)
    undecided: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def n_annotations(self) -> int:
        """The number of annotations that change."""
        return len(self._named("annotation"))

    @property
    def n_predictions(self) -> int:
        """The number of predictions that change: those that are shown, or that annotators began with."""
        return len(self._named("prediction"))

    @property
    def n_drafts(self) -> int:
        """The number of drafts that change: answers of any annotator that are not submitted yet."""
        return len(self._named("draft"))

    @property
    def n_regions(self) -> int:
        """The number of regions in annotations that change."""
        return sum(len(self.regions[name]) for name in self._named("annotation"))

    @property
    def n_texts(self) -> int:
        """The number of tasks whose annotations change."""
        return len({self.tasks[name] for name in self._named("annotation")})

    def _named(self, kind: str) -> list[str]:
        return [name for name in self.regions if name.startswith(kind)]

    @property
    def is_open(self) -> bool:
        """Whether it was begun and neither finished nor undone."""
        return self.state in (STARTED, UNDOING)

    def save(self, path: Path) -> ChangePlan:
        """Write it to ``path``, atomically; return it."""
        write_json(path, asdict(self), indent=1)
        return self

    @classmethod
    def load(cls, path: Path) -> ChangePlan:
        """The plan in a file that ``save`` wrote.

        Raises:
            LabelStudioError: it is none.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            change, done = values.pop("change"), tuple(values.pop("done"))
            change |= {key: tuple(change.get(key, ())) for key in ("tags", "into")}
            return cls(change=LabelChange(**change), done=done, **values)
        except (ValueError, KeyError, TypeError) as error:
            raise LabelStudioError(f"Expected a saved change of labels in {path}, was: {error!r}.") from error


def plan_change(
    connection: Connection, project: int, change: LabelChange, progress: Progress = silent
) -> ChangePlan:
    """What a change of the project would change; nothing is written.

    Raises:
        FormatError: the label config has not the labels or tags that the change needs.
    """
    found = connection.repeat(connection.sdk.projects.get, project)
    before = str(found.label_config)
    plan = ChangePlan(project, change, before, change.config(before))
    return _with_found(connection, plan, str(found.model_version or ""), progress)


def apply_change(
    connection: Connection, plan: ChangePlan, path: Path, progress: Progress = silent
) -> ChangePlan:
    """Carry out a planned change, or go on with an interrupted one; ``path`` is where it is saved."""
    plan = replace(plan, state=STARTED).save(path)
    version = _version(connection, plan.project)
    _set_config(connection, plan.project, plan.change.config_with_both(plan.config_before))
    plan = _change_all(connection, plan, path, progress)
    _set_config(connection, plan.project, plan.config_after)
    for _ in range(_SCANS):  # what annotators made in the meantime
        again = _with_found(connection, replace(plan, regions={}, tasks={}), version, progress)
        plan = replace(plan, undecided=again.undecided)
        if not again.regions:
            return replace(plan, state=DONE).save(path)
        left = tuple(number for number in plan.done if number not in set(again.tasks.values()))
        plan = replace(
            plan,
            regions=_both(plan.regions, again.regions),
            tasks={**plan.tasks, **again.tasks},
            done=left,
        ).save(path)
        plan = _change_all(connection, plan, path, progress)
    raise LabelStudioError(
        f"Expected no region with {plan.change.old!r} any more, was: annotators go on making some.",
        "Repeat the command when they have reloaded the page.",
    )


def undo_change(
    connection: Connection, plan: ChangePlan, path: Path, progress: Progress = silent
) -> ChangePlan:
    """Give the regions and the label config their old names; what was changed by others since stays.

    Raises:
        LabelStudioError: the label config was changed since; nothing is undone then.
    """
    now = str(connection.repeat(connection.sdk.projects.get, plan.project).label_config)
    both = plan.change.config_with_both(plan.config_before)
    if not any(_is_same(now, known) for known in (plan.config_after, plan.config_before, both)):
        raise LabelStudioError(
            "Expected the label config as the change has left it, was: another one.",
            "Give it the old names in Label Studio, or undo the later change first.",
        )
    done = plan.done if plan.state == UNDOING else ()
    plan = replace(plan, state=UNDOING, done=done).save(path)
    _set_config(connection, plan.project, both)
    plan = _change_all(connection, plan, path, progress)
    _set_config(connection, plan.project, plan.config_before)
    return replace(plan, state=UNDONE).save(path)


def _version(connection: Connection, project: int) -> str:
    return str(connection.repeat(connection.sdk.projects.get, project).model_version or "")


def _set_config(connection: Connection, project: int, xml: str) -> None:
    connection.repeat(connection.sdk.projects.update, project, label_config=xml)


def _is_same(left: str, right: str) -> bool:
    return left == right or _canonical(left) == _canonical(right)


def _canonical(xml: str) -> str:
    return ElementTree.canonicalize(xml.strip(), strip_text=True)


def _with_found(connection: Connection, plan: ChangePlan, version: str, progress: Progress) -> ChangePlan:
    """The plan with all regions that have the old name now."""
    regions: dict[str, dict[str, list[str]]] = {}
    tasks: dict[str, int] = {}
    undecided: dict[str, list[int]] = {}
    drafted = {
        int(task["id"]) for task in all_tasks(connection, plan.project, "id", query_of([with_draft(True)]))
    }
    for number, task in enumerate(all_tasks(connection, plan.project, _FIELDS, query_of([]), 500), start=1):
        drafts = _drafts(connection, int(task["id"])) if int(task["id"]) in drafted else ()
        for name, result in (*_results(task, version), *drafts):
            old = {
                _key(region, at): plan.change.names(region) or []
                for at, region in enumerate(result)
                if plan.change.changes(region)
            }
            if old:
                regions[name], tasks[name] = old, int(task["id"])
            if name.startswith("annotation"):
                left = [words for region in result if (words := plan.change.undecided(region)) is not None]
                for words in left:
                    undecided.setdefault(words, []).append(int(task["id"]))
        progress("search", number, 0)
    return replace(plan, regions=regions, tasks=tasks, undecided=undecided)


def _results(task: Task, version: str | None) -> Iterator[tuple[str, Sequence[Any]]]:
    """The results of a task by name: its annotations, and the predictions that people see or began with.

    ``version``: of the predictions that are shown; ``None``: all predictions.
    """
    annotations, predictions = task.get("annotations") or (), task.get("predictions") or ()
    began = {each.get("parent_prediction") for each in annotations}
    for each in annotations:
        yield f"annotation {each['id']}", each.get("result") or ()
    for each in predictions:
        if version is None or each.get("model_version") == version or each["id"] in began:
            yield f"prediction {each['id']}", each.get("result") or ()


def _drafts(connection: Connection, task: int) -> list[tuple[str, Sequence[Any]]]:
    """The results of the drafts of a task by name, of all annotators: pages of tasks hold only one's own."""
    found = connection.get(f"/api/tasks/{task}/drafts")
    return [(f"draft {each['id']}", each.get("result") or ()) for each in found]


def _key(region: Any, at: int) -> str:  # noqa: ANN401 - any JSON value
    own = region.get("id") if isinstance(region, Mapping) else None
    return str(own) if own else f"#{at}"


def _both(before: _Names, now: _Names) -> dict[str, dict[str, Sequence[str]]]:
    return {name: {**before.get(name, {}), **now.get(name, {})} for name in {**before, **now}}


def _change_all(connection: Connection, plan: ChangePlan, path: Path, progress: Progress) -> ChangePlan:
    """Change or change back the regions of all tasks that are not done; saved after every hundred tasks."""
    finished = set(plan.done)
    everything = dict.fromkeys(plan.tasks.values())
    drafted = {task for name, task in plan.tasks.items() if name.startswith("draft")}
    for chunk in _chunks([number for number in everything if number not in finished]):
        tasks = tasks_by_id(connection, plan.project, _FIELDS, chunk)
        orders = {str(number): _order(task) for number, task in tasks.items()}
        plan = replace(plan, doing={**orders, **plan.doing}).save(path)
        for number in chunk:
            if number in tasks and number in drafted:
                _change_drafts(connection, plan, number)
            if number in tasks:
                _change_task(connection, plan, tasks[number], plan.doing[str(number)])
            finished.add(number)
            progress("change", len(finished), len(everything))
        plan = replace(plan, done=tuple(sorted(finished)), doing={}).save(path)
    return plan


def _order(task: Task) -> list[int]:
    """The annotations of a task, the one that counts last."""
    return [int(each["id"]) for each in sorted(task.get("annotations") or (), key=_moment)]


def _change_task(connection: Connection, plan: ChangePlan, task: Task, order: Sequence[int]) -> None:
    """Change the results of one task.

    Label Studio gives a changed annotation a new time, and of several annotations the latest one counts. So
    all of them are written, in their order, when one of them changes. ``order``: as it was in the beginning.
    """
    new = {name: _changed(plan, name, result) for name, result in _results(task, None)}
    mine = [name for name in new if name in plan.regions]
    for name in mine:
        if name.startswith("prediction") and new[name] is not None:
            connection.repeat(connection.sdk.predictions.update, _id(name), result=new[name])
    places = {number: place for place, number in enumerate(order)}
    answers = sorted(task.get("annotations") or (), key=lambda each: places.get(int(each["id"]), len(places)))
    everyone = len(answers) > 1 and any(name.startswith("annotation") for name in mine)
    for each in answers:
        result = new[f"annotation {each['id']}"]
        if result is not None or everyone:
            same = each.get("result") or []
            update = connection.sdk.annotations.update
            connection.repeat(update, int(each["id"]), result=same if result is None else result)


def _change_drafts(connection: Connection, plan: ChangePlan, task: int) -> None:
    """Change the drafts of a task, read just before: an annotator may be at work on them."""
    for name, result in _drafts(connection, task):
        new = _changed(plan, name, result)
        if new is not None:
            connection.update(f"/api/drafts/{_id(name)}/", {"result": new})


def _changed(plan: ChangePlan, name: str, result: Sequence[Any]) -> list[Any] | None:
    """The result after the change, or before it when it is undone; ``None`` if nothing is different."""
    change, known = plan.change, plan.regions.get(name, {})
    new = []
    for at, region in enumerate(result):
        before, names = known.get(_key(region, at)), change.names(region)
        if before is None or names is None:
            new.append(region)
        elif plan.state == STARTED and change.changes(region):
            new.append(change.with_names(region, change.renamed(names, region)))
        elif plan.state == UNDOING and change.has_made(names, before):
            new.append(change.with_names(region, before))
        else:
            new.append(region)
    return new if new != list(result) else None


def _moment(annotation: Mapping[str, Any]) -> tuple[str, int]:
    return str(annotation.get("updated_at") or annotation.get("created_at") or ""), int(annotation["id"])


def _id(name: str) -> int:
    return int(name.rpartition(" ")[2])


def _chunks(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))
