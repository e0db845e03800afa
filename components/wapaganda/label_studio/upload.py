"""Import documents into a project, each exactly once, even when the network fails."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wapaganda.annotation import LabelConfig, proposal_of, task_from_document
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import all_tasks, id_above, page_of_tasks, query_of
from wapaganda.label_studio.errors import LabelStudioError, OutcomeUnknownError
from wapaganda.ner import Document, Span
from wapaganda.progress import Progress, silent

CHUNK_DOCUMENTS = 1000
CHUNK_CHARACTERS = 10_000_000
UPLOAD_TIMEOUT = 300.0
PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds between checks of an unknown outcome
_SHOWN = 5

Payload = dict[str, Any]


def import_documents(
    connection: Connection,
    project: int,
    config: LabelConfig,
    documents: Sequence[Document],
    progress: Progress = silent,
) -> list[int]:
    """Create one task for each document and return the ids in order.

    A task gets an annotation if its document is labelled, else a prediction if a model proposed spans.

    Raises:
        LabelStudioError: a document cannot be a task (nothing is sent then), or the server created
            other tasks than requested.
    """
    check_importable(documents, config)
    made: list[int] = []
    for chunk in _chunks(documents):
        made += _import_chunk(connection, project, [_payload(document, config) for document in chunk])
        progress("import", len(made), len(documents))
    return made


def check_importable(documents: Iterable[Document], config: LabelConfig) -> None:
    """Check that every document can be a task of a project with this label config.

    Raises:
        LabelStudioError: a span or a label cannot be imported, or a value is no JSON; it names the documents.
    """
    documents = list(documents)
    marked = ((each.id, each.text, each.spans or _proposed(each)) for each in documents)
    refuse_unusable(marked, config)
    for document in documents:
        try:
            json.dumps(_payload(document, config), ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError) as error:
            message = f"Nothing was sent: {document.id} holds a value that is no JSON ({error})."
            raise LabelStudioError(message) from error


def _proposed(document: Document) -> Sequence[Span]:
    proposal = proposal_of(document)
    return () if proposal is None else proposal.spans


def _payload(document: Document, config: LabelConfig) -> Payload:
    """The task of a document; its ``meta`` names the document, so that an import can be recognised."""
    task = dict(task_from_document(document, config))
    return task | {"meta": {**task.get("meta", {}), "document_id": document.id}}


def _chunks(documents: Sequence[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    characters = 0
    for document in documents:
        if chunk and (len(chunk) >= CHUNK_DOCUMENTS or characters + len(document.text) > CHUNK_CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(document)
        characters += len(document.text)
    if chunk:
        yield chunk


def _import_chunk(connection: Connection, project: int, tasks: list[Payload]) -> list[int]:
    """Send one chunk, which Label Studio stores completely or not at all."""
    before = _newest_id(connection, project)
    names = [task["meta"]["document_id"] for task in tasks]
    path, params = f"/api/projects/{project}/import", {"return_task_ids": "true"}
    for attempt in range(connection.retries + 1):
        try:
            answer = connection.create(path, tasks, params, timeout=max(UPLOAD_TIMEOUT, connection.timeout))
        except OutcomeUnknownError as error:
            arrived = _arrived(connection, project, before, names, error.still_running)
            if arrived:
                return arrived
            if error.still_running or attempt == connection.retries:
                raise
        else:
            return _counted(answer, tasks)
    raise AssertionError("unreachable")


def _newest_id(connection: Connection, project: int) -> int:
    query = {"ordering": ["-tasks:id"]}
    tasks, _, _ = page_of_tasks(connection, project, "id", query=query, page=1, page_size=1)
    return int(tasks[0]["id"]) if tasks else 0


def _arrived(
    connection: Connection, project: int, before: int, names: list[str], still_running: bool
) -> list[int]:
    """The ids of the documents' tasks above ``before``; asks repeatedly while the server may work on them."""
    for pause in PATIENCE if still_running else PATIENCE[:1]:
        connection.sleep(pause)
        query = query_of([id_above(before)])
        tasks = [
            task
            for task in all_tasks(connection, project, "id,meta", query)
            if (task.get("meta") or {}).get("document_id") in set(names)
        ]
        if [task["meta"]["document_id"] for task in tasks] == names:
            return [int(task["id"]) for task in tasks]
        if tasks and not still_running:
            raise LabelStudioError(
                f"Expected {len(names)} documents to arrive, was: {len(tasks)}.",
                "Look at the project first.",
            )
    return []


def _counted(answer: dict[str, Any], tasks: list[Payload]) -> list[int]:
    made = [int(number) for number in answer.get("task_ids", [])]
    annotations = sum(len(task.get("annotations", [])) for task in tasks)
    if len(made) != len(tasks) or answer.get("annotation_count") != annotations:
        raise LabelStudioError(
            f"Expected {len(tasks)} tasks with {annotations} annotations to be made, "
            f"was: {len(made)} with {answer.get('annotation_count')}.",
            "Look at the project before you import again.",
        )
    return made


def refuse_unusable(items: Iterable[tuple[str, str, Sequence[Span]]], config: LabelConfig) -> None:
    """Check (name, text, spans) of everything to be sent: Label Studio would drop bad spans silently.

    Raises:
        LabelStudioError: a span lies outside its text or its label is not in the project's configuration.
    """
    problems = [
        f"{name}: {problem}" for name, text, spans in items for problem in _problems(text, spans, config)
    ]
    if problems:
        more = f" … and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise LabelStudioError(f"Nothing was sent: {'; '.join(problems[:_SHOWN])}{more}.")


def _problems(text: str, spans: Sequence[Span], config: LabelConfig) -> Iterable[str]:
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            yield f"expected a span within 0–{len(text)}, was: {span.start}–{span.end}"
        if config.canonical(span.label) is None:
            yield f"expected one of the labels {', '.join(config.labels)}, was: {span.label!r}"
        if span.score is not None and not 0 <= span.score <= 1:
            yield f"expected a span score in [0, 1], was: {span.score}"
