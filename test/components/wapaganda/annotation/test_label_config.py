from xml.etree import ElementTree

import pytest

from wapaganda.annotation import (
    FormatError,
    LabelConfig,
    default_label_config,
    parse_label_config,
    result_from_spans,
)
from wapaganda.errors import InputError
from wapaganda.ner import Span

PLAIN = '<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>{}</View>'
TEXT = '<Text name="text" value="$text"/>'


def test_the_default_config_is_read_back_and_any_label_is_escaped():
    labels = ("PER", 'a "b" & <c>', "Ort ü", "it's")
    assert parse_label_config(default_label_config(labels)) == LabelConfig(labels)
    with pytest.raises(FormatError, match="at least one label"):
        default_label_config([])


def test_other_names_nested_views_and_other_tags_beside():
    config = parse_label_config("""
        <!-- our project --> <View className="a">
          <Style>.x { color: red }</Style> <Header value="Mark &amp; go"/>
          <View><View><Labels name="ents" toName="body" choice="multiple" showInline="true">
             <View><Label value="PER" background="red" hotkey="1"/></View> <Label value="LOC"/>
          </Labels></View></View>
          <Relations><Relation value="knows"/></Relations>
          <View visibleWhen="region-selected">
            <Choices name="mood" toName="body" perRegion="true"><Choice value="good"/></Choices></View>
          <Text name="body" value="$article.content" granularity="word"/>
          <TextArea name="note" toName="body"/>
          <Text name="hint" value="$hint"/> <Image name="img" value="$img"/>
          <RectangleLabels name="boxes" toName="img"><Label value="Box"/></RectangleLabels>
        </View> <!-- {"data": {}} -->""")
    beside = frozenset({"hint", "img", "boxes"})
    assert config == LabelConfig(("PER", "LOC"), "ents", "body", "article.content", beside=beside)


def test_of_several_texts_the_bound_one_counts():
    config = parse_label_config(PLAIN.format('<Text name="other" value="$title"/>' + TEXT))
    assert (config.to_name, config.data_key) == ("text", "text")
    over_two_kinds = PLAIN.replace('toName="text"', 'toName="img, text"').format(
        '<Image name="img" value="$i"/>' + TEXT
    )
    assert parse_label_config(over_two_kinds).to_name == "text"


def test_aliases_and_predicted_values_lead_to_the_name_in_results():
    config = parse_label_config(
        '<View><Labels name="l" toName="t">'
        '<Label value="Person" alias="PER" predicted_values="person, B-PER"/>'
        '<Label value="LOC" predicted_values="GPE,PER"/></Labels><Text name="t" value="$t"/></View>'
    )
    assert config.labels == ("PER", "LOC")
    assert config.aliases == {"Person": "PER", "person": "PER", "B-PER": "PER", "GPE": "LOC"}
    names = ("PER", "Person", "GPE", "LOC", "ORG")
    assert [config.canonical(name) for name in names] == ["PER", "PER", "LOC", "LOC", None]


def test_tag_names_in_small_letters_and_choices_inside_labels():
    xml = '<view><labels name="l" toName="t"><choice value="A"/></labels><text name="t" value="$t"/></view>'
    assert parse_label_config(xml).labels == ("A",)


