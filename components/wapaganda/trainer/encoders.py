"""Pretrained encoders: found in a folder, in the local cache or on the hub, and loaded with a new head."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.ner import LabelSchema
from wapaganda.tagger import N_CASINGS, ModelFolder, Tokenization, quiet_transformers
from wapaganda.trainer.errors import HINT_FOLDER, HINT_MASK, HINT_NAME, HINT_OFFLINE, EncoderUnavailable

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

    from wapaganda.tagger import Tagger

_PROBE_SECONDS = 5.0

# These models count positions from behind the padding id, so two positions are never used.
_OFFSET_POSITIONS = ("roberta", "camembert", "mpnet", "data2vec-text", "ibert", "longformer")


@dataclass(frozen=True, eq=False, slots=True)
class LoadedEncoder:
    """A model with a new head, its tokenization, and whether it reads the letter case as token types."""

    model: "PreTrainedModel"
    tokenization: Tokenization
    tokenizer: "PreTrainedTokenizerFast"
    casing: bool

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
    if dropout is not None and hasattr(config, "hidden_dropout_prob"):
        config.hidden_dropout_prob = dropout
    source = _source_of(name)
    try:
        with quiet_transformers():
            model = AutoModelForTokenClassification.from_pretrained(
                source, config=config, local_files_only=local, dtype=torch.float32
            )
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        tokenization = _tokenization(tokenizer, config, max_pieces, overlap)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise EncoderUnavailable(name, _first_line(error), HINT_FOLDER) from error
    has_casing = casing and _is_uncased(tokenizer) and _add_casing(model)
    return LoadedEncoder(model, tokenization, tokenizer, has_casing)


def load_for_masking(name: str, *, max_pieces: int) -> tuple[LoadedEncoder, bool]:
    """The encoder ``name`` with a head that guesses hidden words, and whether that head is a new one.

    Raises:
        EncoderUnavailable: it cannot be loaded, or its tokenizer has no mask token.
    """
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    config, local = find_config(name)
    source = _source_of(name)
    try:
        with quiet_transformers():
            model, loading = AutoModelForMaskedLM.from_pretrained(
                source, local_files_only=local, dtype=torch.float32, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        tokenization = _tokenization(tokenizer, config, max_pieces, max_pieces // 4)
    except Exception as error:  # safetensors and tokenizers raise bare ones of their own
        raise EncoderUnavailable(name, _first_line(error), HINT_FOLDER) from error
    if tokenizer.mask_token_id is None:
        raise EncoderUnavailable(name, "its tokenizer has no sign for a hidden word", HINT_MASK)
    return LoadedEncoder(model, tokenization, tokenizer, casing=False), bool(loading["missing_keys"])


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
        return AutoConfig.from_pretrained(name, local_files_only=True), True
    except (OSError, ValueError):
        _probe_hub(name)
    try:
        return AutoConfig.from_pretrained(name), False
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(name, _first_line(error), HINT_NAME) from error


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
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(name, _first_line(error), HINT_FOLDER) from error


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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


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
    """Make one token type for each casing, each a copy of the first type; false for a model without types."""
    import torch

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
