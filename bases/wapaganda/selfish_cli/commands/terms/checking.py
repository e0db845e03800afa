"""The check of a sample of places: in the terminal, or in a file."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.ui.console import Console

if TYPE_CHECKING:
    from wapaganda.pipeline import OfferedPlace, TermOffer

PlaceKey = tuple[str, int, int]
HOW = "Write the places into a file by selfish terms show TERM --out FILE, and name it by --checked FILE."


def ask(
    console: Console, offer: "TermOffer", places: "Sequence[OfferedPlace]"
) -> Iterator[tuple[PlaceKey, bool]]:
    """The places with what the user says of each; whoever cannot say it answers n.

    Raises:
        InputError: there is nobody to ask.
    """
    if console.as_json or not somebody_is_there():
        raise InputError(f"Expected --checked FILE with {len(places)} checked places, was: none.", HOW)
    for number, place in enumerate(places, start=1):
        console.say(f"{number}/{len(places)}  {place.excerpt()}{f'  ({place.why})' if place.why else ''}")
        yield place.key, typer.confirm(f"{offer.answer}?", default=None, err=True)


def somebody_is_there() -> bool:
    """Whether a person can answer at the terminal."""
    return sys.stdin.isatty()


def write_places(offer: "TermOffer", path: Path) -> None:
    """One JSON object for each place to check, with ``right`` to fill in."""
    from wapaganda.pipeline import shown_record
    from wapaganda.storage import write_text

    lines = [json.dumps(shown_record(each, offer), ensure_ascii=False) for each in offer.to_check()]
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_checks(console: Console, path: Path, offer: "TermOffer") -> Mapping[PlaceKey, bool]:
    """The checked places in such a file, those of the sample.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    from wapaganda.pipeline import checks_of

    if not path.is_file():
        raise InputError(f"Expected a file, was: {path}, which does not exist.", HOW)
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")  # a text may have other line ends
        found = checks_of([json.loads(line) for line in lines if line.strip()], offer)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"Expected the places of selfish terms show in {path}, was: {error!r}.", HOW
        ) from None
    if not found:
        raise InputError(f"Expected true or false as right in {path}, was: none.")
    asked = {place.key for place in offer.to_check()}
    kept = {place: right for place, right in found.items() if place in asked}
    if len(kept) < len(found):
        console.warn(
            f"{len(found) - len(kept):,} of {len(found):,} places in {path} are not in the sample that is "
            "checked now, and do not count."
        )
    return kept
