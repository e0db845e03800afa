import pytest

from wapaganda.ner import collapse_whitespace, word_offsets


def words_of(text):
    return [text[start:end] for start, end in word_offsets(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \r\n\t\u00a0\u3000\u200b\x00", []),
        ("Anna's U.S. e-mail", ["Anna", "'", "s", "U", ".", "S", ".", "e", "-", "mail"]),
        ("snake_case __", ["snake_case", "__"]),
        (
            "a http://t.co/x_Y?z=1, (see https://é.fr/).",
            [
                "a",
                "http://t.co/x_Y?z=1",
                ",",
                "(",
                "see",
                "https",
                ":",
                "/",
                "/",
                "é",
                ".",
                "fr",
                "/",
                ")",
                ".",
            ],
        ),
        (
            '<a href="www.x.org/">Anna</a>',
            ["<", "a", "href", "=", '"', "www.x.org/", '"', ">", "Anna", "<", "/", "a", ">"],
        ),
        (
            "www. http:// 東京http://x.jp東京",
            ["www", ".", "http", ":", "/", "/", "東", "京", "http://x.jp", "東", "京"],
        ),
        ("RT @anna_b: #Köln @ x", ["RT", "@anna_b", ":", "#Köln", "@", "x"]),
        ("a@b.org C# ##1 #東京", ["a", "@", "b", ".", "org", "C", "#", "#", "#1", "#", "東", "京"]),
        ("3.14 COVID19", ["3", ".", "14", "COVID19"]),
        ("ok👩‍👩‍👧‍👦👍🏽ok", ["ok", "👩‍👩‍👧‍👦", "👍🏽", "ok"]),
        ("🇩🇪🇫🇷 1️⃣ 🏳️‍🌈", ["🇩🇪", "🇫🇷", "1️⃣", "🏳️‍🌈"]),
        ("北京か\u3099ガー", ["北", "京", "か\u3099", "ガ", "ー"]),
        ("서울에서 \u1112\u1161\u11ab", ["서", "울", "에", "서", "\u1112\u1161\u11ab"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("cafe\u0301 \u0301x", ["cafe\u0301", "x"]),
        ("שָׁלוֹם القاهرة!", ["שָׁלוֹם", "القاهرة", "!"]),
        ("می‌خواهم क्‍ष so\u00adft so\u00ad ", ["می‌خواهم", "क्‍ष", "so\u00adft", "so"]),
        ("a\r\nb\u2028c\x85d", ["a", "b", "c", "d"]),
        ("\ufeffAnna\u200f.", ["Anna", "."]),
        ("日本Tokyo東京2020", ["日", "本", "Tokyo", "東", "京", "2020"]),
        ("[CLS] <s> [MASK]", ["[", "CLS", "]", "<", "s", ">", "[", "MASK", "]"]),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


def test_the_shape_is_kept_without_words():
    assert word_offsets("").shape == (0, 2)


def test_a_long_run_takes_no_quadratic_path():
    assert word_offsets("\u00ad".join("a" * 50_000) + "\u00ad" * 50_000).tolist() == [[0, 99_999]]


@pytest.mark.parametrize("text", ["new york", " new\tyork\n", "new \u00a0 york"])
def test_texts_are_the_same_white_space_apart(text):
    assert collapse_whitespace(text) == "new york" != collapse_whitespace("newyork")
