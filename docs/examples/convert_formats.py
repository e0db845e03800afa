"""Write labelled texts in another format and see what it does not keep; `selfish convert` does the same.

python docs/examples/convert_formats.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from sample import labelled_documents

from wapaganda.annotation import convert_documents

with TemporaryDirectory() as name:
    found = convert_documents(labelled_documents(10), Path(name) / "texts.conll")

print(f"{found.n_written} texts. Lost: {', '.join(found.lines()) or 'nothing'}")
