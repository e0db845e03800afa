# ruff: noqa: ANN401 - the types of torch, transformers and tokenizers, which are not imported here
"""Entity spans by a model folder of wapaganda, without wapaganda: transformers, and torch or ONNX Runtime.

    from span_tagger import load
    load("folder")(["Ada Lovelace lived in London."])

A text becomes words, the words become word pieces, the pieces overlapping windows. The model scores the tags
of each word, and the best valid IOB2 sequence gives the spans.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import regex

FLOOR = -1e4
"""Lower log-probabilities are raised to this one: no probability changes, and no sum is −∞ − (−∞)."""
PIECES_AT_A_TIME = 4096

Scorer = Callable[[Any, Any], Any]
"""From word piece ids and letter cases, (windows, pieces) int64, to tag scores (windows, pieces, tags)."""


class Stretch(NamedTuple):
    """A window of the text number ``text``: the ids that the model reads, and the letter case of each.

    The tags of the words from ``first`` on are taken from here, at the ``places`` of their first pieces.
    """

    text: int
    ids: list[int]
    cases: list[int]
    first: int
    places: list[int]


def load(folder: str | Path, *, onnx: bool = False) -> "SpanTagger":
    """The tagger of a model folder, by torch on the CPU, or by ``model.onnx`` and ONNX Runtime."""
    from tokenizers import Tokenizer

    folder = Path(folder)
    facts = json.loads((folder / "labels.json").read_text("utf-8"))
    scorer = onnx_scorer(folder / "model.onnx") if onnx else torch_scorer(load_model(folder), facts["shapes"])
    return SpanTagger(scorer, Tokenizer.from_file(str(folder / "tokenizer.json")), facts)


class SpanTagger:
    """Finds the spans of texts of any length. The result for a text does not depend on the texts around it.

    ``facts``: the content of ``labels.json``. ``tokenizer``: of the library tokenizers.
    """

    def __init__(self, scorer: Scorer, tokenizer: Any, facts: dict[str, Any]) -> None:
        self.scorer, self.facts = scorer, facts
        self.word = regex.compile(facts["words"])
        self.spaced, self.glued = spaced_and_glued(tokenizer)
        bare, full = self._ids("a"), self.spaced.encode("a").ids
        at = next(at for at in range(len(full)) if full[at : at + len(bare)] == bare)
        self.prefix, self.suffix = full[:at], full[at + len(bare) :]
        self.capacity = facts["max_pieces"] - len(self.prefix) - len(self.suffix)
        self.starts_spaced = tokenizer.encode("a", add_special_tokens=False).ids[: len(bare)] == bare

    def __call__(self, texts: Sequence[str]) -> list[list[dict[str, Any]]]:
        """For each text its spans: ``start`` and ``end`` in characters, ``label``, ``score`` and ``text``."""
        words: list[list[tuple[int, int]]] = []
        windows: list[Stretch] = []
        for number, text in enumerate(texts):
            seen, pieces = self._pieces(text)
            words.append(seen)
            windows += self._windows(number, text, seen, pieces)
        n_tags = 1 + 2 * len(self.facts["labels"])
        scores = [np.zeros((len(each), n_tags)) for each in words]
        for batch in same_length(windows):
            answers = self.scorer(
                np.array([each.ids for each in batch], dtype=np.int64),
                np.array([each.cases for each in batch], dtype=np.int64),
            )
            for window, answer in zip(batch, answers, strict=True):
                until = window.first + len(window.places)
                scores[window.text][window.first : until] = answer[window.places]
        return [self._spans(*each) for each in zip(texts, words, scores, strict=True)]

    def _ids(self, word: str, *, spaced: bool = True) -> list[int]:
        found: list[int] = (self.spaced if spaced else self.glued).encode(word, add_special_tokens=False).ids
        return found

    def _pieces(self, text: str) -> tuple[list[tuple[int, int]], list[list[int]]]:
        """The words that have pieces, as offsets, and the pieces of each, as many as a window holds."""
        words, pieces = [], []
        before = -1 if self.starts_spaced else 0
        for found in self.word.finditer(text):
            start, end = found.span()
            glued = self._ids(found[0], spaced=False)
            ids = self._ids(found[0]) if glued and start != before else glued
            before = end
            if ids:
                words.append((start, end))
                pieces.append(ids[: self.capacity])
        return words, pieces

    def _windows(
        self, number: int, text: str, words: list[tuple[int, int]], pieces: list[list[int]]
    ) -> Iterator[Stretch]:
        bounds = np.cumsum([0, *map(len, pieces)])
        cases = [letter_case(text[start:end]) if self.facts["shapes"] else 0 for start, end in words]
        around = [0] * len(self.prefix), [0] * len(self.suffix)
        for (start, end), (first, last) in windows_of(bounds, self.capacity, self.facts["overlap"]):
            inside = range(start, end)
            yield Stretch(
                number,
                [*self.prefix, *(piece for word in inside for piece in pieces[word]), *self.suffix],
                [*around[0], *(cases[word] for word in inside for _ in pieces[word]), *around[1]],
                first,
                [int(bounds[word] - bounds[start]) + len(self.prefix) for word in range(first, last)],
            )

    def _spans(self, text: str, words: list[tuple[int, int]], scores: Any) -> list[dict[str, Any]]:
        scores = scores / self.facts["temperature"]
        scores = scores - scores.max(axis=1, keepdims=True, initial=-1e300)
        rows = np.maximum(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), FLOOR)
        places = best_spans(rows)
        found = []
        for (first, last, kind), probability in zip(places, span_probabilities(rows, places), strict=True):
            start, end = words[first][0], words[last][1]
            span = {"start": start, "end": end, "label": self.facts["labels"][kind]}
            found.append(span | {"score": self._confidence(probability), "text": text[start:end]})
        return found

    def _confidence(self, probability: float) -> float:
        """How often spans of this probability are right (Platt 1999, on logits)."""
        slope, intercept = self.facts["confidence"]["slope"], self.facts["confidence"]["intercept"]
        if (slope, intercept) == (1.0, 0.0):
            return probability
        inside = min(max(probability, 1e-6), 1.0 - 1e-6)
        return float(1.0 / (1.0 + np.exp(-slope * (np.log(inside) - np.log1p(-inside)) - intercept)))


def letter_case(word: str) -> int:
    """0 no capital, 1 only the first letter, 2 all letters, 3 otherwise mixed."""
    if word == word.lower():
        return 0
    if word[1:] == word[1:].lower():
        return 1
    return 2 if word == word.upper() else 3


def windows_of(bounds: Any, capacity: int, overlap: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """For each window the range of its words, and of those whose tags are taken from it.

    A word that two windows share belongs to the one where it is farther from the cut. The last window is
    filled up to the left. ``bounds``: the first piece of each word, and the number of pieces.
    """
    n_words, start, ranges = len(bounds) - 1, 0, []
    if not n_words:
        return []
    while True:
        end = int(np.searchsorted(bounds, bounds[start] + capacity, side="right")) - 1
        if end >= n_words:
            ranges.append((int(np.searchsorted(bounds, bounds[-1] - capacity, side="left")), n_words))
            break
        ranges.append((start, end))
        start = max(start + 1, int(np.searchsorted(bounds, bounds[end] - overlap, side="left")))
    middles = [(bounds[start] + bounds[end]) / 2 for (_, end), (start, _) in pairwise(ranges)]
    cuts = [0, *(int(np.searchsorted(bounds, middle)) for middle in middles), n_words]
    return list(zip(ranges, pairwise(cuts), strict=True))


def same_length(windows: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    """Batches of windows of one length, so that nothing is padded."""
    batch: list[Stretch] = []
    for window in sorted(windows, key=lambda each: len(each.ids)):
        size = len(window.ids)
        if batch and (len(batch[0].ids) != size or (len(batch) + 1) * size > PIECES_AT_A_TIME):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def best_spans(rows: Any) -> list[tuple[int, int, int]]:
    """First word, last word and type of each span of the best valid IOB2 sequence (Viterbi).

    ``rows``: log-probabilities (words, tags) of the tags ``O, B-0, I-0, B-1, …``.
    """
    total, inside = 0.0, np.full(rows.shape[1] // 2, -np.inf)
    states, continued = [], []
    for row in rows:
        continuing, beginning = row[2::2] + inside, row[1::2] + total
        continued.append(continuing > beginning)
        inside = np.maximum(continuing, beginning)
        state = np.array([total + row[0], *inside])
        states.append(int(state.argmax()))
        total = float(state.max())
    found: list[tuple[int, int, int]] = []
    kind, last = 0, -1  # 1 + the type of the span that the next word continues
    for at in reversed(range(len(rows))):
        if not kind:
            kind, last = states[at], at
        if kind and not continued[at][kind - 1]:
            found.append((at, last, kind - 1))
            kind = 0
    return found[::-1]


def span_probabilities(rows: Any, spans: Sequence[tuple[int, int, int]]) -> list[float]:
    """The probability of each span, exactly these words and this type, among all valid sequences."""
    outside, begin, goes_on = rows[:, 0], rows[:, 1::2], rows[:, 2::2]
    before = np.zeros(len(rows) + 1)
    inside = np.full(begin.shape[1], -np.inf)
    for at in range(len(rows)):
        inside = np.logaddexp(begin[at] + before[at], goes_on[at] + inside)
        before[at + 1] = np.logaddexp.reduce([outside[at] + before[at], *inside])
    after = np.zeros(len(rows) + 1)
    inside_after = np.zeros(begin.shape[1])
    for at in reversed(range(len(rows))):
        if at + 1 < len(rows):
            inside_after = np.logaddexp(after[at + 1], goes_on[at + 1] + inside_after)
        after[at] = np.logaddexp.reduce([outside[at] + after[at + 1], *(begin[at] + inside_after)])
    found = []
    for first, last, kind in spans:
        log = begin[first, kind] + goes_on[first + 1 : last + 1, kind].sum()
        found.append(min(1.0, float(np.exp(before[first] + log + after[last + 1] - before[-1]))))
    return found


def encoder_config(folder: Path) -> Any:
    """The configuration of the model inside a folder whose own config refuses; ``None`` for others."""
    from transformers import AutoConfig

    values = json.loads((folder / "config.json").read_text("utf-8"))
    return AutoConfig.for_model(**values["encoder"]) if values.get("model_type") == "wapaganda" else None


def load_model(folder: str | Path, **options: Any) -> Any:
    """The torch model of a folder, as transformers has it, with the table of letter cases if there is one."""
    import torch
    from transformers import AutoModelForTokenClassification
    from transformers.utils import logging

    folder = Path(folder)
    if (config := encoder_config(folder)) is not None:
        options["config"] = config
    table, level = folder / "casing.npy", logging.get_verbosity()
    logging.set_verbosity_error()  # the weights hold the table, too, where transformers does not expect it
    try:
        model = AutoModelForTokenClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, **options
        )
    finally:
        logging.set_verbosity(level)
    if table.is_file():
        weights = torch.from_numpy(np.load(table, allow_pickle=False))
        model.casing_embeddings = torch.nn.Embedding(weights.shape[0], weights.shape[1], _weight=weights)
    return model.eval()


def tag_scores(model: Any, ids: Any, mask: Any, cases: Any = None) -> Any:
    """The scores (windows, pieces, tags) of a torch model; ``cases``: the letter cases, if it reads them."""
    table = getattr(model, "casing_embeddings", None)
    if cases is None:
        return model(input_ids=ids, attention_mask=mask).logits
    if table is None:
        return model(input_ids=ids, attention_mask=mask, token_type_ids=cases).logits
    return model(inputs_embeds=model.get_input_embeddings()(ids) + table(cases), attention_mask=mask).logits


def torch_scorer(model: Any, with_cases: bool) -> Scorer:
    """Scores by a torch model, on its device."""
    import torch

    def score(ids: Any, cases: Any) -> Any:
        with torch.inference_mode():
            read = torch.from_numpy(ids).to(model.device)
            types = torch.from_numpy(cases).to(model.device) if with_cases else None
            return tag_scores(model, read, torch.ones_like(read), types).float().cpu().numpy()

    return score


def onnx_scorer(path: Path) -> Scorer:
    """Scores by ONNX Runtime."""
    session = import_module("onnxruntime").InferenceSession(str(path))
    names = {each.name for each in session.get_inputs()}

    def score(ids: Any, cases: Any) -> Any:
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "casing": cases}
        return session.run(["logits"], {name: values[name] for name in names})[0]

    return score


class SpanModel:
    """A model of MLflow: a table with the column ``text`` in; the spans of each text as a JSON list out."""

    def __init__(self, tagger: SpanTagger) -> None:
        self.tagger = tagger

    def predict(self, table: Any, params: Any = None) -> list[str]:
        """The spans of each text, as JSON."""
        texts = list(table["text"])
        for text in texts:
            if not isinstance(text, str):
                raise ValueError(f"Expected a table with strings in the column text, was: {text!r}")
        return [json.dumps(spans, ensure_ascii=False) for spans in self.tagger(texts)]


def _load_pyfunc(path: str) -> SpanModel:
    """What ``mlflow.pyfunc.load_model`` calls."""
    if not Path(path, "model.safetensors").is_file():
        raise FileNotFoundError(
            f"Expected model.safetensors in {path}, was: none. MLflow holds the files of the live "
            "version only. Load the alias champion, or the folder in the tag selfish.folder of this version."
        )
    return SpanModel(load(path))


def spaced_and_glued(tokenizer: Any) -> tuple[Any, Any]:
    """Two copies of the tokenizer, without truncation and padding: one reads a word as one after a space
    (``Ġ``, ``▁``), one as attached to the word before. WordPiece makes no difference: they are one object."""
    source = json.loads(tokenizer.to_str())
    parts = {True: _as_read(source, True), False: _as_read(source, False)}
    spaced = _bare(parts[True], type(tokenizer))
    return spaced, spaced if parts[True] == parts[False] else _bare(parts[False], type(tokenizer))


def _bare(parts: dict[str, Any], kind: Any) -> Any:
    made = kind.from_str(json.dumps(parts))
    made.no_padding()
    made.no_truncation()
    return made


def _as_read(parts: dict[str, Any], spaced: bool) -> dict[str, Any]:
    """The tokenizer's description with the mark of a space before the first word always or never set."""
    normalizer = parts["normalizer"] if spaced else _without_prepend(parts["normalizer"])
    if spaced and _is_byte_level(parts["pre_tokenizer"]):
        # The option add_prefix_space would put a space before each part of a word that was split before,
        # such as the digits for Llama's and Qwen's tokenizers.
        space = {"type": "Prepend", "prepend": " "}
        normalizer = {"type": "Sequence", "normalizers": [each for each in (normalizer, space) if each]}
    return parts | {"pre_tokenizer": _marked(parts["pre_tokenizer"], spaced), "normalizer": normalizer}


def _is_byte_level(part: Any) -> bool:
    inner = (part or {}).get("pretokenizers", ())
    return bool(part) and (part["type"] == "ByteLevel" or any(map(_is_byte_level, inner)))


def _marked(part: Any, spaced: bool) -> Any:
    kind = (part or {}).get("type")
    if kind == "ByteLevel":
        return part | {"add_prefix_space": False}
    if kind == "Metaspace":
        return part | {"prepend_scheme": "always" if spaced else "never"}
    if kind == "Sequence":
        return part | {"pretokenizers": [_marked(each, spaced) for each in part["pretokenizers"]]}
    return part


def _without_prepend(part: Any) -> Any:
    kind = (part or {}).get("type")
    if kind == "Prepend":
        return None
    if kind == "Sequence":
        kept = [each for each in map(_without_prepend, part["normalizers"]) if each is not None]
        return part | {"normalizers": kept}
    return part
