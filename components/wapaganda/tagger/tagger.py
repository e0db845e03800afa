"""The tagger: a trained token-classification model behind plain texts and spans."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray

from wapaganda.calibration import ConfidenceMap
from wapaganda.ner import Span
from wapaganda.progress import Progress, silent
from wapaganda.storage import in_use
from wapaganda.tagger.batches import budget_batches, collate, device_of, word_logits
from wapaganda.tagger.entities import decode
from wapaganda.tagger.hf_logging import quiet_transformers
from wapaganda.tagger.model_folder import FolderError, ModelFolder
from wapaganda.tagger.number_formats import in_half_precision
from wapaganda.tagger.packed_linear import pack
from wapaganda.tagger.portable import load_model
from wapaganda.tagger.tagged import TaggedText
from wapaganda.tagger.tokenization import EncodedText, ModelInput, Tokenization, model_inputs_in_turns

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CHUNK_TEXTS = 4096
_CHUNK_CHARACTERS = 2_000_000
_WEIGHT_FLOOR = 1e-3  # keeps the embedding of a text without entities a plain mean


class Tagger:
    """Tags texts of any length. The result for a text does not depend on the texts around it.

    ``folder``: labels, letter case, temperature and confidence map, as in the model folder. ``version``: the
    name of the folder that it was loaded from.
    """

    def __init__(
        self, model: "PreTrainedModel", tokenization: Tokenization, folder: ModelFolder, version: str = ""
    ) -> None:
        self.model = model
        self.tokenization = tokenization
        self.folder = folder
        self.version = version
        self.schema = folder.schema

    @classmethod
    def load(cls, path: Path, device: str = "auto") -> Self:
        """Load the model folder ``path`` onto ``device``; ``auto`` is CUDA when there is one, else the CPU.

        Raises:
            FolderError: the folder is missing, incomplete or not one of ours.
        """
        with in_use(path):
            return cls._load(path, device)

    @classmethod
    def _load(cls, path: Path, device: str) -> Self:
        from transformers import AutoTokenizer

        folder = ModelFolder.read(path)
        try:
            with quiet_transformers():
                model = load_model(path)
                tokenizer = AutoTokenizer.from_pretrained(
                    path, local_files_only=True, trust_remote_code=False
                )
        except Exception as error:  # safetensors and tokenizers raise plain exceptions
            raise FolderError(f"Expected a complete model folder, was: {path} ({error})") from error
        tokenization = Tokenization(tokenizer, folder.max_pieces, folder.overlap)
        pack(model.to(device_of(device)).eval())
        return cls(model, tokenization, folder, path.resolve().name)

    def fast(self) -> "Tagger":
        """A tagger of the same model that computes in half precision where the hardware is faster at it;
        elsewhere, and where the model cannot, this tagger.

        Its probabilities differ in the third digit. It has its own copy of the weights.
        """
        half = in_half_precision(self.model)
        return self if half is None else Tagger(half, self.tokenization, self.folder, self.version)

    def uncalibrated(self) -> "Tagger":
        """A tagger of the same weights whose scores are divided by no temperature and mapped to nothing."""
        plain = replace(self.folder, temperature=1.0, confidence=ConfidenceMap())
        return Tagger(self.model, self.tokenization, plain, self.version)

    def predict(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """The spans of each text, each with its probability as ``score``."""
        return [tagged.spans for tagged in self.tag(texts)]

    def tag(
        self, texts: Sequence[str], *, token_budget: int = 1024, progress: Progress = silent
    ) -> Iterator[TaggedText]:
        """Yield the result for each text in the order of ``texts``, with memory for one chunk of them only.

        Args:
            texts: any texts; an empty or blank one has no words and no spans.
            token_budget: padded word pieces in a batch; more need more memory, not less time, on a CPU.
            progress: of the step ``tag``, in texts.
        """
        for start, end in _chunks(texts):

            def advance(share: float, start: int = start, end: int = end) -> None:
                progress("tag", start + int(share * (end - start)), len(texts))

            yield from self._tag_chunk(texts[start:end], token_budget, advance)

    def _tag_chunk(
        self, texts: Sequence[str], token_budget: int, advance: Callable[[float], None]
    ) -> list[TaggedText]:
        turns = self.turns(texts, token_budget=token_budget)
        while True:
            try:
                advance(next(turns))
            except StopIteration as end:
                advance(1.0)
                tagged: list[TaggedText] = end.value
                return tagged

    def turns(
        self, texts: Sequence[str], *, token_budget: int = 1024
    ) -> Generator[float, None, list[TaggedText]]:
        """Tag ``texts`` in turns, so that something else can run in between: of some 10,000 words while they
        are split into word pieces, then of one batch of windows each.

        Yields the share that is done between two turns, and returns the result for each text: the same as
        ``tag``. The memory is that for all of ``texts`` at once.
        """
        encoded = yield from self.tokenization.encode_in_turns(texts)
        inputs = yield from model_inputs_in_turns(
            texts, encoded, self.tokenization, casing=self.folder.casing
        )
        answers = _ChunkAnswers(encoded, len(self.schema.tags))
        done = 0
        for batch in budget_batches(inputs, token_budget):
            if done:
                yield done / len(inputs)
            answers.add(batch, *self._forward(batch))
            done += len(batch)
        log_probs, embeddings = answers.log_probs(), answers.embeddings(self.model.config.hidden_size)
        spans = decode([text.words for text in encoded], log_probs, self.schema, self.folder.confidence)
        rows = zip(encoded, log_probs, spans, embeddings, strict=True)
        return [TaggedText(text.words, *answer) for text, *answer in rows]

    @torch.inference_mode()
    def _forward(self, batch: Sequence[ModelInput]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Log-probabilities (core words, K) and hidden states (core words, hidden)."""
        if was_training := self.model.training:  # setting the mode visits every module, so not needlessly
            self.model.eval()
        tensors = collate(batch, self.tokenization.pad_id, self.model.device)
        logits, hidden = word_logits(self.model, tensors, casing=self.folder.casing, with_hidden=True)
        assert hidden is not None
        if was_training:
            self.model.train()
        log_probs = (logits.float() / self.folder.temperature).log_softmax(dim=-1)
        return log_probs.cpu().numpy(), hidden.float().cpu().numpy()


