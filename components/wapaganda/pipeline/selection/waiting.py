"""Which texts still wait for a label."""

from wapaganda.annotation import is_unread
from wapaganda.ner import Document


def is_waiting(document: Document) -> bool:
    """Whether annotators may be asked for this text: not if it is labelled, or was skipped or not read, or
    its annotators have not decided."""
    left_out = document.meta.get("skipped") or document.meta.get("undecided")
    return not (document.is_labelled or left_out or is_unread(document))
