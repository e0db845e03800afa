"""The only one who knows the labels; whoever wants one must ask for it, and pays."""

from collections.abc import Iterable, Sequence

from wapaganda.metrics import Scores, evaluate
from wapaganda.ner import Document, Span, excerpt, excerpt_place, repair_spans
from wapaganda.pipeline import still_to_ask


class Oracle:
    """An annotator who knows all answers and gives each once, for a whole text or for a part of it.

    Raises:
        ValueError: a document without labels, or an id twice.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._gold: dict[str, Document] = {}
        for document in documents:
            if document.spans is None:
                raise ValueError(f"Expected labelled texts to simulate with, was: {document.id!r} without")
            if document.id in self._gold:
                raise ValueError(f"Expected each id once in the texts, was: {document.id!r} twice")
            spans, _ = repair_spans(document.text, document.spans)
            self._gold[document.id] = Document(document.id, document.text, spans)
        self._asked: set[str] = set()
        self._parts: dict[str, list[tuple[int, int]]] = {}
        self._excerpts: list[Document] = []

    def waiting(self) -> list[Document]:
        """The texts that nobody has asked about, or not about all of their words, without their labels and
        whatever else was known of them."""
        waiting = [
            Document(document.id, document.text)
            for document in self._gold.values()
            if document.id not in self._asked
        ]
        return still_to_ask(waiting, self._excerpts)

    def answer(self, ids: Iterable[str]) -> list[Document]:
        """The labels of these texts and excerpts (``ner.excerpt_id``), in this order.

        An excerpt has the spans that lie wholly inside.

        Raises:
            ValueError: an unknown id, or something that was asked before.
        """
        return [self._answer(name) for name in ids]

    def _answer(self, name: str) -> Document:
        document_id, *place = (name,) if name in self._gold else excerpt_place(name) or (name,)
        if document_id not in self._gold:
            raise ValueError(f"Expected the id of a text of the pool, was: {name!r}")
        document = self._gold[document_id]
        start, end = place or (0, len(document.text))
        parts = self._parts.setdefault(document_id, [])
        if document_id in self._asked or any(start < other[1] and other[0] < end for other in parts):
            raise ValueError(f"Expected a text that was not labelled yet, was: {name!r} again")
        if not place:
            self._asked.add(document_id)
            return document
        parts.append((start, end))
        self._excerpts.append(excerpt(document, start, end))
        return self._excerpts[-1]

    def judge(self, ids: Sequence[str], predicted: Sequence[Sequence[Span]]) -> Scores:
        """How good the predictions for these texts are: what only a laboratory can know."""
        return evaluate([self._gold[each].spans or () for each in ids], predicted)
