"""Show decisions on terms where people work: in the proposals of the batch that is served now."""

from collections.abc import Collection

from wapaganda.pipeline.ports import OPEN_AUDIT, ShowsProposals
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.prices import correct_proposals
from wapaganda.pipeline.selection.waiting import is_waiting
from wapaganda.terms import text_key


def show_decisions(loop: Loop, keys: Collection[str]) -> int:
    """Renew the proposals of open texts with these keys (``terms.text_key``); return how many changed.

    Batches in files stay as they are. Texts of an open audit have no proposals. It can be repeated.
    """
    if not isinstance(loop.source, ShowsProposals):
        return 0
    audited = set(loop.ledger.value(OPEN_AUDIT, []))
    texts = [
        each
        for each in loop.ledger.documents(labelled=False)
        if is_waiting(each) and each.id not in audited and text_key(each.text) in keys
    ]
    if not texts or loop.store.current() is None:
        return 0
    shown = loop.proposals(texts)
    changed = loop.source.change_proposals(
        [each.with_spans(shown[each.id]) for each in texts if each.id in shown]
    )
    correct_proposals(loop.directory / "rounds", {name: shown[name] for name in changed})
    return len(changed)