@pytest.mark.parametrize(
    ("xml", "complaint"),
    [
        ("", "Expected a label config in XML"),
        ("<View>", "Expected a label config in XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View/>', "without DOCTYPE"),
        ("<View/>", "one <Labels> over one <Text>, was: none; add"),
        (f"<View>{TEXT}</View>", "was: none; add"),
        (PLAIN.format(""), "was: label bound to 'text'; add"),
        (PLAIN.format('<Text name="txt" value="$text"/>'), "was: label bound to 'text'"),
        (
            PLAIN.format('<Audio name="text" value="$html"/>'),
            "was: over Audio; show the text with <Text",
        ),
        (
            PLAIN.format('<Text name="text" value="$t" encoding="base64"/>'),
            "without encoding, was: 'base64'",
        ),
        (
            PLAIN.format(TEXT + '<Labels name="more" toName="text"><Label value="LOC"/></Labels>'),
            "was: LOC in label and in more; choose one of them by --label-tag",
        ),
        (
            PLAIN.replace('toName="text"', 'toName="text,two"').format(
                TEXT + '<Text name="two" value="$two"/>'
            ),
            "label over text, label over two",
        ),
        (PLAIN.format('<Text name="text" value="Static words"/>'), "value='Static words'"),
        (PLAIN.format('<Text name="text"/>'), r'value="\$field"'),
        (PLAIN.format('<Text name="text" value="$u" valueType="url"/>'), 'valueType="url"'),
        (f'<View><Labels name="l" toName="text"/>{TEXT}</View>', "was: none; write the labels"),
        (f'<View><Labels name="l" toName="text" value="$opts"/>{TEXT}</View>', r"but value='\$opts'"),
        (
            f'<View><Labels name="l{{{{idx}}}}" toName="text"><Label value="A"/></Labels>{TEXT}</View>',
            "fixed name",
        ),
    ],
)
def test_configs_that_cannot_serve_are_refused_with_the_mend(xml, complaint):
    with pytest.raises(FormatError, match=complaint):
        parse_label_config(xml)


def test_several_labels_over_a_text_are_one_schema_or_one_of_them_is_chosen():
    two = PLAIN.format(TEXT + '<Labels name="more" toName="text"><Label value="A"/></Labels>')
    both = parse_label_config(two)
    assert (both.labels, both.tags) == (("PER", "LOC", "A"), {"A": "more"})
    assert [both.tag_of(label) for label in both.labels] == ["label", "label", "more"]
    assert parse_label_config(two, "more").labels == ("A",)
    assert parse_label_config(two, "more").beside == {"label"}
    with pytest.raises(FormatError, match="was: label bound"):
        parse_label_config(two, "none")


def test_one_of_several_texts_can_be_chosen_by_field_or_tag():
    title = '<Labels name="more" toName="head"><Label value="A"/></Labels><Text name="head" value="$title"/>'
    two = PLAIN.format(TEXT + title)
    with pytest.raises(
        FormatError, match=r"was: 2 \(label over text, more over head\); .* out of text, title"
    ):
        parse_label_config(two)
    for choice in ("title", "head"):
        config = parse_label_config(two, text_field=choice)
        assert (config.labels, config.data_key, config.beside) == (("A",), "title", {"label", "text"})
    with pytest.raises(FormatError, match="--text-field"):
        parse_label_config(two, text_field="none")


@pytest.mark.parametrize(
    ("tags", "form"),
    [
        ('<Labels name="l" toName="t">{}</Labels><HyperText name="t" value="$t"/>', "HyperText"),
        (
            '<HyperTextLabels name="l" toName="t">{}</HyperTextLabels><HyperText name="t" value="$t"/>',
            "HyperText",
        ),
        (
            '<ParagraphLabels name="l" toName="t">{}</ParagraphLabels><Paragraphs name="t" value="$t"/>',
            "Paragraphs",
        ),
    ],
)
def test_hypertext_and_paragraphs_are_read_but_not_written(tags, form):
    config = parse_label_config(
        f"<View>{tags.format('<Label value=' + chr(34) + 'A' + chr(34) + '/>')}</View>"
    )
    assert (config.labels, config.form, config.data_key) == (("A",), form, "t")
    with pytest.raises(InputError, match=f"was: <{form}>, whose labels are read but not written"):
        result_from_spans([Span(0, 1, "A")], "abc", config)


def test_the_default_config_is_xml_that_label_studio_knows():
    root = ElementTree.fromstring(default_label_config(["A"]))
    assert [element.tag for element in root.iter()] == ["View", "Labels", "Label", "Text"]
