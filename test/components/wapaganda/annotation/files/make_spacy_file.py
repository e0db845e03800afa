"""Makes ``by_spacy_3_8.spacy``, with spaCy: ``python make_spacy_file.py by_spacy_3_8.spacy``."""

import sys

import spacy
from spacy.tokens import DocBin, Span

nlp = spacy.blank("en")
first = nlp("Ada Lovelace met Zoë in  Oslo.\nThen the case of root 😀 ended.")
first.set_ents([Span(first, 0, 2, "PERSON"), Span(first, 3, 4, "PERSON"), Span(first, 6, 7, "Ort")])
second = nlp("Nobody is here.")
second.set_ents([])
third = nlp("Not looked at.")
fourth = nlp("Ada went to New York")
fourth.set_ents([Span(fourth, 0, 1, "PERSON")], missing=[fourth[3:5]], default="outside")
fifth = nlp("Ada of Oslo")
fifth.set_ents([Span(fifth, 2, 3, "GPE")])
fifth.spans["sc"] = [Span(fifth, 0, 3, "X"), Span(fifth, 2, 3, "GPE")]
DocBin(docs=[first, second, third, fourth, fifth]).to_disk(sys.argv[1])
