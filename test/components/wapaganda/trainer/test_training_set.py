"""What a training learns: other mentions in each epoch, and word pieces that it does not see."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from wapaganda.ner import CONSIDERED, Document, LabelSchema, Span
from wapaganda.tagger import Tokenization, collate, model_inputs
from wapaganda.trainer import Recipe, SoftText, TrainingJob, load_encoder, train_in_memory, training_loop
from wapaganda.trainer.training_set import TrainingSet, hide_pieces
from wapaganda.trainer.training_set.augmentation import OtherMentions

SCHEMA = LabelSchema(("CITY", "NAME"))
RECIPE = Recipe(learning_rate=1e-3, steps=3, batch_size=4, max_restarts=0)


@pytest.fixture(scope="module")
def loaded(tiny_encoder):
    return load_encoder(tiny_encoder, SCHEMA, overlap=10)


def versions(document: Document, *others: Document, n: int = 200) -> list[Document]:
    rng = np.random.default_rng(1)
    mentions = OtherMentions([document, *others])
    return [mentions.in_place(document, rng) for _ in range(n)]


def marked(document: Document) -> list[tuple[str, str]]:
    return [(span.label, document.text[span.start : span.end]) for span in document.spans]


def test_mentions_are_replaced_by_others_of_their_type_and_nothing_else_changes():
    document = Document("a", "anna went to oslo.", (Span(0, 4, "NAME"), Span(13, 17, "CITY")), {"k": 1})
    other = Document("b", "new york saw bob", (Span(0, 8, "CITY"), Span(13, 16, "NAME")))
    found = versions(document, other)
    assert {each.text for each in found} == {
        f"{name} went to {city}." for name in ("anna", "bob") for city in ("oslo", "new york")
    }
    assert all(marked(each)[0][1] in ("anna", "bob") for each in found)
    assert all([label for label, _ in marked(each)] == ["NAME", "CITY"] for each in found)
    assert all((each.id, each.meta) == ("a", {"k": 1}) for each in found)
    changed = sum(each.text.startswith("bob") for each in found)
    assert 40 < changed < 80  # 60% are drawn anew, half of them as they were


def test_a_mention_that_would_grow_together_with_its_neighbour_is_not_put_in():
    document = Document("a", "\u624b\u673a5 anna", (Span(0, 2, "CITY"), Span(4, 8, "NAME")))
    other = Document("b", "iPhone", (Span(0, 6, "CITY"),))
    assert {each.text for each in versions(document, other)} == {document.text}


def test_scripts_without_spaces_have_other_mentions_too():
    document = Document("a", "\u6211\u5728\u5317\u4eac", (Span(2, 4, "CITY"),))
    other = Document("b", "\u6771\u4eac\u5e02", (Span(0, 3, "CITY"),))
    found = {each.text: marked(each) for each in versions(document, other)}
    assert found["\u6211\u5728\u6771\u4eac\u5e02"] == [("CITY", "\u6771\u4eac\u5e02")]


def test_each_epoch_has_every_text_and_other_mentions_in_a_share_of_them(loaded, toy_documents):
    share_of = {}
    for share in (0.0, 0.5, 1.0):
        job = TrainingJob(toy_documents, SCHEMA, "", replace(RECIPE, other_mentions=share))
        training_set = TrainingSet(job, loaded)
        epochs = list(islice(training_set.epochs(np.random.default_rng(2)), 20))
        assert {len(epoch) for epoch in epochs} == {len(toy_documents)}
        known = {each.window.ids.tobytes() for each in training_set.labelled}
        share_of[share] = np.mean(
            [each.window.ids.tobytes() not in known for epoch in epochs for each in epoch]
        )
    assert share_of[0.0] == 0
    assert 0 < share_of[0.5] < share_of[1.0]


def test_soft_texts_stay_and_labelled_ones_count_twice(loaded, toy_documents):
    soft = SoftText("anna left", np.full((2, 5), 0.2, np.float32))
    training_set = TrainingSet(TrainingJob(toy_documents, SCHEMA, "", RECIPE, soft=[soft]), loaded)
    for epoch in islice(training_set.epochs(np.random.default_rng(2)), 3):
        assert len(epoch) == 2 * len(toy_documents) + 1
        assert sum(each.soft is not None for each in epoch) == 1


def test_a_text_keeps_the_types_that_its_labels_cannot_say(loaded):
    documents = [
        Document("a", "anna left", (Span(0, 4, "NAME"),), {CONSIDERED: ["NAME"]}),
        Document("b", "bob saw oslo", (Span(0, 3, "NAME"), Span(8, 12, "CITY"))),
    ]
    training_set = TrainingSet(
        TrainingJob(documents, SCHEMA, "", replace(RECIPE, other_mentions=1.0)), loaded
    )
    for epoch in islice(training_set.epochs(np.random.default_rng(2)), 9):
        assert sorted(each.missing for each in epoch) == [(), (0,)]


def test_texts_without_any_mention_are_learned_as_they_are(loaded):
    training_set = TrainingSet(TrainingJob([Document("a", "they left", ())], SCHEMA, "", RECIPE), loaded)
    (epoch,) = islice(training_set.epochs(np.random.default_rng(2)), 1)
    assert epoch == training_set.labelled


def test_a_mention_that_the_tokenizer_does_not_see_ends_no_training(loaded):
    documents = [
        Document("a", "anna", (Span(0, 4, "NAME"),)),
        Document("b", "went to \ue000", (Span(8, 9, "NAME"),)),
    ]
    tokenizer = loaded.tokenization
    assert not len(tokenizer.encode(["\ue000"])[0].words)
    training_set = TrainingSet(TrainingJob(documents, SCHEMA, "", RECIPE), loaded)
    sizes = {len(epoch) for epoch in islice(training_set.epochs(np.random.default_rng(2)), 40)}
    assert sizes == {1, 2}


def test_a_share_of_the_pieces_is_hidden_and_no_special_one(loaded):
    tokenization: Tokenization = loaded.tokenization
    texts = ["anna went to new york ."] * 300
    windows = collate(model_inputs(texts, tokenization.encode(texts), tokenization, casing=True), 0)
    special, mask = loaded.tokenizer.all_special_ids, loaded.tokenizer.mask_token_id
    with torch.random.fork_rng():
        torch.manual_seed(4)
        found = hide_pieces(windows, 0.15, special, mask)
    is_special = torch.isin(windows.ids, torch.tensor(special))
    changed = found.ids != windows.ids
    assert set(found.ids[changed].tolist()) == {mask}
    assert not (changed & is_special).any()
    assert 0.12 < changed[~is_special].float().mean() < 0.18
    assert torch.equal(found.token_type_ids, windows.token_type_ids)


@pytest.mark.parametrize("has_mask", [True, False])
def test_pieces_are_hidden_in_training_where_the_tokenizer_has_a_mask(
    tiny_encoder, toy_documents, monkeypatch, has_mask
):
    shares = []

    def spy(windows, share, *others):
        shares.append(share)
        return hide_pieces(windows, share, *others)

    monkeypatch.setattr(training_loop, "hide_pieces", spy)
    job = TrainingJob(toy_documents, SCHEMA, tiny_encoder, replace(RECIPE, hidden=0.3), device="cpu")
    if not has_mask:
        real = training_loop.load_encoder

        def without_mask(*arguments, **more):
            encoder = real(*arguments, **more)
            encoder.tokenizer.mask_token = None
            return encoder

        monkeypatch.setattr(training_loop, "load_encoder", without_mask)
    train_in_memory(job)
    assert shares == [0.3] * 3 * has_mask
    train_in_memory(replace(job, recipe=RECIPE))
    assert shares == [0.3] * 3 * has_mask
