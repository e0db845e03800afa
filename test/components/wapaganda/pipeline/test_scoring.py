"""A pool that is read in half precision gives the batch of float32."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from wapaganda.ner import Document, LabelSchema
from wapaganda.pipeline import LoopConfig, choose, score_pool
from wapaganda.pipeline.selection import scoring
from wapaganda.progress import silent
from wapaganda.tagger import ModelFolder, Tagger, Tokenization, number_formats

SCHEMA = LabelSchema(("CITY", "NAME"))
WORDS = "anna bob carla dieter oslo rome new york paris went to and saw in .".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def tagger(tiny_encoder):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForTokenClassification.from_pretrained(tiny_encoder, num_labels=5).eval()
        torch.nn.init.normal_(model.classifier.weight, std=1.0)
    tokenization = Tokenization(AutoTokenizer.from_pretrained(tiny_encoder), 40, 16)
    return Tagger(model, tokenization, ModelFolder(SCHEMA.labels, 40, 16), "v7")


@pytest.fixture
def pool():
    draw = np.random.default_rng(2)
    sizes = draw.integers(3, 30, 300)
    return [Document(f"d{n}", " ".join(draw.choice(WORDS, size))) for n, size in enumerate(sizes)]


@pytest.fixture(autouse=True)
def fast_hardware(monkeypatch):
    """Fast in bfloat16, which is further from float32 than float16 is."""
    monkeypatch.setattr(number_formats, "fast_format", lambda device: torch.bfloat16)


def scored_in(precision, tagger, pool, folder, progress=silent):
    config = LoopConfig("", batch_size=10, threshold=0.0, scoring_precision=precision)
    return config, score_pool(tagger, pool, config, progress)


def test_the_batch_is_that_of_float32_and_the_rest_is_near(tagger, pool, tmp_path):
    seen = []
    config, exact = scored_in("fp32", tagger, pool, tmp_path)
    _, fast = scored_in("auto", tagger, pool, tmp_path, lambda _, done, total: seen.append((done, total)))
    assert [p.id for p in choose(pool, fast, (), config, 7).picks] == [
        p.id for p in choose(pool, exact, (), config, 7).picks
    ]
    distance = abs(fast.scores - exact.scores)
    same = distance < 1e-6
    assert scoring.SHARPENED * 10 <= same.sum() < len(pool)
    assert distance.max() < 0.2
    assert (np.abs(fast.embeddings[same] - exact.embeddings[same]) < 1e-2).all()
    order = np.argsort(-scoring.utility(exact.scores, exact.expectation, config), kind="stable")
    assert same[order[:20]].all()
    near = [pool[row] for row in order[:20].tolist()]
    for each in near:
        mine, theirs = (found.predicted([each])[each.id] for found in (fast, exact))
        assert [(s.start, s.end, s.label) for s in mine] == [(s.start, s.end, s.label) for s in theirs]
        assert [s.score for s in mine] == pytest.approx([s.score for s in theirs], abs=1e-6)
    assert fast.is_of(pool)
    assert seen == sorted(seen)
    assert seen[-1] == (360, 360)


def test_float32_reads_each_text_once(tagger, pool, tmp_path, monkeypatch):
    monkeypatch.setattr(type(tagger), "fast", lambda self: pytest.fail("half precision"))
    _, scored = scored_in("fp32", tagger, pool, tmp_path)
    expected = scoring.score_tagged(pool, tagger.tag([d.text for d in pool]), SCHEMA, "boundary")
    assert (scored.scores == expected.scores).all()


def test_a_pool_that_is_smaller_than_what_is_read_again_is_all_in_float32(tagger, pool, tmp_path):
    _, exact = scored_in("fp32", tagger, pool[:30], tmp_path)
    _, fast = scored_in("auto", tagger, pool[:30], tmp_path)
    assert fast.scores == pytest.approx(exact.scores, abs=1e-6)
    empty = scored_in("auto", tagger, [], tmp_path)[1]
    assert len(empty.ids) == 0
