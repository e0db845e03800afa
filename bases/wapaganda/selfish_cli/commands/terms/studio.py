"""A term in Label Studio: the tab of its places, and the proposals of the batch that is served now."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wapaganda.ner import Document, Span
from wapaganda.selfish_cli.project import CliProject
from wapaganda.selfish_cli.ui.console import Console

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop, TermOffer


def show_tab(context: CliProject, project: int, offer: "TermOffer") -> dict[str, Any]:
    """Show the places to check in the tab of the term."""
    studio = context.studio()
    label = offer.label or _some_label(studio.project(project).label_config.labels, offer)
    shown: dict[str, Document] = {}
    for place in offer.to_check():
        known = shown.setdefault(place.document_id, Document(place.document_id, place.text, ()))
        spans = (*(known.spans or ()), Span(place.start, place.end, label))
        shown[place.document_id] = replace(known, spans=tuple(sorted(spans)))
    title = _title(offer.term)
    tab = studio.show_places(project, title, _says(offer), list(shown.values()))
    return {"id": tab, "title": title, "texts": len(shown), "url": studio.page(project, tab)}


def remove_tab(context: CliProject, project: int, offer: "TermOffer") -> None:
    """Delete the tab of a term and the places that it shows."""
    context.studio().remove_places(project, _title(offer.term), _says(offer))


def renew_proposals(console: Console, loop: "Loop", keys: Collection[str]) -> int:
    """Renew the proposals of open texts in Label Studio; a failure is only said: the next batch has them."""
    from wapaganda.label_studio import LabelStudioError
    from wapaganda.pipeline import show_decisions

    try:
        return show_decisions(loop, keys)
    except LabelStudioError as error:
        console.warn(f"Proposals that are shown now stay until the next batch: {error}")
        return 0


def _title(term: str) -> str:
    return f"Term: {term}"


def _says(offer: "TermOffer") -> str:
    return f"{offer.term} = {offer.answer}"


def _some_label(labels: "Collection[str]", offer: "TermOffer") -> str:
    """A region needs a label, also where a term should be none: that which people have given most often."""
    given = [(number, label) for label, number in offer.labelled.items() if label in labels and label]
    return max(given)[1] if given else next(iter(labels))
