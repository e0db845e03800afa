"""Makes the demo's sample corpus: GENERATED texts with four entity types, patterns and names of our own.

It is varied and ambiguous enough that a model has something to learn and active learning something to find:
names that are a person here and a place there, rare types and rare patterns, chats in small letters, texts
without entities, entities that touch, emoji, diacritics, near-copies. It says nothing about any real text.

    python development/sample_corpus.py DIR     writes train, pool and test as JSONL and CoNLL, and the pool
                                                without labels as unlabelled.jsonl
"""

import argparse
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sample_sentences import FILLERS, LEADS, STYLES, TAILS
from sample_values import ANY, SLOTS, Value, drawn
from wapaganda.annotation import write_conll, write_jsonl
from wapaganda.ner import Document, Span

N_TRAIN, N_POOL, N_TEST = 200, 1_200, 300
NEAR_COPIES = 0.05
"""Share of the pool that is a near-copy of an earlier text of the pool."""
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Corpus:
    """The generated texts, all labelled; only the simulated annotator may know the pool's labels."""

    train: tuple[Document, ...]
    pool: tuple[Document, ...]
    test: tuple[Document, ...]


def sample_corpus(
    seed: int = 13, n_train: int = N_TRAIN, n_pool: int = N_POOL, n_test: int = N_TEST
) -> Corpus:
    """The corpus of that seed and size; no text of the test stands in the pool or in the training texts."""
    rng = random.Random(f"sample corpus {seed}")
    taken: set[str] = set()
    test = _texts(rng, "test", n_test, taken)
    train = _texts(rng, "train", n_train, taken)
    n_copies = int(n_pool * NEAR_COPIES)
    originals = _texts(rng, "pool", n_pool - n_copies, taken)
    copies = [_near_copy(rng, rng.choice(originals), f"copy-{number:05d}") for number in range(n_copies)]
    pool = [*originals, *copies]
    rng.shuffle(pool)
    return Corpus(tuple(train), tuple(pool), tuple(test))


def write_corpus(corpus: Corpus, folder: Path) -> list[Path]:
    """Writes ``train``, ``pool`` and ``test``, each as JSONL and CoNLL, the pool without labels as
    ``unlabelled.jsonl``, and a note on what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, documents in (("train", corpus.train), ("pool", corpus.pool), ("test", corpus.test)):
        for suffix, write in (("jsonl", write_jsonl), ("conll", write_conll)):
            path = folder / f"{name}.{suffix}"
            write(documents, path)
            written.append(path)
    written.append(folder / "unlabelled.jsonl")
    write_jsonl([Document(each.id, each.text) for each in corpus.pool], written[-1])
    note = "These texts are GENERATED from patterns (development/sample_corpus.py). All names are made up.\n"
    (folder / "README.txt").write_text(note, encoding="utf-8")
    return written


def _texts(rng: random.Random, name: str, count: int, taken: set[str]) -> list[Document]:
    made: list[Document] = []
    while len(made) < count:
        document = _document(rng, f"{name}-{len(made):05d}")
        key = " ".join(document.text.casefold().split())
        if key not in taken:
            taken.add(key)
            made.append(document)
    return made


def _document(rng: random.Random, name: str) -> Document:
    styles, weights = zip(*STYLES, strict=True)
    style: Sequence[str] = rng.choices(styles, weights)[0]
    pattern = drawn(rng, style, 0.5)
    if pattern.endswith(".") and rng.random() < 0.3:
        pattern = _joined(drawn(rng, LEADS, 0.5), pattern)
    if pattern.endswith(".") and rng.random() < 0.3:
        pattern += drawn(rng, TAILS, 0.5)
    return _filled(rng, pattern, name)


def _joined(lead: str, pattern: str) -> str:
    """A comma before a sentence takes its capital away, unless it begins with a slot or a single letter."""
    if lead.endswith(", ") and pattern[0].isalpha() and pattern[1].islower():
        pattern = pattern[0].lower() + pattern[1:]
    return lead + pattern


def _filled(rng: random.Random, pattern: str, name: str) -> Document:
    text, spans, at = "", [], 0
    for slot in _SLOT.finditer(pattern):
        text += pattern[at : slot.start()]
        at = slot.end()
        label, value = _fill(rng, slot[1])
        text += value.before
        if label:
            spans.append(Span(len(text), len(text) + len(value.text), label))
        text += value.text
    return Document(name, text + pattern[at:], tuple(spans), {"generated": True})


def _fill(rng: random.Random, slot: str) -> tuple[str, Value]:
    """The entity type ("" for none) and the value of a slot; slots in small letters give small letters."""
    if slot == "number":
        return "", Value(str(rng.choice((2, 3, 7, 12, 40, 150, 300, 1200))))
    if slot == "score":
        return "", Value(f"{rng.randrange(5)}-{rng.randrange(5)}")
    if slot in FILLERS:
        return "", Value(rng.choice(FILLERS[slot]))
    name = rng.choices(list(ANY), list(ANY.values()))[0] if slot.upper() == "ANY" else slot.upper()
    label, make = SLOTS[name]
    value = make(rng)
    return label, Value(value.text.lower(), value.before.lower()) if slot.islower() else value


def _near_copy(rng: random.Random, document: Document, name: str) -> Document:
    """The text with another end, as copies that people send around have it."""
    end = rng.choice((" (corrected)", "!", " – update", " 🙂", ".."))
    return Document(name, document.text + end, document.spans, dict(document.meta))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()
    for path in write_corpus(sample_corpus(arguments.seed), arguments.folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
