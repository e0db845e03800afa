"""The two sources that the product knows: a Label Studio project, and files."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wapaganda.annotation import read_documents, write_jsonl
from wapaganda.label_studio import LabelStudio, ProjectInfo, VersionTakenError
from wapaganda.label_studio import Suggestion as StudioSuggestion
from wapaganda.ner import Document, LabelSchema, Repairs
from wapaganda.pipeline.ports import BatchNameTakenError, Changes, Progress, Suggestion


@dataclass(frozen=True, slots=True)
class LabelStudioSource:
    """A Label Studio project; document ids are its task ids."""

    studio: LabelStudio
    project_id: int

    @property
    def name(self) -> str:
        """``label-studio``."""
        return "label-studio"

    def schema(self) -> LabelSchema:
        """The labels of the project's config, in its order."""
        return LabelSchema(tuple(self.studio.project(self.project_id).label_config.labels))

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """Tasks that changed since the cursor; all when the project or its label config is another one."""
        project = self.studio.project(self.project_id)  # before: a task too few is noticed, one too many not
        reading = _digest(project)
        since, _, read_by = (cursor or "").partition(" ")
        start = since if read_by == reading else None
        found = self.studio.fetch(self.project_id, start, lambda done, total: progress("fetch", done, total))
        return Changes(
            documents=found.documents,
            unlabelled=[document.id for document in found.documents if not document.is_labelled],
            total=project.n_tasks,
            cursor=f"{found.cursor} {reading}",
            notes=(*_repair_notes(found.repairs), *found.warnings),
        )

    def ids(self) -> frozenset[str]:
        """The ids of all tasks; takes about a second for 1,000."""
        return frozenset(str(number) for number in self.studio.all_ids(self.project_id))

    def batch_name(self, number: int) -> str:
        """``al-<number>``, or the next number that no released batch of the project has."""
        found = (re.fullmatch(r"al-(\d+)", version) for version in self.studio.versions(self.project_id))
        taken = [int(match[1]) for match in found if match]
        return f"al-{max([number, *(last + 1 for last in taken)]):03d}"

    def release(self, version: str, batch: Sequence[Suggestion], progress: Progress) -> str:
        """Import the batch as predictions of ``version`` and make Label Studio serve it in its order."""
        offers = [
            StudioSuggestion(int(item.document_id), item.text, item.spans, item.uncertainty) for item in batch
        ]
        try:
            report = self.studio.release(
                self.project_id, offers, version, lambda done, total: progress("release", done, total)
            )
        except VersionTakenError as error:
            raise BatchNameTakenError(str(error)) from error
        left_out = (
            f" {len(report.left_out)} were left out, such as {report.left_out[0]}." if report.left_out else ""
        )
        served = report.n_created + report.n_present
        address = f"{self.studio.url}/projects/{self.project_id}/data?tab={report.view_id}"
        return " ".join(
            (f"Label Studio serves {served} texts as {version}: {address}.{left_out}", *report.warnings)
        )


@dataclass(frozen=True, slots=True)
class FileSource:
    """Labelled texts in ``data``, unlabelled ones in ``pool``; batches are written into ``out``.

    A text of the pool that stands among the labelled ones, too, counts as labelled: answer a batch by adding
    it to ``data``.
    """

    data: Path
    pool: Path
    out: Path

    @property
    def name(self) -> str:
        """``files``."""
        return "files"

    def schema(self) -> LabelSchema:
        """The labels that the labelled texts use, sorted."""
        return LabelSchema.of(read_documents(self.data).documents)

    def fetch(self, cursor: str | None, progress: Progress) -> Changes:
        """Both files, whole: files carry no clock worth trusting."""
        labelled = read_documents(self.data)
        pool = read_documents(self.pool)
        documents = _known_once(labelled.documents, pool.documents)
        progress("fetch", len(documents), len(documents))
        waiting = [document.id for document in documents if not document.is_labelled]
        repairs = _repair_notes(labelled.repairs + pool.repairs)
        return Changes(documents, waiting, len(documents), notes=(*repairs, *labelled.skipped, *pool.skipped))

    def ids(self) -> frozenset[str]:
        """The ids of all texts in both files."""
        documents = _known_once(read_documents(self.data).documents, read_documents(self.pool).documents)
        return frozenset(document.id for document in documents)

    def batch_name(self, number: int) -> str:
        """``al-<number>``, or the next number without a file in ``out``."""
        while (self.out / f"al-{number:03d}.jsonl").exists():
            number += 1
        return f"al-{number:03d}"

    def release(self, version: str, batch: Sequence[Suggestion], progress: Progress) -> str:
        """Write ``<out>/<version>.jsonl``: the texts in their order with the proposed spans."""
        target = self.out / f"{version}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl([_suggested(item) for item in batch], target)
        progress("release", len(batch), len(batch))
        return f"{len(batch)} texts with proposed spans stand in {target}."


def _digest(project: ProjectInfo) -> str:
    """What decides whose annotations are read and how, in short."""
    config = project.label_config
    parts = (
        project.created_at,
        config.labels,
        config.from_name,
        config.to_name,
        config.data_key,
        sorted(config.aliases.items()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _known_once(labelled: Sequence[Document], pool: Sequence[Document]) -> list[Document]:
    """The labelled documents, and those of the pool that are not among them, unlabelled."""
    answered = [document for document in labelled if document.is_labelled]
    texts = {document.text for document in answered}
    waiting = [document.with_spans(None) for document in pool if document.text not in texts]
    return [*_named_by_text(answered), *_named_by_text(waiting)]


def _named_by_text(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents under ids made of their texts, so that an answered text is known as the one offered.

    Copies of a text are numbered.
    """
    copies: Counter[str] = Counter()
    for document in documents:
        key = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        copies[key] += 1
        name = key if copies[key] == 1 else f"{key}-{copies[key]}"
        yield Document(name, document.text, document.spans, document.meta)


def _suggested(item: Suggestion) -> Document:
    return Document(
        item.document_id,
        item.text,
        item.spans,
        {"rank": item.rank, "uncertainty": round(item.uncertainty, 6)},
    )


def _repair_notes(repairs: Repairs) -> tuple[str, ...]:
    return (f"Spans repaired while reading: {repairs.describe()}.",) if repairs.total else ()
