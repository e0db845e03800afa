"""The letter case of words for uncased encoders without token types: a small table of embeddings."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from wapaganda.tagger.tokenization import N_CASINGS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CASING_FILE = "casing.npy"
"""The file of a model folder with the table; ``portable.load_model`` reads it, transformers does not."""

CASING_TABLE = "casing_embeddings"
"""The name of the table among the modules of a model, which ``portable.tag_scores`` looks for."""


def casing_table(model: "PreTrainedModel") -> torch.nn.Embedding | None:
    """The table of the model, which is added to its word embeddings; ``None`` if it has none."""
    table: torch.nn.Embedding | None = getattr(model, CASING_TABLE, None)
    return table


def add_casing_table(model: "PreTrainedModel") -> None:
    """Give the model a table of zeros, (casings, embedding size): its predictions stay as they are."""
    words = model.get_input_embeddings().weight
    table = torch.nn.Embedding(N_CASINGS, words.shape[1], device=words.device)
    torch.nn.init.zeros_(table.weight)
    setattr(model, CASING_TABLE, table)


def save_casing_table(model: "PreTrainedModel", folder: Path) -> None:
    """Write the table of the model, if it has one, into its folder."""
    table = casing_table(model)
    if table is not None:
        np.save(folder / CASING_FILE, table.weight.detach().cpu().numpy())
