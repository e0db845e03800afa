"""The generated corpus: honest, repeatable, varied, and with nothing of the test in the pool."""

from collections import Counter
from itertools import pairwise

import pytest

from sample_corpus import Corpus, sample_corpus, write_corpus
from wapaganda.annotation import read_documents
from wapaganda.ner import repair_spans

LABELS = {"organisation", "person", "place", "product"}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return sample_corpus()


def everything(corpus):
    return [*corpus.train, *corpus.pool, *corpus.test]


def key(document):
    return " ".join(document.text.casefold().split())


def test_the_sizes(corpus):
    assert (len(corpus.train), len(corpus.pool), len(corpus.test)) == (200, 1_200, 300)


def test_the_seed_decides_everything(corpus):
    assert sample_corpus(13) == corpus
    assert sample_corpus(14).train != corpus.train


def test_no_test_text_stands_in_the_pool_or_among_the_training_texts(corpus):
    test = {key(document) for document in corpus.test}
    assert not test & {key(document) for document in (*corpus.train, *corpus.pool)}
    assert len(test) == len(corpus.test)


def test_the_spans_need_no_repair(corpus):
    for document in everything(corpus):
        spans, repairs = repair_spans(document.text, document.spans)
        assert (spans, repairs.total) == (document.spans, 0), document.text


def test_all_types_are_there_and_one_is_rare(corpus):
    counts = Counter(span.label for document in corpus.train for span in document.spans)
    assert set(counts) == LABELS
    assert min(counts.values()) >= 20
    assert counts["product"] < counts["place"] / 2


def test_some_texts_hold_no_entity(corpus):
    empty = sum(not document.spans for document in corpus.pool) / len(corpus.pool)
    assert 0.08 < empty < 0.3


def test_the_same_name_stands_for_several_types(corpus):
    types: dict[str, set[str]] = {}
    for document in everything(corpus):
        for span in document.spans:
            types.setdefault(document.text[span.start : span.end], set()).add(span.label)
    ambiguous = [name for name, labels in types.items() if len(labels) > 1]
    assert len(ambiguous) > 15


def test_the_test_holds_names_that_were_never_seen(corpus):
    seen = {document.text[s.start : s.end] for document in corpus.train for s in document.spans}
    names = [document.text[s.start : s.end] for document in corpus.test for s in document.spans]
    assert 0.3 < sum(name not in seen for name in names) / len(names) < 0.95


def test_some_entities_touch(corpus):
    gaps = [
        document.text[left.end : right.start]
        for document in everything(corpus)
        for left, right in pairwise(document.spans)
    ]
    assert gaps.count(" ") > 10


def test_emoji_diacritics_and_small_letters_occur(corpus):
    texts = [document.text for document in corpus.pool]
    assert any("👩‍💻" in text for text in texts)
    assert any("ø" in text for text in texts)
    assert any(text.islower() and document.spans for text, document in zip(texts, corpus.pool, strict=True))


def test_the_pool_has_near_copies(corpus):
    texts = sorted(document.text for document in corpus.pool)
    assert sum(longer.startswith(shorter) for shorter, longer in pairwise(texts)) >= 40


def test_files_are_read_back_and_say_that_they_are_generated(tmp_path):
    small = sample_corpus(3, 10, 20, 10)
    paths = write_corpus(small, tmp_path)
    assert [path.name for path in paths][:2] == ["train.jsonl", "train.conll"]
    back = read_documents(tmp_path / "pool.jsonl").documents
    assert [(each.text, each.spans) for each in back] == [(each.text, each.spans) for each in small.pool]
    assert len(read_documents(tmp_path / "pool.conll").documents) == 20
    assert "GENERATED" in (tmp_path / "README.txt").read_text()
