from hypothesis import given
from hypothesis import strategies as st

from wapaganda.ner import Document
from wapaganda.pipeline.training.holdout import MINIMUM_LABELLED, split_holdout


def documents(n, start=0):
    return [Document(str(i), f"text number {i}", ()) for i in range(start, start + n)]


def test_about_the_share_is_held_out_and_every_labelled_text_is_on_one_side():
    train, held = split_holdout(documents(1000), 0.2, lambda _: True)
    assert 150 < len(held) < 250
    assert sorted(each.id for each in train + held) == sorted(each.id for each in documents(1000))


def test_a_text_stays_on_its_side_whatever_else_is_labelled():
    early = {each.id for each in split_holdout(documents(200), 0.2, lambda _: True)[1]}
    late = {each.id for each in split_holdout(documents(2000), 0.2, lambda _: True)[1]}
    assert early == {each for each in late if int(each) < 200}


def test_actively_chosen_texts_are_never_held_out():
    _, held = split_holdout(documents(500), 0.5, lambda document_id: int(document_id) < 100)
    assert held
    assert all(int(each.id) < 100 for each in held)


def test_a_few_labelled_texts_are_all_trained_on():
    assert split_holdout(documents(MINIMUM_LABELLED - 1), 0.9, lambda _: True) == (
        documents(MINIMUM_LABELLED - 1),
        [],
    )


def test_unlabelled_texts_are_on_neither_side():
    train, held = split_holdout([*documents(50), Document("u", "unlabelled")], 0.2, lambda _: True)
    assert "u" not in {each.id for each in train + held}


@given(st.sets(st.integers(0, 30)))
def test_copies_of_a_held_out_text_are_never_trained_on(chosen):
    copies = [Document(f"copy-{i}", f" text  number {i} ", ()) for i in range(30)]
    train, held = split_holdout(
        documents(30) + copies,
        0.3,
        lambda document_id: not document_id.startswith("copy") or int(document_id[5:]) in chosen,
    )
    held_texts = {" ".join(each.text.split()) for each in held}
    assert held_texts
    assert not held_texts & {" ".join(each.text.split()) for each in train}
