"""The Python lines of the README's first screen run as they stand."""

import re
from pathlib import Path

import pytest

from wapaganda.annotation import read_documents, write_jsonl
from wapaganda.ner import Document, LabelSchema, Span
from wapaganda.sampler import Pool, select
from wapaganda.tagger import Tagger, quiet_transformers
from wapaganda.trainer import TrainingJob, recipe_for, train
from wapaganda.uncertainty import score

README = Path(__file__).parents[2] / "README.md"
NAMES = {
    "Path": Path,
    "LabelSchema": LabelSchema,
    "Pool": Pool,
    "Tagger": Tagger,
    "TrainingJob": TrainingJob,
    "read_documents": read_documents,
    "recipe_for": recipe_for,
    "score": score,
    "select": select,
    "train": train,
}


@pytest.mark.real
def test_the_python_lines_of_the_readme_train_score_and_select(small_encoder, tmp_path, monkeypatch):
    from transformers import AutoModel, AutoTokenizer

    with quiet_transformers():  # one layer is enough to run the lines
        AutoModel.from_pretrained(small_encoder, num_hidden_layers=1).save_pretrained(tmp_path / "encoder")
        AutoTokenizer.from_pretrained(small_encoder).save_pretrained(tmp_path / "encoder")
    monkeypatch.chdir(tmp_path)
    labelled = [Document(f"l{n}", f"Anna saw city {n}.", (Span(0, 4, "PER"),)) for n in range(12)]
    write_jsonl(labelled, Path("labelled.jsonl"))
    write_jsonl([Document(f"p{n}", f"In the year {n} Anna left.") for n in range(30)], Path("pool.jsonl"))

    found = re.findall(
        r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    names = {**NAMES, "encoder": str(tmp_path / "encoder")}
    exec(found[0], names)

    assert len(found) == 1
    assert len(found[0].splitlines()) == 6
    assert 1 <= len(names["batch"].picks) <= 10