class _ChunkAnswers:
    """Collects the results of a chunk's windows, in any order, by text."""

    def __init__(self, encoded: Sequence[EncodedText], n_tags: int) -> None:
        lengths = np.array([len(text.words) for text in encoded], dtype=np.int64)
        self._ends = np.cumsum(lengths)
        self._starts = self._ends - lengths
        self._log_probs = np.zeros((int(lengths.sum()), n_tags), dtype=np.float32)
        self._weights = np.zeros(len(encoded))
        self._sums: NDArray[np.float64] | None = None

    def add(
        self, batch: Sequence[ModelInput], log_probs: NDArray[np.float32], hidden: NDArray[np.float32]
    ) -> None:
        """Add the rows of a batch's core words, window by window."""
        if self._sums is None:
            self._sums = np.zeros((len(self._weights), hidden.shape[1]))
        weights = -np.expm1(np.minimum(log_probs[:, 0].astype(np.float64), 0.0)) + _WEIGHT_FLOOR
        at = 0
        for item in batch:
            rows = slice(at, at + len(item.positions))
            place = self._starts[item.text] + item.core_start
            self._log_probs[place : place + len(item.positions)] = log_probs[rows]
            self._sums[item.text] += weights[rows] @ hidden[rows]
            self._weights[item.text] += weights[rows].sum()
            at = rows.stop

    def log_probs(self) -> list[NDArray[np.float32]]:
        """A copy for each text, so that one text does not keep its chunk in memory."""
        pairs = zip(self._starts, self._ends, strict=True)
        return [self._log_probs[start:end].copy() for start, end in pairs]

    def embeddings(self, size: int) -> NDArray[np.float32]:
        """One row per text, shape (texts, size)."""
        if self._sums is None:
            return np.zeros((len(self._weights), size), dtype=np.float32)
        means: NDArray[np.float64] = self._sums / np.maximum(self._weights, _WEIGHT_FLOOR)[:, None]
        return means.astype(np.float32)


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Borders of chunks of at most 4,096 texts and, beyond one text, two million characters."""
    start, characters = 0, 0
    for number, text in enumerate(texts):
        texts_now, characters_now = number - start, characters + len(text)
        if number > start and (texts_now >= _CHUNK_TEXTS or characters_now > _CHUNK_CHARACTERS):
            yield start, number
            start, characters = number, 0
        characters += len(text)
    if start < len(texts):
        yield start, len(texts)
