"""Which suspects still stand, now that time has passed."""

from collections.abc import Iterable
from dataclasses import dataclass

from wapaganda.label_errors.suspect import Suspect, text_key
from wapaganda.ner import Document


@dataclass(frozen=True, slots=True)
class Standing:
    """The suspects whose label is as it was, each with its document, in their order; and the others.

    ``n_changed`` labels have been changed since, ``n_gone`` texts are not there any more.
    """

    cases: tuple[tuple[Suspect, Document], ...]
    n_changed: int
    n_gone: int


def standing(suspects: Iterable[Suspect], documents: Iterable[Document]) -> Standing:
    """The suspects that stand in ``documents``, found by id and text, or by the text alone.

    A file may have been sorted or numbered anew in the meantime; an id on another text means nothing.
    """
    by_id: dict[tuple[str, str], Document] = {}
    by_text: dict[str, Document] = {}
    for document in documents:
        key = text_key(document.text)
        by_id[document.id, key] = document
        by_text.setdefault(key, document)
    cases: list[tuple[Suspect, Document]] = []
    n_changed = n_gone = 0
    for suspect in suspects:
        found = by_id.get((suspect.document_id, suspect.text_key)) or by_text.get(suspect.text_key)
        if found is None:
            n_gone += 1
        elif suspect.stands_in(found):
            cases.append((suspect, found))
        else:
            n_changed += 1
    return Standing(tuple(cases), n_changed, n_gone)
