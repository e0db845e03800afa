"""Read and write documents in any registered format."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wapaganda.annotation.collecting import Collector, FormatError, ReadResult
from wapaganda.annotation.format import Format, Source, all_formats, by_suffix, format_titles
from wapaganda.annotation.label_studio.label_config import LabelConfig
from wapaganda.annotation.proposals import as_proposal, states_provenance
from wapaganda.annotation.read_options import ReadOptions
from wapaganda.annotation.read_report import with_original
from wapaganda.annotation.records import write_jsonl
from wapaganda.errors import InputError
from wapaganda.ner import Document
from wapaganda.storage import atomic_folder, atomic_path

_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_NAMED = 0.2
"""Added to a format's certainty if the file name ends in one of its suffixes."""


def read_documents(
    path: Path,
    format: str | None = None,
    *,
    config: LabelConfig | None = None,
    strict: bool = False,
    options: ReadOptions | None = None,
) -> ReadResult:
    """Read a file or folder of labelled or unlabelled texts. Spans are repaired; repairs are counted.

    ``format`` is the name of a format. Without it content and suffix decide. ``config`` is the label config
    of Label Studio tasks; without it the config is inferred from the tasks. ``options``: columns and scheme.
    The result's report says what was not read; ``report.check()`` refuses too large a share of it.

    Raises:
        FormatError: the format is not recognised, nothing could be read, or, if ``strict``, a record is
            malformed.
        FileNotFoundError: there is no such file.
    """
    table = all_formats()
    if format is not None and format not in table:
        raise FormatError(f"Expected a format of {', '.join(table)}, was: {format!r}")
    options = options or ReadOptions()
    collector, source = Collector(path, strict, options), Source(path, config, options)
    _refuse_others(path)
    with collector_paused():
        chosen = table[format] if format is not None else _recognised(source)
        try:
            chosen.read(source, collector)
        except InputError as error:
            if isinstance(error, FormatError) and str(error).startswith(str(path)):
                raise
            raise FormatError(str(error), path) from error
        return collector.result()


def _refuse_others(path: Path) -> None:
    """A pipe can be read once, and without a writer never; files are read several times."""
    if path.is_file() and path.suffix.lower() in _WORKBOOKS:
        raise FormatError("Expected texts, was: a workbook; save its sheet as CSV UTF-8 first", path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise FormatError("Expected a file or folder, was: a pipe or a device; write a file first", path)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's search for circular garbage: a reading makes millions of objects and no circles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_documents(
    documents: Sequence[Document],
    path: Path,
    format: str | None = None,
    *,
    check: Callable[[Path, str, Sequence[str]], None] | None = None,
) -> tuple[str, ...]:
    """Write the documents atomically; return one sentence for each text that was left out.

    ``format`` is the name of a format; without it the suffix decides. A text is left out if the format
    cannot hold one of its labels: a text is never written with only a part of its labels. Spans that all have
    a score, or of a text that says that a machine has labelled it, are written as what a model proposed
    (`with_proposal`) or with that statement; no reader takes them for labels. Labels
    that were repaired while reading go out as they were marked, in ``meta["original_regions"]``. ``check`` is
    called with the finished draft, the name of the format and these sentences; when it raises, ``path`` stays
    as it was.

    Raises:
        FormatError: no writable format has this name or suffix.
    """
    chosen = all_formats().get(format) if format is not None else by_suffix(path, writable=True)
    if chosen is None or chosen.write is None:
        names = ", ".join(each.name for each in all_formats().values() if each.write is not None)
        raise FormatError(f"Expected a format of {names}, was: {format or path.name}")
    says_who = "provenance" in chosen.keeps
    kept = map(with_original, documents)
    documents = [each if says_who and states_provenance(each.meta) else as_proposal(each) for each in kept]
    problems = [(each, _unwritable(each)) for each in documents]
    fine = [each for each, problem in problems if problem is None]
    with (atomic_folder if chosen.is_folder else atomic_path)(path) as draft:
        unheld = chosen.write(fine, draft)
        left_out = (*(f"{each.id!r}: {problem}" for each, problem in problems if problem), *unheld)
        if check is not None:
            check(draft, chosen.name, left_out)
    return left_out


def add_documents(documents: Sequence[Document], path: Path) -> None:
    """Append documents to a file with one JSON object a line, or begin it; all of them or, on an error, none.

    What is in the file stays as it is, byte for byte.

    Raises:
        FormatError: the file is of another form, so that it would no longer be read as before.
    """
    path = path.resolve()
    old = path.read_bytes() if path.exists() else b""
    before = read_documents(path).documents if old.strip() else []
    with atomic_path(path) as draft:
        write_jsonl(documents, draft)
        gap = b"" if not old or old.endswith(b"\n") else b"\n"
        draft.write_bytes(old + gap + draft.read_bytes())
        if path.exists():
            shutil.copymode(path, draft)
        after = [(each.text, each.spans) for each in _lines_of(draft)]
        if after != [(each.text, each.spans) for each in (*before, *documents)]:
            raise FormatError(
                "Expected a file with one JSON object a line, which more can be added to, was: another form; "
                f"write one first: selfish convert {path.name} --to jsonl --out {path.stem}.jsonl",
                path,
            )


def _lines_of(draft: Path) -> list[Document]:
    try:
        return read_documents(draft, "jsonl").documents
    except FormatError:
        return []


def _unwritable(document: Document) -> str | None:
    """Why no format can hold the document: half of a surrogate pair, or a value that is not JSON."""
    labels = [span.label for span in document.spans or ()]
    try:
        "\n".join([document.id, document.text, *labels]).encode()
        json.dumps(dict(document.meta), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        return f"no file can hold it ({error})"
    return None


def _recognised(source: Source) -> Format:
    if not source.is_folder and not source.path.exists():
        raise FileNotFoundError(f"Expected a file or folder, was: {source.path}, which does not exist")
    named = by_suffix(source.path)
    scores = {name: _certainty(each, source, each is named) for name, each in all_formats().items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] > 0:
        return all_formats()[best]
    if source.is_folder:
        titles = " or ".join(each.title for each in all_formats().values() if each.is_folder)
        raise FormatError(f"Expected {titles}, was: something else; name one file in it", source.path)
    if named is not None and not named.is_folder:
        return named
    suffixes = ", ".join(each.suffixes[0] for each in all_formats().values() if each.suffixes)
    raise FormatError(
        f"Expected {format_titles()}, was: {source.text[:60]!r}; use a file name that ends in {suffixes}",
        source.path,
    )


def _certainty(format: Format, source: Source, is_named: bool) -> float:
    if format.is_folder != source.is_folder:
        return 0.0
    try:
        certainty = format.sniff(source)
    except FormatError:
        return 0.0
    return certainty + _NAMED if certainty and is_named else certainty
