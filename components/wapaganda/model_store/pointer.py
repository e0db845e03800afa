"""The pointer to the live version, with the versions that were live before it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from wapaganda.model_store.manifest import ModelStoreError
from wapaganda.storage import write_json


@dataclass(frozen=True, slots=True)
class Pointer:
    """The name of the live version and the names of those before it, oldest first.

    ``pinned``: empty unless a user chose the live version; then the fingerprints of the training data that
    was known at that time. The choice holds as long as the labels are among these.
    """

    version: str
    earlier: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()


def read_pointer(path: Path) -> Pointer | None:
    """The pointer in the file ``path``; None when no version has gone live yet.

    Raises:
        ModelStoreError: the file is damaged.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    try:
        values = json.loads(text)
        version, earlier, pinned = values["version"], values["earlier"], values.get("pinned", [])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, repr(text[:80])) from error
    if not isinstance(version, str) or not isinstance(earlier, list) or not isinstance(pinned, list):
        raise _damaged(path, repr(text[:80]))
    return Pointer(version, tuple(map(str, earlier)), tuple(map(str, pinned)))


def write_pointer(path: Path, pointer: Pointer) -> None:
    """Replace the pointer in one step."""
    values = asdict(pointer)
    if not pointer.pinned:
        del values["pinned"]
    write_json(path, values, indent=2)


def _damaged(path: Path, found: str) -> ModelStoreError:
    return ModelStoreError(
        f"Expected the name of the live model version in {path}, was: {found}.",
        "The versions are safe: selfish models list shows them, selfish models promote makes one live again.",
    )
