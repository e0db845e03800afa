"""The store: publish a version, make it live, roll back."""

import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from wapaganda.model_store.folders import copy_folder, seal_folder
from wapaganda.model_store.manifest import Manifest, ModelStoreError
from wapaganda.model_store.pointer import Pointer, read_pointer, write_pointer
from wapaganda.storage import sync

_NAME = re.compile(r"v(\d{4,})-[0-9a-f]{8}")
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Version:
    """A published model: its name such as ``v0001-3f2a9c01``, its folder and its manifest."""

    name: str
    path: Path
    manifest: Manifest

    @property
    def number(self) -> int:
        """The running number of the version, from 1."""
        return _number(self.name)


class ModelStore:
    """The model versions of one project below ``root``, safe with several processes and with crashes.

    ``versions/<name>`` are immutable, ``current.json`` points at the live one, ``scratch`` holds a version
    while it is copied. The next publication removes what a killed process left there.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def publish(self, source_dir: Path, manifest: Manifest) -> Version:
        """Copy ``source_dir`` into a new version, which appears when it is complete and on the disk.

        Raises:
            ModelStoreError: ``source_dir`` is no folder.
        """
        if not source_dir.is_dir():
            raise ModelStoreError(f"Expected a folder with a model to publish, was: {source_dir}.")
        self._versions.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / "publish.lock"):
            # No other publication runs under this lock: files in scratch are from a killed process.
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir(exist_ok=True)
            draft = self._scratch / uuid.uuid4().hex
            copy_folder(source_dir, draft)
            (draft / _MANIFEST).unlink(missing_ok=True)
            (draft / _MANIFEST).write_text(manifest.to_json(), "utf-8")
            seal_folder(draft)
            name = f"v{self._last_number() + 1:04d}-{manifest.data_fingerprint[:8]}"
            draft.rename(self._versions / name)
            sync(self._versions)
        return self.version(name)

    def versions(self) -> list[Version]:
        """All published versions, oldest first.

        Raises:
            ModelStoreError: a manifest is damaged.
        """
        return [self.version(name) for name in self._names()]

    def version(self, name: str) -> Version:
        """The version ``name``.

        Raises:
            ModelStoreError: there is no such version, or its manifest is damaged.
        """
        path = self.path(name)
        return Version(name, path, Manifest.read(path / _MANIFEST))

    def path(self, version: str) -> Path:
        """The folder of the version named ``version``.

        Raises:
            ModelStoreError: there is no such version.
        """
        if version not in self._names():
            raise ModelStoreError(
                f"Expected one of the versions {', '.join(self._names()) or '(none yet)'}, was: {version!r}."
            )
        return self._versions / version

    def current(self) -> Version | None:
        """The live version; None when no version has gone live yet.

        Raises:
            ModelStoreError: the pointer is damaged, or its version no longer exists.
        """
        pointer = read_pointer(self._pointer)
        return None if pointer is None else self.version(pointer.version)

    def promote(self, version_name: str, *, pin: bool = False) -> Version:
        """Make a version the live one; the previous one is kept for `rollback`.

        ``pin``: a user chose the version, so `is_pinned` holds until there are new labels. A damaged
        pointer is renamed to ``current.json.damaged`` and replaced.

        Raises:
            ModelStoreError: there is no such version.
        """
        version = self.version(version_name)
        with FileLock(self.root / "pointer.lock"):
            try:
                before = read_pointer(self._pointer)
            except ModelStoreError:
                self._pointer.replace(self._pointer.with_name("current.json.damaged"))
                before = None
            earlier = before.earlier if before else ()
            if before and before.version != version_name:
                earlier = (*earlier, before.version)
            pinned = before.pinned if before and before.version == version_name else ()
            after = Pointer(version_name, earlier, self._fingerprints() if pin else pinned)
            if after != before:
                write_pointer(self._pointer, after)
        return version

    def rollback(self) -> Version:
        """Make the version live that was live before the current one, pin it (`is_pinned`), and return it.

        Raises:
            ModelStoreError: there is none to go back to, or the pointer is damaged.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / "pointer.lock"):
            pointer = read_pointer(self._pointer)
            earlier = [name for name in pointer.earlier if name in self._names()] if pointer else []
            if not earlier:
                live = pointer.version if pointer else "no live version"
                raise ModelStoreError(f"Expected an earlier live version to go back to, was: only {live}.")
            version = self.version(earlier[-1])
            write_pointer(self._pointer, Pointer(version.name, tuple(earlier[:-1]), self._fingerprints()))
        return version

    def is_pinned(self, data_fingerprint: str) -> bool:
        """Whether a user chose the live version when this training data was already known.

        Raises:
            ModelStoreError: the pointer is damaged.
        """
        pointer = read_pointer(self._pointer)
        return pointer is not None and data_fingerprint in pointer.pinned

    @property
    def _versions(self) -> Path:
        return self.root / "versions"

    @property
    def _scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def _pointer(self) -> Path:
        return self.root / "current.json"

    def _names(self) -> list[str]:
        if not self._versions.is_dir():
            return []
        return sorted(
            (each.name for each in self._versions.iterdir() if _NAME.fullmatch(each.name)), key=_number
        )

    def _fingerprints(self) -> tuple[str, ...]:
        """The training data of all versions whose manifest can be read."""
        found = []
        for name in self._names():
            with suppress(ModelStoreError):
                found.append(self.version(name).manifest.data_fingerprint)
        return tuple(dict.fromkeys(found))

    def _last_number(self) -> int:
        return max(map(_number, self._names()), default=0)


def _number(name: str) -> int:
    return int(name[1:].split("-")[0])
