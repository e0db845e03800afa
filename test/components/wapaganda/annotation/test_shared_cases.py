"""The inputs of users that went wrong before, if they are at hand: the right value, or a refusal."""

from pathlib import Path

import pytest

from wapaganda.annotation import is_unread, read_documents
from wapaganda.errors import InputError

CASES = Path(__file__).parents[5] / "shared" / "cases"
MIRA = [("Mira", "PER"), ("Oslo", "LOC")]
BOB = [("Bob", "PER")]
NEW_YORK = [("Mira", "PER"), ("New York", "LOC")]

RIGHT = {
    "bare-tags-json/tok_bare.jsonl": [MIRA],
    "conll-bmewo-W/bmewo.conll": [NEW_YORK, [("Bob de Val", "PER")]],
    "conll-bmewo-W/bmewo_w.conll": [MIRA, BOB],
    "conll-bom-inside/bommid.conll": [[("Mira", "PER")], BOB],
    "conll-comments/comments.conll": [[("Mira", "PER")], BOB],
    "conll-comments/comments2.conll": [[("Mira", "PER")], BOB],
    "conll-comments/germeval.tsv": [MIRA, [("Osloer", "LOCderiv")]],
    "conll-index-first/idfirst3.conll": [MIRA, BOB],
    "conll-index-first/idfirst_sp.conll": [MIRA, BOB],
    "conll-index-first/wikineural.conll": [MIRA, BOB],
    "conll-nested-columns/nestedcols.conll": [[("Mira of Oslo", "PER")]],
    "conll-outside-words/OTHER.conll": [MIRA],
    "conll-outside-words/dashO.conll": [MIRA],
    "conll-outside-words/underO.conll": [MIRA],
    "conll-outside-words/zero.conll": [NEW_YORK],
    "conll-plain-BIO/bio_plain.tsv": [[("Adenomatous polyposis coli", "ENTITY")], [("cancer", "ENTITY")]],
    "conll-plain-BIO/io_plain.conll": [[("Mira Val", "ENTITY")], [("Bob", "ENTITY")]],
    "conll-tag-first/tagfirst.bio": [[("mira", "PER"), ("oslo", "LOC")], [("bob smith", "PER")]],
    "conll-tag-first/tagfirst.txt": [[("mira", "PER"), ("oslo", "LOC")], [("bob smith", "PER")]],
    "conll-trailing-tab/trailtab.conll": [MIRA, BOB],
    "conll-trailing-tab/trailtab_some.conll": [MIRA, BOB],
    "export-silent-terminal/skipone.conll": [NEW_YORK, [("Bob de Val", "PER")]],
    "jsonl-doccano-relations/doccano_rel.jsonl": [[("Mira", "PER")]],
    "jsonl-doccano-relations/rasa.jsonl": [[("Mira", "PER")]],
    "jsonl-doccano-relations/spans_type.jsonl": [[("Mira", "PER")]],
    "jsonl-tokens-labels/tok_labels.jsonl": [MIRA],
    "jsonl-tokens-labels/tok_ner.jsonl": [MIRA],
    "jsonl-tokens-labels/tok_nerlabels.jsonl": [MIRA],
    "jsonl-unknown-keys/mixed_keys.jsonl": [[("Mira", "PER")], BOB, [("Eve", "PER")]],
    "jsonl-unknown-keys/text_annotation.jsonl": [[("Mira", "PER")]],
    "jsonl-unknown-keys/text_ents.jsonl": [[("Mira", "PER")]],
    "nan-meta/c_dirty.jsonl": [[("Mira", "PER")], [("Mira", "PER")]],
    "nan-meta/infin.jsonl": [[("Mira", "PER")]],
}
REFUSED = [
    "jsonl-duplicate-keys/dupkey.jsonl",
    "jsonl-unknown-keys/doccano_ids.jsonl",
    "nan-meta/nan.jsonl",
    "surrogate-label-id/surr_id.jsonl",
    "surrogate-label-id/surr_label.jsonl",
    "surrogate-label-id/surr_meta.jsonl",
    "surrogate-meta-connect/c_surrmeta.jsonl",
]


def case(name):
    path = CASES / name
    if not path.is_file():
        pytest.skip(f"needs {name} in ../shared/cases")
    return path


@pytest.mark.parametrize("name", RIGHT)
def test_a_case_has_its_right_value(name):
    result = read_documents(case(name))
    marked = [
        [(each.text[span.start : span.end], span.label) for span in each.spans or ()]
        for each in result.documents
    ]
    assert marked == RIGHT[name]
    assert not any(map(is_unread, result.documents))
    result.report.check()


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused(name):
    path = case(name)
    with pytest.raises(InputError):
        read_documents(path).report.check()


def test_what_a_model_found_is_no_label():
    result = read_documents(case("jsonl-doccano-relations/hf_pipeline.jsonl"))
    assert [each.is_labelled for each in result.documents] == [False]
    assert [each.kind for each in result.report.findings] == ["machine"]
