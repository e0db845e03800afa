"""A Label Studio project as a source."""

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wapaganda.annotation import AnswerRule, LabelConfig
from wapaganda.label_studio import (
    LabelStudio,
    LabelStudioError,
    ProjectInfo,
    VersionTakenError,
    WrittenAnnotations,
)
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline.ports import (
    NOTHING_EARLIER,
    REVIEW,
    TRAINING_BATCH,
    BatchNameTakenError,
    Changes,
    Earlier,
    ProjectTakenError,
)
from wapaganda.progress import Progress

logger = logging.getLogger(__name__)

_BATCH = re.compile(rf"(?P<kind>{TRAINING_BATCH}|{REVIEW})-(?P<number>\d+)(-(?P<loop>[0-9a-f]+))?(-by-.+)?")
"""The name of a batch; release 0.1 had no loop in it."""
_TERM = timedelta(days=1)
"""For so long the loop that released the last batch is alone, if it releases no other one."""
_READER = 5
"""Raise it when tasks are read in another way: then all are read again."""


@dataclass(frozen=True, slots=True)
class LabelStudioSource:
    """A Label Studio project; document ids are its task ids.

    ``loop`` is a short id of the loop that releases batches: their names end with it. So two loops on one
    project, each with its own ledger, never write under the same name. ``takes_over``: it goes on although
    another loop has released the last batch.
    """

    studio: LabelStudio
    project_id: int
    loop: str = ""
    takes_over: bool = False

    @property
    def name(self) -> str:
        """``label-studio``."""
        return "label-studio"

    def schema(self) -> LabelSchema:
        """The labels of the project's config, in its order."""
        return LabelSchema(tuple(self.studio.project(self.project_id).label_config.labels))

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """The tasks that changed since the cursor; all when the project or its label config has changed."""
        # The number of tasks is read first: the loop notices a missing task, but not an extra one.
        project = self.studio.project(self.project_id)
        reading = _digest(project)
        since, _, read_by = (cursor or "").partition(" ")
        start = since if read_by == reading else None
        found = self.studio.fetch(self.project_id, start, progress)
        return Changes(
            documents=found.documents,
            unlabelled=[document.id for document in found.documents if not document.is_labelled],
            total=project.n_tasks,
            cursor=f"{found.cursor} {reading}",
            complete=found.complete,
            report=found.report,
            labels=project.label_config.labels,
            renamed=_renamed(project.label_config),
            title=project.title,
            people=self._people(),
        )

    def _people(self) -> dict[str, str]:
        """The email addresses of the annotators; a token that may not list them is no reason to stop."""
        try:
            return self.studio.user_names()
        except LabelStudioError as error:
            logger.info("The names of the annotators are not known: %s", error)
            return {}

    def ids(self) -> frozenset[str]:
        """The ids of all tasks; takes about a second for 1,000."""
        return frozenset(str(number) for number in self.studio.all_ids(self.project_id))

    def claim(self) -> None:
        """Refuse while the last batch is another loop's and not older than a day.

        Label Studio stores no value on a condition. So two loops that release within the same seconds both
        pass; from then on the one that came last is alone. Both times are of Label Studio's clock.

        Raises:
            ProjectTakenError: another loop has released the last batch.
        """
        if not self.loop or self.takes_over:
            return
        found = (_BATCH.fullmatch(version) for version in self.studio.versions(self.project_id))
        batches = sorted((match for match in found if match), key=lambda match: int(match["number"]))
        last = {(match["kind"], match["loop"]): match for match in batches}.values()
        if all(match["loop"] in (None, self.loop) for match in last):
            return
        times = ((self.studio.released_at(self.project_id, match[0]), match) for match in last)
        dated = [(*at, match) for at, match in times if at is not None]
        if not dated:
            return
        released, now, batch = max(dated, key=lambda each: each[0])
        if batch["loop"] in (None, self.loop) or now - released >= _TERM:
            return
        raise ProjectTakenError(
            f"Expected no other loop in project {self.project_id}, was: loop {batch['loop']}, which has "
            f"released {batch[0]} on {released:%Y-%m-%d at %H:%M} UTC.",
            f"Stop that loop or this one ({self.loop}). If that one has ended, selfish update --project "
            f"{self.project_id} --take-over goes on with this one at once; else it does so a day after that "
            "release.",
        )

    def batch_name(self, number: int, kind: str = TRAINING_BATCH) -> str:
        """``<kind>-<number>-<loop>``, or the next number that no released batch of this kind has."""
        found = (_BATCH.fullmatch(version) for version in self.studio.versions(self.project_id))
        taken = [int(match["number"]) for match in found if match and match["kind"] == kind]
        name = f"{kind}-{max([number, *(last + 1 for last in taken)]):03d}"
        return f"{name}-{self.loop}" if self.loop else name

    @property
    def shows_one_batch(self) -> bool:
        """Yes: Label Studio shows the predictions of one version."""
        return True

    def release(
        self, version: str, batch: Sequence[Document], progress: Progress, earlier: Earlier = NOTHING_EARLIER
    ) -> str:
        """Import the batch as predictions of ``version`` and make Label Studio serve it in its order.

        The next texts and the unfinished ones of earlier batches get a prediction of ``version`` as well,
        since Label Studio shows annotators those of one version only. They are served after the batch.

        Raises:
            ProjectTakenError: another loop releases the batches of the project.
        """
        self.claim()
        served_before = self.studio.project(self.project_id).model_version
        try:
            report = self.studio.release(
                self.project_id, batch, version, progress, earlier=earlier.documents, known=earlier.ids
            )
        except VersionTakenError as error:
            raise BatchNameTakenError(str(error)) from error
        left_out = (
            f" {len(report.left_out)} were left out, such as {report.left_out[0]}." if report.left_out else ""
        )
        served = report.n_created + report.n_present
        n_next = min(earlier.n_next, report.n_earlier)
        still_open = (
            f" The next {n_next} follow, until the batch of a newer model replaces them." if n_next else ""
        )
        if report.n_earlier > n_next:
            n_open = report.n_earlier - n_next
            still_open += f" {n_open} unfinished texts of earlier batches keep their proposals."
        address = self.studio.page(self.project_id, report.view_id)
        return " ".join(
            (
                f"Label Studio serves {served} texts as {version}: {address}.{left_out}{still_open}",
                *report.warnings,
                *self._other_loop(served_before),
            )
        )

    def _other_loop(self, served: str) -> tuple[str, ...]:
        """A warning when the batch that annotators saw until now is of another loop."""
        match = _BATCH.fullmatch(served)
        if not self.loop or match is None or match["loop"] in (None, self.loop):
            return ()
        sentence = (
            f"Another loop ({match['loop']}) has released {served} in this project, and annotators see only "
            f"the batch that came last: stop that loop or this one ({self.loop}). If it has ended, this "
            "message does not come again."
        )
        logger.warning(sentence)
        return (sentence,)

    def change_proposals(self, documents: Sequence[Document]) -> frozenset[str]:
        """Change the predictions of the served version in open tasks; return the ids of the changed ones."""
        return frozenset(map(str, self.studio.change_proposals(self.project_id, documents)))

    def write_predictions(
        self, version: str, documents: Sequence[Document], known: Sequence[str], progress: Progress
    ) -> int:
        """Show the spans as predictions of ``version``; the tasks with the least confident spans come
        first."""
        try:
            return self.studio.write_predictions(self.project_id, documents, version, known, progress)
        except VersionTakenError as error:
            raise BatchNameTakenError(str(error)) from error

    def write_annotations(
        self, version: str, ids: Sequence[str], path: Path, progress: Progress
    ) -> tuple[int, int]:
        """Make annotations of the token's user from the predictions, where nobody has annotated or has a
        draft; return how many there are, and how many drafts stopped one."""
        numbers = [int(each) for each in ids]
        record = self.studio.write_annotations(self.project_id, version, numbers, path, progress)
        return len(record.written), record.n_drafts

    def undo_annotations(self, path: Path, progress: Progress) -> tuple[int, int]:
        """Delete the annotations that ``path`` records; return how many were deleted and how many stay."""
        before = WrittenAnnotations.load(path)
        after = self.studio.undo_annotations(self.project_id, path, progress)
        if before is None or after is None:
            return 0, 0
        return len(before.written) + len(before.kept) - len(after.kept), len(after.kept)


def _renamed(config: LabelConfig) -> dict[str, str]:
    """The present names of older labels, by aliases and by what the user has mapped."""
    old = (*config.aliases, *config.mapping.labels)
    return {name: label for name in old if (label := config.canonical(name)) is not None}


def _digest(project: ProjectInfo) -> str:
    """A digest of everything that determines which annotations are read, and how."""
    config = project.label_config
    parts = (
        _READER,
        project.created_at,
        config.labels,
        config.from_name,
        config.to_name,
        config.data_key,
        sorted(config.aliases.items()),
        sorted(config.tags.items()),
        sorted(config.beside),
        config.form.value,
        sorted(config.mapping.labels.items()),
        sorted(config.mapping.tags.items()),
        *([config.answers] if config.answers != AnswerRule() else []),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
