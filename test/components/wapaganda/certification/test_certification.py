"""The bound of an audit holds as often as promised, whatever the model believes and whenever one looks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapaganda.certification import Audit, MachinePart, audit_order, campaign_risk, plan_audit
from wapaganda.certification.relabelled import Relabelled

RISK = 0.05
TIMES = 120
"""Audits of a population; 13 misses or more have a probability below 1 in 100 at a risk of 0.05."""
TOO_MANY = 13


class Population:
    """Texts with a true number of correct and missed spans, and what a model believes of them."""

    def __init__(
        self, n: int, wrong: float, missing: float, seed: int, believes: float = 1.0, people: int = 400
    ):
        rng = np.random.default_rng(seed)
        words = rng.integers(5, 40, n)
        difficulty = rng.gamma(0.5, 2.0, n)
        predicted = rng.poisson(words / 10)
        self.correct = rng.binomial(predicted, np.clip(1 - wrong * difficulty, 0, 1))
        self.missed = np.minimum(rng.poisson(missing * difficulty), 4)
        expected = predicted * np.clip(1 - believes * wrong * difficulty, 0, 1)
        entities = expected + believes * missing * difficulty
        self.part = MachinePart(words, predicted, expected, entities)
        self.people = people

    @property
    def f1(self) -> float:
        return self.f1_after(np.zeros(0, int))

    def f1_after(self, audited: np.ndarray, people_f1: float = 1.0) -> float:
        """With the labels of people in these rows."""
        gold, left = self.correct + self.missed, np.ones(len(self.part), bool)
        left[audited] = False
        correct = people_f1 * (self.people + gold[audited].sum()) + self.correct[left].sum()
        relevant = 2 * (self.people + gold[audited].sum()) + (self.part.predicted + gold)[left].sum()
        return float(2 * correct / relevant) if relevant else 1.0

    def is_wrong(self, audit: Audit) -> bool:
        """Whether the audit proves more than is true of the file after it."""
        truth = self.f1_after(audit.order[: len(audit.correct)], audit.people_f1)
        return audit.proves(truth + 1e-9, RISK)

    def audit(self, seed: int, n: int, planned: int = 0, people_f1: float = 1.0) -> Audit:
        order = audit_order(self.part, seed)
        rows = order[:n]
        correct, missed = self.correct[rows], self.missed[rows]
        return Audit(self.part, order, correct, missed, self.people, planned or n, people_f1)


@pytest.mark.parametrize("believes", [1.0, 0.0, 0.3, 3.0], ids=["calibrated", "blind", "too sure", "modest"])
def test_the_bounds_hold_as_often_as_promised(believes):
    population = Population(500, wrong=0.1, missing=0.1, seed=3, believes=believes)
    for people_f1 in (1.0, 0.95):
        audits = [population.audit(seed, 80, people_f1=people_f1) for seed in range(TIMES)]
        assert sum(map(population.is_wrong, audits)) < TOO_MANY
        found = [(each.certificate(RISK), each.order[:80]) for each in audits[: TIMES // 4]]
        truths = [population.f1_after(rows, people_f1) for _, rows in found]
        if people_f1 == 1:
            assert sum(each.upper < f1 for (each, _), f1 in zip(found, truths, strict=True)) < TOO_MANY // 2
        assert sum(each.lower > f1 for (each, _), f1 in zip(found, truths, strict=True)) < TOO_MANY // 2


def test_looking_after_every_text_does_not_spoil_the_bound():
    population = Population(300, wrong=0.2, missing=0.2, seed=5)
    ever = sum(
        any(population.is_wrong(population.audit(seed, n, planned=60)) for n in range(1, 61, 3))
        for seed in range(TIMES)
    )
    assert ever < TOO_MANY


def test_copies_of_the_same_text_do_not_spoil_the_bound():
    population = Population(60, wrong=0.3, missing=0.2, seed=8)
    part = population.part
    arrays = (part.n_words, part.predicted, part.expected_correct, part.entities)
    population.part = MachinePart(*(np.repeat(each, 10) for each in arrays))
    population.correct, population.missed = (
        np.repeat(population.correct, 10),
        np.repeat(population.missed, 10),
    )
    assert sum(population.is_wrong(population.audit(seed, 80)) for seed in range(TIMES)) < TOO_MANY


def test_audited_texts_count_with_the_labels_of_people():
    population = Population(500, wrong=0.1, missing=0.1, seed=3)
    audit = population.audit(1, 100)
    rows = audit.order[:100]
    nothing = replace(audit, answered=np.zeros(100, bool)).certificate(RISK)
    whole = audit.certificate(RISK)
    assert whole.lower - nothing.lower == pytest.approx(population.f1_after(rows) - population.f1, rel=0.2)
    assert whole.estimate - nothing.estimate > 0.5 * (whole.lower - nothing.lower)
    half = replace(audit, answered=np.arange(100) < 50).certificate(RISK)
    assert nothing.lower < half.lower < whole.lower


@given(
    st.floats(0, 200), st.floats(0, 200), st.floats(0, 100), st.floats(-30, 60), st.floats(-30, 30),
    st.floats(0.05, 1), st.data(),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_bound_with_peoples_labels_is_the_worst_that_can_be(
    known, others, unseen, more, extra, theta, data
):
    relevant = known / 2 + others + unseen + 30  # predicted spans, and entities of the known texts
    entities = data.draw(st.floats(0, 300))
    correct = data.draw(st.floats(0, 1)) * min(unseen, entities)
    ratio = (known + 2 * correct) / (relevant + entities)
    truth = min(max((known + 2 * correct + more) / (relevant + entities + extra), 0), 1)
    found = Relabelled(known, relevant, unseen, more, extra)
    assert found.least(ratio) <= truth + 1e-9
    assert found.most(ratio) >= truth - 1e-9
    if (needed := found.needed(found.least(theta))) <= 1:
        assert found.least(max(needed, 1e-6)) >= found.least(theta) - 1e-6


def test_the_bound_is_close_with_300_texts():
    population = Population(3000, wrong=0.05, missing=0.05, seed=1)
    audits = [population.audit(seed, 300) for seed in range(20)]
    found = [(each.certificate(RISK), population.f1_after(each.order[:300])) for each in audits]
    assert np.median([f1 - each.lower for each, f1 in found]) < 0.03
    assert abs(np.mean([each.estimate - f1 for each, f1 in found])) < 0.005


@given(st.integers(1, 60), st.integers(0, 1000), st.data())
@settings(max_examples=40, deadline=None)
def test_more_texts_never_lower_the_bound_and_all_of_them_give_the_truth(n, seed, data):
    population = Population(n, wrong=0.2, missing=0.2, seed=seed, people=data.draw(st.integers(0, 50)))
    looks = [
        population.audit(seed, size, planned=20).certificate(RISK) for size in range(0, n + 1, max(1, n // 4))
    ]
    assert all(a.lower <= b.lower + 1e-9 for a, b in itertools.pairwise(looks))
    whole = replace(population.audit(seed, n, planned=20), answered=np.zeros(n, bool)).certificate(RISK)
    truth = pytest.approx(population.f1)
    assert (whole.lower, whole.estimate, whole.upper) == (truth, truth, truth)
    whole = population.audit(seed, n, planned=20).certificate(RISK)
    truth = pytest.approx(1.0)
    assert (whole.lower, whole.estimate, whole.upper) == (truth, truth, truth)


def test_few_texts_without_an_error_prove_little():
    part = Population(1000, wrong=0.0, missing=0.0, seed=2, people=0).part
    order = audit_order(part, 1)
    found = Audit(part, order, part.predicted[order[:10]], np.zeros(10), 0, planned=10).certificate(RISK)
    assert found.estimate == pytest.approx(1.0)
    assert found.lower < 0.7


def test_a_text_without_an_answer_counts_as_the_worst():
    population = Population(400, wrong=0.05, missing=0.05, seed=4)
    whole = population.audit(1, 100).certificate(RISK)
    order = audit_order(population.part, 1)
    correct, missed = population.correct[order[:100]].copy(), population.missed[order[:100]].copy()
    correct[7], missed[7] = 0, population.part.most_missed[order[7]]
    lacking = Audit(population.part, order, correct, missed, population.people, planned=100).certificate(RISK)
    assert lacking.lower < whole.lower
    assert lacking.n_beyond == 0


def test_peoples_own_errors_lower_the_bound():
    population = Population(400, wrong=0.05, missing=0.05, seed=4)
    audit = population.audit(1, 100)
    strict = Audit(
        audit.part, audit.order, audit.correct, audit.missed, population.people, 100, people_f1=0.9
    )
    assert strict.certificate(RISK).lower < audit.certificate(RISK).lower


def test_texts_that_miss_more_than_assumed_are_counted():
    population = Population(100, wrong=0.1, missing=0.1, seed=4)
    order = audit_order(population.part, 1)
    missed = population.missed[order[:20]].copy()
    missed[3] = population.part.most_missed[order[3]] + 1
    audit = Audit(population.part, order, population.correct[order[:20]], missed, 0, planned=20)
    assert audit.certificate(RISK).n_beyond == 1


def test_a_model_that_is_too_sure_is_found_out():
    sure = Population(2000, wrong=0.1, missing=0.1, seed=6, believes=0.25).audit(1, 300).certificate(RISK)
    right = Population(2000, wrong=0.1, missing=0.1, seed=6).audit(1, 300).certificate(RISK)
    assert sure.error_ratio > 2
    assert right.error_ratio == pytest.approx(1, abs=0.4)


def test_before_the_first_answer_nothing_is_known_but_what_people_labelled():
    population = Population(50, wrong=0.1, missing=0.1, seed=6, people=1000)
    found = population.audit(1, 0, planned=30).certificate(RISK)
    assert found.estimate is None
    assert found.error_ratio is None
    assert 0 < found.lower < population.f1 < found.upper


def test_a_file_of_people_alone_needs_no_audit():
    nothing = MachinePart(*(np.zeros(0) for _ in range(4)))
    found = Audit(nothing, audit_order(nothing, 1), [], [], 100, planned=0).certificate(RISK)
    assert (found.lower, found.upper) == (1.0, 1.0)
    assert plan_audit(nothing, 100, 0.95, RISK) == 0


def test_the_plan_grows_with_the_target_and_knows_what_is_out_of_reach():
    population = Population(2000, wrong=0.05, missing=0.05, seed=9, people=1000)
    expected = population.part.expected_f1(population.people)
    near, far = (plan_audit(population.part, population.people, expected - by, RISK) for by in (0.01, 0.05))
    assert near is not None
    assert far is not None
    assert far < near
    assert plan_audit(population.part, population.people, expected + 0.001, RISK, people_f1=0.97) is None


def test_an_audit_of_all_texts_proves_what_the_file_then_has():
    population = Population(60, wrong=0.1, missing=0.1, seed=9)
    audit = population.audit(1, 60, people_f1=0.98)
    truth = population.f1_after(audit.order, 0.98)
    assert audit.proves(truth - 0.001, RISK)
    assert not audit.proves(truth + 0.001, RISK)
    assert plan_audit(population.part, population.people, 0.975, RISK, people_f1=0.98) is not None


def test_most_audits_of_the_planned_size_reach_the_target():
    population = Population(2000, wrong=0.05, missing=0.05, seed=9, people=1000)
    target = population.part.expected_f1(population.people) - 0.03
    n = plan_audit(population.part, population.people, target, RISK)
    assert n is not None
    assert sum(population.audit(seed, n).proves(target, RISK) for seed in range(30)) >= 18


def test_the_risks_of_all_campaigns_keep_the_promise():
    risks = [campaign_risk(0.95, number) for number in range(1, 2000)]
    assert risks[0] == pytest.approx(0.025)
    assert sum(risks) < 0.05
    with pytest.raises(ValueError, match="confidence"):
        campaign_risk(1.0, 1)


def test_wrong_input_is_refused():
    part = MachinePart(np.array([5, 5]), np.array([1, 1]), np.array([0.5, 0.5]), np.array([1.0, 1.0]))
    order = audit_order(part, 1)
    with pytest.raises(ValueError, match="no more correct"):
        Audit(part, order, [2], [0], 0, planned=1)
    with pytest.raises(ValueError, match="two arrays"):
        Audit(part, order, [1, 1, 1], [0, 0, 0], 0, planned=1)
    with pytest.raises(ValueError, match="each once"):
        Audit(part, np.array([0, 0]), [1], [0], 0, planned=1)
    with pytest.raises(ValueError, match="four arrays"):
        MachinePart(np.array([5]), np.array([1, 1]), np.array([0.5, 0.5]), np.array([1.0, 1.0]))
    with pytest.raises(ValueError, match="counts"):
        MachinePart(np.array([5]), np.array([1]), np.array([-0.5]), np.array([1.0]))
