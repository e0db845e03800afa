"""Windows as padded tensors, and the model's scores at their core words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from wapaganda.errors import InputError
from wapaganda.tagger.portable import tag_scores
from wapaganda.tagger.tokenization import ModelInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def device_of(name: str) -> str:
    """The device of a model: ``auto`` is CUDA when there is one, else the CPU; other names are kept.

    Raises:
        InputError: torch does not see the device.
    """
    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if n_cuda else "cpu"
    kind, _, number = name.partition(":")
    if (kind == "cuda" and int(number or 0) >= n_cuda) or (
        kind == "mps" and not torch.backends.mps.is_available()
    ):
        raise InputError(
            f"Expected the device {name}, was: torch {torch.__version__} sees {n_cuda} CUDA devices.",
            "Install a build of torch for the device, look at nvidia-smi, or set DEVICE=auto.",
        )
    return name


@dataclass(frozen=True, eq=False, slots=True)
class WordBatch:
    """Padded windows and the places of their core words.

    ``ids``, ``mask``, ``token_type_ids``: shape (batch, longest). ``rows``, ``columns``: the place of the
    first piece of each core word, window by window, shape (core words,).
    """

    ids: Tensor
    mask: Tensor
    token_type_ids: Tensor
    rows: Tensor
    columns: Tensor


def collate(inputs: Sequence[ModelInput], pad_id: int, device: torch.device | str = "cpu") -> WordBatch:
    """The windows as one batch on ``device``."""
    lengths = torch.tensor([len(item) for item in inputs])
    n_core = torch.tensor([len(item.positions) for item in inputs])
    ids = pad_sequence([torch.from_numpy(item.ids) for item in inputs], True, pad_id)
    return WordBatch(
        ids=ids.to(device),
        mask=(torch.arange(ids.shape[1]) < lengths[:, None]).long().to(device),
        token_type_ids=pad_sequence([torch.from_numpy(item.token_type_ids) for item in inputs], True, 0).to(
            device
        ),
        rows=torch.repeat_interleave(torch.arange(len(inputs)), n_core).to(device),
        columns=torch.cat([torch.from_numpy(item.positions) for item in inputs]).to(device),
    )


def word_logits(
    model: "PreTrainedModel", batch: WordBatch, *, casing: bool, with_hidden: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Tag scores, (core words, K), and, if wanted, last hidden states, (core words, hidden)."""
    inputs = model, batch.ids, batch.mask, batch.token_type_ids if casing else None
    if not with_hidden:
        return tag_scores(*inputs)[batch.rows, batch.columns], None
    with _last_hidden(model.base_model) as found:
        logits = tag_scores(*inputs)[batch.rows, batch.columns]
    return logits, found[-1][batch.rows, batch.columns]


@contextmanager
def _last_hidden(encoder: torch.nn.Module) -> Iterator[list[Tensor]]:
    """A list that gets the last hidden states of each call of ``encoder`` by this thread.

    A model that is asked for all hidden states takes a tenth longer for one text.
    """
    found: list[Tensor] = []
    thread = get_ident()

    def keep(_: torch.nn.Module, __: object, output: Sequence[Tensor]) -> None:
        if get_ident() == thread:  # other threads may use the model at the same time
            found.append(output[0])

    handle = encoder.register_forward_hook(keep)
    try:
        yield found
    finally:
        handle.remove()


def budget_batches(inputs: Sequence[ModelInput], token_budget: int) -> Iterator[list[ModelInput]]:
    """Windows of similar length together, each batch of at most ``token_budget`` padded pieces.

    A window longer than the budget is its own batch. The longest come first, so that a batch that does
    not fit into memory fails at once.
    """
    ordered = sorted(inputs, key=len, reverse=True)
    start = 0
    while start < len(ordered):
        size = max(1, token_budget // len(ordered[start]))
        yield ordered[start : start + size]
        start += size
