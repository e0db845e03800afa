"""What a model folder says beyond the transformers files: its labels and how texts are to be read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from wapaganda.decoding import ConfidenceMap
from wapaganda.ner import LabelSchema

LABELS_FILE = "labels.json"
_FORMAT = 1


class FolderError(ValueError):
    """A folder that is no model of ours; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The content of ``labels.json``.

    ``max_pieces`` and ``overlap`` of the windows; ``shapes``: whether the model is told the case of words.
    ``temperature``: the tag scores are divided by it; above 1 the model's own confidence was too high.
    ``confidence``: from the probability of a span to the score that is shown.
    """

    labels: tuple[str, ...]
    max_pieces: int = 512
    overlap: int = 128
    shapes: bool = False
    temperature: float = 1.0
    confidence: ConfidenceMap = field(default_factory=ConfidenceMap)

    @property
    def schema(self) -> LabelSchema:
        """The labels as a schema."""
        return LabelSchema(self.labels)

    def write(self, folder: Path) -> None:
        """Write ``labels.json`` into ``folder``."""
        content = {"format": _FORMAT, "tags": self.schema.tags, **asdict(self)}
        (folder / LABELS_FILE).write_text(
            json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read ``labels.json`` from ``folder``.

        Raises:
            FolderError: there is none, or it is not one of ours.
        """
        path = folder / LABELS_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FolderError(f"Expected a model folder with {LABELS_FILE}, was: {folder}") from None
        except ValueError as error:
            raise FolderError(f"Expected JSON in {path}, was: {error}") from None
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise FolderError(f"Expected a model folder of format {_FORMAT}, was: {path}")
        try:
            labels = tuple(str(label) for label in content["labels"])
            return cls(
                labels,
                int(content["max_pieces"]),
                int(content["overlap"]),
                bool(content["shapes"]),
                float(content.get("temperature", 1.0)),  # folders of version 0.1 have neither
                ConfidenceMap(**content.get("confidence", {})),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FolderError(
                f"Expected labels, max_pieces, overlap and shapes in {path}, was: {error}"
            ) from None
