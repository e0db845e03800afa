"""The sources of a project: read the file that names them, ask them, and never fail because one does."""

from __future__ import annotations

import logging
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from wapaganda.errors import InputError, WapagandaError, tell
from wapaganda.ner import Document, LabelSchema, Repairs, Span, repair_spans
from wapaganda.progress import Progress, silent
from wapaganda.source.answers import KeptAnswers
from wapaganda.source.interface import SourceOptions, SpanSource, make_source

logger = logging.getLogger(__name__)

_OWN = {"name", "kind", "labels"}
_SHOWN, _LONGEST = 5, 120
"""Labels, and characters of an error of others, that a sentence shows."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What sources have said about some texts: ``spans`` by the name of the source, one tuple for each text,
    valid spans with labels of the project. ``messages``: why sources were left out, a sentence each.
    ``notes``: what the others said that was not understood or does not count, with its number."""

    spans: Mapping[str, Sequence[tuple[Span, ...]]] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class SourceSet:
    """The sources that a file names, for a project with these types.

    ``kept``: the SQLite file of their answers. A source is made when it is first asked, and asked about each
    text once. ``made``: those that were asked.
    """

    tables: Sequence[SourceOptions]
    kept: Path
    made: dict[str, SpanSource] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, labels: Sequence[str], kept: Path, key: str = "") -> Self:
        """Read a sources file (TOML). ``labels``: the types of the project; none: those that the sources
        know. ``key``: for services.

        Raises:
            InputError: there is no such file, or it has another form.
        """
        found = _tables(path, labels, key)
        if not labels and found:
            own = _labels_of(found)
            found = [replace(each, project_labels=own) for each in found]
        return cls(found, kept)

    @property
    def labels(self) -> tuple[str, ...]:
        """The types of the project."""
        return tuple(self.tables[0].project_labels) if self.tables else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources, in their order."""
        return tuple(each.name for each in self.tables)

    def known(self, name: str) -> tuple[str, ...]:
        """The types of the project that a source knows; it was asked before."""
        table = next(each for each in self.tables if each.name == name)
        own = self.made[name].types or table.project_labels
        found = {_label(label, table) for label in own} & set(table.project_labels)
        return tuple(label for label in table.project_labels if label in found)

    def only(self, names: Collection[str]) -> SourceSet:
        """The same with these sources only."""
        return replace(self, tables=[each for each in self.tables if each.name in names])

    def hear(self, texts: Sequence[str], progress: Progress = silent) -> Heard:
        """Ask every source about the texts. One that fails is left out, with a message."""
        spans: dict[str, Sequence[tuple[Span, ...]]] = {}
        messages, notes = [], []
        for table in self.tables:
            try:
                answers = self._ask(table, texts, progress)
                spans[table.name], said = _of_project(texts, answers, table, self.made[table.name])
                notes += [f"The source {table.name}: {each}" for each in said]
            except Exception as error:  # the code of others may raise anything
                message = f"The source {table.name} is left out: {_told(error)}"
                logger.warning(message, exc_info=not isinstance(error, (WapagandaError, OSError)))
                messages.append(message)
        return Heard(spans, tuple(messages), tuple(notes))

    def _ask(
        self, table: SourceOptions, texts: Sequence[str], progress: Progress
    ) -> list[tuple[Span, ...] | None]:
        if table.name not in self.made:
            self.made[table.name] = make_source(table)
        source = self.made[table.name]
        fingerprint = source.fingerprint
        kept = KeptAnswers(self.kept) if fingerprint else None
        different = list(dict.fromkeys(texts))
        known: dict[str, tuple[Span, ...] | None] = dict(kept.find(fingerprint, different)) if kept else {}
        missing = [text for text in different if text not in known]
        for start in range(0, len(missing), source.at_a_time):
            progress("sources", start, len(missing))
            part = missing[start : start + source.at_a_time]
            new = dict(zip(part, source.spans(part), strict=True))
            if kept:
                kept.add(fingerprint, {text: said for text, said in new.items() if said is not None})
            known |= new
        return [known[text] for text in texts]


_SET = "Correct SOURCES, or write the file (docs/sources.md)."
_FORM = "Write it as in docs/sources.md."


def _tables(path: Path, labels: Sequence[str], key: str) -> list[SourceOptions]:
    """The tables of a sources file."""
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"Expected a sources file, was: {path}, which does not exist.", _SET) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"Expected TOML in {path}, was: {error}.", _FORM) from None
    tables = content.get("source")
    if set(content) != {"source"} or not isinstance(tables, list):
        raise InputError(f"Expected tables [[source]] in {path}, was: {', '.join(content) or 'none'}.", _FORM)
    found = [_options(table, path, labels, key) for table in tables]
    twice = [each.name for at, each in enumerate(found) if each.name in {b.name for b in found[:at]}]
    if twice:
        raise InputError(f"Expected each name once in {path}, was: {twice[0]} twice.", _FORM)
    return found


def _options(table: object, path: Path, labels: Sequence[str], key: str) -> SourceOptions:
    values: Mapping[str, Any] = table if isinstance(table, dict) else {}
    name, kind, mapping = (values.get(each) for each in ("name", "kind", "labels"))
    if not (isinstance(name, str) and name and isinstance(kind, str)):
        raise InputError(f"Expected name and kind of each source in {path}, was: {dict(values)}.", _FORM)
    mapping = {} if mapping is None else mapping
    options = SourceOptions(
        name, kind, {k: v for k, v in values.items() if k not in _OWN}, {}, labels, path.parent, key
    )
    if not isinstance(mapping, dict) or not all(isinstance(each, str) for each in mapping.values()):
        raise options.wrong("labels", "a table of its labels and those of the project", mapping)
    unknown = sorted(set(mapping.values()) - set(labels)) if labels else []
    if unknown:
        raise options.wrong("labels", f"labels of the project ({', '.join(labels)})", ", ".join(unknown))
    return replace(options, labels=mapping)


def _labels_of(tables: Sequence[SourceOptions]) -> tuple[str, ...]:
    """The types that the sources know, sorted."""
    found = {label for each in tables for label in each.labels.values()}
    for each in tables:
        if not each.labels:
            try:
                found |= set(make_source(each).types)
            except Exception as error:  # it is said when the source is asked
                logger.debug("The source %s is left out: %s", each.name, _told(error))
    return tuple(sorted(found))


def _label(own: str, table: SourceOptions) -> str:
    return table.labels.get(own, "") if table.labels else own


def _told(error: Exception) -> str:
    """An error in words, that of the code of others by its own."""
    explained = tell(error)
    said = " ".join(str(error).split())[:_LONGEST]
    return f"it failed ({type(error).__name__}: {said})." if explained.is_defect else str(explained)


def _of_project(
    texts: Sequence[str],
    answers: Sequence[Sequence[Span] | None],
    table: SourceOptions,
    source: SpanSource,
) -> tuple[list[tuple[Span, ...]], list[str]]:
    """The spans that count for the project, and in sentences what does not."""
    found, repairs, foreign = [], Repairs(), Counter[str]()
    for text, spans in zip(texts, answers, strict=True):
        named = [(each.label, replace(each, label=_label(each.label, table))) for each in spans or ()]
        foreign.update(own for own, each in named if each.label not in table.project_labels)
        valid, done = repair_spans(text, [each for _, each in named if each.label in table.project_labels])
        found.append(valid)
        repairs += done
    notes = list(getattr(source, "notes", ()))
    if unsaid := sum(spans is None for spans in answers):
        notes.append(
            f"it says nothing that can be read about {unsaid:,} of {len(texts):,} texts, which count as "
            "texts without an entity."
        )
    changed = replace(repairs, trimmed=0, duplicate=0)  # which change no entity
    if changed.total:
        notes.append(f"its spans in {len(texts):,} texts: {changed.describe()}.")
    return found, [*notes, *_not_of_project(table, source.types, foreign)]


def _not_of_project(table: SourceOptions, types: Sequence[str], foreign: Counter[str]) -> list[str]:
    """Labels that do not count, unless the sources file leaves them out by its ``labels``."""
    if table.labels:
        gone = [label for label in table.labels if label not in types]
        return [f"it has no label {', '.join(gone)}, which the sources file names."] if gone else []
    unknown = sorted({*types, *foreign} - set(table.project_labels))
    if not unknown:
        return []
    shown = ", ".join(unknown[:_SHOWN]) + (", …" if len(unknown) > _SHOWN else "")
    return [f"the project has no label {shown}; {foreign.total():,} spans with it do not count."]


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """Where the sources of a project are named, and where their answers are kept; ``key``: for services."""

    path: Path
    kept: Path
    key: str = field(default="", repr=False)

    def open(self, labels: Sequence[str]) -> SourceSet:
        """The sources for a project with these types.

        Raises:
            InputError: there is no such file, or it has another form.
        """
        return SourceSet.read(self.path, labels, self.kept, self.key)

    def names(self) -> tuple[str, ...]:
        """The names of the sources in the file.

        Raises:
            InputError: there is no such file, or it has another form.
        """
        return tuple(each.name for each in _tables(self.path, (), ""))

    def schema(self, labelled: Sequence[Document]) -> LabelSchema:
        """The types of a project that has no label config: those of the labelled texts and of the ``labels``
        in the file; without a labelled entity, all that the sources know.

        Raises:
            InputError: the file is wrong, or there is no type.
        """
        known = {span.label for each in labelled for span in each.spans or ()}
        sources = self.open(())
        own = (
            {new for each in sources.tables for new in each.labels.values()} if known else set(sources.labels)
        )
        if not known | own:
            raise InputError(f"Expected types in the sources of {self.path}, was: none.", _FORM)
        return LabelSchema(tuple(sorted(known | own)))


def sources_version(names: Sequence[str]) -> str:
    """What stands as the version of a model where sources have proposed the spans; empty without any."""
    return f"sources-{'+'.join(names)}" if names else ""
