"""The project of a request, in any of the forms that Label Studio and users write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_UID = re.compile(r"(?:ls-)?([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """A project: ``key`` names its folders, ``number`` is its id in Label Studio, ``created`` its time of
    creation there.

    ``number`` is None for a project of files; only Label Studio's ML calls contain ``created`` (Unix
    seconds).
    """

    key: str
    number: int | None = None
    created: int | None = None


def project_ref(value: object) -> ProjectRef | None:
    """The project meant by ``"12.1795335716"``, ``12``, ``"ls-12"``, ``{"id": 12}`` or ``"some-name"``; else
    None.
    """
    if isinstance(value, Mapping):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return _numbered(value, None) if 0 <= value < 10**18 else None
    if match := _UID.fullmatch(value.strip()):
        return _numbered(int(match[1]), int(match[2]) if match[2] else None)
    return ProjectRef(value.strip()) if _NAME.fullmatch(value.strip()) else None


def _numbered(number: int, created: int | None) -> ProjectRef:
    return ProjectRef(f"ls-{number}", number, created)
