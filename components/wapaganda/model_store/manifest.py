"""The manifest of a model version."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from wapaganda.errors import WapagandaError


class ModelStoreError(WapagandaError):
    """A version, the pointer to the live one or a manifest is missing or damaged."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts of a model version. They never change, so the pointer, not the manifest, says which is live.

    ``metrics`` and ``recipe`` hold any JSON values. ``data_fingerprint`` is hexadecimal, ``created_at`` is
    ISO 8601 in UTC, ``parent`` is the version that was live when this one was made, ``reason`` one sentence.
    ``files``: the sizes of the other files in bytes, ``sums``: their SHA-256 (64 hex digits); the store fills
    them in. Versions before 0.3 have none.
    """

    labels: tuple[str, ...]
    encoder: str
    data_fingerprint: str
    n_documents: int
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    recipe: Mapping[str, Any] = field(default_factory=dict)
    library_versions: Mapping[str, str] = field(default_factory=dict)
    created_at: str = field(default_factory=_now)
    reason: str = ""
    parent: str | None = None
    files: Mapping[str, int] | None = field(default=None, compare=False)
    sums: Mapping[str, str] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "files", None if self.files is None else dict(self.files))
        object.__setattr__(self, "sums", None if self.sums is None else dict(self.sums))
        if not re.fullmatch(r"[0-9a-f]{8,}", self.data_fingerprint):
            raise ValueError(
                f"Expected a fingerprint of at least 8 hex digits, was: {self.data_fingerprint!r}"
            )

    def to_json(self) -> str:
        """The manifest as JSON text.

        Raises:
            TypeError: ``metrics`` or ``recipe`` has a value that is not JSON.
        """
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """The manifest in the file ``path``.

        Raises:
            ModelStoreError: there is none, or it is damaged.
        """
        names = {each.name for each in fields(cls)}
        try:
            values = json.loads(path.read_text("utf-8"))
            return cls(**{name: value for name, value in values.items() if name in names})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelStoreError(
                f"Expected the manifest of a model in {path}, was: {_short(error)}."
            ) from error


def _short(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
