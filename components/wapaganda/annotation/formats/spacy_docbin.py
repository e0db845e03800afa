"""spaCy's DocBin, version 0.1, without spaCy: zlib over msgpack (``spacy/tokens/_serialize.py``)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from wapaganda.annotation.collecting import Collector, FormatError, valid_spans
from wapaganda.annotation.format import Format, Source, register
from wapaganda.annotation.proposals import marked_spans
from wapaganda.ner import Document, Span, word_offsets

_ORTH, _ENT_IOB, _ENT_TYPE = 65, 77, 78
_MISSING, _INSIDE, _OUTSIDE, _BEGIN = 0, 1, 2, 3
_M64 = (1 << 64) - 1
_FLAGS = """
IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM LIKE_EMAIL IS_STOP
IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY
"""
_ATTRIBUTES = """
ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD SENT_START SPACY
PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X EOL SPACE
"""
_TYPES = """
PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY QUANTITY
ORDINAL CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm conj cop csubj csubjpass
dep det dobj expl hmod hyph infmod intj iobj mark meta neg nmod nn npadvmod nsubj nsubjpass num number oprd
obj obl parataxis partmod pcomp pobj poss possessive preconj prep prt punct quantmod relcl rcmod root xcomp
acl ENT_KB_ID MORPH ENT_ID IDX _
"""
# spacy.symbols in the order of their numbers. The key of these strings is the number, of others a hash.
_SYMBOLS = (
    "",
    *_FLAGS.split(),
    *(f"FLAG{number}" for number in range(19, 64)),
    *_ATTRIBUTES.split(),
    *(f"DEPRECATED{number:03}" for number in range(1, 277)),
    *_TYPES.split(),
)
_NUMBERS = {symbol: number for number, symbol in enumerate(_SYMBOLS)}


@cache
def string_key(string: str) -> int:
    """The key of a string in spaCy: the number of a symbol, else MurmurHash64A of the UTF-8 with seed 1."""
    if string in _NUMBERS:
        return _NUMBERS[string]
    data, factor = string.encode(), 0xC6A4A7935BD1E995
    whole = len(data) // 8 * 8
    value = (1 ^ len(data) * factor) & _M64
    for at in range(0, whole, 8):
        part = int.from_bytes(data[at : at + 8], "little") * factor & _M64
        value = (value ^ (part ^ part >> 47) * factor & _M64) * factor & _M64
    if len(data) > whole:
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & _M64
    value = (value ^ value >> 47) * factor & _M64
    return value ^ value >> 47


def write_docbin(documents: Iterable[Document], path: Path) -> Sequence[str]:
    """Write a DocBin with ``ENT_IOB`` and ``ENT_TYPE``; return one sentence per document left out.

    Tokens are the words of ``word_offsets`` and the characters between them. ``user_data`` holds id and
    meta.

    Raises:
        FormatError: the spans of a document are not valid.
    """
    rows: list[tuple[int, int, int]] = []
    spaces: list[bool] = []
    left_out: list[str] = []
    written: list[Document] = []
    lengths: list[int] = []
    strings: set[str] = set()
    for document in documents:
        if document.spans is not None and not document.text:
            left_out.append(f"{document.id}: DocBin cannot mark a text without tokens as labelled")
            continue
        tokens = list(_tokens(document.text))
        tags = _tags(document, tokens)
        for (start, end, space), (iob, label) in zip(tokens, tags, strict=True):
            token = document.text[start:end]
            strings |= {token, label}
            rows.append((string_key(token), iob, string_key(label)))
            spaces.append(space)
        lengths.append(len(tokens))
        written.append(document)
    message = {
        "version": "0.1",
        "attrs": [_ORTH, _ENT_IOB, _ENT_TYPE],
        "tokens": np.array(rows, dtype="<u8").tobytes(),
        "spaces": np.array(spaces, dtype=bool).tobytes(),
        "lengths": np.array(lengths, dtype="<i4").tobytes(),
        "strings": sorted(strings),
        "cats": [{}] * len(written),
        "flags": [{"has_unknown_spaces": False}] * len(written),
        "span_groups": [b"\x90"] * len(written),
        "user_data": [msgpack.packb(_user_data(document)) for document in written],
    }
    path.write_bytes(zlib.compress(msgpack.packb(message)))
    return left_out


def _user_data(document: Document) -> dict[str, str]:
    return {"id": document.id, "meta": json.dumps(dict(document.meta), ensure_ascii=False)}


def _tokens(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each token, and whether one space follows that is not part of a token."""
    edges = sorted({0, len(text), *word_offsets(text).ravel().tolist()})
    pieces = [(start, end) for start, end in pairwise(edges) if start < end]
    blanks = {start for start, _ in pieces if start and text[start] == " "}
    for start, end in pieces:
        start += start in blanks
        if start < end:
            yield start, end, end in blanks


def _tags(document: Document, tokens: Sequence[tuple[int, int, bool]]) -> Iterator[tuple[int, str]]:
    spans, _ = marked_spans(document)
    if spans is None:
        yield from [(_MISSING, "")] * len(tokens)
        return
    waiting = iter(valid_spans(document.with_spans(spans)))
    span = next(waiting, None)
    for start, _, _ in tokens:
        while span is not None and span.end <= start:
            span = next(waiting, None)
        if span is None or start < span.start:
            yield _OUTSIDE, ""
        else:
            yield (_BEGIN if start == span.start else _INSIDE), span.label


