"""selfish review --added: the texts that were labelled before a type existed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wapaganda.errors import InputError
from wapaganda.selfish_cli.commands.answers.second_look import SecondLook
from wapaganda.selfish_cli.project import CliProject, later_types_of

if TYPE_CHECKING:
    from wapaganda.ner import Document, Span
    from wapaganda.pipeline import LaterType
    from wapaganda.selfish_cli.commands.answers.second_look import Case


def show_added(look: SecondLook, label: str, documents: "Sequence[Document]") -> dict[str, Any]:
    """Show the texts that were labelled before ``label`` existed, and return them for ``--json``.

    Raises:
        InputError: no labelled text was labelled before the type existed.
    """
    found = _found(look.context, label, documents)
    cases = _cases(look.context, found)
    title, tab = f"texts labelled before {label} existed", f"Labelled before {label}"
    records, written = look.show(cases, title, tab, f"Model: {label}", found.line())
    return {"project": look.context.key, **found.to_dict(), **written, "added": records}


def _found(context: CliProject, label: str, documents: "Sequence[Document]") -> "LaterType":
    later = {each.label: each for each in later_types_of(context, documents)}
    if label not in later:
        raise InputError(
            f"Expected a type that some labelled texts could not have ({', '.join(later) or 'none'}), "
            f"was: {label!r}.",
            "Texts that were read before a label was added to the label config are listed.",
        )
    return later[label]


def _cases(context: CliProject, found: "LaterType") -> "list[Case]":
    """The texts with the spans of the type that models which did not see them find; most spans first."""
    live = context.store().current()
    proposed: Sequence[Sequence[Span] | None] = [None] * len(found.documents)
    if live is not None:
        from wapaganda.pipeline import out_of_fold_spans

        proposed = out_of_fold_spans(live.path, found.documents)
    cases = [
        (document, tuple(span for span in spans or () if span.label == found.label))
        for document, spans in zip(found.documents, proposed, strict=True)
    ]
    return sorted(cases, key=lambda case: -len(case[1]))
