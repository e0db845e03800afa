"""Parse a webhook of Label Studio: plain values in, a `WebhookEvent` out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from wapaganda.annotation import is_machine_answer
from wapaganda.ml_backend.project_id import ProjectRef, project_ref

Payload = Mapping[str, object]
_LONGEST_TITLE: Final = 200
_LONGEST_SECONDS: Final = 1e6


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A submitted annotation (an empty one counts, too): its id and the id of its task.

    ``annotator``: the number of the user, ``seconds``: of the work, if Label Studio says them.
    """

    annotation: int
    task: int
    annotator: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event for the backend. Events can get lost, so a training never depends only on them.

    ``machine``: annotations at which nobody has looked; they are no new labels, although ``total`` counts
    them. ``total`` is Label Studio's number of labelled tasks in the whole project, which compensates for
    lost events. ``title``: of the project.
    """

    reason: str
    project: ProjectRef | None = None
    train_now: bool = False
    labels: tuple[NewLabel, ...] = ()
    machine: tuple[NewLabel, ...] = ()
    withdrawn: tuple[int, ...] = ()
    deleted_tasks: tuple[int, ...] = ()
    total: int | None = None
    label_config: str | None = None
    title: str | None = None

    @property
    def is_ignored(self) -> bool:
        """Whether there is nothing to do."""
        return self.project is None

    @property
    def changes_labels(self) -> bool:
        """Whether annotations or tasks have come or gone."""
        return bool(self.labels or self.machine or self.withdrawn or self.deleted_tasks)


def parse_webhook(payload: Payload) -> WebhookEvent:
    """The event in one webhook body; an unknown action or a missing project gives one that is ignored."""
    action = payload.get("action")
    reader = _READERS.get(action) if isinstance(action, str) else None
    if reader is None:
        return WebhookEvent("This event means nothing to the backend.")
    project = _project(payload)
    if project is None or project.number is None:
        return WebhookEvent("The event names no project of Label Studio; let the webhook send its payload.")
    about = payload.get("project")
    known = replace(reader(payload), project=project)
    if not isinstance(about, Mapping):
        return known
    config, title = about.get("label_config"), about.get("title")
    return replace(
        known,
        total=_labelled_tasks(about),
        label_config=storable(config) if isinstance(config, str) else None,
        title=storable(title)[:_LONGEST_TITLE] if isinstance(title, str) else None,
    )


def _project(payload: Payload) -> ProjectRef | None:
    named = project_ref(payload.get("project"))
    return named or next(
        (
            ref
            for item in _items(payload, "annotation", "annotations")
            if (ref := project_ref(item.get("project")))
        ),
        None,
    )


def _labelled_tasks(project: Payload) -> int | None:
    """The number of labelled tasks: Label Studio counts those with ground truth separately."""
    counts = [project.get(name) for name in ("num_tasks_with_annotations", "ground_truth_number")]
    numbers = [count for count in counts if _is_id(count)]
    return sum(numbers) if numbers else None


def storable(text: str) -> str:
    """``text`` with lone surrogates replaced: it can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _annotated(payload: Payload) -> WebhookEvent:
    items = list(_items(payload, "annotation", "annotations"))
    tasks = [_number(item) for item in _items(payload, "task", "tasks")]
    labels: list[NewLabel] = []
    machine: list[NewLabel] = []
    withdrawn: list[int] = []
    for place, item in enumerate(items):
        annotation = _number(item)
        task = _number(item.get("task"))
        if task is None and len(tasks) == len(items):
            task = tasks[place]
        if annotation is None:
            continue
        if item.get("was_cancelled"):
            withdrawn.append(annotation)
        elif task is not None:
            label = NewLabel(annotation, task, _number(item.get("completed_by")), _seconds(item))
            (machine if is_machine_answer(item) else labels).append(label)
    reason = f"{len(labels)} submitted, {len(withdrawn)} skipped, {len(machine)} copied from predictions."
    return WebhookEvent(reason, labels=tuple(labels), machine=tuple(machine), withdrawn=tuple(withdrawn))


def _unannotated(payload: Payload) -> WebhookEvent:
    gone = tuple(_numbers(_items(payload, "annotation", "annotations")))
    return WebhookEvent(f"{len(gone)} annotations deleted.", withdrawn=gone)


def _tasks_deleted(payload: Payload) -> WebhookEvent:
    gone = tuple(_numbers(_items(payload, "task", "tasks")))
    return WebhookEvent(f"{len(gone)} tasks deleted.", deleted_tasks=gone)


def _project_changed(payload: Payload) -> WebhookEvent:
    return WebhookEvent("The project changed.")


def _start(payload: Payload) -> WebhookEvent:
    return WebhookEvent("Training was asked for.", train_now=True)


_READERS: Final[Mapping[str, Callable[[Payload], WebhookEvent]]] = {
    "START_TRAINING": _start,
    "ANNOTATION_CREATED": _annotated,
    "ANNOTATIONS_CREATED": _annotated,
    "ANNOTATION_UPDATED": _annotated,
    "ANNOTATION_DELETED": _unannotated,
    "ANNOTATIONS_DELETED": _unannotated,
    "TASKS_CREATED": _project_changed,
    "TASKS_DELETED": _tasks_deleted,
    "PROJECT_UPDATED": _project_changed,
}


def _items(payload: Payload, *names: str) -> Iterable[Payload]:
    """The mappings under any of ``names``: Label Studio sends one or a list under either name."""
    for name in names:
        value = payload.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield item


def _numbers(items: Iterable[Payload]) -> Iterable[int]:
    return (number for item in items if (number := _number(item)) is not None)


def _seconds(item: Payload) -> float | None:
    """The time that the annotator took, as far as it is one."""
    value = item.get("lead_time")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LONGEST_SECONDS:
        return None
    return float(value)


def _number(value: object) -> int | None:
    """The id that ``value`` is or holds as ``id``; ids fit into SQLite's integers."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if _is_id(value) else None


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62
