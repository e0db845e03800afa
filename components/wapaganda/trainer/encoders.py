"""Pretrained encoders: found in a folder, in the local cache or on the hub, and loaded with a new head."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wapaganda.ner import LabelSchema
from wapaganda.tagger import N_CASINGS, ModelFolder, Tokenization, encoder_config, quiet_transformers
from wapaganda.trainer.errors import (
    HINT_CODE,
    HINT_FAMILY,
    HINT_FOLDER,
    HINT_MASK,
    HINT_NAME,
    HINT_OFFLINE,
    HINT_PICKLE,
    EncoderUnavailable,
)

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

    from wapaganda.tagger import Tagger

_PROBE_SECONDS = 5.0
_UNLIMITED_PIECES = 512
"""The window of a model without a limit: longer ones need memory and seldom help."""

_DROPOUTS = ("hidden_dropout_prob", "hidden_dropout", "dropout", "dropout_rate", "mlp_dropout")
"""The dropout of hidden states in the configurations of the families."""


@dataclass(frozen=True, eq=False, slots=True)
class LoadedEncoder:
    """A model with a new head, its tokenization, and whether it reads the letter case as token types.

    ``new``: the names of the weights that were not pretrained.
    """

    model: "PreTrainedModel"
    tokenization: Tokenization
    tokenizer: "PreTrainedTokenizerFast"
    casing: bool
    new: frozenset[str] = frozenset()

    def folder(self, schema: LabelSchema) -> ModelFolder:
        """The description of a model folder with this encoder."""
        windows = self.tokenization
        return ModelFolder(schema.labels, windows.max_pieces, windows.overlap, self.casing)

    def tagger(self, schema: LabelSchema) -> "Tagger":
        """A tagger that shares the weights of ``model``."""
        from wapaganda.tagger import Tagger

        return Tagger(self.model, self.tokenization, self.folder(schema))


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
        name: searched as a folder, then in the local cache, then, unless HF_HUB_OFFLINE is set, on the hub.
        schema: the labels; the head has 1 + 2L outputs.
        max_pieces: window length in word pieces, special tokens included; at most what the model can read.
        overlap: of neighbouring windows, in word pieces.
        dropout: of hidden states; ``None`` is the encoder's own.
        casing: give an uncased encoder the letter case of words as token types.

    Raises:
        EncoderUnavailable: it cannot be loaded, or it is no encoder with a fast tokenizer.
    """
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    config, local = find_config(name)
    config.id2label = dict(enumerate(schema.tags))
    config.label2id = {tag: number for number, tag in enumerate(schema.tags)}
    if dropout is not None:
        _set_dropout(config, dropout)
    source = _source_of(name)
    options: dict[str, Any] = {"local_files_only": local, "trust_remote_code": False}
    try:
        with quiet_transformers():
            model, loading = AutoModelForTokenClassification.from_pretrained(
                source,
                config=config,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # the head of another model for entities
                output_loading_info=True,
                use_safetensors=True,
                **options,
            )
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
        tokenization = _tokenization(tokenizer, model, max_pieces, overlap)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise _unavailable(name, error, config) from error
    has_casing = casing and _is_uncased(tokenizer) and _add_casing(model)
    return LoadedEncoder(model, tokenization, tokenizer, has_casing, _new_weights(loading))


