"""Write what a spaCy model says about the texts of a file, for `bench/sources.py`.

    python bench/sources_spacy.py MODEL TEXTS.jsonl OUT.jsonl

Runs in an environment of its own that has spaCy and the model, and needs nothing of wapaganda. MODEL is a package or
a folder; TEXTS has one JSON object a line with `text`.
"""
