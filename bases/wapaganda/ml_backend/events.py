"""What a webhook of Label Studio means; plain values in, an `Intent` out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from wapaganda.ml_backend.identity import ProjectRef, project_ref

Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NewLabel:
    """An annotation that somebody has submitted (an empty one counts, too), by its id and its task's."""

    annotation: int
    task: int


@dataclass(frozen=True, slots=True)
class Intent:
    """What an event asks of the backend; events get lost, so this is a hint and never the only way to a
    label.

    ``total`` is the number of labelled tasks in the whole project, as Label Studio counts them; with it,
    hints that were lost are made up for by the next one that arrives.
    """

    reason: str
    project: ProjectRef | None = None
    train_now: bool = False
    labels: tuple[NewLabel, ...] = ()
    withdrawn: tuple[int, ...] = ()
    deleted_tasks: tuple[int, ...] = ()
    total: int | None = None
    label_config: str | None = None

    @property
    def is_ignored(self) -> bool:
        """Whether there is nothing to do."""
        return self.project is None


def decide(payload: Payload) -> Intent:
    """The intent of one webhook body; unknown actions and bodies without a project are ignored with a
    reason.
    """
    action = payload.get("action")
    reader = _READERS.get(action) if isinstance(action, str) else None
    if reader is None:
        return Intent("This event means nothing to the backend.")
    project = _project(payload)
    if project is None or project.number is None:
        return Intent("The event names no project of Label Studio; let the webhook send its payload.")
    about = payload.get("project")
    known = replace(reader(payload), project=project)
    if not isinstance(about, Mapping):
        return known
    config = about.get("label_config")
    return replace(
        known,
        total=_labelled_tasks(about),
        label_config=_storable(config) if isinstance(config, str) else None,
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
    """Label Studio counts tasks with annotations without the ground truth ones, which it counts apart."""
    counts = [project.get(name) for name in ("num_tasks_with_annotations", "ground_truth_number")]
    numbers = [count for count in counts if _is_id(count)]
    return sum(numbers) if numbers else None


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _annotated(payload: Payload) -> Intent:
    items = list(_items(payload, "annotation", "annotations"))
    tasks = [_number(item) for item in _items(payload, "task", "tasks")]
    labels, withdrawn = [], []
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
            labels.append(NewLabel(annotation, task))
    reason = f"{len(labels)} submitted, {len(withdrawn)} skipped."
    return Intent(reason, labels=tuple(labels), withdrawn=tuple(withdrawn))


def _unannotated(payload: Payload) -> Intent:
    gone = tuple(_numbers(_items(payload, "annotation", "annotations")))
    return Intent(f"{len(gone)} annotations deleted.", withdrawn=gone)


def _tasks_deleted(payload: Payload) -> Intent:
    gone = tuple(_numbers(_items(payload, "task", "tasks")))
    return Intent(f"{len(gone)} tasks deleted.", deleted_tasks=gone)


def _noted(payload: Payload) -> Intent:
    return Intent("The project changed.")


def _start(payload: Payload) -> Intent:
    return Intent("Training was asked for.", train_now=True)


_READERS: Final[Mapping[str, Callable[[Payload], Intent]]] = {
    "START_TRAINING": _start,
    "ANNOTATION_CREATED": _annotated,
    "ANNOTATIONS_CREATED": _annotated,
    "ANNOTATION_UPDATED": _annotated,
    "ANNOTATION_DELETED": _unannotated,
    "ANNOTATIONS_DELETED": _unannotated,
    "TASKS_CREATED": _noted,
    "TASKS_DELETED": _tasks_deleted,
    "PROJECT_UPDATED": _noted,
}


def _items(payload: Payload, *names: str) -> Iterable[Payload]:
    """The mappings under any of ``names``: Label Studio sends one, or a list of them, under either name."""
    for name in names:
        value = payload.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield item


def _numbers(items: Iterable[Payload]) -> Iterable[int]:
    return (number for item in items if (number := _number(item)) is not None)


def _number(value: object) -> int | None:
    """The id that ``value`` is, or holds as ``id``; ids fit into SQLite's integers."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if _is_id(value) else None


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62
