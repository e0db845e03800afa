"""The card of a model that leaves the store: what it finds, how good it is, how to use it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wapaganda.model_store.store import Version
from wapaganda.tagger import ModelFolder

_LICENCE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+|[\w-]+")
_TRUSTED = """\
from transformers import pipeline

find = pipeline("{task}", model="{folder}", trust_remote_code=True)
for span in find("Ada Lovelace lived in London."):
    print(span["word"], span["entity_group"], span["score"], span["start"], span["end"])
"""
_ALONE = """\
import sys; sys.path.insert(0, "{folder}")
from span_tagger import load

print(load("{folder}")(["Ada Lovelace lived in London."]))
"""


_PLAIN = """\
`pipeline("token-classification", model=…, aggregation_strategy="first", stride=128)` runs no code of this
folder, but finds fewer right and more wrong spans: it decides about each word alone, and splits web
addresses, user names and hash tags."""
_GUARDED = """\
Without `trust_remote_code=True` transformers refuses this folder: it would give the model other input than
it has learned. The code is two short files of this folder."""


@dataclass(frozen=True, slots=True)
class ModelCardFacts:
    """What the version does not know. ``licence``: an identifier of the hub such as "apache-2.0", or a name.
    ``languages``: codes such as "en". ``package``: the version of this program."""

    title: str = "A model for named-entity recognition"
    licence: str = ""
    languages: tuple[str, ...] = ()
    package: str = ""


def model_card(
    version: Version, folder: ModelFolder, name: str, facts: ModelCardFacts, *, plain: bool, onnx: bool
) -> str:
    """The card as Markdown with the front matter that the hub reads.

    ``name``: of the exported folder. ``plain``: transformers reads it without its code. ``onnx``: it holds
    ``model.onnx``.
    """
    manifest = version.manifest
    parts = [
        f"# {facts.title}",
        f"Finds {len(folder.labels)} types of entities in texts: {', '.join(folder.labels)}. Version "
        f"{version.name}, made {manifest.created_at[:10]}"
        + (f" with wapaganda {facts.package}." if facts.package else "."),
        "## How good\n\n" + _quality(manifest.metrics),
        "## How to use it\n\n" + _use(name, plain, onnx),
        "## What the scores mean\n\n" + _bullets(_scores(manifest.metrics, plain)),
        "## How it reads\n\n" + _bullets(_reading(folder)),
        "## Training\n\n" + _bullets(_training(version)),
        "## Licence\n\n" + (facts.licence or "TO BE FILLED IN: the licence of the model."),
    ]
    return _front_matter(version, facts) + "\n\n".join(parts) + "\n"


def _front_matter(version: Version, facts: ModelCardFacts) -> str:
    values: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "token-classification"}
    if facts.licence:
        known = facts.licence.strip().lower()
        named = {"license": "other", "license_name": facts.licence}
        values |= {"license": known} if _LICENCE.fullmatch(known) else named
    values |= {"language": list(facts.languages)} if facts.languages else {}
    if _HUB_NAME.fullmatch(base := _base_model(version)):
        values["base_model"] = base
    values["tags"] = ["named-entity-recognition", "token-classification", "wapaganda"]
    if (f1 := _f1(version.manifest.metrics)) is not None:
        result = {
            "task": {"type": "token-classification", "name": "Named-entity recognition"},
            "dataset": {"name": "texts that the models did not learn", "type": "private"},
            "metrics": [{"type": "f1", "value": round(f1[0], 4), "name": "strict span F1"}],
        }
        values["model-index"] = [{"name": facts.title, "results": [result]}]
    return "---\n" + "".join(f"{key}: {json.dumps(each)}\n" for key, each in values.items()) + "---\n\n"


def _f1(metrics: Mapping[str, Any]) -> tuple[float, tuple[float, float] | None] | None:
    """Strict span F1 and its interval, if it was measured."""
    if crossed := metrics.get("cross_validated"):
        low, high = crossed["f1_interval"]
        return float(crossed["f1"]), (float(low), float(high))
    return (float(metrics["micro"]["f1"]), None) if "micro" in metrics else None


def _quality(metrics: Mapping[str, Any]) -> str:
    found = _f1(metrics)
    if found is None:
        return "It was not measured."
    f1, interval = found
    if crossed := metrics.get("cross_validated"):
        how = (
            f"It was measured by cross-fitting on {crossed['n_texts']:,} labelled texts: each was read by "
            f"one of {crossed['folds']} models of the same recipe, the one that had not learned it. Texts "
            "that were chosen because they are hard lower it."
        )
    else:
        how = f"It was measured on {metrics.get('n_documents', 0):,} texts that the model had not learned."
    between = f" (95% interval {interval[0]:.1%} to {interval[1]:.1%})" if interval else ""
    lines = [
        f"Strict span F1: **{f1:.1%}**{between}. A span is right if its borders and its label are.",
        how,
    ]
    rows = [
        [label, *(f"{each[name]:.1%}" for name in ("f1", "precision", "recall")), f"{each['support']:,}"]
        for label, each in (metrics.get("per_type") or {}).items()
    ]
    if rows:
        lines.append(_table(["type", "F1", "precision", "recall", "spans"], rows))
    return "\n\n".join(lines)


def _use(name: str, plain: bool, onnx: bool) -> str:
    task = "wapaganda" if plain else "token-classification"
    parts = ["```python\n" + _TRUSTED.format(task=task, folder=name) + "```", _PLAIN if plain else _GUARDED]
    parts.append("Without a pipeline:\n\n```python\n" + _ALONE.format(folder=name) + "```")
    if onnx:
        parts.append("`load(…, onnx=True)` reads `model.onnx` by ONNX Runtime and needs no torch.")
    return "\n\n".join(parts)


def _scores(metrics: Mapping[str, Any], plain: bool) -> list[str]:
    lines = ["`score` is how often a span with this score is right, borders and label together."]
    if crossed := metrics.get("cross_validated"):
        lines.append(
            f"It is calibrated. On texts that the models had not learned it was off by "
            f"{crossed['ece_after']:.1%} on average ({crossed['ece_before']:.1%} without the calibration)."
        )
    else:
        lines.append("It was not calibrated: expect it to be too high.")
    if plain:
        lines.append(
            "The temperature of the tag scores is in the weights, so the tags of a plain pipeline are "
            "calibrated, too. The scores of its spans are not: they are those of the tags of single words."
        )
    return lines


def _reading(folder: ModelFolder) -> list[str]:
    case = " It reads the letter case of each word besides." if folder.casing else ""
    return [
        f"Texts of any length, in windows of {folder.max_pieces} word pieces that share {folder.overlap}.",
        "Each word has one tag, taken at its first piece. The spans are those of the best valid sequence."
        + case,
        "Offsets count Unicode characters (code points), as Python does.",
    ]


def _base_model(version: Version) -> str:
    """The pretrained encoder, before it was adapted."""
    return str(version.manifest.recipe.get("adapted_from", version.manifest.encoder))


def _training(version: Version) -> list[str]:
    manifest = version.manifest
    libraries = ", ".join(f"{name} {number}" for name, number in manifest.library_versions.items())
    adapted = ", adapted to the texts" if "adapted_from" in manifest.recipe else ""
    return [
        f"Encoder: {'/'.join(_base_model(version).rstrip('/').split('/')[-2:])}{adapted}.",
        f"Texts: {manifest.n_documents:,}, with seed {manifest.seed}.",
        f"SHA-256 of texts and labels: {manifest.data_fingerprint}.",
        *([f"Libraries: {libraries}."] if libraries else []),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