def load_for_masking(name: str, *, max_pieces: int) -> tuple[LoadedEncoder, bool]:
    """The encoder ``name`` with a head that guesses hidden words, and whether that head is a new one.

    Raises:
        EncoderUnavailable: it cannot be loaded, or its tokenizer has no mask token.
    """
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    config, local = find_config(name)
    source = _source_of(name)
    options: dict[str, Any] = {"local_files_only": local, "trust_remote_code": False}
    try:
        with quiet_transformers():
            model, loading = AutoModelForMaskedLM.from_pretrained(
                source, dtype=torch.float32, output_loading_info=True, use_safetensors=True, **options
            )
            tokenizer = AutoTokenizer.from_pretrained(source, **options)
        tokenization = _tokenization(tokenizer, model, max_pieces, max_pieces // 4)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise _unavailable(name, error, config, HINT_MASK) from error
    if tokenizer.mask_token_id is None:
        raise EncoderUnavailable(name, "its tokenizer has no sign for a hidden word", HINT_MASK)
    loaded = LoadedEncoder(model, tokenization, tokenizer, casing=False, new=_new_weights(loading))
    return loaded, bool(loading["missing_keys"])


def find_config(name: str) -> tuple["PretrainedConfig", bool]:
    """The encoder's configuration, and whether its other files must be read locally, too.

    Raises:
        EncoderUnavailable: there is no such folder, or neither cache nor hub has the model.
    """
    from transformers import AutoConfig

    folder = Path(name).expanduser()
    if folder.is_dir() or _looks_like_path(name):
        return _folder_config(name, folder), True
    try:
        return AutoConfig.from_pretrained(name, local_files_only=True, trust_remote_code=False), True
    except (OSError, ValueError):
        _probe_hub(name)
    try:
        return AutoConfig.from_pretrained(name, trust_remote_code=False), False
    except (OSError, ValueError) as error:
        hint = HINT_CODE if _needs_code(error) else HINT_NAME
        raise EncoderUnavailable(name, _first_line(error), hint) from error


def _new_weights(loading: Mapping[str, Any]) -> frozenset[str]:
    """The weights that the files lack, or hold in another shape."""
    mismatched = (each if isinstance(each, str) else each[0] for each in loading["mismatched_keys"])
    return frozenset([*loading["missing_keys"], *mismatched])


def _source_of(name: str) -> str:
    """The argument for ``from_pretrained``."""
    folder = Path(name).expanduser()
    return str(folder) if folder.is_dir() else name


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1 or Path(name).is_absolute()


def _folder_config(name: str, folder: Path) -> "PretrainedConfig":
    from transformers import AutoConfig

    if not folder.is_dir():
        raise EncoderUnavailable(name, "there is no such folder", HINT_FOLDER)
    if not (folder / "config.json").is_file():
        raise EncoderUnavailable(name, "the folder has no config.json", HINT_FOLDER)
    try:
        if (own := encoder_config(folder)) is not None:  # a model that was trained here
            return own
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _unavailable(name, error) from error


def _probe_hub(name: str) -> None:
    """Ask the hub once for the model, because transformers would retry for a minute."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if constants.HF_HUB_OFFLINE:
        problem = "it is not in the local cache, and HF_HUB_OFFLINE forbids asking the model hub"
        raise EncoderUnavailable(name, problem, HINT_OFFLINE, offline=True)
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=_PROBE_SECONDS)
    except HFValidationError as error:
        raise EncoderUnavailable(name, _first_line(error), HINT_NAME) from error
    except HfHubHTTPError as error:
        raise EncoderUnavailable(name, f"the model hub says: {_first_line(error)}", HINT_NAME) from error
    except Exception as error:  # the transport's own errors: the hub client chooses its library
        problem = f"it is not in the local cache, and the model hub cannot be reached ({_first_line(error)})"
        raise EncoderUnavailable(name, problem, HINT_OFFLINE, offline=True) from error


def _unavailable(
    name: str, error: Exception, config: "PretrainedConfig | None" = None, no_head: str = HINT_FAMILY
) -> EncoderUnavailable:
    """The error with the hint that fits; ``no_head``: the one for a family without the wanted head."""
    if _needs_code(error):
        return EncoderUnavailable(name, "it needs code of its own, which is never run", HINT_CODE)
    if config is not None and "Unrecognized configuration class" in str(error):
        problem = f"transformers cannot use models of the type {config.model_type!r} for this"
        return EncoderUnavailable(name, problem, no_head)
    if isinstance(error, OSError) and "safetensors" in str(error) and _may_be_pickled(name):
        return EncoderUnavailable(name, "it has no weights in model.safetensors", HINT_PICKLE)
    return EncoderUnavailable(name, _first_line(error), HINT_FOLDER)


def _may_be_pickled(name: str) -> bool:
    folder = Path(name).expanduser()
    return not folder.is_dir() or any(folder.glob("pytorch_model*"))


def _needs_code(error: Exception) -> bool:
    return "trust_remote_code=True" in str(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _set_dropout(config: "PretrainedConfig", share: float) -> None:
    for name in _DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, share)


def _tokenization(
    tokenizer: "PreTrainedTokenizerFast", model: "PreTrainedModel", max_pieces: int, overlap: int
) -> Tokenization:
    longest = min(max_pieces, _longest(model))
    return Tokenization(tokenizer, longest, min(overlap, longest // 4))


def _longest(model: "PreTrainedModel") -> int:
    """The longest sequence that the model can read, special tokens included.

    RoBERTa, MPNet and others count positions from behind the padding id, so the first ones are never used.
    Models with relative positions have no limit or none that counts.
    """
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if positions <= 0:
        return _UNLIMITED_PIECES
    for name, table in model.named_modules():
        padding = getattr(table, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            return min(int(positions), int(table.weight.shape[0] - padding - 1))
    return int(positions)


def _is_uncased(tokenizer: "PreTrainedTokenizerFast") -> bool:
    """Whether the tokenizer sees no difference between "A" and "a"."""
    normalizer = tokenizer.backend_tokenizer.normalizer
    return normalizer is not None and normalizer.normalize_str("A") == normalizer.normalize_str("a")


def _add_casing(model: "PreTrainedModel") -> bool:
    """Let the model read the casing of words; false for a model that has no place for it.

    A model with token types gets one type for each casing, each a copy of the first type. Another one gets a
    table of its own, which is added to the word embeddings.
    """
    import torch

    from wapaganda.tagger import add_casing_table

    embeddings = getattr(model.base_model, "embeddings", None)
    old = getattr(embeddings, "token_type_embeddings", None)
    if embeddings is None or not isinstance(old, torch.nn.Embedding):
        if "inputs_embeds" not in signature(model.forward).parameters:
            return False
        add_casing_table(model)
        return True
    new = torch.nn.Embedding(N_CASINGS, old.embedding_dim)
    with torch.no_grad():
        new.weight.copy_(old.weight[:1].expand(N_CASINGS, -1))
    embeddings.token_type_embeddings = new
    model.config.type_vocab_size = N_CASINGS
    return True
