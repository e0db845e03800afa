"""``labels.json`` of a model folder: facts that the transformers files do not contain."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from wapaganda.calibration import ConfidenceMap
from wapaganda.errors import WapagandaError
from wapaganda.ner import WORD_PATTERN, LabelSchema
from wapaganda.storage import write_json

LABELS_FILE = "labels.json"
_FORMAT = 1
_CASING_KEY = "shapes"  # the spelling on disk since version 0.1


class FolderError(WapagandaError, ValueError):
    """A folder that does not hold a model of ours; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """The content of ``labels.json``.

    ``max_pieces`` and ``overlap``: of the windows, in word pieces. ``casing``: whether the model reads the
    letter case of words as token types (the key is ``shapes`` on disk). ``temperature``: the tag scores are
    divided by it; above 1 the model was too confident. ``confidence``: from the probability of a span to
    the score that is shown.
    """

    labels: tuple[str, ...]
    max_pieces: int = 512
    overlap: int = 128
    casing: bool = False
    temperature: float = 1.0
    confidence: ConfidenceMap = field(default_factory=ConfidenceMap)

    @property
    def schema(self) -> LabelSchema:
        """The labels as a schema."""
        return LabelSchema(self.labels)

    def write(self, folder: Path) -> None:
        """Write ``labels.json`` into ``folder``; it also says what a word is, for other programs."""
        values = {_CASING_KEY if name == "casing" else name: value for name, value in asdict(self).items()}
        facts = {"format": _FORMAT, "tags": self.schema.tags, **values, "words": WORD_PATTERN}
        write_json(folder / LABELS_FILE, facts, indent=2)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read ``labels.json`` from ``folder``.

        Raises:
            FolderError: the file is missing, damaged or has another format.
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
                bool(content[_CASING_KEY]),
                float(content.get("temperature", 1.0)),  # folders of version 0.1 have neither
                ConfidenceMap(**content.get("confidence", {})),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FolderError(
                f"Expected labels, max_pieces, overlap and shapes in {path}, was: {error}"
            ) from None
