# mypy: disable-error-code="misc,no-any-return"
# ruff: noqa: ANN401 - the types of transformers
"""A model folder of wapaganda as a pipeline of transformers.

pipeline("token-classification", model="folder", trust_remote_code=True)("Ada Lovelace lived in London.")
"""

import json
from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    Pipeline,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import TokenClassifierOutput
from transformers.utils import cached_file

from .span_tagger import SpanTagger, load_model, tag_scores, torch_scorer


class SpanTaggerConfig(PretrainedConfig):
    """``encoder``: the configuration of the model inside. ``casing``: whether it reads the letter case."""

    model_type = "wapaganda"

    def __init__(self, encoder: Any = None, casing: bool = False, **values: Any) -> None:
        self.encoder, self.casing = encoder or {}, casing
        super().__init__(**values)


class SpanTaggerModel(PreTrainedModel):
    """A token-classification model that other code would read wrongly: it gets whole words, each split for
    itself, and the letter case of each, if it was trained so."""

    config_class = SpanTaggerConfig

    def __init__(self, config: SpanTaggerConfig, model: Any = None) -> None:
        super().__init__(config)
        inner = AutoConfig.for_model(**config.encoder)
        self.inner = AutoModelForTokenClassification.from_config(inner) if model is None else model

    @classmethod
    def from_pretrained(cls, name: Any, *_: Any, config: Any, **options: Any) -> "SpanTaggerModel":
        """The model of a folder, or of a repository of the hub."""
        kept = {key: value for key, value in options.items() if key in ("dtype", "device_map")}
        model = cls(config, load_model(_folder(name, options.get("revision")), **kept))
        return model.eval()

    def forward(self, input_ids: Any, attention_mask: Any, casing: Any = None, **_: Any) -> Any:
        """The scores of the tags. ``casing``: the letter case of the word of each piece, 0 to 3, of the shape
        of ``input_ids``; zeros when the model does not read it."""
        if casing is None:
            raise ValueError(
                "Expected the letter case of each word, which this model reads, was: none. Use "
                'pipeline("token-classification", model=…, trust_remote_code=True), which gives it.'
            )
        cases = casing if self.config.casing else None
        return TokenClassifierOutput(logits=tag_scores(self.inner, input_ids, attention_mask, cases))

    def save_pretrained(self, *_: Any, **__: Any) -> None:
        """Refused: the folder has files besides the weights."""
        raise NotImplementedError("Expected the folder of this model to be copied instead of saved.")


class SpanPipeline(Pipeline):
    """From a text to its spans: ``entity_group``, ``score``, ``word``, ``start``, ``end`` (characters)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        facts = cached_file(self.model.config._name_or_path, "labels.json", revision=None)
        model = self.model.inner if isinstance(self.model, SpanTaggerModel) else self.model
        values = json.loads(Path(facts).read_text("utf-8"))
        scorer = torch_scorer(model, values["shapes"])
        self.spans = SpanTagger(scorer, self.tokenizer.backend_tokenizer, values)

    def _sanitize_parameters(self, **unknown: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        if unknown := {key: value for key, value in unknown.items() if value not in (None, "none")}:
            raise TypeError(f"Expected no options, was: {', '.join(unknown)}. The spans are always whole.")
        return {}, {}, {}

    def preprocess(self, text: str) -> dict[str, Any]:
        """The text, for ``_forward``."""
        return {"text": text}

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"spans": self.spans([inputs["text"]])[0]}

    def postprocess(self, outputs: dict[str, Any]) -> list[dict[str, Any]]:
        """The spans with the names that pipelines of transformers use."""
        return [
            {
                "entity_group": span["label"],
                "score": span["score"],
                "word": span["text"],
                "start": span["start"],
                "end": span["end"],
            }
            for span in outputs["spans"]
        ]


def _folder(name: Any, revision: str | None) -> Path:
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, revision=revision))
