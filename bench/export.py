"""Time and memory of exporting a whole file of real texts, labelled by people and for the rest by a machine.

python bench/export.py --data ../shared/data --texts 30000 --out bench-export

Every corpus gives its own labels; those of the machine part get a made-up confidence. One process, so that
the peak memory is that of reading and exporting.
"""

import argparse
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "components"))

from wapaganda.annotation import read_documents
from wapaganda.dataset import CardFacts, ExportRequest, LabelHistory, ModelLabels, export_dataset
from wapaganda.ner import Document
from wapaganda.sampler import near_duplicate_groups
from wapaganda.uncertainty import Expectation

ROOT = Path(__file__).resolve().parent.parent


def corpus(data: Path, names: list[str], n_texts: int) -> list[Document]:
    """The first texts of all splits of these corpora, with their labels."""
    found = [
        document
        for name in names
        for path in sorted((data / name).glob("*.conll"))
        for document in read_documents(path).documents
        if document.is_labelled
    ][:n_texts]
    return [Document(str(number), each.text, each.spans) for number, each in enumerate(found)]


def by_machine(documents: list[Document], seed: int) -> ModelLabels:
    """The documents as a machine would label them, each span with a confidence."""
    rng = np.random.default_rng(seed)
    made = [
        each.with_spans(replace(span, score=float(rng.beta(8, 1))) for span in each.spans or ())
        for each in documents
    ]
    predicted = np.array([len(each.spans or ()) for each in made])
    right = np.array([sum(span.score or 0.0 for span in each.spans or ()) for each in made])
    words = np.array([len(each.text.split()) for each in made])
    expectation = Expectation(words, predicted, right, (predicted + 0.1)[:, None])
    labels = tuple(sorted({span.label for each in made for span in each.spans or ()}))
    return ModelLabels("v0001-bench", made, expectation, labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--corpora", nargs="+", default=["snips", "btc", "ncbi-disease"])
    parser.add_argument("--texts", type=int, default=30_000)
    parser.add_argument("--people", type=int, default=2_000, help="texts that people have labelled")
    parser.add_argument("--formats", nargs="+", default=["conll", "jsonl", "datasets", "parquet"])
    parser.add_argument("--out", type=Path, required=True, help="new folder")
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()

    start = time.perf_counter()
    documents = corpus(arguments.data, arguments.corpora, arguments.texts)
    order = np.random.default_rng(arguments.seed).permutation(len(documents)).tolist()
    people = set(order[: arguments.people])
    rest = [each for number, each in enumerate(documents) if number not in people]
    machine = by_machine(rest, arguments.seed)
    held = [each if number in people else each.with_spans(None) for number, each in enumerate(documents)]
    history = LabelHistory({}, {str(number): "uncertain" for number in order[200 : arguments.people]})
    read = time.perf_counter()
    near_duplicate_groups([each.text for each in documents])
    grouped = time.perf_counter()
    request = ExportRequest(tuple(arguments.formats), seed=arguments.seed)
    report = export_dataset(held, arguments.out, request, machine=machine, facts=CardFacts(history=history))
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print("| texts | by people | reading s | near copies s | export s | peak GB | train / dev / test |")
    print("|---|---|---|---|---|---|---|")
    splits = " / ".join(f"{each.n_documents:,}" for each in report.splits)
    print(
        f"| {report.n_documents:,} | {arguments.people:,} | {read - start:.1f} | {grouped - read:.1f} "
        f"| {done - grouped:.1f} | {peak:.2f} | {splits} |"
    )


if __name__ == "__main__":
    main()
