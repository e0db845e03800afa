from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.tagger import EncodedText, Window, windows


def encoded(lengths):
    """A text whose words have so many pieces."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    words = np.stack([np.arange(len(lengths)) * 2, np.arange(len(lengths)) * 2 + 1], axis=1).astype(np.int32)
    return EncodedText(words, np.arange(starts[-1], dtype=np.int32), starts[:-1])


def test_a_text_that_fits_is_one_window_and_no_words_are_none():
    assert windows(encoded([1, 2, 3]), 6, 2) == [Window(0, 6, 0, 3, 0, 3)]
    assert windows(encoded([]), 6, 2) == []


def test_shared_words_go_to_the_window_where_they_are_farther_from_the_cut():
    assert windows(encoded([1] * 10), 6, 4) == [
        Window(0, 6, 0, 6, 0, 4),
        Window(2, 8, 2, 8, 4, 6),
        Window(4, 10, 4, 10, 6, 10),
    ]


def test_the_last_window_is_filled_to_the_left():
    assert windows(encoded([1] * 7), 6, 1)[-1] == Window(1, 7, 1, 7, 4, 7)


def test_a_word_is_never_split_between_windows():
    assert [(w.piece_start, w.piece_end) for w in windows(encoded([4, 4, 4]), 6, 3)] == [
        (0, 4),
        (4, 8),
        (8, 12),
    ]


@pytest.mark.parametrize(("capacity", "overlap"), [(5, 5), (5, 9), (5, -1), (0, 0)])
def test_an_impossible_overlap_is_refused(capacity, overlap):
    with pytest.raises(ValueError, match="Expected an overlap"):
        windows(encoded([1]), capacity, overlap)


def test_a_word_longer_than_a_window_is_refused():
    with pytest.raises(ValueError, match="at most 5 pieces, was: 6"):
        windows(encoded([1, 6]), 5, 1)


@given(st.lists(st.integers(1, 5), max_size=60), st.integers(5, 15), st.integers(0, 14))
@settings(max_examples=1_000, deadline=None, database=None)
def test_core_ranges_partition_the_words_and_windows_keep_their_bounds(lengths, capacity, overlap):
    text = encoded(lengths)
    found = windows(text, capacity, min(overlap, capacity - 1))
    bounds = np.append(text.first_piece, len(text.pieces))
    assert [at for w in found for at in range(w.core_start, w.core_end)] == list(range(len(lengths)))
    for window in found:
        assert 0 < window.piece_end - window.piece_start <= capacity
        assert window.word_start <= window.core_start <= window.core_end <= window.word_end
        assert bounds[window.word_start] == window.piece_start
        assert bounds[window.word_end] == window.piece_end
    starts = [w.word_start for w in found]
    assert starts == sorted(set(starts))
    assert len(found) == 1 or all(b.word_start <= a.word_end for a, b in pairwise(found))


def test_every_word_is_answered_with_half_the_overlap_of_context_on_either_side():
    text = encoded([1] * 5_000)
    for window in windows(text, 510, 128):
        left = 0 if window.word_start == 0 else 64
        right = 0 if window.word_end == 5_000 else 64
        assert window.core_start - window.word_start >= left
        assert window.word_end - window.core_end >= right
