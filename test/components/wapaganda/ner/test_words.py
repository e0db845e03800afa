import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.ner import collapse_whitespace, reading_words, word_offsets


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


READ = [
    # The text, what is counted, and the words and punctuation marks that a linguist counts.
    ("国家主席习近平昨天在北京会见了联合国秘书长。", 15, 11),
    ("我昨天去书店买了两本书，可是没有找到你说的那本小说。", 17, 20),
    ("他们在公园里散步，孩子们在草地上玩。", 12, 14),
    ("我用iPhone 15给Anna打电话。", 8, 8),
    ("太郎は昨日東京駅で花子に会いました。", 11, 12),
    ("私は毎朝コーヒーを飲みながら新聞を読みます。", 13, 12),
    ("ฉันไปตลาดกับแม่เมื่อวานนี้", 7, 7),
    ("เขาทำงานที่ธนาคารในกรุงเทพ", 8, 6),
    ("철수는 어제 서울역에서 친구를 만났다.", 7, 6),
    ("삼성전자는 새로운 휴대폰을 공개했다.", 7, 5),
    ("ذهب محمد إلى القاهرة والإسكندرية أمس.", 7, 7),
    ("Die Donaudampfschifffahrtsgesellschaft fährt nach Österreich.", 6, 6),
    ("Anna's cat met Bob.", 7, 7),
]


@pytest.mark.parametrize(("text", "counted", "by_hand"), READ)
def test_a_reader_reads_words_and_not_characters(text, counted, by_hand):
    assert reading_words(text) == counted
    assert 0.7 < counted / by_hand < 1.5


def test_over_several_texts_the_count_is_close_to_a_linguists():
    assert sum(counted for _, counted, _ in READ[:10]) == pytest.approx(
        sum(by_hand for *_, by_hand in READ[:10]), rel=0.1
    )
    assert sum(len(word_offsets(text)) for text, *_ in READ[:10]) > 1.8 * sum(n for *_, n in READ[:10])


@given(st.text(alphabet="aZß9_ .,'@#\n\u0301éжקاب👩\u200d", max_size=60))
@settings(max_examples=300, deadline=None, database=None)
def test_scripts_with_spaces_are_counted_as_the_prices_were_fitted(text):
    assert reading_words(text) == len(word_offsets(text))


@given(st.text(alphabet="a .。、北京かガー々한글สวัດກខမ①〇", max_size=60))
@settings(max_examples=300, deadline=None, database=None)
def test_no_text_has_more_words_to_read_than_words_to_mark(text):
    words = word_offsets(text)
    assert min(1, len(words)) <= reading_words(text) <= len(words)
    assert reading_words(text, words[:3]) <= 3
    assert reading_words(text, words) == reading_words(text)
