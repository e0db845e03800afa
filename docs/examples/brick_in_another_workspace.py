"""Add a brick to the namespace `wapaganda` in another workspace; it imports our bricks like its own.

`wapaganda` is a namespace package: there is no `wapaganda/__init__.py`, so any number of workspaces share it.

    python docs/examples/brick_in_another_workspace.py
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

BRICK = '''
"""Replace every entity by its type."""

from wapaganda.ner import Document


def redact(document: Document) -> str:
    """The text of a labelled document with [LABEL] in place of each span."""
    text = document.text
    for span in sorted(document.spans or (), reverse=True):
        text = f"{text[: span.start]}[{span.label}]{text[span.end :]}"
    return text
'''

with TemporaryDirectory() as workspace:
    brick = Path(workspace, "components", "wapaganda", "redaction")
    brick.mkdir(parents=True)
    (brick / "__init__.py").write_text(BRICK, encoding="utf-8")
    sys.path.append(str(brick.parents[1]))

    from sample import labelled_documents
    from wapaganda.redaction import redact  # type: ignore[import-not-found]

    print(redact(labelled_documents(1)[0]))
