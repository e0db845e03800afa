"""The simulated annotator, the only part that knows the labels; each answer costs annotation time."""

from collections.abc import Iterable, Sequence

from wapaganda.errors import InputError
from wapaganda.metrics import Scores, evaluate
from wapaganda.ner import Document, Span


class Oracle:
    """An annotator who knows all labels and gives those of each text once.

    Raises:
        InputError: a document without labels, or an id twice.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._gold: dict[str, Document] = {}
        for document in documents:
            if document.spans is None:
                raise InputError(f"Expected labelled texts to simulate with, was: {document.id!r} without")
            if document.id in self._gold:
                raise InputError(f"Expected each id once in the texts, was: {document.id!r} twice")
            self._gold[document.id] = Document(document.id, document.text, document.spans)
        self._asked: set[str] = set()

    def waiting(self) -> list[Document]:
        """The unlabelled texts, without labels and metadata."""
        return [
            Document(document.id, document.text)
            for document in self._gold.values()
            if document.id not in self._asked
        ]

    def answer(self, ids: Iterable[str]) -> list[Document]:
        """The labels of these texts, in this order.

        Raises:
            ValueError: an unknown id, or one that was asked before.
        """
        return [self._answer(document_id) for document_id in ids]

    def _answer(self, document_id: str) -> Document:
        if document_id not in self._gold:
            raise ValueError(f"Expected the id of a text of the pool, was: {document_id!r}")
        if document_id in self._asked:
            raise ValueError(f"Expected a text that was not labelled yet, was: {document_id!r} again")
        self._asked.add(document_id)
        return self._gold[document_id]

    def evaluate(self, ids: Sequence[str], predicted: Sequence[Sequence[Span]]) -> Scores:
        """The scores of predictions for these texts, which the product cannot know."""
        return evaluate([self._gold[each].spans or () for each in ids], predicted)