def read_docbin(source: Source, collector: Collector) -> None:
    """Collect the documents of a DocBin.

    Documents that are annotated in part, or contradict themselves, are skipped. Span groups are counted.

    Raises:
        FormatError: it is not a DocBin with ``ENT_IOB`` and ``ENT_TYPE``.
    """
    try:
        message = msgpack.unpackb(zlib.decompress(source.content), strict_map_key=False)
        parts = list(_parts(message))
        groups = sum(map(_group_size, message.get("span_groups", ())))
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError, msgpack.UnpackException) as error:
        raise FormatError(f"Expected a DocBin of spaCy with ENT_IOB and ENT_TYPE, was: {error!r}") from error
    for number, (words, spaces, tags, user_data) in enumerate(parts, start=1):
        document_id = str(user_data.get("id") or collector.default_id())
        iob = {kind for kind, _ in tags}
        if _MISSING in iob and len(iob) > 1:
            collector.skip(None, f"document {number}: Expected all tokens annotated, was: some missing")
            continue
        if wrong := [tag for tag in tags if not _is_possible(*tag)]:
            found = f"ENT_IOB {wrong[0][0]} with ENT_TYPE {wrong[0][1]!r}"
            collector.skip(None, f"document {number}: Expected entities with a type, was: {found}")
            continue
        text, spans = _text_and_spans(words, spaces, tags)
        collector.add(Document(document_id, text, None if iob <= {_MISSING} else spans, _meta(user_data)))
    if groups:
        collector.found("beside", "spans in span groups (doc.spans); only doc.ents are read", groups)


def _is_possible(iob: int, label: str) -> bool:
    """Whether a token can have these two: a type in an entity, and none outside."""
    return bool(label) if iob in (_BEGIN, _INSIDE) else iob in (_MISSING, _OUTSIDE) and not label


def _meta(user_data: Mapping[Any, Any]) -> dict[str, Any]:
    """The ``meta`` that ``write_docbin`` has written; empty in the files of others."""
    try:
        meta = json.loads(user_data["meta"])
    except (KeyError, TypeError, ValueError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _parts(
    message: Mapping[str, Any],
) -> Iterator[tuple[list[str], list[bool], list[tuple[int, str]], Mapping[Any, Any]]]:
    attrs = message["attrs"]
    columns = [attrs.index(attr) for attr in (_ORTH, _ENT_IOB, _ENT_TYPE)]
    names = {string_key(string): string for string in (*_SYMBOLS, *message["strings"])}
    rows: NDArray[Any] = np.frombuffer(message["tokens"], dtype="<u8").reshape(-1, len(attrs))[:, columns]
    spaces = np.frombuffer(message["spaces"], dtype=bool)
    user_data = message.get("user_data") or [None] * len(message["flags"])
    end = 0
    lengths = np.frombuffer(message["lengths"], dtype="<i4").tolist()
    if min(lengths, default=0) < 0 or not sum(lengths) == len(rows) == len(spaces):
        raise ValueError(f"{len(rows)} tokens, {len(spaces)} spaces and documents of {sum(lengths)} tokens")
    for length, flags, data in zip(lengths, message["flags"], user_data, strict=True):
        start, end = end, end + length
        unknown = flags.get("has_unknown_spaces", False)
        mine = [True] * length if unknown else spaces[start:end].tolist()
        table = rows[start:end].tolist()
        known = dict(msgpack.unpackb(data, strict_map_key=False, use_list=False)) if data else {}
        tags = [(iob, names[label]) for _, iob, label in table]
        yield [names[orth] for orth, _, _ in table], mine, tags, known


def _text_and_spans(
    words: Sequence[str], spaces: Sequence[bool], tags: Sequence[tuple[int, str]]
) -> tuple[str, tuple[Span, ...]]:
    spans: list[Span] = []
    is_open = False
    pieces: list[str] = []
    at = 0
    for word, space, (iob, label) in zip(words, spaces, tags, strict=True):
        end = at + len(word)
        if iob not in (_BEGIN, _INSIDE) or not label:
            is_open = False
        elif iob == _INSIDE and is_open and spans[-1].label == label:
            spans[-1] = Span(spans[-1].start, end, label)
        else:
            spans.append(Span(at, end, label))
            is_open = True
        pieces.append(word + " " * space)
        at = end + space
    return "".join(pieces), tuple(spans)


def _group_size(packed: bytes) -> int:
    if not packed:
        return 0
    groups = msgpack.unpackb(packed, strict_map_key=False)
    return sum(len(msgpack.unpackb(group, strict_map_key=False)["spans"]) for group in groups)


def _sniff(source: Source) -> float:
    if source.content[:1] != b"\x78":
        return 0.0
    try:
        head = zlib.decompressobj().decompress(source.content[:4096], 64)
    except zlib.error:
        return 0.0
    return 1.0 if b"version" in head and b"attrs" in head else 0.0


register(
    Format(
        name="spacy",
        title="spaCy's DocBin",
        suffixes=(".spacy",),
        sniff=_sniff,
        read=read_docbin,
        write=write_docbin,
        keeps=frozenset({"ids", "order", "meta", "unlabelled texts", "white space", "proposals"}),
        layout="`spacy/<split>.spacy`: a DocBin for `spacy train`; `user_data` holds `id` and `meta`.",
    )
)
