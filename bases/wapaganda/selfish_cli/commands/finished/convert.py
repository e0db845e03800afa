"""selfish convert: texts in another format."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.annotation import all_formats
from wapaganda.dataset import export_formats
from wapaganda.errors import InputError
from wapaganda.selfish_cli.inputs import read_texts
from wapaganda.selfish_cli.outputs import SHOWN, check_out, check_parent
from wapaganda.selfish_cli.project import open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.annotation import Conversion, ReadOptions, ReadReport
    from wapaganda.ner import Document


def convert(
    paths: Annotated[list[Path], typer.Argument(help=f"Files or folders: {choices.FORMATS}.")],
    out: Annotated[Path, typer.Option("--out", help="File or new folder to write.")],
    to: Annotated[
        str | None,
        typer.Option("--to", help=f"{', '.join(export_formats())}; without it the suffix of --out decides."),
    ] = None,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Write texts in another format, and say what the format cannot keep.

    The written file is read back and compared. A text that the format cannot hold is left out whole and
    reported. What a model proposed stays a proposal. Texts of several files go into one.
    """
    overrides = {
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        _check(paths, out, to)
        context = open_context(None, overrides=overrides)
        with console.progress() as progress:
            progress("read", 0, 0)
            documents, made_ids, read = _read(paths, context.reading)
            for note in read.lines():
                console.warn(note)
            progress("write", 0, 0)
            from wapaganda.annotation import convert_documents

            found = convert_documents(documents, out, to, made_ids=made_ids)
        _show(console, found, out)
        console.emit(_result(found, out, len(documents)) | {"read": read.to_dict()})


def _check(paths: Sequence[Path], out: Path, to: str | None) -> None:
    if to is None or to not in export_formats():
        if to is not None:
            raise InputError(f"Expected a format of {', '.join(export_formats())}, was: {to!r}.")
        check_out(out, *paths)
    elif out.resolve() in {path.resolve() for path in paths}:
        raise InputError(f"Expected a new file, was: {out}, which is read from.", "Name another by --out.")
    elif out.is_dir() and (not all_formats()[to].is_folder or any(out.iterdir())):
        raise InputError(f"Expected a new file or folder, was: {out}.", "Name another by --out.")
    check_parent(out)


def _read(paths: Sequence[Path], reading: "ReadOptions") -> tuple[list["Document"], set[str], "ReadReport"]:
    """The texts whose labels were understood, the ids that the reader made, and the report."""
    from dataclasses import replace

    from wapaganda.annotation import Finding, ReadReport, is_unread

    documents: dict[str, Document] = {}
    made_ids: set[str] = set()
    report = ReadReport()
    for path in paths:
        texts = read_texts(path, reading)
        report += texts.report
        for document in (each for each in texts.documents if not is_unread(each)):
            known, number = document.id, 1
            while document.id in documents:
                number += 1
                document = replace(document, id=f"{known}#{number}")
            if re.fullmatch(rf"{re.escape(path.stem)}-\d{{6}}(#\d+)?", document.id):
                made_ids.add(document.id)
            elif number > 1:
                example = f"{known!r} is now {document.id!r}"
                report = report.with_findings(Finding("same-id", 1, str(path), example))
            documents[document.id] = document
    if not documents:
        raise InputError("Expected at least one text whose labels are understood, was: none.")
    return list(documents.values()), made_ids, report


def _show(console: Console, found: "Conversion", out: Path) -> None:
    facts = [("Written", f"{found.n_written:,} texts, {found.n_labelled:,} of them labelled, in {out}")]
    if found.n_proposals:
        facts.append(("Proposals", f"what a model proposed, which is no label: {found.n_proposals:,} texts"))
    facts += [("Lost", line) for line in found.lines()]
    facts += [("Left out", reason) for reason in found.left_out[:SHOWN]]
    if len(found.left_out) > SHOWN:
        facts.append(("Left out", f"{len(found.left_out):,} texts in all"))
    console.show(facts_table("", facts))


def _result(found: "Conversion", out: Path, n_texts: int) -> dict[str, Any]:
    return {
        "out": str(out),
        "texts": n_texts,
        "written": found.n_written,
        "labelled": found.n_labelled,
        "proposals": found.n_proposals,
        "lost": dict(found.lost),
        "left_out": list(found.left_out),
    }
