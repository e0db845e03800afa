"""The corpora beside the repository go through every format without loss."""

from pathlib import Path

import pytest

from wapaganda.annotation import read_documents, write_conll, write_datasets_folder, write_jsonl
from wapaganda.ner import Repairs

DATA = Path(__file__).parents[5] / "shared" / "data"
#: Entities in the training texts.
ENTITIES = {"wikigold": 2_439, "ncbi-disease": 5_145, "btc": 8_779, "snips": 33_918, "wnut17": 1_975}
SMALL = [f"{corpus}/{part}.conll" for corpus in ENTITIES for part in ("dev", "test")]
LARGE = [f"{corpus}/train.conll" for corpus in ENTITIES if corpus != "wikigold"]
FILES = ["wikigold/train.conll", *SMALL, *(pytest.param(file, marks=pytest.mark.slow) for file in LARGE)]


@pytest.fixture(params=FILES)
def corpus(request):
    path = DATA / request.param
    if not path.is_file():
        pytest.skip(f"needs the corpus {request.param} in ../shared/data")
    return path, read_documents(path)


def test_a_corpus_goes_round(corpus, tmp_path):
    path, result = corpus
    assert result.skipped == ()
    assert result.repairs.refused == result.repairs.widened == result.repairs.duplicate == 0
    assert "tags are IOB2" in result.notes[0]
    if path.stem == "train":
        assert sum(len(document.spans) for document in result.documents) == ENTITIES[path.parent.name]
    assert write_conll(result.documents, tmp_path / path.name) == ()
    write_jsonl(result.documents, tmp_path / "x.jsonl")
    ways = [tmp_path / path.name, tmp_path / "x.jsonl"]
    if path.stem == "dev":
        write_datasets_folder(result.documents, tmp_path / "folder")
        ways.append(tmp_path / "folder")
    for way in ways:
        again = read_documents(way)
        assert again.documents == result.documents
        assert again.skipped == ()
        # A column such as "Anna\ufeff" is written whole, and its span trimmed again.
        trimmed = again.repairs.trimmed if way.suffix == ".conll" else 0
        assert again.repairs == Repairs(trimmed=trimmed)
        assert trimmed <= result.repairs.trimmed
