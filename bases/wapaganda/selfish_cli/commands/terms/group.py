"""selfish terms: list the terms that are worth a decision, show, accept, reject and undo one."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.commands.terms.checking import (
    PlaceKey,
    ask,
    read_checks,
    somebody_is_there,
    write_places,
)
from wapaganda.selfish_cli.commands.terms.studio import remove_tab, renew_proposals, show_tab
from wapaganda.selfish_cli.commands.terms.wording import (
    candidates_table,
    covered_facts,
    decisions_table,
    offer_parts,
    offer_record,
    record_of,
)
from wapaganda.selfish_cli.commands.update import round_loop
from wapaganda.selfish_cli.inputs import one_of
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import CliProject, open_context, project_lock, project_loop
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop, OfferedPlace, TermOffer

Term = Annotated[str, typer.Argument(help="The term, as it stands in the texts.", show_default=False)]
Check = Annotated[int, typer.Option("--check", min=1, help="How many places are checked.")]
Checked = Annotated[
    Path | None,
    typer.Option("--checked", help="The file of selfish terms show --out, with true or false as right."),
]
MostWrong = Annotated[
    float,
    typer.Option("--most-wrong", min=0, max=1, help="The share of places that may be wrong, by the bound."),
]
PLACES = 12
"""Places that are checked."""
KEPT = "Nothing was decided. Places that were shown, and answers, are remembered."


@dataclass(frozen=True, slots=True)
class TermWork:
    """A project that nobody holds: its loop, whose ledger is up to date, and how to speak to the user."""

    console: Console
    context: CliProject
    loop: "Loop"
    project: int | None


def list_terms(
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the best first.")] = 20,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    as_json: options.AsJson = False,
) -> None:
    """List the terms whose decision should remove the most errors, and the decisions that hold.

    A term is a form that people or the live model have marked. Its worth is the number of its places in the
    texts without labels, times the model's doubt there, times the probability that one answer fits all.
    """
    with _work(project, (data, pool), name, _studio(url, api_key), as_json) as work:
        from wapaganda.pipeline import find_candidates

        found = find_candidates(work.loop, limit)
        decisions = work.loop.ledger.term_decisions()
        work.console.show(candidates_table(found))
        if decisions:
            work.console.show(decisions_table(decisions))
        work.console.emit(
            {
                "project": work.context.key,
                "candidates": [record_of(each) for each in found],
                "decisions": [record_of(each) for each in decisions],
            }
        )


def show(
    term: Term,
    label: Annotated[
        str | None, typer.Option("--label", help="What the term should be. Default: no entity.")
    ] = None,
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    check: Check = PLACES,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the places to check, to be filled in: .jsonl.")
    ] = None,
    view: Annotated[
        bool, typer.Option("--view", help='Show them in Label Studio, in the tab "Term: …".')
    ] = False,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a decision on a term would cover, and a sample of its places to check. Nothing is decided.

    Places that look different from most are not covered unless somebody has checked them: those inside a
    longer name, those where the model sees something else, and those beside an unusual word with a capital.
    With --view people check them in Label Studio: whoever labels such a text there has checked its places.
    """
    with _work(project, (data, pool), name, _studio(url, api_key), as_json) as work:
        if out is not None:
            _check_new(out)
        if view and project is None:
            raise InputError("Expected --project with --view, was: none.")
        offer = _offered(work, term, label, check)
        if out is not None:
            write_places(offer, out)
        tab = show_tab(work.context, project, offer) if view and project is not None else None
        work.console.show(*offer_parts(offer))
        if tab is not None:
            work.console.show(f"Label Studio: {tab['texts']:,} texts in the tab {tab['title']}: {tab['url']}")
        if out is not None:
            work.console.show(f"Written: {out}. Fill in right, then selfish terms accept --checked {out}.")
        written = {"out": str(out) if out else None, "view": tab}
        work.console.emit({"project": work.context.key, **offer_record(offer), **written})


def accept(
    term: Term,
    label: Annotated[str, typer.Option("--label", help="What the term is.", show_default=False)],
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    check: Check = PLACES,
    checked: Checked = None,
    most_wrong: MostWrong = 0.25,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    as_json: options.AsJson = False,
) -> None:
    """Decide that a term is an entity at all places that look alike, after a sample of them was checked.

    It changes what the model proposes in texts without labels, and the labels of the machine that selfish
    complete writes. It never changes a label of a person, and nothing learns from it.
    """
    with _work(project, (data, pool), name, _studio(url, api_key), as_json) as work:
        _decide(work, _offered(work, term, label, check), checked, most_wrong)


