"""Convert labelled texts between formats and see what a format cannot hold.

python docs/examples/convert_formats.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from sample import labelled_documents

from wapaganda.annotation import read_documents, write_conll, write_jsonl

documents = labelled_documents(10)

with TemporaryDirectory() as name:
    folder = Path(name)
    write_jsonl(documents, folder / "texts.jsonl")
    write_conll(read_documents(folder / "texts.jsonl").documents, folder / "texts.conll")
    result = read_documents(folder / "texts.conll")

print((f"{len(result.documents)} texts", *result.skipped))
