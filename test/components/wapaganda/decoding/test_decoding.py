"""Inference against brute-force enumeration of every valid IOB2 sequence, and its numerical safety."""

import itertools

import numpy as np
import pytest

from wapaganda.decoding import (
    FLOOR,
    length_batches,
    merged_into_outside,
    pad,
    posterior,
    span_probability,
    viterbi,
)


def is_valid(tags):
    """An I-k (even id above 0) follows B-k (the id before) or itself."""
    return all(
        tag == 0 or tag % 2 == 1 or (t > 0 and tags[t - 1] in (tag - 1, tag)) for t, tag in enumerate(tags)
    )


def spans_of(tags):
    spans, start = [], None
    for t, tag in enumerate([*tags, 0]):
        if start is not None and tag != tags[start] + 1:
            spans.append((start, t - 1, (tags[start] - 1) // 2))
            start = None
        if tag % 2 == 1:
            start = t
    return spans


class Enumeration:
    """Everything by definition, over one text of shape (T, K)."""

    def __init__(self, log_probs):
        self.words, self.tags = log_probs.shape
        self.labels = (self.tags - 1) // 2
        self.sequences = [s for s in itertools.product(range(self.tags), repeat=self.words) if is_valid(s)]
        self.log_joint = np.array([sum(log_probs[t, tag] for t, tag in enumerate(s)) for s in self.sequences])
        self.z = np.exp(self.log_joint).sum()
        self.p = np.exp(self.log_joint) / self.z

    def best(self):
        return self.sequences[int(self.log_joint.argmax())], self.log_joint.max()

    def tag(self):
        marginal = np.zeros((self.words, self.tags))
        for p, sequence in zip(self.p, self.sequences, strict=True):
            marginal[np.arange(self.words), sequence] += p
        return marginal

    def span(self):
        pi = {}
        for p, sequence in zip(self.p, self.sequences, strict=True):
            for span in spans_of(sequence):
                pi[span] = pi.get(span, 0.0) + p
        return pi

    def border(self, which):
        marginal = np.zeros((self.words, self.labels))
        for (first, last, label), p in self.span().items():
            marginal[(first, last)[which], label] += p
        return marginal


def random_log_probs(rng, words, labels, sharpness=2.0):
    logits = sharpness * rng.normal(size=(words, 1 + 2 * labels))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


CASES = [
    (words, labels) for words in (1, 2, 3, 4, 5) for labels in (1, 2, 3) if (1 + 2 * labels) ** words < 20_000
]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize(("words", "labels"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_viterbi_and_posterior_equal_enumeration(rng, words, labels, dtype):
    texts = [random_log_probs(rng, n, labels).astype(dtype) for n in (words, max(1, words - 2), words)]
    log_probs, lengths = pad(texts)
    assert log_probs.dtype == dtype
    tags, log_joint = viterbi(log_probs, lengths)
    marginals = posterior(log_probs, lengths)
    for row, text in enumerate(texts):
        expected, n = Enumeration(text.astype(np.float64)), len(text)
        best, best_log_joint = expected.best()
        assert tuple(tags[row, :n]) == best
        assert log_joint[row] == pytest.approx(best_log_joint)
        assert marginals.log_z[row] == pytest.approx(np.log(expected.z))
        np.testing.assert_allclose(marginals.tag[row, :n], expected.tag(), atol=1e-12)
        np.testing.assert_allclose(marginals.start[row, :n], expected.border(0), atol=1e-12)
        np.testing.assert_allclose(marginals.end[row, :n], expected.border(1), atol=1e-12)
        for padded in (tags, marginals.tag, marginals.start, marginals.end):
            assert not padded[row, n:].any()


@pytest.mark.parametrize(("words", "labels"), CASES)
def test_span_probability_equals_enumeration_for_every_span(rng, words, labels):
    texts = [random_log_probs(rng, n, labels) for n in (words, 1)]
    spans = [
        [(i, j, k) for i in range(len(text)) for j in range(i, len(text)) for k in range(labels)]
        for text in texts
    ]
    for text, of_text, pi in zip(texts, spans, span_probability(*pad(texts), spans), strict=True):
        expected = Enumeration(text).span()
        np.testing.assert_allclose(pi, [expected[span] for span in of_text], atol=1e-12)


def test_zero_probabilities_keep_the_decode_valid(rng):
    log_probs = np.full((1, 4, 5), -np.inf)
    log_probs[0, 0, 1] = log_probs[0, 1, 2] = log_probs[0, 2, 3] = log_probs[0, 3, 0] = 0.0
    lengths = np.array([4])
    tags, log_joint = viterbi(log_probs, lengths)
    assert tags.tolist() == [[1, 2, 3, 0]]
    assert log_joint.tolist() == [0.0]
    marginals = posterior(log_probs, lengths)
    assert marginals.log_z.tolist() == [0.0]
    np.testing.assert_array_equal(marginals.tag[0].argmax(axis=1), [1, 2, 3, 0])
    np.testing.assert_array_equal(marginals.end[0], [[0, 0], [1, 0], [0, 1], [0, 0]])
    assert span_probability(log_probs, lengths, [[(0, 1, 0), (2, 2, 1), (0, 0, 0)]])[0].tolist() == [
        1.0,
        1.0,
        0.0,
    ]


@pytest.mark.parametrize("elsewhere", [-np.inf, -1e30, -1000.0])
def test_a_text_without_any_valid_sequence_still_gets_one(elsewhere):
    log_probs = np.full((2, 3, 5), elsewhere)
    log_probs[:, :, 4] = 0.0
    tags, log_joint = viterbi(log_probs, np.array([3, 1]))
    assert all(is_valid(row) for row in tags.tolist())
    assert tags[0].tolist() == [3, 4, 4]
    assert np.isfinite(log_joint).all()
    marginals = posterior(log_probs, np.array([3, 1]))
    assert np.isfinite(marginals.log_z).all()
    np.testing.assert_allclose(marginals.tag.sum(axis=2), [[1, 1, 1], [1, 0, 0]])
    np.testing.assert_allclose(marginals.tag[0, 1:, 4], 1.0)


def test_ten_thousand_words(rng):
    text = random_log_probs(rng, 10_000, 3, sharpness=30.0).astype(np.float32)
    log_probs, lengths = pad([text, text[:3]])
    tags, _ = viterbi(log_probs, lengths)
    assert is_valid(tags[0].tolist())
    marginals = posterior(log_probs, lengths)
    np.testing.assert_allclose(marginals.tag[0].sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(marginals.start[0].sum(), marginals.end[0].sum(), rtol=1e-9)
    spans = spans_of(tags[0].tolist())
    pi = span_probability(log_probs, lengths, [spans, []])[0]
    assert len(pi) == len(spans) > 1000
    assert ((pi >= 0) & (pi <= 1)).all()


def test_neighbouring_entities_of_one_type_stay_apart():
    log_probs = np.log(np.array([[[0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.2, 0.7]]]))
    tags, _ = viterbi(log_probs, np.array([3]))
    assert tags.tolist() == [[1, 1, 2]]


def test_padding_and_batch_mates_change_nothing(rng):
    text = random_log_probs(rng, 6, 2)
    alone = pad([text])
    noisy, lengths = pad([text, random_log_probs(rng, 40, 2)])
    noisy[0, 6:] = np.nan
    assert viterbi(noisy, lengths)[0][0, :6].tolist() == viterbi(*alone)[0][0].tolist()
    np.testing.assert_allclose(
        posterior(noisy, lengths).tag[0, :6], posterior(*alone).tag[0], rtol=0, atol=1e-12
    )
    spans = [(0, 2, 1), (5, 5, 0)]
    np.testing.assert_allclose(
        span_probability(noisy, lengths, [spans, []])[0],
        span_probability(*alone, [spans])[0],
        rtol=0,
        atol=1e-12,
    )


def test_no_texts_and_empty_texts():
    empty = pad([])
    assert viterbi(*empty)[0].shape == (0, 0)
    assert span_probability(*empty, []) == []
    log_probs, lengths = pad([np.zeros((0, 5)), np.zeros((0, 5))])
    tags, log_joint = viterbi(log_probs, lengths)
    assert tags.shape == (2, 0)
    assert log_joint.tolist() == [0.0, 0.0]
    marginals = posterior(log_probs, lengths)
    assert marginals.tag.shape == (2, 0, 5)
    assert marginals.log_z.tolist() == [0.0, 0.0]
    assert [pi.tolist() for pi in span_probability(log_probs, lengths, [[], []])] == [[], []]


@pytest.mark.parametrize(
    ("log_probs", "lengths", "message"),
    [
        (np.zeros((1, 2, 4)), np.array([2]), r"1 \+ 2L"),
        (np.zeros((2, 3)), np.array([2, 2]), "shape"),
        (np.zeros((1, 2, 3)), np.array([2, 2]), "one length"),
        (np.zeros((1, 2, 3)), np.array([3]), "from 0 to 2"),
        (np.full((1, 2, 3), np.nan), np.array([2]), "NaN"),
        (np.full((1, 2, 3), np.inf), np.array([2]), "NaN"),
    ],
)
def test_what_cannot_be_decoded_is_refused(log_probs, lengths, message):
    with pytest.raises(ValueError, match=message):
        viterbi(log_probs, lengths)


@pytest.mark.parametrize("span", [(0, 2, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1)])
def test_spans_outside_the_text_are_refused(span):
    with pytest.raises(ValueError, match="within 2 words and 1 types"):
        span_probability(np.zeros((1, 4, 3)), np.array([2]), [[span]])


def test_pad_refuses_unequal_numbers_of_tags():
    with pytest.raises(ValueError, match="one number of tags"):
        pad([np.zeros((2, 3)), np.zeros((2, 5))])


def test_length_batches_bound_the_padded_size_and_lose_nobody(rng):
    lengths = [*rng.integers(0, 50, size=300).tolist(), 5000]
    batches = list(length_batches(lengths, 5, max_cells=1000))
    assert sorted(np.concatenate(batches).tolist()) == list(range(301))
    assert batches[0].tolist() == [300]
    assert all(max(lengths[i] for i in batch) * len(batch) * 5 <= 1000 for batch in batches[1:])


def test_texts_of_a_batch_are_of_similar_length_and_batches_change_no_number(rng):
    lengths = rng.integers(1, 60, size=2000).tolist()
    batches = list(length_batches(lengths, 5))
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in batches)
    assert padded < 1.2 * sum(lengths)
    assert len(batches) < 15

    texts = [np.log(rng.dirichlet(np.ones(5), size=length)) for length in lengths[:300]]
    together, sizes = pad(texts)
    tags, scores = viterbi(together, sizes)
    marginals = posterior(together, sizes)
    for batch in length_batches(lengths[:300], 5):
        part, part_sizes = pad([texts[i] for i in batch])
        longest = part.shape[1]
        assert np.array_equal(viterbi(part, part_sizes)[0], tags[batch, :longest])
        assert viterbi(part, part_sizes)[1] == pytest.approx(scores[batch], abs=1e-9)
        assert np.allclose(posterior(part, part_sizes).tag, marginals.tag[batch, :longest], atol=1e-9)


def test_types_are_merged_into_outside():
    log_probs = np.log(np.array([[0.4, 0.1, 0.2, 0.25, 0.05], [0.2, 0.2, 0.2, 0.2, 0.2]]))
    merged = merged_into_outside(log_probs, [0])
    assert np.exp(merged[:, 0]) == pytest.approx([0.7, 0.6])
    assert (merged[:, 1:3] == FLOOR).all()
    assert np.array_equal(merged[:, 3:], log_probs[:, 3:])
    assert np.exp(log_probs[0, 0]) == pytest.approx(0.4)  # the argument is as it was
