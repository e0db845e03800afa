"""The two ways in which a tokenizer reads a word: after a space, or attached to the previous word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def with_and_without_space(tokenizer: Tokenizer) -> tuple[Tokenizer, Tokenizer]:
    """Two copies without truncation and padding: one marks the first word as one after a space (``Ġ``,
    ``▁``), one does not.

    For tokenizers without such marks, WordPiece among them, both are the same object.
    """
    source = tokenizer.to_str()
    spaced_source = json.dumps(_marked(json.loads(source), True))
    glued_source = json.dumps(_marked(json.loads(source), False))
    spaced = _bare(spaced_source)
    return spaced, spaced if glued_source == spaced_source else _bare(glued_source)


def _bare(source: str) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(source)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _marked(parts: dict[str, Any], spaced: bool) -> dict[str, Any]:
    """The tokenizer's description with the space mark of the first word always or never set."""
    normalizer = parts["normalizer"] if spaced else _drop_prepend(parts["normalizer"])
    if spaced and _is_byte_level(parts["pre_tokenizer"]):
        normalizer = _with_space(normalizer)
    return parts | {
        "pre_tokenizer": _mark_pre_tokenizer(parts["pre_tokenizer"], spaced),
        "normalizer": normalizer,
    }


def _is_byte_level(part: dict[str, Any] | None) -> bool:
    match part:
        case {"type": "ByteLevel"}:
            return True
        case {"type": "Sequence", "pretokenizers": parts}:
            return any(map(_is_byte_level, parts))
        case _:
            return False


def _with_space(normalizer: dict[str, Any] | None) -> dict[str, Any]:
    """The normalizer, and then a space before the word.

    The option ``add_prefix_space`` would put one before each part of a word that was split before, such as
    the digits for Llama's and Qwen's tokenizers.
    """
    space = {"type": "Prepend", "prepend": " "}
    return {"type": "Sequence", "normalizers": [space] if normalizer is None else [normalizer, space]}


def _mark_pre_tokenizer(part: dict[str, Any] | None, spaced: bool) -> dict[str, Any] | None:
    if part is None:
        return None
    match part:
        case {"type": "ByteLevel"}:
            return part | {"add_prefix_space": False}
        case {"type": "Metaspace"}:
            return part | {"prepend_scheme": "always" if spaced else "never"}
        case {"type": "Sequence", "pretokenizers": parts}:
            return part | {"pretokenizers": [_mark_pre_tokenizer(inner, spaced) for inner in parts]}
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
