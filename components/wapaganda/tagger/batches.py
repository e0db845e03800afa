"""Windows as padded tensors, and the model's answer at the words that they own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from wapaganda.tagger.inputs import ModelInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def device_of(name: str) -> str:
    """Where a model computes: ``auto`` is CUDA when there is one, else the CPU; other names as they are."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


@dataclass(frozen=True, eq=False, slots=True)
class WordBatch:
    """Padded windows and where their own words stand.

    ``ids``, ``mask``, ``kinds``: shape (batch, longest). ``rows``, ``columns``: the place of the first
    piece of each own word, window by window, shape (own words,).
    """

    ids: Tensor
    mask: Tensor
    kinds: Tensor
    rows: Tensor
    columns: Tensor


def collate(inputs: Sequence[ModelInput], pad_id: int, device: torch.device | str = "cpu") -> WordBatch:
    """The windows as one batch on ``device``."""
    lengths = torch.tensor([len(item) for item in inputs])
    owned = torch.tensor([len(item.positions) for item in inputs])
    ids = pad_sequence([torch.from_numpy(item.ids) for item in inputs], True, pad_id)
    return WordBatch(
        ids=ids.to(device),
        mask=(torch.arange(ids.shape[1]) < lengths[:, None]).long().to(device),
        kinds=pad_sequence([torch.from_numpy(item.kinds) for item in inputs], True, 0).to(device),
        rows=torch.repeat_interleave(torch.arange(len(inputs)), owned).to(device),
        columns=torch.cat([torch.from_numpy(item.positions) for item in inputs]).to(device),
    )


def word_logits(
    model: "PreTrainedModel", batch: WordBatch, *, shapes: bool, with_hidden: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Tag scores (own words, K) and, if wanted, last hidden states (own words, hidden) of the own words."""
    arguments: dict[str, Any] = {"input_ids": batch.ids, "attention_mask": batch.mask}
    if shapes:
        arguments["token_type_ids"] = batch.kinds
    output = model(**arguments, output_hidden_states=with_hidden)
    hidden = output.hidden_states[-1][batch.rows, batch.columns] if with_hidden else None
    return output.logits[batch.rows, batch.columns], hidden


def budget_batches(inputs: Sequence[ModelInput], token_budget: int) -> Iterator[list[ModelInput]]:
    """Windows of similar length together, each batch of at most ``token_budget`` padded pieces.

    A window longer than the budget makes a batch of its own. The longest come first, so that what does not
    fit into the memory says so at once.
    """
    ordered = sorted(inputs, key=len, reverse=True)
    start = 0
    while start < len(ordered):
        size = max(1, token_budget // len(ordered[start]))
        yield ordered[start : start + size]
        start += size
