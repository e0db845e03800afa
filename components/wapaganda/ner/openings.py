"""How a tokenizer marks that a word follows a blank, told from how it reads a word glued to another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def opening_and_glued(tokenizer: Tokenizer) -> tuple[Tokenizer, Tokenizer]:
    """Two copies without truncation and padding: one reads a text as after a blank (``Ġ``, ``▁``), one as
    not.

    For tokenizers without such marks, WordPiece among them, both are one and the same object.
    """
    source = tokenizer.to_str()
    opening_source = json.dumps(_marked(json.loads(source), True))
    glued_source = json.dumps(_marked(json.loads(source), False))
    opening = _bare(opening_source)
    return opening, opening if glued_source == opening_source else _bare(glued_source)


def _bare(source: str) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(source)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _marked(parts: dict[str, Any], opening: bool) -> dict[str, Any]:
    """The tokenizer's description with the mark of an opening word always or never set."""
    return parts | {
        "pre_tokenizer": _mark_pre_tokenizer(parts["pre_tokenizer"], opening),
        "normalizer": parts["normalizer"] if opening else _drop_prepend(parts["normalizer"]),
    }


def _mark_pre_tokenizer(part: dict[str, Any] | None, opening: bool) -> dict[str, Any] | None:
    if part is None:
        return None
    match part:
        case {"type": "ByteLevel"}:
            return part | {"add_prefix_space": opening}
        case {"type": "Metaspace"}:
            return part | {"prepend_scheme": "always" if opening else "never"}
        case {"type": "Sequence", "pretokenizers": parts}:
            return part | {"pretokenizers": [_mark_pre_tokenizer(inner, opening) for inner in parts]}
        case _:
            return part


def _drop_prepend(part: dict[str, Any] | None) -> dict[str, Any] | None:
    if part is None:
        return None
    match part:
        case {"type": "Prepend"}:
            return None
        case {"type": "Sequence", "normalizers": parts}:
            kept = [inner for inner in map(_drop_prepend, parts) if inner is not None]
            return part | {"normalizers": kept}
        case _:
            return part
