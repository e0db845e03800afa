"""Changes of a label config and of the regions made by it: rename, merge or split labels, rename a tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from wapaganda.annotation.collecting import FormatError
from wapaganda.ner import collapse_whitespace

_REFERENCES = ("toName", "whenTagName")
_NAMES = ("from_name", "to_name")


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A change of a label config: ``kind`` is ``rename``, ``merge`` or ``split`` (of labels) or ``tag``
    (rename a tag).

    ``tags``: the names of the tags whose regions have the label; empty: of all tags. ``into``: the labels
    into which a label is split. ``by``: the one of them for the words of a region (with single spaces).
    Regions with other words keep the old label, which stays in the config.
    """

    kind: str
    old: str
    new: str
    tags: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    by: Mapping[str, str] = field(default_factory=dict)

    def config(self, xml: str) -> str:
        """The label config after the change; the same when it was changed by hand before.

        Raises:
            FormatError: the config has not the labels or tags that the change needs.
        """
        if self.kind == "split":
            return _with_split(xml, self)
        return _with_tag(xml, self) if self.kind == "tag" else _with_label(xml, self, keep=False)

    def config_with_both(self, xml: str) -> str:
        """A label config that has the old and the new label, while regions of both exist."""
        if self.kind == "split":
            return _with_split(xml, self)
        return xml if self.kind == "tag" else _with_label(xml, self, keep=True)

    def names(self, region: object) -> list[str] | None:
        """The labels or tags of the region, whichever such a change is about; ``None`` if it has none."""
        if not isinstance(region, Mapping):
            return None
        if self.kind == "tag":
            return [str(region.get(key)) for key in _NAMES]
        value = region.get("value")
        names = value.get(str(region.get("type"))) if isinstance(value, Mapping) else None
        made_here = not self.tags or region.get("from_name") in self.tags
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        return list(names) if made_here and is_list and names else None

    def changes(self, region: object) -> bool:
        """Whether the region has the old name, and is to have another one."""
        return self.old in (self.names(region) or ()) and self._new_name(region) is not None

    def undecided(self, region: object) -> str | None:
        """The words of a region with the old label that a split leaves as it is; ``None`` for others."""
        is_old = self.kind == "split" and self.old in (self.names(region) or ())
        return _words(region) if is_old and self._new_name(region) is None else None

    def renamed(self, names: Sequence[str], region: object) -> list[str]:
        """The names of the region after the change, each label once; ``names``: those before."""
        return self._replaced(names, self._new_name(region) or self.old)

    def has_made(self, names: Sequence[str], before: Sequence[str]) -> bool:
        """Whether a region that had the names ``before`` has those that the change gives it."""
        return any(names == self._replaced(before, new) for new in self.into or (self.new,))

    def _replaced(self, names: Sequence[str], new: str) -> list[str]:
        found = [new if name == self.old else name for name in names]
        return found if self.kind == "tag" else list(dict.fromkeys(found))

    def _new_name(self, region: object) -> str | None:
        return self.by.get(_words(region)) if self.kind == "split" else self.new

    def with_names(self, region: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """The region with other names."""
        if self.kind == "tag":
            return {**region, **dict(zip(_NAMES, names, strict=True))}
        return {**region, "value": {**region["value"], str(region["type"]): list(names)}}


def _with_label(xml: str, change: LabelChange, *, keep: bool) -> str:
    root = _parsed(xml)
    holders = {label: parent for parent in root.iter() for label in parent if _is_label(label)}
    ours = [
        label for label, parent in holders.items() if not change.tags or _tag_above(root, label, change.tags)
    ]
    old = [label for label in ours if _result_name(label) == change.old]
    new = [label for label in ours if _result_name(label) == change.new]
    if not old and not new:
        raise FormatError(f"Expected the label {change.old!r} in the label config, was: none of that name")
    if change.kind == "merge" and not new:
        raise FormatError(f"Expected the label {change.new!r} in the label config, was: none to merge with")
    if change.kind == "rename" and old and new and not keep:
        raise FormatError(
            f"Expected a new name, was: {change.new!r}, which the config has; merge them instead"
        )
    for label in old:
        parent = holders[label]
        if keep and not new:
            renamed = deepcopy(label)
            _rename(renamed, change.new)
            parent.insert(list(parent).index(label) + 1, renamed)
        elif not keep and change.kind == "merge":
            parent.remove(label)
        elif not keep:
            _rename(label, change.new)
    return _written(root) if old and not (keep and new) else xml


def _with_split(xml: str, change: LabelChange) -> str:
    """The config with the new labels behind the old one, which stays."""
    root = _parsed(xml)
    holders = {label: parent for parent in root.iter() for label in parent if _is_label(label)}
    ours = [
        label
        for label in holders
        if label.tag.lower() == "label" and (not change.tags or _tag_above(root, label, change.tags))
    ]
    names = [_result_name(label) for label in ours]
    if change.old not in names:
        raise FormatError(f"Expected the label {change.old!r} in the label config, was: none of that name")
    old = ours[names.index(change.old)]
    missing = [name for name in change.into if name not in names]
    at = list(holders[old]).index(old) + 1
    for name in reversed(missing):
        label = ElementTree.Element(old.tag, {"value": name})
        label.tail = old.tail
        holders[old].insert(at, label)
    return _written(root) if missing else xml


def _with_tag(xml: str, change: LabelChange) -> str:
    root = _parsed(xml)
    named = {element.get("name"): element for element in root.iter() if element.get("name")}
    if change.old not in named and change.new not in named:
        raise FormatError(f"Expected a tag of the name {change.old!r}, was: {', '.join(map(str, named))}")
    if change.old not in named:
        return xml
    if change.new in named:
        raise FormatError(f"Expected a new name of the tag, was: {change.new!r}, which another tag has")
    named[change.old].set("name", change.new)
    for element in root.iter():
        for key in _REFERENCES:
            names = [name.strip() for name in element.get(key, "").split(",")]
            if change.old in names:
                element.set(key, ",".join(change.new if name == change.old else name for name in names))
    return _written(root)


def _parsed(xml: str) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder(insert_comments=True)
    try:
        return ElementTree.fromstring(xml.strip(), ElementTree.XMLParser(target=builder))
    except ElementTree.ParseError as error:
        raise FormatError(f"Expected a label config in XML, was: {xml.strip()[:60]!r} ({error})") from None


def _written(root: ElementTree.Element) -> str:
    return ElementTree.tostring(root, encoding="unicode")


def _is_label(element: ElementTree.Element) -> bool:
    return isinstance(element.tag, str) and element.tag.lower() in ("label", "choice")


def _tag_above(root: ElementTree.Element, label: ElementTree.Element, tags: Sequence[str]) -> bool:
    holders = [each for each in root.iter() if each.get("name") in tags]
    return any(label in list(holder.iter()) for holder in holders)


def _words(region: object) -> str:
    """The words that a region marks, with single spaces; empty when it does not carry them."""
    value = region.get("value") if isinstance(region, Mapping) else None
    text = value.get("text") if isinstance(value, Mapping) else None
    return collapse_whitespace(text) if isinstance(text, str) else ""


def _result_name(label: ElementTree.Element) -> str:
    return label.get("alias") or label.get("value") or ""


def _rename(label: ElementTree.Element, name: str) -> None:
    label.set("alias" if label.get("alias") else "value", name)
