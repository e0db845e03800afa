"""A tiny random encoder with a hand-made vocabulary, and toy texts."""

import random

import pytest

from wapaganda.ner import Document, Span

NAMES, CITIES = ("anna", "bob", "carla", "dieter"), ("oslo", "rome", "new york", "paris")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (*NAMES, "oslo", "rome", "new", "york", "paris", "went", "to", "and", "saw", "in", ".", "##s")
VOCABULARY = (*SPECIAL, *WORDS)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory):
    """The folder of a two-layer BERT of width 32 that knows a dozen words and reads 40 pieces."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tiny")
    ids = {piece: number for number, piece in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)]
    )
    # The traps of the real package: a tokenizer that cuts and pads by itself.
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"} | {
        "mask_token": "[MASK]"
    }
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=40,
        )
        BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def toy_documents():
    """32 short texts about people who went to cities, some with two names in a row, some with nothing."""
    draw = random.Random(5)
    return [_toy_document(number, draw) for number in range(32)]


def _toy_document(number: int, draw: random.Random) -> Document:
    parts: list[tuple[str, str | None]] = [(draw.choice(NAMES), "NAME")]
    if draw.random() < 0.4:
        parts.append((draw.choice(NAMES), "NAME"))
    parts += [("went to", None), (draw.choice(CITIES), "CITY"), (".", None)]
    if number % 8 == 0:
        parts = [("saw and went .", None)]
    text, spans = "", []
    for words, label in parts:
        start = len(text) + bool(text)
        text = f"{text} {words}".strip()
        if label:
            spans.append(Span(start, len(text), label))
    return Document(str(number), text, tuple(spans))


@pytest.fixture(scope="session")
def tiny_mpnet(tiny_encoder, tmp_path_factory):
    """The folder of a tiny uncased encoder without token types, with the tokenizer of ``tiny_encoder``."""
    import torch
    from transformers import AutoTokenizer, MPNetConfig, MPNetModel

    folder = tmp_path_factory.mktemp("mpnet")
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = MPNetConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=42,
            pad_token_id=0,
        )
        MPNetModel(config).save_pretrained(folder)
    return str(folder)
