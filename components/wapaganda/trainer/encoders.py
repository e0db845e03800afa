"""A pretrained encoder with a fresh head for our tags."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from wapaganda.ner import LabelSchema
from wapaganda.tagger import N_CASINGS, Tokenization, quiet_transformers
from wapaganda.trainer.hub import find_config, first_line, source_of
from wapaganda.trainer.unavailable import MEND_FOLDER, MEND_MASK, EncoderUnavailable

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

# These count positions from behind the padding id, so that many of the positions are never used.
_OFFSET_POSITIONS = ("roberta", "camembert", "mpnet", "data2vec-text", "ibert", "longformer")


@dataclass(frozen=True, eq=False, slots=True)
class LoadedEncoder:
    """A model with a new head, its tokenization, and whether it reads the letter case as token types."""

    model: "PreTrainedModel"
    tokenization: Tokenization
    tokenizer: "PreTrainedTokenizerFast"
    casing: bool


def load_encoder(
    name: str,
    schema: LabelSchema,
    *,
    max_pieces: int = 512,
    overlap: int = 128,
    dropout: float | None = None,
    casing: bool = True,
) -> LoadedEncoder:
    """Load the encoder ``name`` (a folder or a name on the model hub) for the tags of ``schema``.

    Args:
        name: looked up as a folder, then in the local cache, then, unless HF_HUB_OFFLINE is set, on the hub.
        schema: the labels; the head has 1 + 2L outputs.
        max_pieces: window length, special tokens included; cut down to what the model can read.
        overlap: of neighbouring windows, in pieces.
        dropout: of hidden states, if not the encoder's own.
        casing: tell an uncased encoder with token types the case of words.

    Raises:
        EncoderUnavailable: it cannot be had, or it is no encoder with a fast tokenizer.
    """
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    config, local = find_config(name)
    config.id2label = dict(enumerate(schema.tags))
    config.label2id = {tag: number for number, tag in enumerate(schema.tags)}
    if dropout is not None and hasattr(config, "hidden_dropout_prob"):
        config.hidden_dropout_prob = dropout
    source = source_of(name)
    try:
        with quiet_transformers():
            model = AutoModelForTokenClassification.from_pretrained(
                source, config=config, local_files_only=local, dtype=torch.float32
            )
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        tokenization = _tokenization(tokenizer, config, max_pieces, overlap)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise EncoderUnavailable(name, first_line(error), MEND_FOLDER) from error
    uses_casing = casing and _is_uncased(tokenizer) and _add_casing(model)
    return LoadedEncoder(model, tokenization, tokenizer, uses_casing)


def load_for_masking(name: str, *, max_pieces: int) -> tuple[LoadedEncoder, bool]:
    """The encoder ``name`` with a head that guesses hidden words, and whether that head is a new one.

    Raises:
        EncoderUnavailable: it cannot be had, or its kind knows no hidden words.
    """
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    config, local = find_config(name)
    source = source_of(name)
    try:
        with quiet_transformers():
            model, loading = AutoModelForMaskedLM.from_pretrained(
                source, local_files_only=local, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        tokenization = _tokenization(tokenizer, config, max_pieces, max_pieces // 4)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise EncoderUnavailable(name, first_line(error), MEND_FOLDER) from error
    if tokenizer.mask_token_id is None:
        raise EncoderUnavailable(name, "its tokenizer has no sign for a hidden word", MEND_MASK)
    return LoadedEncoder(model, tokenization, tokenizer, casing=False), bool(loading["missing_keys"])


def _tokenization(
    tokenizer: "PreTrainedTokenizerFast", config: "PretrainedConfig", max_pieces: int, overlap: int
) -> Tokenization:
    longest = _longest(config)
    return Tokenization(tokenizer, min(max_pieces, longest), min(overlap, longest // 4))


def _longest(config: "PretrainedConfig") -> int:
    """The longest sequence that the model can read, special tokens included."""
    positions = getattr(config, "max_position_embeddings", None) or 512
    return positions - 2 if any(kind in config.model_type for kind in _OFFSET_POSITIONS) else positions


def _is_uncased(tokenizer: "PreTrainedTokenizerFast") -> bool:
    normalizer = tokenizer.backend_tokenizer.normalizer
    return normalizer is not None and normalizer.normalize_str("A") == "a"


def _add_casing(model: "PreTrainedModel") -> bool:
    """Make room for all casings, each like the first token type; whether there are token types."""
    embeddings = getattr(model.base_model, "embeddings", None)
    old = getattr(embeddings, "token_type_embeddings", None)
    if embeddings is None or not isinstance(old, torch.nn.Embedding):
        return False
    new = torch.nn.Embedding(N_CASINGS, old.embedding_dim)
    with torch.no_grad():
        new.weight.copy_(old.weight[:1].expand(N_CASINGS, -1))
    embeddings.token_type_embeddings = new
    model.config.type_vocab_size = N_CASINGS
    return True
