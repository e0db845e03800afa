"""Bringing documents into a project, each once, whatever the network does."""

from collections.abc import Iterator, Sequence
from typing import Any

from wapaganda.annotation import LabelConfig, task_from_document
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.errors import LabelStudioError, OutcomeUnknownError
from wapaganda.label_studio.listing import all_tasks, id_above, page_of_tasks, query_of
from wapaganda.label_studio.records import Progress
from wapaganda.label_studio.validation import refuse_unusable
from wapaganda.ner import Document

CHUNK_DOCUMENTS = 1000
CHUNK_CHARACTERS = 10_000_000
UPLOAD_TIMEOUT = 300.0
PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds between looks for a write of unknown outcome

Payload = dict[str, Any]


def import_documents(
    connection: Connection,
    project: int,
    config: LabelConfig,
    documents: Sequence[Document],
    on_progress: Progress | None = None,
) -> list[int]:
    """Makes one task of each document, with its annotation when it is labelled; the task ids in order.

    Raises:
        LabelStudioError: a document cannot be a task (nothing is sent then), or the server made
            other tasks than it was asked for.
    """
    refuse_unusable(((doc.id, doc.text, doc.spans or ()) for doc in documents), config)
    made: list[int] = []
    for chunk in _chunks(documents):
        made += _import_chunk(connection, project, [_payload(document, config) for document in chunk])
        if on_progress is not None:
            on_progress(len(made), len(documents))
    return made


def _payload(document: Document, config: LabelConfig) -> Payload:
    """The task of a document; its ``meta`` names the document, by which an import is recognised."""
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
    """Sends one chunk, which Label Studio takes as a whole or not at all."""
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
    """Looks for the documents' tasks above ``before``, patiently when the server may still be at it."""
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
                f"Of {len(names)} documents that were sent {len(tasks)} arrived.",
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
