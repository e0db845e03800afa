"""What labels cost, and the record of a round."""

import resource
from collections import Counter
from collections.abc import Sequence

from wapaganda.annotation_cost import count_corrections, seconds_correcting, seconds_from_scratch
from wapaganda.ner import Document, Span, reading_words
from wapaganda.simulation.predictions import EvaluatedModel
from wapaganda.simulation.records import RoundRecord, RunRecord


def round_record(
    number: int, labelled: Sequence[Document], evaluated: EvaluatedModel, model_seed: int
) -> RoundRecord:
    """The record of a round whose labels are all marked from scratch and after which nothing is chosen."""
    micro, seconds = evaluated.scores.micro, from_scratch(labelled)
    types = Counter(span.label for document in labelled for span in document.spans or ())
    return RoundRecord(
        round=number,
        texts=len(labelled),
        words=sum(reading_words(document.text) for document in labelled),
        entities=types.total(),
        seconds=seconds,
        seconds_correcting=seconds,
        f1=micro.f1,
        precision=micro.precision,
        recall=micro.recall,
        macro_f1=evaluated.scores.macro.f1,
        per_type={
            label: {"f1": each.f1, "support": each.support}
            for label, each in evaluated.scores.per_type.items()
        },
        labelled_types=dict(sorted(types.items())),
        estimated_f1=evaluated.estimated_f1,
        true_pool_f1=evaluated.true_pool_f1,
        train_seconds=evaluated.train_seconds,
        score_seconds=evaluated.score_seconds,
        peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        model_seed=model_seed,
    )


def correcting_so_far(run: RunRecord, labelled: Sequence[Document]) -> float:
    """Seconds so far: the seed set from scratch, each batch by correcting the model that chose it."""
    if not run.rounds:
        return from_scratch(labelled)
    last = run.rounds[-1]
    return round(last.seconds_correcting + last.batch_correcting, 3)


def from_scratch(documents: Sequence[Document]) -> float:
    """Seconds to mark these texts without proposals."""
    words = [reading_words(document.text) for document in documents]
    entities = [len(document.spans or ()) for document in documents]
    return round(float(seconds_from_scratch(words, entities).sum()), 3)


def correcting(documents: Sequence[Document], proposals: Sequence[Sequence[Span]]) -> float:
    """Seconds to correct a model's proposals for these texts."""
    words = [reading_words(document.text) for document in documents]
    counts = [count_corrections(d.spans or (), p) for d, p in zip(documents, proposals, strict=True)]
    seconds = seconds_correcting(
        words,
        [each.correct for each in counts],
        [each.missed for each in counts],
        [each.spurious for each in counts],
    )
    return round(float(seconds.sum()), 3)
