"""The pointer to the live version, with the versions that were live before it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from wapaganda.model_store.manifest import ModelStoreError
from wapaganda.storage import write_json


@dataclass(frozen=True, slots=True)
class Pointer:
    """The name of the live version and the names of those before it, oldest first."""

    version: str
    earlier: tuple[str, ...] = ()


def read_pointer(path: Path) -> Pointer | None:
    """The pointer in the file ``path``; None when nothing has gone live yet.

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
        version, earlier = values["version"], values["earlier"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, repr(text[:80])) from error
    if not isinstance(version, str) or not isinstance(earlier, list):
        raise _damaged(path, repr(text[:80]))
    return Pointer(version, tuple(map(str, earlier)))


def write_pointer(path: Path, pointer: Pointer) -> None:
    """Replaces the pointer in one step."""
    write_json(path, asdict(pointer), indent=2)


def _damaged(path: Path, found: str) -> ModelStoreError:
    return ModelStoreError(
        f"Expected the name of the live model version in {path}, was: {found}. "
        "The versions are safe: promote one of them again."
    )
