"""What the files of rounds and campaigns still know when the ledger of a project was lost."""

from pathlib import Path

from wapaganda.dataset import AUDIT
from wapaganda.ledger import Ledger
from wapaganda.pipeline.completion.campaign import CampaignFolder
from wapaganda.pipeline.ports import LOST_LEDGER, OPEN_AUDIT
from wapaganda.pipeline.selection.prices import read_proposals

_BEGUN = "restoring rounds"
"""The key in the ledger for an unfinished restoration."""
LOST = "lost with the ledger"
"""The selection reason of texts that were offered before the ledger was lost."""


def restore_rounds(ledger: Ledger, directory: Path, aside: Path | None) -> str:
    """Put back into a new ledger which texts were offered; return what was lost, or an empty sentence.

    ``directory``: that of the project, ``aside``: the lost ledger. Each earlier round is finished, without a
    report. Its texts count as selected by their scores, so no model is evaluated on them; those of an audit
    stay audited, and an open one stays open. It is repeated when it was interrupted; without ``aside`` and an
    interruption it is done when the ledger is empty and there are files of rounds.

    Raises:
        CampaignError: the files of a completion are damaged, too.
    """
    folders = [each for each in (directory / "rounds").glob("*") if each.name.isdigit()]
    begun, held = ledger.value(_BEGUN), {each.number for each in ledger.rounds()}
    if aside is None and begun is None and (held or not folders):
        return ""
    was = str(aside or begun or "")
    ledger.set_value(_BEGUN, was)
    audited, still_open = _audits(directory)
    ledger.set_value(OPEN_AUDIT, still_open)
    known = {int(each.name): list(read_proposals(directory / "rounds", each.name)) for each in folders}
    for number in range(1, max(known, default=0) + 1):
        if number not in held:
            ledger.start_round()
        ledger.save_step(number, "done")
        offers = enumerate(known.get(number, []), start=1)
        ledger.record_offers(
            number, [(each, rank, 0.0, AUDIT if each in audited else LOST) for rank, each in offers]
        )
    sentence = (
        f"The ledger was {f'damaged: it is now {was},' if was else 'missing or empty,'} and a new one was "
        "begun. All labels are read again from Label Studio. Lost are labels that were replaced before, the "
        "reports of earlier rounds, why their texts were offered (no model is evaluated on these), which "
        "labels annotators could choose from, decisions on terms, and what selfish labels map said: repeat "
        "them."
    )
    ledger.set_value(LOST_LEDGER, sentence)
    ledger.set_value(_BEGUN, None)
    return sentence


def _audits(directory: Path) -> tuple[set[str], list[str]]:
    """The ids of all released texts of audits, and those of the audit that is open, in its order."""
    audited: set[str] = set()
    still_open: list[str] = []
    for folder in CampaignFolder.all(directory):
        campaign, labels = folder.campaign(), folder.labels()
        ids = [labels.ids[row] for row in labels.order[: campaign.n_released].tolist()]
        audited |= set(ids)
        still_open = [] if campaign.closed or folder.accepted() is not None else ids
    return audited, still_open
