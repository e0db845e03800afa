"""selfish review --empty: the empty answers in whose texts the model expects entities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wapaganda.progress import silent
from wapaganda.selfish_cli.commands.answers.second_look import SecondLook
from wapaganda.selfish_cli.project import CliProject, load_tagger

if TYPE_CHECKING:
    from wapaganda.ner import Document, Span
    from wapaganda.pipeline import EmptyAnswer

TAB = "Empty, entities expected"
"""The title of the Data Manager's tab."""
NONE = "No answer is empty where the model expects entities."


def show_empty(look: SecondLook, version: str, documents: "Sequence[Document]") -> dict[str, Any]:
    """Show the empty answers in whose texts the version expects entities, and return them for ``--json``.

    Texts that no model of the cross-fitting has read are read by the version itself.
    """
    found = doubted(look.context, version, documents, predicts=True)
    cases = [(each.document, each.expected) for each in found]
    title = "empty answers where the model expects entities"
    records, written = look.show(cases, title, TAB, "Model", sentence_of(found) or NONE)
    entities = sum(len(each.expected) for each in found)
    return {
        "project": look.context.key,
        "version": version,
        "texts": len(found),
        "entities": entities,
        **written,
        "empty": records,
    }


def doubted(
    context: CliProject, version: str, documents: "Sequence[Document]", predicts: bool
) -> "tuple[EmptyAnswer, ...]":
    """The empty answers among ``documents`` in whose texts the version expects entities.

    ``predicts``: whether the version reads the texts that no model of the cross-fitting has read.
    """
    from wapaganda.pipeline import empty_answers

    def predict(texts: "Sequence[str]") -> "Sequence[Sequence[Span]]":
        return load_tagger(context, version, silent).predict(texts)

    has_ledger = (context.directory / "ledger.sqlite").exists()
    labels = context.ledger().labels() if has_ledger else None
    folder = context.store().path(version)
    return empty_answers(documents, folder, predict if predicts else None, labels)


def sentence_of(found: "Sequence[EmptyAnswer]") -> str:
    """One sentence about them; empty without any."""
    from wapaganda.pipeline import describe_empty_answers

    return describe_empty_answers({each.document.id: len(each.expected) for each in found})
