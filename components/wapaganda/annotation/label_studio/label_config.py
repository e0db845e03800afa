"""A project's label config: the tag with the labels, the tag with the text, and the label names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from xml.etree import ElementTree

from wapaganda.annotation.collecting import FormatError

#: Tags that hold something to label; only ``Text`` has plain offsets.
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


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """One ``<Labels>`` over one ``<Text>``.

    ``labels``: the names that results use (the alias, if a label has one). ``from_name`` and ``to_name``: of
    the tags. ``data_key``: the field of ``data`` with the text; dots select nested fields. ``aliases`` maps
    every other name of a label (its value if it has an alias, its ``predicted_values``) to the label.
    """

    labels: tuple[str, ...]
    from_name: str = "label"
    to_name: str = "text"
    data_key: str = "text"
    aliases: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str | None:
        """The label that ``name`` refers to; ``None`` if the config does not have it."""
        return name if name in self.labels else self.aliases.get(name)


def parse_label_config(xml: str, from_name: str | None = None) -> LabelConfig:
    """Reads a label config. ``from_name`` selects one of several ``<Labels>``.

    Raises:
        FormatError: it is not XML, or does not have exactly one ``<Labels>`` for exactly one
            ``<Text value="$…">``; the message says how to fix it.
    """
    root = _parse(xml)
    texts, others = _objects(root)
    bound = [
        (control, text)
        for control in root.iter()
        if _kind(control) == "labels" and from_name in (None, control.get("name"))
        for text in _bound_texts(control, texts)
    ]
    if len(bound) != 1:
        raise _not_one(root, bound, others, from_name)
    control, text = bound[0]
    labels, aliases = _labels(control)
    return LabelConfig(labels, _name(control), _name(text), _data_key(text), aliases)


def default_label_config(labels: Iterable[str]) -> str:
    """The XML of one ``<Labels name="label">`` over one ``<Text name="text" value="$text">``.

    Raises:
        FormatError: there is no label.
    """
    lines = [f'    <Label value="{escape(label)}"/>' for label in labels]
    if not lines:
        raise FormatError("Expected at least one label, was: none")
    head = ["<View>", '  <Labels name="label" toName="text">']
    tail = ["  </Labels>", '  <Text name="text" value="$text"/>', "</View>"]
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


def _objects(root: ElementTree.Element) -> tuple[dict[str, ElementTree.Element], dict[str, str]]:
    """The ``<Text>`` tags by name, and the kinds of all other objects by name."""
    objects = [element for element in root.iter() if _kind(element) in _OBJECTS and element.get("name")]
    texts = {element.get("name", ""): element for element in objects if _kind(element) == "text"}
    return texts, {element.get("name", ""): element.tag for element in objects if _kind(element) != "text"}


def _bound_texts(
    control: ElementTree.Element, texts: Mapping[str, ElementTree.Element]
) -> Iterator[ElementTree.Element]:
    for name in control.get("toName", "").split(","):
        if name.strip() in texts:
            yield texts[name.strip()]


def _not_one(
    root: ElementTree.Element,
    bound: list[tuple[ElementTree.Element, ElementTree.Element]],
    others: Mapping[str, str],
    from_name: str | None,
) -> FormatError:
    if bound:
        pairs = ", ".join(f"{control.get('name')} over {text.get('name')}" for control, text in bound)
        return FormatError(
            f"Expected one <Labels> over one <Text>, was: {len(bound)} ({pairs}); "
            "keep one, or create a project for each"
        )
    regions = [element for element in root.iter() if _kind(element).endswith("labels")]
    targets = {name for element in regions for name in element.get("toName", "").split(",")}
    over = sorted({tag for name, tag in others.items() if name in targets})
    if over:
        return FormatError(
            f"Expected <Labels> over a <Text>, was: over {', '.join(over)}; show the text with "
            '<Text name="text" value="$text"/> and bind the <Labels> to it by toName'
        )
    found = "none" if from_name is None else f"none of the name {from_name!r}"
    wrong = [f"{element.get('name')} bound to {element.get('toName')!r}" for element in regions]
    return FormatError(
        f"Expected one <Labels> over one <Text>, was: {'; '.join(wrong) or found}; add "
        '<Labels name="label" toName="text">…</Labels> and <Text name="text" value="$text"/>'
    )


def _data_key(text: ElementTree.Element) -> str:
    value = text.get("value", "")
    if text.get("valueType", "").lower() == "url":
        raise FormatError(
            'Expected a <Text> with its text in the task, was: valueType="url"; import the texts'
        )
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
