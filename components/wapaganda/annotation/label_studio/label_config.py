"""A project's label config: the tag with the labels, the tag with the text, and the label names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from html import escape
from typing import Any
from xml.etree import ElementTree

from wapaganda.annotation.collecting import FormatError
from wapaganda.annotation.read_options import AnswerRule, LabelMapping

#: Tags that hold something to label.
_OBJECTS = {
    "text",
    "hypertext",
    "paragraphs",
    "audio",
    "image",
    "video",
    "timeseries",
    "table",
    "list",
    "chat",
    "pdf",
}


class TextForm(StrEnum):
    """The tag that shows the text."""

    TEXT = "Text"
    """Plain text; offsets are code points."""
    HYPERTEXT = "HyperText"
    """HTML; offsets (``globalOffsets``) count its visible text."""
    PARAGRAPHS = "Paragraphs"
    """A dialogue; offsets count from the start of a paragraph."""


_KEYS = "1234567890"
_FORMS = {form.value.lower(): form for form in TextForm}
_LABEL_TAGS = {
    "labels": tuple(_FORMS),
    "hypertextlabels": ("hypertext",),
    "paragraphlabels": ("paragraphs",),
}
"""The tags with labels that can be read, and what they mark."""
_REGIONAL = {"rectangle", "polygon", "ellipse", "keypoint", "brush", "magicwand", "label", "brushlabels"}
REGION_TYPES = frozenset(_LABEL_TAGS)
"""The types of regions that can be read."""


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """The labels over one text.

    ``labels``: the names that results use (the alias, if a label has one). ``from_name`` and ``to_name``: of
    the tags. ``data_key``: the field of ``data`` with the text; dots select nested fields. ``aliases`` maps
    every other name of a label (its value if it has an alias, its ``predicted_values``) to the label.

    ``tags``: the labels that another tag than ``from_name`` has, with its name. ``beside``: the names of tags
    that are known and not read, such as an image and its boxes. ``form``: the tag that shows the text.
    ``mapping``: how to read what older labels were called. ``answers``: what is learnt of several answers.
    """

    labels: tuple[str, ...]
    from_name: str = "label"
    to_name: str = "text"
    data_key: str = "text"
    aliases: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    form: TextForm = TextForm.TEXT
    mapping: LabelMapping = field(default_factory=LabelMapping)
    answers: AnswerRule = field(default_factory=AnswerRule)

    def canonical(self, name: str) -> str | None:
        """The label that ``name`` refers to; ``None`` if the config does not have it."""
        if name in self.labels:
            return name
        mapped = _follow(self.mapping.labels, name, self.labels)
        return mapped if mapped in self.labels else self.aliases.get(mapped)

    def leaves_out(self, name: str) -> bool:
        """Whether the user wants the regions of this label to be left out."""
        return bool(name) and self.canonical(name) is None and not _follow(self.mapping.labels, name, ())

    def tag_of(self, label: str) -> str:
        """The name of the tag that makes regions of the label."""
        return self.tags.get(label, self.from_name)

    def is_ours(self, region: Mapping[str, Any]) -> bool:
        """Whether the tags with our labels made the region on our text."""
        made_by, over = region.get("from_name"), region.get("to_name")
        if self.mapping.tags:
            made_by, over = self._today(made_by), self._today(over)
        known = made_by == self.from_name or made_by in self.tags.values()
        return known and over == self.to_name and str(region.get("type")) in REGION_TYPES

    def is_beside(self, region: Mapping[str, Any]) -> bool:
        """Whether a tag made the region, or it is on an object, that is known and not read."""
        return bool({self._today(region.get(key)) for key in ("from_name", "to_name")} & self.beside)

    def unknown_tag(self, region: Mapping[str, Any]) -> str:
        """The name of the tag because of which a region is not ours."""
        made_by, over = str(region.get("from_name")), str(region.get("to_name"))
        ours = {self.from_name, *self.tags.values()}
        return over if self._today(made_by) in ours and self._today(over) != self.to_name else made_by

    def _today(self, name: object) -> str:
        if not self.mapping.tags:
            return str(name)
        own = {self.from_name, self.to_name, *self.tags.values()}
        return _follow(self.mapping.tags, str(name), own)


def _follow(mapping: Mapping[str, str], name: str, known: Collection[str]) -> str:
    """The name at the end of a chain of old names."""
    seen: set[str] = set()
    while name in mapping and name not in known and name not in seen:
        seen.add(name)
        name = mapping[name]
    return name


def parse_label_config(xml: str, from_name: str | None = None, text_field: str | None = None) -> LabelConfig:
    """Reads a label config: all ``<Labels>`` over one text.

    ``from_name`` selects one of several ``<Labels>``. ``text_field`` selects one of several texts, by the
    field of ``data`` or by the name of its tag.

    Raises:
        FormatError: it is not XML, has no or several texts with labels, or two tags have the same label; the
            message says how to fix it.
    """
    root = _parse(xml)
    objects = _objects(root)
    texts = {name: each for name, each in objects.items() if _kind(each) in _FORMS}
    bound = [(control, text) for control in root.iter() for text in _bound_texts(control, texts)]
    wanted = [
        (control, text)
        for control, text in bound
        if from_name in (None, "", control.get("name")) and _is_chosen(text, text_field)
    ]
    if len({id(text) for _, text in wanted}) != 1:
        raise _not_one(root, wanted or (bound if text_field else []), objects, from_name, text_field)
    text = wanted[0][1]
    config = _merged([control for control, _ in wanted], text)
    own = {config.from_name, config.to_name, *config.tags.values()}
    others = {each.get("name", "") for each in root.iter() if each.get("toName") and _is_regional(each)}
    return replace(config, beside=frozenset({*others, *objects} - own))


def _is_regional(control: ElementTree.Element) -> bool:
    kind = _kind(control)
    return kind.endswith("labels") or kind in _REGIONAL


def _merged(controls: Sequence[ElementTree.Element], text: ElementTree.Element) -> LabelConfig:
    """The config of all these tags with labels over the text."""
    labels: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for control in controls:
        name = _name(control)
        own, others = _labels(control)
        if twice := sorted(labels.keys() & set(own)):
            raise FormatError(
                f"Expected every label in one <Labels>, was: {', '.join(twice)} in {labels[twice[0]]} "
                f"and in {name}; choose one of them by --label-tag (LABEL_TAG)"
            )
        labels |= dict.fromkeys(own, name)
        aliases = others | aliases
    first = _name(controls[0])
    return LabelConfig(
        tuple(labels),
        first,
        _name(text),
        _data_key(text),
        {name: label for name, label in aliases.items() if name not in labels},
        {label: name for label, name in labels.items() if name != first},
        form=_FORMS[_kind(text)],
    )


def default_label_config(labels: Iterable[str], *, whole_words: bool = False) -> str:
    """The XML of one ``<Labels name="label">`` over one ``<Text name="text" value="$text">``.

    The first ten labels have the keys 1 to 9 and 0. ``whole_words``: a selection by mouse grows to whole
    words.

    Raises:
        FormatError: there is no label, or one has a character that a label config cannot hold.
    """
    labels = tuple(labels)
    for label in labels:
        wrong = next((each for each in label if not each.isprintable()), None)
        if wrong is not None or label != label.strip():
            what = f"the character {wrong!r}" if wrong is not None else "white space at an end"
            raise FormatError(f"Expected a label of printable characters, was: {what} in {label!r}")
    keys = [f' hotkey="{key}"' for key in _KEYS] + [""] * len(labels)
    lines = [f'    <Label value="{escape(label)}"{key}/>' for label, key in zip(labels, keys, strict=False)]
    if not lines:
        raise FormatError("Expected at least one label, was: none")
    head = ["<View>", '  <Labels name="label" toName="text">']
    by_words = ' granularity="word"' if whole_words else ""
    tail = ["  </Labels>", f'  <Text name="text" value="$text"{by_words}/>', "</View>"]
    return "\n".join([*head, *lines, *tail])


def _parse(xml: str) -> ElementTree.Element:
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise FormatError("Expected a label config without DOCTYPE and ENTITY, was: one with them")
    try:
        return ElementTree.fromstring(xml.strip())
    except ElementTree.ParseError as error:
        raise FormatError(f"Expected a label config in XML, was: {xml.strip()[:60]!r} ({error})") from None


def _kind(element: ElementTree.Element) -> str:
    return element.tag.lower() if isinstance(element.tag, str) else ""


def _name(element: ElementTree.Element) -> str:
    name = element.get("name", "")
    if not name or "{{" in name:
        raise FormatError(f"Expected a <{element.tag}> with a fixed name, was: name={name!r}")
    return name


def _objects(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """All tags by name that hold something to label."""
    found = [element for element in root.iter() if _kind(element) in _OBJECTS]
    return {name: element for element in found if (name := element.get("name"))}


def _bound_texts(
    control: ElementTree.Element, texts: Mapping[str, ElementTree.Element]
) -> Iterator[ElementTree.Element]:
    fitting = _LABEL_TAGS.get(_kind(control), ())
    for name in control.get("toName", "").split(","):
        text = texts.get(name.strip())
        if text is not None and _kind(text) in fitting:
            yield text


def _is_chosen(text: ElementTree.Element, text_field: str | None) -> bool:
    return not text_field or text_field in (text.get("name"), text.get("value", "").removeprefix("$"))


def _not_one(
    root: ElementTree.Element,
    bound: Sequence[tuple[ElementTree.Element, ElementTree.Element]],
    objects: Mapping[str, ElementTree.Element],
    from_name: str | None,
    text_field: str | None,
) -> FormatError:
    if bound:
        fields = ", ".join(dict.fromkeys(text.get("value", "").removeprefix("$") for _, text in bound))
        pairs = ", ".join(f"{control.get('name')} over {text.get('name')}" for control, text in bound)
        wanted = f"of the field {text_field!r}" if text_field else "with labels"
        return FormatError(
            f"Expected one text {wanted}, was: {len(bound)} ({pairs}); choose one by --text-field "
            f"(TEXT_FIELD), out of {fields}"
        )
    regions = [element for element in root.iter() if _kind(element).endswith("labels")]
    targets = {name.strip() for element in regions for name in element.get("toName", "").split(",")}
    over = sorted(
        {each.tag for name, each in objects.items() if name in targets and _kind(each) not in _FORMS}
    )
    if over:
        return FormatError(
            f"Expected <Labels> over a text, was: over {', '.join(over)}; show the text with "
            '<Text name="text" value="$text"/> and bind the <Labels> to it by toName'
        )
    found = f"none of the name {from_name!r}" if from_name else "none"
    wrong = [f"{element.get('name')} bound to {element.get('toName')!r}" for element in regions]
    return FormatError(
        f"Expected one <Labels> over one <Text>, was: {'; '.join(wrong) or found}; add "
        '<Labels name="label" toName="text">…</Labels> and <Text name="text" value="$text"/>'
    )


def _data_key(text: ElementTree.Element) -> str:
    value, tag = text.get("value", ""), text.tag
    if text.get("valueType", "").lower() == "url":
        raise FormatError(
            f'Expected a <{tag}> with its text in the task, was: valueType="url"; import the texts'
        )
    if text.get("encoding", "none").lower() != "none":
        raise FormatError(f"Expected a <{tag}> without encoding, was: {text.get('encoding')!r}")
    if text.get("textKey", "text") != "text":
        raise FormatError(f'Expected a <{tag}> with textKey="text", was: {text.get("textKey")!r}')
    if not value.startswith("$") or len(value) == 1:
        raise FormatError(f'Expected a <Text> with value="$field", was: value={value!r}')
    return value[1:]


def _labels(control: ElementTree.Element) -> tuple[tuple[str, ...], dict[str, str]]:
    labels: dict[str, None] = {}
    aliases: dict[str, str] = {}
    for element in control.iter():
        value = element.get("value", "")
        if _kind(element) not in ("label", "choice") or not value:
            continue
        label = element.get("alias") or value
        labels[label] = None
        predicted = [name.strip() for name in element.get("predicted_values", "").split(",")]
        aliases |= {name: label for name in (value, *predicted) if name and name not in aliases}
    if not labels:
        dynamic = f" but value={control.get('value')!r}" if control.get("value") else ""
        raise FormatError(
            f'Expected <Label value="…"/> inside <Labels name="{control.get("name")}">, was: none{dynamic}; '
            "write the labels into the config"
        )
    return tuple(labels), {name: label for name, label in aliases.items() if name not in labels}
