"""Small labelled texts for the examples, so that they need no data and run in seconds."""

import random

from wapaganda.ner import Document, Span

PEOPLE = ["Maria Keller", "Jonas Rossi", "Aiko Tanaka", "Pedro Silva", "Lena Novak", "Samir Haddad"]
PLACES = ["Lisbon", "Osaka", "Nairobi", "Prague", "Bogota", "Tbilisi", "Helsinki", "Quito"]
PATTERNS = [
    "{person} moved from {place} to {place} last spring.",
    "Nobody in {place} had heard of {person} before.",
    "The train to {place} leaves at nine.",
    "Nothing else matters today.",
]


def labelled_documents(n: int, seed: int = 1) -> list[Document]:
    """Return ``n`` generated documents with the spans of people and places."""
    rng = random.Random(seed)
    return [_document(f"text-{number}", rng) for number in range(n)]


def _document(document_id: str, rng: random.Random) -> Document:
    text, spans = "", []
    for part in rng.choice(PATTERNS).replace("{", "|{").replace("}", "}|").split("|"):
        values = {"{person}": PEOPLE, "{place}": PLACES}.get(part)
        value = part if values is None else rng.choice(values)
        if values is not None:
            spans.append(Span(len(text), len(text) + len(value), part.strip("{}")))
        text += value
    return Document(document_id, text, tuple(spans))
