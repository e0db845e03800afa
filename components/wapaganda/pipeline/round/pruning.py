"""Delete what old rounds left: model versions, scored pools, unfinished trainings."""

import re
import shutil
from pathlib import Path

from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.pipeline.round.state import RoundState

_ROUNDS = 2
"""Scored pools of this number of rounds stay."""
_SCORES = re.compile(r"scores-.*-(v\d+-[0-9a-f]{8})\.npz")


def prune_rounds(
    ledger: Ledger | None, store: ModelStore, directory: Path, newest: int, needed: frozenset[str]
) -> tuple[str, ...]:
    """Delete old versions and files of rounds of a project; hold its lock. Return the names of the versions.

    ``ledger``: ``None`` before the first round. ``newest``: of the versions; 0: nothing is deleted.
    ``needed``: versions that stay, such as those of completions; those of an open round and of the last two
    reports stay, too. ``directory``: that of the project. Of the rounds, the proposals stay for ever, the
    scored pools of the last two rounds, and the newest one of the live version.
    """
    if not newest:
        return ()
    rounds = ledger.rounds() if ledger else []
    states = [RoundState.of(each) for each in rounds[-_ROUNDS:]]
    reports = [each for state in states for each in (state.draft, state.report) if each is not None]
    needed = needed | {name for each in reports for name in (each.version, each.live) if name}
    live = store.current()
    folders = sorted(each for each in (directory / "rounds").glob("*") if each.name.isdigit())
    newest_of_live = None
    for folder in reversed(folders):
        for path in folder.glob("scores-*.npz"):
            found = _SCORES.fullmatch(path.name)
            is_live = found is not None and live is not None and found[1] == live.name
            if is_live and newest_of_live in (None, folder):
                newest_of_live = folder
            elif folder not in folders[-_ROUNDS:]:
                path.unlink(missing_ok=True)
    for folder in folders[:-1]:
        shutil.rmtree(folder / "training", ignore_errors=True)
    for path in (directory / "completions").glob("scores-*.npz"):
        if live is None or path.name != f"scores-{live.name}.npz":
            path.unlink(missing_ok=True)
    return store.prune(newest, needed)