def reject(
    term: Term,
    project: options.Project = None,
    data: choices.Data = None,
    pool: choices.Pool = None,
    check: Check = PLACES,
    checked: Checked = None,
    most_wrong: MostWrong = 0.25,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    as_json: options.AsJson = False,
) -> None:
    """Decide that a term is no entity at all places that look alike, after a sample of them was checked.

    Longer entities that hold the term stay.
    """
    with _work(project, (data, pool), name, _studio(url, api_key), as_json) as work:
        _decide(work, _offered(work, term, None, check), checked, most_wrong)


def undo(
    term: Term,
    project: options.Project = None,
    name: options.Name = "default",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    as_json: options.AsJson = False,
) -> None:
    """Take back all decisions on a term. Proposals are again those of the model."""
    with session(as_json) as console:
        context = open_context(project, name, _studio(url, api_key))
        if not context.ledger_path.exists():
            raise InputError(f"Expected a decided term in {context.key}, was: none.")
        with project_lock(context), console.progress() as progress:
            from wapaganda.pipeline import covered_keys, remembered_offer, undo_decision
            from wapaganda.terms import term_of

            ledger, wanted = context.ledger(), term_of(term)
            keys, offer = covered_keys(ledger, wanted), remembered_offer(ledger, wanted)
            if project is not None and offer is not None:
                remove_tab(context, project, offer)
            gone, renewed = undo_decision(ledger, wanted), 0
            if project is not None and gone:
                renewed = renew_proposals(console, project_loop(context, project, progress), keys)
        n, places = len(gone), sum(each.places for each in gone)
        console.show(f"{term}: {n} decision{'s' if n != 1 else ''} on {places:,} places undone.")
        undone = [record_of(each) for each in gone]
        console.emit({"project": context.key, "term": term, "undone": undone, "renewed": renewed})


@contextlib.contextmanager
def _work(
    project: int | None,
    files: tuple[Path | None, Path | None],
    name: str,
    overrides: dict[str, Any],
    as_json: bool,
) -> Iterator[TermWork]:
    """Fetch the newest labels. A round goes on meanwhile: who decides holds the project only to write."""
    data, pool = files
    with session(as_json, KEPT) as console:
        one_of("Name a project by --project ID, or files by --data and --pool.", data=data, project=project)
        context = open_context(project, name, overrides)
        with console.progress() as progress:
            loop = round_loop(context, project, data, pool, None, progress)
            for note in loop.fetch().messages:
                console.warn(note)
        yield TermWork(console, context, loop, project)


def _studio(url: str | None, api_key: str | None) -> dict[str, Any]:
    return {"label_studio_url": url, "label_studio_api_key": api_key}


def _offered(work: TermWork, term: str, label: str | None, size: int) -> "TermOffer":
    """The offer that is being checked, also by another model; a new one for another answer or more places."""
    from wapaganda.pipeline import offer_term, remember_offer, remembered_offer
    from wapaganda.terms import term_of

    known = remembered_offer(work.loop.ledger, term_of(term))
    if known is not None and known.label == label and size <= known.size:
        return known
    with work.console.progress() as progress:
        work.loop.progress = progress
        offer = offer_term(work.loop, term, label, size)
    remember_offer(work.loop.ledger, offer)
    return offer


def _decide(work: TermWork, offer: "TermOffer", checked: Path | None, most_wrong: float) -> None:
    from wapaganda.pipeline import accept_offer, answered, check_label, check_offer, open_keys

    ledger, console = work.loop.ledger, work.console
    checks = answered(ledger, offer)
    if checked is not None:
        checks |= read_checks(console, checked, offer)
    elif (left := [each for each in offer.to_check() if each.key not in checks]) and not (
        checks and (console.as_json or not somebody_is_there())
    ):
        console.show(*offer_parts(offer, with_places=False))
        checks |= _asked(work, offer, left)
    with project_lock(work.context):  # others may have changed texts, labels and decisions meanwhile
        check_label(work.loop, offer.label)
        found = check_offer(offer, checks, open_keys(ledger))
        decision, renewed = accept_offer(ledger, found, most_wrong), 0
        if work.project is not None:
            remove_tab(work.context, work.project, offer)
            renewed = renew_proposals(console, work.loop, frozenset(key for key, _, _ in found.covered))
    console.show(facts_table("", covered_facts(found, decision)))
    console.emit({"project": work.context.key, **record_of(decision), "renewed": renewed})


def _asked(work: TermWork, offer: "TermOffer", left: "Sequence[OfferedPlace]") -> dict[PlaceKey, bool]:
    """Ask a person, and keep the answers, also of one who stops halfway."""
    from wapaganda.pipeline import remember_answers

    said = {}
    try:
        for place, right in ask(work.console, offer, left):
            said[place] = right
    finally:
        remember_answers(work.loop.ledger, offer, said)
    return said


def _check_new(path: Path) -> None:
    if path.suffix != ".jsonl" or path.exists():
        raise InputError(f"Expected a new file that ends in .jsonl, was: {path}.")
    check_parent(path)


__all__: Sequence[str] = ("accept", "list_terms", "reject", "show", "undo")
