"""The votes of sources in what a student is taught: believed as far as the labels of people show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wapaganda.calibration import apply_temperature
from wapaganda.errors import WapagandaError, tell
from wapaganda.ner import Document, LabelSchema, gold_spans, missing_types
from wapaganda.progress import Progress
from wapaganda.source import Opinion, SourceFiles, combine, tags_of, trust
from wapaganda.tagger import TaggedText

_LEAST = 1e-6  # of a probability


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """What a student learns: texts, their words (n_words, 2), and as the target of each word the probability
    of each tag, (n_words, K). ``messages``: what to say about the sources."""

    texts: Sequence[str]
    words: Sequence[NDArray[np.int32]]
    targets: Sequence[NDArray[np.float32]]
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class OutOfFold:
    """Labelled texts, with what models that had not learned them said."""

    labelled: Sequence[Document]
    answers: Sequence[TaggedText]
    schema: LabelSchema


def with_votes(
    lesson: Lesson, files: SourceFiles | None, known: OutOfFold, temperature: float, progress: Progress
) -> Lesson:
    """The lesson with what the sources say about its texts joined to the targets.

    A source counts as far as it makes the labels of people more probable beside the out-of-fold answers, and
    one that does not surely help is off (`wapaganda.source.trust`). It never fails: what cannot be used is
    left out with a message. ``temperature``: of the models that made the targets.
    """
    if files is None:
        return lesson
    try:
        joined = _joined(lesson, files, known, temperature, progress)
    except (WapagandaError, OSError) as error:
        return replace(lesson, messages=(f"The student learned without the sources: {tell(error)}",))
    return joined


def _joined(
    lesson: Lesson, files: SourceFiles, known: OutOfFold, temperature: float, progress: Progress
) -> Lesson:
    schema, sources = known.schema, files.open(known.schema.labels)
    rows = [row for row, each in enumerate(known.labelled) if not missing_types(each, schema)]
    answers = [known.answers[row] for row in rows]
    gold = gold_spans([known.labelled[row] for row in rows])
    labelled = sources.hear([known.labelled[row].text for row in rows], progress)
    heard = sources.only(tuple(labelled.spans)).hear(lesson.texts, progress)
    votes = {
        name: [tags_of(*pair, schema) for pair in zip(spans, lesson.words, strict=True)]
        for name, spans in heard.spans.items()
    }
    opinions = {
        name: Opinion(
            [
                tags_of(said, each.words, schema)
                for said, each in zip(labelled.spans[name], answers, strict=True)
            ],
            sources.known(name),
            votes[name],
        )
        for name in votes
    }
    said = (*labelled.messages, *labelled.notes, *heard.messages, *heard.notes)
    messages = tuple(dict.fromkeys(said))
    verdicts = trust(
        [tags_of(spans, each.words, schema) for spans, each in zip(gold, answers, strict=True)],
        opinions,
        schema,
        [each.log_probs for each in answers],
    )
    believed = {name: each.reliability for name, each in verdicts.items() if each.reliability.is_on}
    messages += tuple(f"The source {name} is {each.why}." for name, each in verdicts.items())
    if not believed:
        return replace(lesson, messages=messages)
    scaled = apply_temperature([np.log(each + _LEAST) for each in lesson.targets], temperature)
    targets = [
        np.exp(combine(said, {name: votes[name][row] for name in believed}, believed))
        for row, said in enumerate(scaled)
    ]
    return replace(lesson, targets=targets, messages=messages)
