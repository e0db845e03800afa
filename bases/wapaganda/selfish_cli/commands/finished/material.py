"""The texts, the labels and the facts of a data set, from a Label Studio project or from files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.errors import InputError
from wapaganda.progress import Progress
from wapaganda.selfish_cli.inputs import read_pool, read_texts
from wapaganda.selfish_cli.project import CliProject, project_loop
from wapaganda.selfish_cli.ui.versions import undertrained

if TYPE_CHECKING:
    from wapaganda.annotation import ReadReport
    from wapaganda.dataset import CardFacts, LabelHistory, ModelLabels
    from wapaganda.ner import Document

READING = ("read_columns", "read_scheme", "text_field", "label_tag", "lenient", "answers")
"""The settings by which a source is read, for the manifest."""
HOW_TO_COMPLETE = (
    "selfish complete audits the model's labels of them and certifies the file; --with-machine takes these "
    "labels without a certificate."
)


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What the user says about the data set. ``created_at``: if it is not today."""

    title: str
    licence: str
    languages: tuple[str, ...]
    package: str
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """All texts of a project. ``ids``: those that the loop uses, by the ids of ``documents``."""

    documents: "Sequence[Document]"
    ids: dict[str, str]
    name: str
    title: str
    read: "ReadReport"
    is_files: bool = False


def source_of_project(context: CliProject, project: int, progress: Progress) -> Source:
    """The texts of a Label Studio project, fetched now."""
    loop = project_loop(context, project, progress)
    read = loop.fetch().report
    documents = list(loop.ledger.documents())
    title = context.studio().project(project).title
    ids = {document.id: document.id for document in documents}
    return Source(documents, ids, f"Label Studio project {project}", title, read)


def source_of_files(context: CliProject, data: Path, pool: Path | None, progress: Progress) -> Source:
    """The texts of a file with labels, and those of a pool that are not among them."""
    progress("read", 0, 0)
    from wapaganda.pipeline import texts_of_files

    texts = read_texts(data, context.reading)
    bare = [each for each in texts.documents if not each.is_labelled]
    rest = list(read_pool(pool, context.reading).documents) if pool is not None else []
    found = texts_of_files(texts.documents, [*bare, *rest])
    taken: dict[str, str] = {}
    documents = []
    for number, (loop_id, document) in enumerate(found, start=1):
        own = document.id if document.id not in taken else f"{document.id}#{number}"
        taken[own] = loop_id
        documents.append(document if own == document.id else replace(document, id=own))
    title = f"{data.name}: a data set for named-entity recognition"
    return Source(documents, taken, data.name, title, texts.report, True)


def machine_part(
    context: CliProject, source: Source, with_machine: bool, progress: Progress
) -> "ModelLabels | None":
    """The labels of a machine for the texts without labels: those that selfish complete has accepted, or with
    ``with_machine`` those of the live model.

    Raises:
        InputError: there is no model.
        CampaignError: the files of the completion are damaged.
    """
    from wapaganda.pipeline import accepted_labels, live_labels

    named = [replace(each, id=source.ids[each.id]) for each in source.documents]
    store = context.store()
    if not with_machine:
        accepted = accepted_labels(context.directory, named)
        return None if accepted is None else _by_own_ids(accepted, source)
    live = store.current()
    if live is None:
        raise InputError(
            f"Expected a trained model of {context.key} with --with-machine, was: none.",
            "Train one by selfish train or selfish update, or name another --name or --project.",
        )
    decided = context.decided_terms()
    found = live_labels(live, named, context.directory / "rounds", context.config(), progress, decided)
    return _by_own_ids(found, source)


def _by_own_ids(labels: "ModelLabels", source: Source) -> "ModelLabels":
    own = {loop_id: own_id for own_id, loop_id in source.ids.items()}
    return replace(
        labels,
        documents=[replace(each, id=own[each.id]) for each in labels.documents],
        by_term={own[name]: spans for name, spans in labels.by_term.items()},
    )


def facts_of(context: CliProject, source: Source, options: CardOptions) -> "CardFacts":
    """What the card says beside the documents."""
    from wapaganda.dataset import CardFacts
    from wapaganda.pipeline import fitted_prices

    history = _own_history(context, source)
    live = context.store().current()
    labelled = [document for document in source.documents if document.is_labelled]
    return CardFacts(
        title=options.title or source.title,
        source=source.name,
        history=history,
        encoder=live.manifest.encoder if live else "",
        model_version=live.name if live else "",
        model_warning=undertrained(live) if live else "",
        created_at=options.created_at or datetime.now(UTC).date().isoformat(),
        licence=options.licence,
        languages=options.languages,
        read=source.read,
        answers=context.settings.answers,
        likely_errors=_likely_errors(context, labelled),
        prices=fitted_prices(labelled, history.shown).summary,
        package=options.package,
        reading={name: getattr(context.settings, name) for name in READING},
    )


def _own_history(context: CliProject, source: Source) -> "LabelHistory":
    """The history of the project by the ids of the source; texts of files may say their own draw."""
    from wapaganda.dataset import LabelHistory, stated_draw

    known = context.label_history()
    shown = {own: known.shown[each] for own, each in source.ids.items() if each in known.shown}
    stated = {each.id: how for each in source.documents if (how := stated_draw(each))}
    reasons = {own: known.reasons[each] for own, each in source.ids.items() if each in known.reasons}
    reasons = (stated | reasons) if source.is_files else reasons
    return LabelHistory(shown, reasons)


def _likely_errors(context: CliProject, labelled: "Sequence[Document]") -> int | None:
    from wapaganda.label_errors import REVIEW_FILE, find_open_issues, read_issues

    live = context.store().current()
    path = None if live is None else live.path / REVIEW_FILE
    if path is None or not path.exists():
        return None
    return len(find_open_issues(read_issues(path), labelled).cases)
