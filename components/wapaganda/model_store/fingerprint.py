"""The origin of a model: a digest of its data and the versions of its libraries."""

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from wapaganda.ner import Document, considered_labels, encode_spans

_LIBRARIES = ("wapaganda", "torch", "transformers", "tokenizers", "numpy", "seqeval")


def data_fingerprint(documents: Iterable[Document]) -> str:
    """The SHA-256, 64 hex digits, of ids, texts, spans and the labels that these can say; in any order."""
    digest = hashlib.sha256()
    for line in sorted(_line(document) for document in documents):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """The versions of Python and of the installed libraries that affect a model."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _line(document: Document) -> str:
    spans = document.spans
    facts = None if spans is None else sorted(encode_spans(spans))
    considered = considered_labels(document)
    schema = [] if considered is None else [sorted(considered)]
    return json.dumps([document.id, document.text, facts, *schema])
