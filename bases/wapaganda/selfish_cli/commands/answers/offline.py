"""selfish answers: a batch that was worked on in a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wapaganda.errors import InputError
from wapaganda.selfish_cli.inputs import read_texts
from wapaganda.selfish_cli.outputs import check_parent
from wapaganda.selfish_cli.project import open_context
from wapaganda.selfish_cli.ui import choices, options
from wapaganda.selfish_cli.ui.console import Console, session
from wapaganda.selfish_cli.ui.tables import facts_table

if TYPE_CHECKING:
    from wapaganda.annotation import ReadOptions, ReadReport, ReadResult
    from wapaganda.ner import Document
    from wapaganda.pipeline import Answers

WORDS = {
    "accepted_unchanged": "Accepted",
    "known": "Known",
    "unchanged": "Unchanged",
    "open": "Open",
    "not_read": "Not read",
    "text_changed": "Refused",
    "not_in_the_batch": "Not matched",
    "labelled_otherwise": "Kept",
}


def answers(
    batch: Annotated[Path, typer.Option("--batch", help=f"The batch with the answers: {choices.FORMATS}.")],
    data: Annotated[
        Path,
        typer.Option("--data", help="Labelled texts (.jsonl) to which the answers are added; new or not."),
    ],
    offered: Annotated[
        Path | None,
        typer.Option(
            "--offered",
            help="The batch as select or update wrote it, or the pool: gives back ids, white space and the "
            "draw, and finds changed texts and unchanged proposals. Default: --batch, changed in place.",
        ),
    ] = None,
    accept_unchanged: Annotated[
        bool,
        typer.Option(
            "--accept-unchanged",
            help="Somebody has checked all proposals: take also those that are unchanged as labels.",
        ),
    ] = False,
    columns: options.Columns = None,
    scheme: choices.Scheme = None,
    text_field: options.TextField = None,
    label_tag: options.LabelTag = None,
    lenient: options.Lenient = None,
    as_json: options.AsJson = False,
) -> None:
    """Add the answers of a batch that was worked on in a file to the labelled texts.

    A text is recognised by its id, its wording, or its wording up to white space. Labels that are there
    already stay. Repeat the command as often as you like: each answer is added once, all of them or, when it
    is stopped, none.
    """
    overrides = {
        "read_columns": columns,
        "read_scheme": scheme,
        "text_field": text_field,
        "label_tag": label_tag,
        "lenient": lenient,
    }
    with session(as_json, "Nothing was written.") as console:
        _check(batch, data, offered)
        context = open_context(None, overrides=overrides)
        with console.progress() as progress, _alone_with(data):
            progress("read", 0, 0)
            answered, read = _answered(batch, context.reading)
            for note in read.lines():
                console.warn(note)
            from wapaganda.annotation import add_documents
            from wapaganda.pipeline import collect_answers

            found = collect_answers(
                answered,
                _offered(offered, context.reading),
                _labelled(data, context.reading),
                accept_unchanged=accept_unchanged,
            )
            if found.new:
                progress("write", 0, 0)
                add_documents(found.new, data)
        _show(console, found, data)
        console.emit(_result(found, batch, data) | {"read": read.to_dict()})


def _check(batch: Path, data: Path, offered: Path | None) -> None:
    for path in (batch, *([] if offered is None else [offered])):
        if not path.exists():
            raise InputError(f"Expected a file or folder, was: {path}, which does not exist.")
        if data.resolve() == path.resolve():
            raise InputError(
                f"Expected labelled texts in another file than the batch, was: {path} twice.",
                "Name the labelled texts by --data; the file may be new.",
            )
    if data.suffix.lower() not in (".jsonl", ".ndjson"):
        hint = f"selfish convert {data} --to jsonl --out {data.with_suffix('.jsonl')} writes it once."
        raise InputError(
            f"Expected --data as JSONL, which keeps ids, white space and draws, was: {data}.",
            hint if data.exists() else "Name a file that ends in .jsonl.",
        )
    check_parent(data)


@contextmanager
def _alone_with(data: Path) -> Iterator[None]:
    """Two commands at the same time would each write what it has read."""
    from filelock import FileLock

    data.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(data.resolve().with_name(f".{data.name}.lock")):
        yield


def _answered(batch: Path, reading: "ReadOptions") -> tuple["ReadResult", "ReadReport"]:
    from wapaganda.annotation import read_documents

    found = read_documents(batch, options=reading)
    found.report.check(reading.lenient)
    return found, found.report


def _offered(path: Path | None, reading: "ReadOptions") -> "list[Document] | None":
    from wapaganda.annotation import read_documents

    return None if path is None else read_documents(path, options=reading).documents


def _labelled(data: Path, reading: "ReadOptions") -> "tuple[Document, ...]":
    has_texts = data.exists() and bool(data.read_bytes().strip())
    return read_texts(data, reading).documents if has_texts else ()


def _show(console: Console, found: "Answers", data: Path) -> None:
    counts = found.counts()
    facts = [("Added", f"{counts['added']:,} texts to {data}")]
    sentences = {
        "accepted_unchanged": "of them unchanged proposals, taken because of --accept-unchanged",
        "known": "in it already, with the same labels",
        "unchanged": "proposals that nobody has changed, no labels: mark the texts that you have checked "
        "(answered), or --accept-unchanged",
        "open": "without an answer",
        "not_read": "whose labels are not understood",
        "text_changed": f"whose text is another one, first {_first(found.changed)}",
        "not_in_the_batch": f"not among --offered, first {_first(found.unmatched)}",
        "labelled_otherwise": f"labelled otherwise in {data}, which stays, first {_first(found.other)}",
    }
    facts += [(WORDS[key], f"{counts[key]:,} {words}") for key, words in sentences.items() if counts[key]]
    console.show(facts_table("", facts))


def _first(sentences: tuple[str, ...]) -> str:
    return sentences[0] if sentences else ""


def _result(found: "Answers", batch: Path, data: Path) -> dict[str, Any]:
    refused = [*found.changed, *found.unmatched, *found.other]
    return {"batch": str(batch), "data": str(data), **found.counts(), "refused": refused}
