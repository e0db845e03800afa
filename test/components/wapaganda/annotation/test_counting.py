"""Offsets that contradict the words of their spans are mended exactly, or the text is not read."""

import html
import random

import pytest

from wapaganda.annotation.counting import Marked, find_places

PIECES = (
    *(
        "Mira",
        "Bob",
        "Oslo",
        "Zoë",
        "Köln",
        "東京",
        "New York",
        "O'Neil",
        "AT&T",
        "a<b",
        '"Ada"',
        "👩‍👩‍👧",
        "😀",
        "👍👍",
    ),
    *(
        "met",
        "in",
        "and",
        "left",
        "the",
        "&amp;",
        "<p>",
        "\r\n",
        "\n",
        "\n\n",
        "  ",
        " \n ",
        "\t",
        "é",
        "-",
        ".",
        "🇳🇴",
    ),
)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


COUNTINGS = {
    "UTF-16": lambda text, at: utf16(text[:at]),
    "UTF-8": lambda text, at: len(text[:at].encode()),
    "CR LF as one": lambda text, at: len(text[:at].replace("\r\n", "\n")),
    "LF as CR LF": lambda text, at: len(text[:at].replace("\r\n", "\n").replace("\n", "\r\n")),
    "byte-order mark": lambda text, at: at + 1,
    "escaped": lambda text, at: len(html.escape(text[:at])),
    "escaped, no quotes": lambda text, at: len(html.escape(text[:at], quote=False)),
    "start stripped": lambda text, at: at - (len(text) - len(text.lstrip())),
    "UTF-16, CR LF as one": lambda text, at: utf16(text[:at].replace("\r\n", "\n")),
    "escaped UTF-16": lambda text, at: utf16(html.escape(text[:at])),
    "nonsense": lambda text, at: at + 3 + at // 7,
}


def sample(rng: random.Random) -> tuple[str, list[tuple[int, int]]]:
    """A text of many pieces with one to four spans of whole pieces."""
    text, spans = "", []
    for _ in range(rng.randint(3, 25)):
        text += rng.choice(["", " ", " "])
        piece = rng.choice(PIECES)
        if piece.strip() and rng.random() < 0.3 and len(spans) < 4:
            spans.append((len(text), len(text) + len(piece)))
        text += piece
    return text, spans


@pytest.mark.parametrize("name", COUNTINGS)
def test_another_counting_is_mended_exactly_or_not_read(name):
    rng, count = random.Random(name), COUNTINGS[name]
    done = {"mended": 0, "refused": 0, "as it is": 0}
    for _ in range(400):
        text, spans = sample(rng)
        marks = [Marked(count(text, start), count(text, end), text[start:end]) for start, end in spans]
        if not marks:
            continue
        found = find_places(text, marks)
        if found.ranges is None:
            done["refused"] += 1
            continue
        held = [text[start:end].strip() for start, end in found.ranges]
        assert [html.unescape(each) for each in held] == [html.unescape(each.words) for each in marks]
        if not found.counting:  # all words stand there by chance: nobody can see that others were meant
            done["as it is"] += 1
            assert found.ranges == tuple((mark.start, mark.end) for mark in marks)
        else:
            done["mended"] += 1
            assert name == "nonsense" or list(found.ranges) == spans, (text, marks, found)
    mended = done["mended"] / (done["mended"] + done["refused"])
    assert mended > 0.8 if name != "nonsense" else done["refused"] > 200, done


def test_letter_case_white_space_and_escapes_of_the_words_do_not_matter():
    text = "Mira\r\nMora &amp; the  BBC"
    for start, end, words in [
        (0, 10, "Mira\\n\\nMora"),
        (0, 10, "mira mora"),
        (11, 16, "&"),
        (17, 25, "The BBC"),
    ]:
        assert find_places(text, [Marked(start, end, words)]).ranges == ((start, end),)


def test_spans_without_words_are_counted_as_the_others():
    text = "😀 Mira met Bob"
    places = find_places(text, [Marked(3, 7, "Mira"), Marked(12, 15)])
    assert (places.ranges, places.counting) == (((2, 6), (11, 14)), "count UTF-16 units")
    assert find_places(text, [Marked(3, 7), Marked(12, 15)]).ranges == ((3, 7), (12, 15))


def test_two_countings_with_different_results_are_not_used():
    text = "\r\nBob\r\nBob"
    marks = [Marked(1, 4, "Bob")]
    assert find_places(text, marks).ranges == ((2, 5),)
    places = find_places("😀Bob Bob\r\nx", [Marked(2, 6, "Bobx")])
    assert places.ranges is None
    assert "Expected 'Bobx' at 2 to 6" in places.example


def test_an_end_that_names_the_last_character_is_recognised():
    assert find_places("Mira met Bob", [Marked(0, 3, "Mira"), Marked(9, 11, "Bob")]).ranges == (
        (0, 4),
        (9, 12),
    )
