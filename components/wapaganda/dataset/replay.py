"""Make an export again: what it was made from, and whether its files are the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from wapaganda.dataset.card import CardFacts
from wapaganda.dataset.model_labels import ModelLabels
from wapaganda.dataset.request import ExportRequest
from wapaganda.errors import InputError
from wapaganda.ner import Document, encode_spans

TEXTS, PEOPLE_LABELS, MACHINE_LABELS, HISTORY, FACTS, PROGRAM = (
    "the texts",
    "the labels of people",
    "the labels of the machine",
    "what annotators were shown",
    "what the card says of the project",
    "the program",
)
"""The inputs of an export, as a person would call them."""


@dataclass(frozen=True, slots=True)
class Replay:
    """An earlier export, by its manifest, that is to be made again.

    ``request`` and ``title``, ``licence``, ``languages``, ``created_at`` and ``with_machine``: as then.
    ``reading``: the settings by which files and tasks were read. ``inputs``: the SHA-256 of each input.
    ``files``: of each file that was written.
    """

    path: Path
    request: ExportRequest
    title: str
    licence: str
    languages: tuple[str, ...]
    created_at: str
    with_machine: bool
    reading: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a manifest, or that in a folder.

        Raises:
            InputError: it is not a manifest from which an export can be made again.
        """
        path = path / "export.json" if path.is_dir() else path
        try:
            values = json.loads(path.read_text("utf-8"))
            request = {key: _tupled(each) for key, each in values["request"].items()}
            return cls(
                path,
                ExportRequest(**request),
                values["title"],
                values["licence"],
                tuple(values["languages"]),
                values["created_at"],
                bool(values["with_machine"]),
                dict(values["reading"]),
                dict(values["inputs"]),
                dict(values["files"]),
            )
        except FileNotFoundError:
            raise InputError(f"Expected the manifest of an export in {path}, was: no file.") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"Expected the manifest of an export that can be made again in {path}, was: {error!r}."
            ) from error

    def refuse_others(self, inputs: Mapping[str, str], files: Mapping[str, str]) -> None:
        """Compare with what is about to be written.

        Raises:
            InputError: a file is not the same; the message says which inputs have changed.
        """
        if files == self.files:
            return
        changed = [name for name in inputs if inputs[name] != self.inputs.get(name)]
        if changed:
            what = f"{_listed(changed)} changed since"
        else:
            others = sorted(name for name in {*files, *self.files} if files.get(name) != self.files.get(name))
            what = f"the same inputs gave another {others[0]}, perhaps by another version of a library"
        raise InputError(f"Expected the files of {self.path} again, was: {what}.", "Nothing was written.")


def inputs_of(documents: Sequence[Document], machine: ModelLabels | None, facts: CardFacts) -> dict[str, str]:
    """The SHA-256 of each input of an export, by its name."""
    labelled = [each for each in documents if each.spans is not None]
    history = facts.history
    shown = {name: encode_spans(spans) for name, spans in history.shown.items()}
    said = [facts.source, facts.encoder, facts.model_version, facts.model_warning, facts.answers]
    return {
        TEXTS: _digest([[each.id, each.text] for each in documents]),
        PEOPLE_LABELS: _digest([[each.id, encode_spans(each.spans or ()), each.meta] for each in labelled]),
        MACHINE_LABELS: _digest(None if machine is None else _machine(machine)),
        HISTORY: _digest([shown, dict(history.reasons)]),
        FACTS: _digest([*said, facts.likely_errors, facts.prices, facts.read.lines()]),
        PROGRAM: _digest(facts.package),
    }


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in an export, by its path in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path.read_bytes()) for path in found}


def _machine(machine: ModelLabels) -> list[Any]:
    spans = [[each.id, each.text, encode_spans(each.spans or (), scores=True)] for each in machine.documents]
    certificate = None if machine.certificate is None else dict(machine.certificate)
    terms = {name: encode_spans(sorted(spans)) for name, spans in machine.by_term.items()}
    return [machine.model, machine.campaign, certificate, machine.n_gone, spans, *([terms] if terms else ())]


def _digest(values: object) -> str:
    return _sha256(json.dumps(values, sort_keys=True, default=str).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tupled(value: Any) -> Any:  # noqa: ANN401 - a value of JSON
    return tuple(value) if isinstance(value, list) else value


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
