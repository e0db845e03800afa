"""The same labels in other texts: other mentions, hidden word pieces."""

from dataclasses import replace

import numpy as np
import torch

from wapaganda.ner import Document, Span, word_offsets
from wapaganda.tagger import WordBatch

_REPLACED = 0.6  # of the mentions of a text


class OtherMentions:
    """The mentions of labelled documents, to replace each other.

    Dai & Adel 2020, "An analysis of simple data augmentation for named entity recognition".
    """

    def __init__(self, documents: list[Document]) -> None:
        self._known: dict[str, list[str]] = {}
        for document in documents:
            for span in document.spans or ():
                self._known.setdefault(span.label, []).append(document.text[span.start : span.end])

    def in_place(self, document: Document, rng: np.random.Generator) -> Document:
        """The document with about 60% of its mentions replaced by random ones of the same type.

        It stays as it is where a new mention would grow together with its neighbours, as in "iPhone5".
        """
        text, spans, at = "", [], 0
        for span in document.spans or ():
            mention = document.text[span.start : span.end]
            if rng.random() < _REPLACED:
                known = self._known[span.label]
                mention = known[int(rng.integers(len(known)))]
            text += document.text[at : span.start]
            spans.append(Span(len(text), len(text) + len(mention), span.label))
            text, at = text + mention, span.end
        text += document.text[at:]
        words = word_offsets(text)
        fits = np.isin([span.start for span in spans], words[:, 0]).all()
        fits = fits and np.isin([span.end for span in spans], words[:, 1]).all()
        return replace(document, text=text, spans=tuple(spans)) if fits else document


def hide_pieces(windows: WordBatch, share: float, special: list[int], mask: int) -> WordBatch:
    """The windows with a random ``share`` of the word pieces replaced by ``mask``; the letter case stays.

    ``special``: the pieces that are never hidden.
    """
    hidden = torch.rand(windows.ids.shape, device=windows.ids.device) < share
    hidden &= ~torch.isin(windows.ids, torch.tensor(special, device=windows.ids.device))
    return replace(windows, ids=windows.ids.masked_fill(hidden, mask))
