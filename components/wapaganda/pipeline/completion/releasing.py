"""Release a part of an audit: blind, in the order of the audit, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from wapaganda.annotation import has_machine_answer
from wapaganda.dataset import AUDIT
from wapaganda.errors import InputError
from wapaganda.ledger import Ledger, Round
from wapaganda.ner import Document
from wapaganda.pipeline.completion.campaign import AuditBatch, CampaignFolder
from wapaganda.pipeline.completion.machine_labels import CampaignError, MachineLabels
from wapaganda.pipeline.ports import NOTHING_EARLIER, OPEN_AUDIT, BatchNameTakenError, Earlier
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.batch import unfinished
from wapaganda.pipeline.selection.prices import read_proposals, write_proposals
from wapaganda.pipeline.selection.waiting import is_waiting

_DONE = "done"
_RELEASED = "released.json"


def release_audit(loop: Loop, folder: CampaignFolder, labels: MachineLabels, batch: AuditBatch) -> str:
    """Release the part unless it is released; return one sentence, empty if there was nothing to do.

    The texts have no proposals, and none are shown for them later: the ledger knows them as an open audit.

    Raises:
        InputError: a round was interrupted; it is finished first.
        CampaignError: another program has released a batch of this name.
    """
    released: dict[str, Any] = folder.read(_RELEASED) or {}
    if batch.name in released:
        return ""
    rows = labels.order[batch.first : batch.first + batch.size].tolist()
    ids = [labels.ids[row] for row in rows]
    held = loop.ledger.find(ids)
    known = labels.rows(held)
    texts = [
        each for each in held if each.id in known
    ]  # also those answered since a release that was cut off
    audit = [*loop.ledger.value(OPEN_AUDIT, []), *ids]
    loop.ledger.set_value(OPEN_AUDIT, list(dict.fromkeys(audit)))
    number = _round_of(loop.ledger, batch.name)
    loop.ledger.record_offers(number, [(each, rank, 0.0, AUDIT) for rank, each in enumerate(ids, start=1)])
    write_proposals(loop.directory / "rounds" / f"{number:03d}", [each.with_spans(()) for each in texts])
    sentence = f"No text of {batch.name} is left to label."
    if any(map(is_waiting, texts)):
        blind = [Document(each.id, each.text, None, {"rank": rank}) for rank, each in enumerate(texts)]
        try:
            sentence = loop.source.release(batch.name, blind, loop.progress, _earlier(loop, ids))
        except BatchNameTakenError as error:
            raise CampaignError(
                f"Expected {batch.name} to be a new batch, was: one of another program ({error}).",
                "Complete a project from one DATA_DIR only.",
            ) from error
    folder.write(_RELEASED, {**released, batch.name: len(texts)})
    return f"The audit is blind: no proposals are shown. {sentence}"


def _earlier(loop: Loop, batch: Sequence[str]) -> Earlier:
    """The unfinished texts of earlier batches with what annotators were last shown, if the audit hides it.

    Texts of an audit, this or an earlier one, have no proposals.
    """
    if not loop.source.shows_one_batch:
        return NOTHING_EARLIER
    offers = [each for number in loop.ledger.rounds() for each in loop.ledger.offers(number.number)]
    blind = {each.document_id for each in offers if each.reason == AUDIT}
    ids = {each.document_id for each in offers} - set(batch)
    held = loop.ledger.find(sorted(ids - blind))
    before = read_proposals(loop.directory / "rounds")
    waiting = {each.id for each in held if is_waiting(each) and not has_machine_answer(each)}
    half_done = {each.id for each in held if each.meta.get("annotators")}
    shown = {each: before.get(each, ()) for each in waiting | half_done}
    return Earlier(tuple(unfinished(held, shown, loop.source.schema().labels)), frozenset(ids))


def close_audit(ledger: Ledger) -> None:
    """Let rounds offer the texts of the audit again."""
    if ledger.value(OPEN_AUDIT, []):
        ledger.set_value(OPEN_AUDIT, [])


def _round_of(ledger: Ledger, name: str) -> int:
    """The number in the ledger for the offers of an audit; it counts as a finished round without a report."""
    rounds = ledger.rounds()
    found = [each.number for each in rounds if each.payload.get("audit") == name]
    if found:
        return found[0]
    if rounds and rounds[-1].step != _DONE:
        _refuse_interrupted(rounds[-1])
        number = rounds[-1].number
    else:
        number = ledger.start_round().number
    ledger.save_step(number, _DONE, audit=name)
    return number


def _refuse_interrupted(last: Round) -> None:
    payload: Mapping[str, Any] = last.payload
    if payload:
        raise InputError(
            f"Expected no interrupted round, was: round {last.number} at the step {last.step}.",
            "Finish it first: selfish update.",
        )
