"""The front matter of a data card: YAML that the model hub reads."""

import json
import re
from collections.abc import Sequence
from typing import Any

from wapaganda.annotation import all_formats
from wapaganda.dataset.report import ExportReport

_LICENCE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LOADED = ("parquet", "jsonl")
"""The formats that the hub loads without help, the best first."""


def front_matter(report: ExportReport, title: str, licence: str, languages: Sequence[str]) -> str:
    """The YAML block between two lines ``---``.

    It names the files of the splits, in Parquet or else in JSONL, if the export has one of them.
    """
    values: dict[str, Any] = {"pretty_name": title}
    values |= _licence(licence)
    values |= {"language": list(languages)} if languages else {}
    values |= {
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition"],
        "size_categories": [_size(report.n_documents)],
    }
    values |= _configs(report)
    return "---\n" + "".join(_lines(values)) + "---\n\n"


def _licence(licence: str) -> dict[str, str]:
    if not licence:
        return {}
    name = licence.strip().lower()
    return {"license": name} if _LICENCE.fullmatch(name) else {"license": "other", "license_name": licence}


def _size(n_documents: int) -> str:
    return next((name for limit, name in _SIZES if n_documents < limit), "n>1M")


def _configs(report: ExportReport) -> dict[str, Any]:
    name = next((each for each in _LOADED if each in report.request.formats), None)
    if name is None:
        return {}
    suffix = all_formats()[name].suffixes[0]
    files = [
        {"split": split.name, "path": f"{name}/{split.name}{suffix}"}
        for split in report.splits
        if split.n_documents
    ]
    return {"configs": [{"config_name": "default", "data_files": files}]}


def _lines(values: dict[str, Any]) -> list[str]:
    """Each value in the JSON form of YAML, a key a line."""
    return [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
