"""Three calls on plain lists, with the real small encoder cut to one layer."""

import subprocess
import sys

import pytest

from sample_corpus import sample_corpus
from wapaganda.active_learning import choose, fit, score
from wapaganda.errors import InputError
from wapaganda.ner import Document, Span
from wapaganda.pipeline import LoopConfig

TEXTS = [("Ada met Bob.", [(0, 3, "person"), (8, 11, "person")]), ("Nothing happened.", [])]


@pytest.mark.real
def test_three_calls_train_calibrate_score_and_choose_and_are_silent(one_layer_encoder, tmp_path, capfd):
    corpus = sample_corpus(3, 30, 60, 1)
    labelled = [(each.text, [(s.start, s.end, s.label) for s in each.spans]) for each in corpus.train]
    pool = [each.text for each in corpus.pool]
    config = LoopConfig(one_layer_encoder, learning_rate=1e-3, train_steps=20, folds=2)

    model = fit(labelled, config, tmp_path / "models")
    assert model.outcome.calibration is not None
    assert model.version.name == model.outcome.version
    assert model.predict([labelled[0][0]])[0]

    scored = score(model, pool)
    assert len(scored) == len(pool)
    assert scored.uncertainty.shape == (60,)
    assert 0 <= scored.uncertainty.min() < scored.uncertainty.max() <= 1

    batch = choose(scored, 8)
    assert len(batch) == len({each.id for each in batch}) == 8
    assert all(pool[int(each.id)] == each.text for each in batch)
    assert all(each.meta["uncertainty"] == scored.uncertainty[int(each.id)] for each in batch)
    assert {each.meta["reason"] for each in batch} <= {"diverse", "random", "uncertain"}
    assert all(span.score is not None for each in batch for span in each.spans)
    assert choose(scored, 8) == batch
    assert choose(scored, 8, seed=99) != batch

    again = fit(labelled, config, tmp_path / "models")
    assert (again.outcome.reused, again.version.name) == (True, model.version.name)
    more = fit([*labelled, *TEXTS], config, tmp_path / "models")
    assert more.outcome.version != model.version.name
    assert more.outcome.previous == model.version.name
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([("Ada", [(0, 9, "person")])], "spans in text 0 that fit it, was: 1 refused as out of range"),
        ([("Ada", [(0, "x")])], "Expected spans as .start, end, label. in text 0"),
        ([{"text": "Ada", "spans": None}], "Expected a labelled text as .text, spans. at place 0"),
        (["Ada"], "Expected a labelled text as .text, spans. at place 0, was: 'Ada'"),
        ([Document("a", "Ada")], "Expected a labelled text at place 0, was: 'a' without spans"),
        (
            [Document("a", "Ada", (Span(0, 3, "P"),)), Document("a", "Bob", ())],
            "each id once, was: 'a' twice",
        ),
        ([("Ada", [])], "at least one labelled entity, was: 1 texts without any"),
        ([], "at least one labelled entity, was: 0 texts"),
    ],
)
def test_wrong_labelled_texts_are_refused_before_anything_is_trained(texts, message, tmp_path):
    with pytest.raises(InputError, match=message):
        fit(texts, "no-encoder", tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_the_brick_is_imported_without_torch():
    code = "import sys, wapaganda.active_learning as a; assert 'torch' not in sys.modules; a.fit; a.no"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "has no attribute 'no'" in done.stderr.splitlines()[-1]
