"""What a new project tells its annotators, and how they select words."""

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from wapaganda.ner import Document

_NO_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts without a blank after each name: Thai, Burmese, Khmer, Japanese, Chinese, Korean."""


def instruction(labels: Sequence[str], *, with_proposals: bool = True) -> str:
    """The instruction for annotators, as the HTML that Label Studio shows before the first text.

    ``with_proposals``: whether texts come with the spans of a model.
    """
    named = ", ".join(f"<b>{escape(label)}</b>" for label in labels)
    parts = [
        f"Mark all entities of these types: {named}.",
        "Press the key beside the type, then drag the mouse over the words. Mark each entity once, from its "
        "first to its last word.",
    ]
    if with_proposals:
        parts.append(
            "A model has marked most texts already. It makes mistakes: read every text. Leave right marks as "
            "they are. Click a wrong mark and press the key of the right type, or Backspace to delete it. "
            "Where a mark is too long or too short, delete it and mark the words again. Add what is missing."
        )
    parts += [
        "Nothing to mark? Submit the text without marks. That is an answer, too: it says that the text has "
        "no such entity.",
        "A text that cannot be read? Press Skip. It is not used.",
    ]
    return "<br><br>".join(parts)


def marks_whole_words(documents: Iterable[Document]) -> bool:
    """Whether annotators of such texts need to mark whole words only, as far as the labelled ones show.

    Not in scripts without blanks between words, and not when a span begins or ends within a word, as in
    "[Samsung]in". Without any span nothing is known about the language.
    """
    documents, known = list(documents), False
    for document in documents:
        text = document.text
        if _NO_BLANKS.search(text):
            return False
        known = known or bool(document.spans)
        borders = {border for span in document.spans or () for border in (span.start, span.end)}
        if any(text[at - 1].isalnum() and text[at].isalnum() for at in borders if 0 < at < len(text)):
            return False
    return known
