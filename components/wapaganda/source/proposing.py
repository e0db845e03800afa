"""Judge the sources of a project by its labelled texts, and propose spans for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wapaganda.decoding import pad, spans_of, viterbi
from wapaganda.ner import Document, LabelSchema, Span, missing_types, word_offsets
from wapaganda.progress import Progress, silent
from wapaganda.source.combination import combine
from wapaganda.source.reliability import tags_of
from wapaganda.source.source_set import SourceSet
from wapaganda.source.trust import Opinion, Verdict, trust

MOST_ANSWERED = 1_000
"""A source is judged by the newest so many labelled texts: an LLM takes seconds for each."""
_LEAST, _MOST = 0.02, 0.98
_MISSED = 2.0
"""Words that a model is believed to have missed beyond those that were counted, for each thousand."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How far the sources are believed, by their names. ``messages``: why some were left out. ``n_texts``:
    the labelled texts. ``with_model``: whether a model's out-of-fold predictions were the rival. ``notes``:
    what others said that does not count."""

    verdicts: Mapping[str, Verdict]
    messages: tuple[str, ...]
    n_texts: int
    with_model: bool
    notes: tuple[str, ...] = ()

    @property
    def on(self) -> tuple[str, ...]:
        """The names of those that are switched on."""
        return tuple(name for name, each in self.verdicts.items() if each.reliability.is_on)


@dataclass(frozen=True, slots=True)
class SourceProposals:
    """What sources propose: ``spans`` of each text, each with its probability as ``score``; the ``names`` of
    the sources that were heard, why others were not, and what of their answers does not count."""

    spans: Sequence[tuple[Span, ...]]
    names: tuple[str, ...]
    messages: tuple[str, ...]


def judge_sources(
    sources: SourceSet,
    labelled: Sequence[Document],
    schema: LabelSchema,
    out_of_fold: Sequence[Sequence[Span] | None] = (),
    progress: Progress = silent,
) -> Judged:
    """Judge sources by labelled texts, oldest first; texts whose labels cannot say every type are left out.

    ``out_of_fold``: for each text the spans, with confidence, of a model that had not learnt it, or ``None``.
    If there are any, only these texts count, and a source must help beside the model. The words that such a
    model leaves outside are of a type as often as the labels say.
    """
    predicted = list(out_of_fold) or [None] * len(labelled)
    with_model = any(each is not None for each in predicted)
    rows = [
        row
        for row, each in enumerate(labelled)
        if not missing_types(each, schema) and (predicted[row] is not None or not with_model)
    ][-MOST_ANSWERED:]
    texts = [labelled[row].text for row in rows]
    words = [word_offsets(text) for text in texts]
    gold = [tags_of(labelled[row].spans or (), at, schema) for row, at in zip(rows, words, strict=True)]
    heard = sources.hear(texts, progress)
    opinions = {
        name: Opinion(
            [tags_of(*pair, schema) for pair in zip(spans, words, strict=True)], sources.known(name)
        )
        for name, spans in heard.spans.items()
    }
    said = None
    if with_model:
        model = [predicted[row] or () for row in rows]
        said = model_log_probs(model, words, gold, schema)
    verdicts = trust(gold, opinions, schema, said) if rows else _unknown(opinions, schema)
    return Judged(verdicts, heard.messages, len(rows), with_model, heard.notes)


def propose(
    sources: SourceSet,
    judged: Judged,
    texts: Sequence[str],
    schema: LabelSchema,
    progress: Progress = silent,
) -> SourceProposals:
    """What the sources that are on propose for texts without a model: the best tag sequence of `combine`.

    The score of a span is the probability of its type at its least probable word, since the words of an
    entity are right or wrong together.
    """
    heard = sources.only(judged.on).hear(texts, progress)
    names, messages = tuple(heard.spans), (*heard.messages, *heard.notes)
    if not names or not texts:
        return SourceProposals([()] * len(texts), names, messages)
    believed = {name: judged.verdicts[name].reliability for name in names}
    found = []
    for row, text in enumerate(texts):
        words = word_offsets(text)
        votes = {name: tags_of(heard.spans[name][row], words, schema) for name in names}
        found.append(_decoded(combine(None, votes, believed), words, schema) if len(words) else ())
    return SourceProposals(found, names, messages)


def model_log_probs(
    spans: Sequence[Sequence[Span]],
    words: Sequence[NDArray[np.int32]],
    gold: Sequence[NDArray[np.int64]],
    schema: LabelSchema,
) -> list[NDArray[np.float64]]:
    """Log-probabilities (n_words, K) that spans with confidence stand for, where no more of a model is kept.

    The words of a span have its tags with its confidence, and are outside otherwise. Other words are of each
    tag as often as those of ``gold`` that the model has left outside.
    """
    tags = [tags_of(*pair, schema) for pair in zip(spans, words, strict=True)]
    outside = np.concatenate(gold)[np.concatenate(tags) == 0]
    n_tags = len(schema.tags)
    shares = np.bincount(outside, minlength=n_tags) + _MISSED * len(outside) / 1_000 / n_tags + 1.0 / n_tags
    found = []
    for said, at, own in zip(spans, words, tags, strict=True):
        rows = np.tile(shares / shares.sum(), (len(at), 1))
        for span in said:
            inside = (at[:, 0] >= span.start) & (at[:, 1] <= span.end) & (own > 0)
            sure = min(_MOST, max(_LEAST, 1.0 if span.score is None else span.score))
            places = np.flatnonzero(inside)
            rows[places] = 0.1 * (1.0 - sure) / n_tags
            rows[places, 0] += 0.9 * (1.0 - sure)
            rows[places, own[places]] += sure
        found.append(np.log(rows))
    return found


def _unknown(opinions: Mapping[str, Opinion], schema: LabelSchema) -> dict[str, Verdict]:
    """Before the first answer."""
    return trust([], {name: Opinion([], each.known) for name, each in opinions.items()}, schema)


def _decoded(
    log_probs: NDArray[np.float32], words: NDArray[np.int32], schema: LabelSchema
) -> tuple[Span, ...]:
    tags, _ = viterbi(*pad([log_probs]))
    share = np.exp(log_probs)
    return tuple(
        Span(
            int(words[first, 0]),
            int(words[last, 1]),
            schema.labels[kind],
            float(share[first : last + 1, 1 + 2 * kind : 3 + 2 * kind].sum(axis=1).min()),
        )
        for first, last, kind in spans_of(tags)[0]
    )
