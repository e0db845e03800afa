"""The client of Label Studio."""

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx

from wapaganda.annotation import (
    REMARKS,
    LabelChange,
    LabelConfig,
    ReadOptions,
    document_from_task,
    parse_label_config,
    result_from_spans,
)
from wapaganda.label_studio import (
    backend,
    changes,
    data_manager,
    diagnosis,
    label_changes,
    release,
    upload,
    write_back,
)
from wapaganda.label_studio.connection import Connection, unexpected
from wapaganda.label_studio.errors import LabelStudioError, RejectedError
from wapaganda.label_studio.label_changes import ChangePlan
from wapaganda.label_studio.records import (
    BackendInfo,
    CheckResult,
    ProjectInfo,
    ReleaseReport,
    Server,
    ShownReading,
    TaskChanges,
)
from wapaganda.label_studio.tabs import project_texts, readings, term_places, views
from wapaganda.label_studio.write_back import WrittenAnnotations
from wapaganda.ner import Document, Span
from wapaganda.progress import Progress, silent

if TYPE_CHECKING:
    from label_studio_sdk import LseProjectResponse


class LabelStudio:
    """One Label Studio, with a personal access token or a legacy token.

    ``timeout`` is in seconds for one request; imports have at least five minutes. ``retries`` counts the
    attempts after the first. ``reading``: how label configs with several texts or tags and renamed labels are
    read. ``public_url``: its address in the browsers of people, if that is another one. All methods raise
    ``LabelStudioError``; its ``hint`` says what to do.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        reading: ReadOptions | None = None,
        public_url: str = "",
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._public_url = public_url.rstrip("/")
        self._reading = reading or ReadOptions()
        self._connection = Connection(
            url, api_key, timeout=timeout, retries=retries, transport=transport, sleep=sleep
        )

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return self._connection.url

    def page(self, project: int, tab: int | None = None) -> str:
        """The address of the project, or of one of its tabs, that people can open."""
        place = "" if tab is None else f"?tab={tab}"
        return f"{self._public_url or self.url}/projects/{project}/data{place}"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> Server:
        """The server's version and the token's user."""
        return diagnosis.server(self._connection)

    def create_project(self, title: str, label_config: str) -> int:
        """Create a project with this XML labelling configuration; return its id."""
        self._parse(label_config)
        create = self._connection.sdk.projects.create
        made = self._connection.once(
            create, title=title, label_config=label_config, show_collab_predictions=True
        )
        return int(made.id)

    def instruct(self, project_id: int, text: str) -> bool:
        """Show annotators this instruction (HTML) before the first text, unless the project has one already;
        whether it was written."""
        return project_texts.instruct(self._connection, project_id, text)

    def describe(self, project_id: int, address: str) -> None:
        """Name the page about the project in its description, whose other lines stay."""
        project_texts.describe(self._connection, project_id, address)

    def projects(self) -> list[tuple[int, str]]:
        """Id and title of every project, newest first."""
        found: list[tuple[int, str]] = []
        page = 1
        while True:
            answer = self._connection.repeat(
                self._connection.sdk.projects.list, page=page, page_size=100, include="id,title"
            ).response  # the SDK's own pages end with an error
            found += [(int(project.id), str(project.title)) for project in answer.results]
            if not answer.next:
                return found
            page += 1

    def project(self, project_id: int) -> ProjectInfo:
        """A project as it is now."""
        found = self._found(project_id)
        return _project(found, self._config(found))

    def set_label_config(self, project_id: int, label_config: str) -> None:
        """Replace the XML labelling configuration."""
        self._parse(label_config)
        self._connection.repeat(self._connection.sdk.projects.update, project_id, label_config=label_config)

    def plan_label_change(
        self, project_id: int, kind: str, old: str, new: str, progress: Progress = silent
    ) -> ChangePlan:
        """What a change of labels would change: ``rename`` or ``merge`` a label, or rename a ``tag``.

        Nothing is written.

        Raises:
            FormatError: the label config has not the labels or tags that the change needs.
        """
        tags = () if kind == "tag" else self._label_tags(project_id)
        change = LabelChange(kind, old, new, tags)
        return label_changes.plan_change(self._connection, project_id, change, progress)

    def plan_label_split(
        self,
        project_id: int,
        old: str,
        into: Sequence[str],
        by: Mapping[str, str],
        progress: Progress = silent,
    ) -> ChangePlan:
        """What a split of the label ``old`` would change: ``by`` names the new label for some words.

        Nothing is written. Regions with other words keep the old label.

        Raises:
            FormatError: the label config does not have the label.
        """
        tags = self._label_tags(project_id)
        change = LabelChange("split", old, ",".join(into), tags, tuple(into), dict(by))
        return label_changes.plan_change(self._connection, project_id, change, progress)

    def _label_tags(self, project_id: int) -> tuple[str, ...]:
        config = self._label_config(project_id)
        return tuple(dict.fromkeys((config.from_name, *config.tags.values())))

    def apply_label_change(self, plan: ChangePlan, path: Path, progress: Progress = silent) -> ChangePlan:
        """Carry out a change, saved in ``path``, or go on with one that was interrupted."""
        return label_changes.apply_change(self._connection, plan, path, progress)

    def undo_label_change(self, plan: ChangePlan, path: Path, progress: Progress = silent) -> ChangePlan:
        """Undo a change, also one that was interrupted; what was changed by others since stays.

        Raises:
            LabelStudioError: the label config was changed since.
        """
        return label_changes.undo_change(self._connection, plan, path, progress)

    def use_uncertainty_sampling(self, project_id: int) -> None:
        """Make "Label All Tasks" follow the released order; only the API can set this, not the web page."""
        self._connection.repeat(self._connection.sdk.projects.update, project_id, sampling=release.SAMPLING)

    def import_documents(
        self, project_id: int, documents: Sequence[Document], progress: Progress = silent
    ) -> list[int]:
        """Create one task for each document, with an annotation if it is labelled; return the ids in order.

        All documents are checked before the first is sent, and counted after each chunk of 1,000.
        """
        config = self._label_config(project_id)
        return upload.import_documents(self._connection, project_id, config, documents, progress)

    def fetch(self, project_id: int, cursor: str | None = None, progress: Progress = silent) -> TaskChanges:
        """The documents that changed since ``cursor`` (all with ``None``); a document's id is its task's."""
        config = self._label_config(project_id)
        return changes.fetch(self._connection, project_id, config, cursor, progress)

    def all_ids(self, project_id: int) -> list[int]:
        """The ids of all tasks, ascending; a document that is not among them was deleted.

        Label Studio takes about a second for 1,000 ids: compare ``ProjectInfo.n_tasks`` first.
        """
        return data_manager.task_ids(self._connection, project_id)

    def versions(self, project_id: int) -> dict[str, int]:
        """The number of predictions of each model version, without remarks; a released batch is one, too."""
        found = data_manager.model_versions(self._connection, project_id)
        return {name: number for name, number in found.items() if not name.startswith(REMARKS)}

    def released_at(self, project_id: int, version: str) -> tuple[datetime, datetime] | None:
        """When a prediction of this version was stored, and the time now, both by Label Studio's clock.

        ``None``: there is none.
        """
        return release.stored_at(self._connection, project_id, version)

    def release(
        self,
        project_id: int,
        batch: Sequence[Document],
        version: str,
        progress: Progress = silent,
        *,
        chunk_size: int = release.CHUNK,
        earlier: Sequence[Document] = (),
        known: Collection[str] = (),
    ) -> ReleaseReport:
        """Release the batch to annotators in this order, pre-annotated, as ``version`` (such as ``al-001``).

        It can be repeated after a failure or a restart: nothing is stored twice. ``earlier``: texts of
        earlier batches; those that are not finished in Label Studio get their spans as a prediction of
        ``version``, too, because annotators see no other version. ``known``: the ids of all texts of earlier
        batches.
        """
        project = self.project(project_id)
        offer = release.Offer(batch, version, earlier, frozenset(known))
        return release.release(self._connection, project, offer, progress, chunk_size)

    def write_predictions(
        self,
        project_id: int,
        documents: Sequence[Document],
        version: str,
        known: Collection[str] = (),
        progress: Progress = silent,
    ) -> int:
        """Store the spans of each document as a prediction of ``version``, and show these to annotators.

        It can be repeated after a failure or a restart: nothing is stored twice. ``known``: the ids of all
        documents that may have a prediction of the version. Returns the number of tasks that have one.
        """
        project = self.project(project_id)
        return write_back.write_predictions(self._connection, project, documents, version, known, progress)

    def write_annotations(
        self,
        project_id: int,
        version: str,
        task_ids: Sequence[int],
        path: Path,
        progress: Progress = silent,
    ) -> WrittenAnnotations:
        """Make annotations of the token's user from the predictions of ``version``, where nobody has any.

        ``path``: the file that records them, by which they can be taken back. It can be repeated.
        """
        return write_back.write_annotations(self._connection, project_id, version, task_ids, path, progress)

    def undo_annotations(
        self, project_id: int, path: Path, progress: Progress = silent
    ) -> WrittenAnnotations | None:
        """Delete the annotations that ``write_annotations`` has recorded in ``path``, if nobody has worked
        at them; ``None`` if there are none. It can be repeated."""
        return write_back.undo_annotations(self._connection, project_id, path, progress)

    def show_annotated(self, project_id: int, task_ids: Sequence[int], title: str) -> int:
        """Create or update the tab ``title`` with exactly these annotated tasks; return its id."""
        text = self._label_config(project_id).data_key
        return views.view_of_annotated(self._connection, project_id, title, task_ids, text)

    def show_readings(self, project_id: int, title: str, found: Sequence[ShownReading]) -> tuple[int, str]:
        """Show what a model would mark beside the annotations of these tasks, in the tab ``title``.

        The tab has their order, and a task leaves it when an answer is submitted. Returns the tab's id, and
        the time (ISO 8601, by Label Studio's clock) since when the readings are seen. It can be repeated.
        """
        return readings.show_readings(self._connection, self.project(project_id), title, found)

    def show_places(self, project_id: int, title: str, says: str, found: Sequence[Document]) -> int:
        """Show these spans in open tasks as a remark that ``says`` what they are, in the tab ``title``.

        Annotators do not get them as proposals. A task leaves the tab when it is labelled. It can be
        repeated; other places with the same words are deleted. Returns the tab's id.
        """
        return term_places.show_places(self._connection, self.project(project_id), title, says, found)

    def remove_places(self, project_id: int, title: str, says: str) -> None:
        """Delete the tab ``title`` and all places that say so. It can be repeated."""
        term_places.remove_places(self._connection, self.project(project_id), title, says)

    def change_proposals(self, project_id: int, documents: Sequence[Document]) -> tuple[int, ...]:
        """Give open tasks other spans in the batch that is served now; those of others stay.

        Returns the tasks that were changed: those that have a proposal in that batch, other spans in it, and
        no label of a person.
        """
        return release.change_proposals(self._connection, self.project(project_id), documents)

    def set_annotators(self, project_id: int, number: int, share: int) -> None:
        """Ask for answers of ``number`` annotators in ``share`` percent of the tasks; only the API can.

        "Label All Tasks" then offers such a task to the next user as well, until it has as many answers.
        """
        update = self._connection.sdk.projects.update
        self._connection.repeat(
            update, project_id, maximum_annotations=number, overlap_cohort_percentage=share
        )

    def user_names(self) -> dict[str, str]:
        """The email addresses of the users by their numbers."""
        found = self._connection.get("/api/users/")
        return {str(user["id"]): str(user["email"]) for user in found}

    def connect_backend(
        self, project_id: int, url: str, title: str = "wapaganda", basic_auth: tuple[str, str] | None = None
    ) -> BackendInfo:
        """Connect an ML backend and give its webhook the credentials; can be repeated."""
        return backend.connect_backend(self._connection, project_id, url, title, basic_auth)

    def diagnose(
        self,
        project_id: int | None = None,
        backend_url: str | None = None,
        basic_auth: tuple[str, str] | None = None,
    ) -> list[CheckResult]:
        """Check for known problems; reports them instead of raising, and changes nothing."""
        return diagnosis.diagnose(self._connection, project_id, backend_url, basic_auth, self._parse)

    def next_document(self, project_id: int) -> Document | None:
        """The next document for the token's user, locked for them; ``None`` when nothing is left."""
        config = self._label_config(project_id)
        try:
            task = self._connection.get(f"/api/projects/{project_id}/next")
        except RejectedError as error:
            if error.status == 404:
                return None
            raise
        document: Document = document_from_task(task, config)
        return document

    def annotate(
        self, project_id: int, task_id: int, text: str, spans: Sequence[Span] | None, seconds: float = 0.0
    ) -> int:
        """Submit an annotation, or a skip with ``None``, as the token's user; return its id."""
        config = self._label_config(project_id)
        annotations = self._connection.sdk.annotations
        try:
            made = self._connection.repeat(
                annotations.create,
                task_id,
                result=result_from_spans(spans or (), text, config),
                was_cancelled=spans is None,
                lead_time=seconds,
                unique_id=str(uuid.uuid4()),  # the server refuses a second one with the same id
            )
        except RejectedError as error:
            if error.status != 409:
                raise
            return max(int(known.id) for known in self._connection.repeat(annotations.list, task_id))
        return int(made.id)

    def _label_config(self, project_id: int) -> LabelConfig:
        """Fetched alone: the counts of a large project take Label Studio seconds."""
        return self._config(self._found(project_id, "id,label_config"))

    def _config(self, found: "LseProjectResponse") -> LabelConfig:
        try:
            return self._parse(str(found.label_config))
        except ValueError as error:
            raise LabelStudioError(f"Project {found.id} cannot be used: {error}") from error

    def _parse(self, label_config: str) -> LabelConfig:
        config = parse_label_config(label_config, self._reading.label_tag, self._reading.text_field)
        return replace(config, mapping=self._reading.mapping, answers=self._reading.answers)

    def _found(self, project_id: int, include: str | None = None) -> "LseProjectResponse":
        get, only = self._connection.sdk.projects.get, {"additional_query_parameters": {"include": include}}
        try:
            found: LseProjectResponse = self._connection.repeat(get, project_id, request_options=only)
        except RejectedError as error:
            if error.status == 404:
                raise LabelStudioError(
                    f"There is no project {project_id} at {self.url}, or the token's user may not see it.",
                    "The number is in the project's address: /projects/NUMBER/.",
                ) from None
            raise
        if found.id != project_id:
            raise unexpected(f"project {project_id}", self.url)
        return found


def _project(found: "LseProjectResponse", config: LabelConfig) -> ProjectInfo:
    return ProjectInfo(
        id=int(found.id or 0),
        title=str(found.title),
        created_at=found.created_at.isoformat() if found.created_at else "",
        label_config=config,
        model_version=str(found.model_version or ""),
        sampling=str(found.sampling or ""),
        n_tasks=int(found.task_number or 0),
        n_finished=int(found.finished_task_number or 0),
        n_annotations=int(found.total_annotations_number or 0),
        n_predictions=int(found.total_predictions_number or 0),
        annotators_per_task=int(found.maximum_annotations or 1),
        shows_predictions=found.show_collab_predictions is not False,
    )
