"""BRAT folders: a ``.txt`` with the text and an ``.ann`` with the spans (brat standoff format)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from wapaganda.annotation.collecting import Collector, FormatError
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.proposals import marked_spans, with_proposal
from wapaganda.ner import Document, Span

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NEWLINES = re.compile(r"[\r\n]+")
_T_LINE = re.compile(r"T\S*\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?", re.DOTALL)
_PROPOSED = "proposed by "
"""The note on a span that a model proposed. Whoever has checked it deletes the note."""
_NOTE = re.compile(rf"^#\S*\tAnnotatorNotes (T\S*)\t{_PROPOSED}(.*)$", re.MULTILINE)
_KINDS = {"R": "relations", "E": "events", "A": "attributes", "M": "attributes", "*": "equivalences"} | {
    "#": "notes",
    "N": "normalisations",
}


def read_standoff(source: Source, collector: Collector) -> None:
    """Collect a document from each ``.txt``; without an ``.ann`` it is unlabelled.

    A text is skipped if offsets and words in the ``.ann`` disagree. Discontinuous spans and lines
    other than ``T`` are counted and noted.
    """
    unread: Counter[str] = Counter()
    for path in sorted(source.path.rglob("*.txt")):
        name = path.relative_to(source.path).with_suffix("").as_posix()
        try:
            text = path.read_bytes().decode()
            annotations = path.with_suffix(".ann")
            marked = list(_spans(annotations, text, unread)) if annotations.is_file() else None
        except (UnicodeDecodeError, FormatError) as error:
            collector.skip(None, f"{name}: {error}")
        else:
            spans = None if marked is None else tuple(span for _, span in marked)
            document = Document(name, text, spans)
            by = _proposed_by(annotations) if marked else {}
            if marked and all(key in by for key, _ in marked):
                document = with_proposal(document, spans or (), by[marked[0][0]])
            collector.add(document)
    for path in sorted(source.path.rglob("*.ann")):
        if not path.with_suffix(".txt").is_file():
            collector.skip(None, f"{path.relative_to(source.path)}: Expected a .txt next to it, was: none")
    if unread:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(unread.items()))
        collector.found("beside", counts, unread.total())


def _proposed_by(path: Path) -> dict[str, str]:
    """The model that proposed a span, by the key of its ``T`` line."""
    found = _NOTE.finditer(path.read_bytes().decode())
    return {match[1]: match[2].strip() for match in found}


def _spans(path: Path, text: str, unread: Counter[str]) -> Iterator[tuple[str, Span]]:
    """The spans, each with the key of its ``T`` line."""
    lines = path.read_bytes().decode().replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if line[:1] == "T":
            found = _T_LINE.fullmatch(line)
            if found is None:
                raise FormatError(
                    f"Expected T1, label, start, end and words, was: {line[:80]!r}", path, number
                )
            label, places, words = found.groups()
            parts = [tuple(map(int, place.split())) for place in places.split(";")]
            start, end = parts[0][0], parts[-1][1]
            if words is not None and _plain("".join(words)) != _plain(" ".join(text[a:b] for a, b in parts)):
                raise FormatError(
                    f"Expected {words!r} at {places}, was: {text[start:end]!r} (the offsets count something "
                    "else than code points)",
                    path,
                    number,
                )
            gaps = [text[before[1] : after[0]] for before, after in pairwise(parts)]
            if any(gap.strip() for gap in gaps) or sorted(parts) != parts:
                unread["discontinuous spans"] += 1
            else:
                yield line.partition("\t")[0], Span(start, end, label)
        elif line.strip() and not _NOTE.match(line):
            unread[_KINDS.get(line[0], "other lines")] += 1


def _plain(words: str) -> str:
    return "".join(words.split())


def write_standoff(documents: Sequence[Document], path: Path) -> Sequence[str]:
    """Write ``.txt``, ``.ann`` and ``annotation.conf``; return one sentence for each text left out.

    The files are named by the document id if it is a valid file name, otherwise by a number.
    """
    path.mkdir(exist_ok=True)
    left_out, labels, taken = [], set(), set[str]()
    for number, document in enumerate(documents, start=1):
        marked, proposal = marked_spans(document)
        spans = marked or ()
        wrong = [span.label for span in spans if not re.fullmatch(r"\S+", span.label)]
        if wrong:
            left_out.append(f"{document.id}: BRAT cannot hold the label {wrong[0]!r} (white space)")
            continue
        name = document.id if _FILE_NAME.fullmatch(document.id) else f"text-{number:06d}"
        while name.lower() in taken:
            name += "-copy"
        taken.add(name.lower())
        labels |= {span.label for span in spans}
        (path / f"{name}.txt").write_bytes(document.text.encode())
        if spans or document.spans is not None:
            lines = [f"T{at}\t{_t_line(span, document.text)}\n" for at, span in enumerate(spans, start=1)]
            if proposal is not None:
                by = " ".join(proposal.by.split()) or "a model"
                lines += [
                    f"#{at}\tAnnotatorNotes T{at}\t{_PROPOSED}{by}\n" for at in range(1, len(spans) + 1)
                ]
            (path / f"{name}.ann").write_bytes("".join(lines).encode())
    conf = "\n".join(["[entities]", *sorted(labels), "[relations]", "[events]", "[attributes]", ""])
    (path / "annotation.conf").write_bytes(conf.encode())
    return left_out


def _t_line(span: Span, text: str) -> str:
    """Label, offsets and words; a line break splits a span into fragments, as in brat."""
    parts, start = [], span.start
    for gap in _NEWLINES.finditer(text, span.start, span.end):
        parts.append((start, gap.start()))
        start = gap.end()
    parts.append((start, span.end))
    places = ";".join(f"{a} {b}" for a, b in parts)
    return f"{span.label} {places}\t" + " ".join(text[a:b] for a, b in parts)


def _sniff(source: Source) -> float:
    is_brat = (source.path / "annotation.conf").is_file() or any(source.path.rglob("*.ann"))
    return 0.9 if is_brat else 0.0


register(
    Format(
        name="brat",
        title="a folder with files of BRAT",
        suffixes=(".brat",),
        sniff=_sniff,
        read=read_standoff,
        write=write_standoff,
        keeps=frozenset({"unlabelled texts", "white space", "proposals"}),
        is_folder=True,
        layout="`brat/<split>/`: a `.txt` and an `.ann` for each text, and `annotation.conf`.",
    )
)
