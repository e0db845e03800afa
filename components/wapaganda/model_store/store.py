"""The store: publish a version, make it live, roll back."""

import json
import re
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from wapaganda.model_store.damage import file_sizes, file_sums, find_damage
from wapaganda.model_store.folders import copy_folder, seal_folder
from wapaganda.model_store.manifest import Manifest, ModelStoreError
from wapaganda.model_store.pointer import Pointer, read_pointer, write_pointer
from wapaganda.storage import naming_full_disk, put_aside, remove_unused, sync, write_json

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
        """The running number of the version, from 1; 0: of a model that answers before it is judged."""
        return _number(self.name)


class ModelStore:
    """The model versions of one project below ``root``, safe with several processes and with crashes.

    ``versions/<name>`` are immutable, ``current.json`` points at the live one, ``scratch`` holds a version
    while it is copied. The next publication removes what a killed process left there.

    A version is damaged when a file is missing, cut or empty, or holds no JSON where it should, and when
    `read` has found other contents than were published. Damaged versions stay where they are and are passed
    over; `damage` names them.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def publish(self, source_dir: Path, manifest: Manifest, number: int | None = None) -> Version:
        """Copy ``source_dir`` into a new version, which appears when it is complete and on the disk.

        It has the next number, unless another ``number`` is given and free.

        Raises:
            ModelStoreError: ``source_dir`` is no folder.
        """
        if not source_dir.is_dir():
            raise ModelStoreError(f"Expected a folder with a model to publish, was: {source_dir}.")
        self._versions.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / "publish.lock"), naming_full_disk(self.root):
            # No other publication runs under this lock: files in scratch are from a killed process.
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir(exist_ok=True)
            draft = self._scratch / uuid.uuid4().hex
            copy_folder(source_dir, draft)
            (draft / _MANIFEST).unlink(missing_ok=True)
            listed = replace(manifest, files=file_sizes(draft), sums=file_sums(draft))
            (draft / _MANIFEST).write_text(listed.to_json(), "utf-8")
            seal_folder(draft)
            after = f"-{manifest.data_fingerprint[:8]}"
            name = "" if number is None else f"v{number:04d}{after}"
            if not name or (self._versions / name).exists():
                name = f"v{self._last_number() + 1:04d}{after}"
            draft.rename(self._versions / name)
            sync(self._versions)
        return self.version(name)

    def versions(self) -> list[Version]:
        """All published versions that are whole, oldest first."""
        return list(self._whole(self._names()))

    def version(self, name: str) -> Version:
        """The version ``name``.

        Raises:
            ModelStoreError: there is no such version, or it is damaged.
        """
        path = self.path(name)
        manifest = Manifest.read(path / _MANIFEST)
        if reason := find_damage(path, manifest.files, manifest.sums):
            raise ModelStoreError(f"Expected a whole version {name}, was: {reason}.")
        return Version(name, path, manifest)

    def read(self, name: str) -> Version:
        """The version ``name``, every file of which holds what was published: for those who load it.

        The files are read once in a process. A version with other contents is damaged from then on, for this
        process.

        Raises:
            ModelStoreError: there is no such version, or it is damaged.
        """
        version = self.version(name)
        if version.manifest.sums:
            file_sums(version.path)
        return self.version(name)

    def read_live(self) -> Version | None:
        """The live version, as `current`, every file of which holds what was published, as in `read`."""
        while (version := self.current()) is not None:
            with suppress(ModelStoreError):
                return self.read(version.name)
        return None

    def damaged(self) -> dict[str, str]:
        """The versions that are damaged: by name a sentence that says which file is the matter."""
        found = {}
        for name in self._names():
            try:
                self.version(name)
            except (ModelStoreError, OSError) as error:
                found[name] = str(error)
        return found

    def damage(self) -> tuple[str, ...]:
        """What is damaged, and which version is live instead, in sentences; empty when all is whole."""
        sentences = [f"{name} is damaged and not used. {why}" for name, why in self.damaged().items()]
        live, wanted = self.current(), ""
        try:
            pointer = read_pointer(self._pointer)
            wanted = pointer.version if pointer else ""
        except ModelStoreError as error:
            sentences.append(str(error))
        else:
            if pointer is None or (live is not None and live.name == wanted):
                return tuple(sentences)
            if wanted not in self._names():
                sentences.append(f"{self._pointer} names {wanted}, which is missing.")
        after = f" instead of {wanted}" if wanted else ""
        sentences.append(
            f"{live.name} is live{after} until the next training makes a new version; "
            "selfish models promote chooses another one."
            if live
            else "No version is whole: there is no live model until the next training."
        )
        return tuple(sentences)

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
        """The live version; None when no version has gone live yet, or none is whole.

        When the pointer or its version is damaged: the version that was live before it, else the newest one.
        The pointer stays as it is, so a version that is restored from a backup is live again.
        """
        try:
            pointer = read_pointer(self._pointer)
        except ModelStoreError:
            pointer = Pointer("")
        if pointer is None:
            return None
        return self._named(pointer) or next(self._whole(reversed(self._names())), None)

    def settle(self) -> None:
        """Make the pointer name the live version if it names none that is whole.

        A training calls it at its end: else its own version, the newest one, would become live by itself.
        """
        try:
            pointer = read_pointer(self._pointer)
        except ModelStoreError:
            pointer = Pointer("")
        live = self.current()
        if pointer is not None and live is not None and self._named(pointer) is None:
            self.promote(live.name)

    def promote(self, version_name: str, *, pin: bool = False, instead_of: str | None = None) -> Version:
        """Make a version the live one; the previous one is kept for `rollback`, unless it is ``instead_of``.

        ``pin``: a user chose the version, so `is_pinned` holds until there are new labels. A damaged
        pointer is renamed to ``current.json.damaged`` and replaced.

        Raises:
            ModelStoreError: there is no such version, or it is damaged.
        """
        version = self.version(version_name)
        with FileLock(self.root / "pointer.lock"):
            try:
                before = read_pointer(self._pointer)
            except ModelStoreError:
                put_aside(self._pointer)
                before = None
            earlier = before.earlier if before else ()
            if before and before.version not in (version_name, instead_of):
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
            earlier = [each.name for each in self._whole(pointer.earlier)] if pointer else []
            if not earlier:
                live = pointer.version if pointer else "no live version"
                raise ModelStoreError(f"Expected an earlier live version to go back to, was: only {live}.")
            version = self.version(earlier[-1])
            write_pointer(self._pointer, Pointer(version.name, tuple(earlier[:-1]), self._fingerprints()))
        return version

    def keep(self, version: str) -> None:
        """Never prune this version: something outside the store names it, such as an export."""
        with FileLock(self.root / "pointer.lock"):
            write_json(self._kept_path, sorted({*self._kept(), version}))

    def prune(self, newest: int, needed: Collection[str] = ()) -> tuple[str, ...]:
        """Delete old versions; return their names.

        These stay: the ``newest`` whole ones (0: all stay), the live one, the one that was live before it,
        the one that the pointer names, those of `keep`, those ``needed``, and one that a process loads at
        this moment. A damaged version goes when it is older than the newest ones.
        """
        whole = [each.name for each in self.versions()]
        if not newest or len(whole) <= newest:
            return ()
        kept = {*whole[-newest:], *needed, *self._kept()}
        with FileLock(self.root / "publish.lock"), FileLock(self.root / "pointer.lock"):
            try:
                pointer = read_pointer(self._pointer) or Pointer("")
            except ModelStoreError:
                pointer = Pointer("")
            before = next(self._whole(reversed(pointer.earlier)), None)
            live = self.current()
            kept |= {pointer.version, *(each.name for each in (before, live) if each)}
            first = _number(whole[-newest])
            old = [name for name in self._names() if name not in kept and _number(name) < first]
            return tuple(name for name in old if remove_unused(self._versions / name, self._scratch))

    def _kept(self) -> list[str]:
        try:
            return [str(each) for each in json.loads(self._kept_path.read_text("utf-8"))]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    @property
    def _kept_path(self) -> Path:
        return self.root / "kept.json"

    def is_pinned(self, data_fingerprint: str) -> bool:
        """Whether a user chose the live version, and it is whole, when this training data was known."""
        try:
            pointer = read_pointer(self._pointer)
        except ModelStoreError:
            return False
        return (
            pointer is not None
            and data_fingerprint in pointer.pinned
            and next(self._whole([pointer.version]), None) is not None
        )

    @property
    def _versions(self) -> Path:
        return self.root / "versions"

    @property
    def _scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def _pointer(self) -> Path:
        return self.root / "current.json"

    def _whole(self, names: Iterable[str]) -> Iterator[Version]:
        """Those of the named versions that exist and are whole; read when they are asked for."""
        for name in names:
            with suppress(ModelStoreError, OSError):
                yield self.version(name)

    def _named(self, pointer: Pointer) -> Version | None:
        """The live version of the pointer, or the last one before it that is whole."""
        return next(self._whole((pointer.version, *reversed(pointer.earlier))), None)

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
