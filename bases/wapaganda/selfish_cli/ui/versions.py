"""Model versions as a table for people and as records for machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wapaganda.selfish_cli.ui.tables import Fitting, percent, plain_table

if TYPE_CHECKING:
    from wapaganda.model_store import Version

HEAD = ("Version", "Made (UTC)", "Texts", "F1", "Encoder")


def version_record(version: "Version") -> dict[str, Any]:
    """A version as JSON holds it."""
    manifest = version.manifest
    micro = dict(manifest.metrics.get("micro") or {})
    return {
        "name": version.name,
        "created_at": manifest.created_at,
        "n_documents": manifest.n_documents,
        "encoder": manifest.encoder,
        "labels": list(manifest.labels),
        "f1": micro.get("f1"),
        "reason": manifest.reason,
        "undertrained": undertrained(version),
    }


def undertrained(version: "Version") -> str:
    """The sentence about a version that does not know its own training texts; empty when it does."""
    return str((version.manifest.metrics.get("fit") or {}).get("undertrained", ""))


def versions_table(records: Sequence[Mapping[str, Any]], live: str | None) -> Fitting:
    """The versions, the oldest first; the one named ``live`` is marked."""
    rows = [
        [
            each["name"] + (" (live)" if each["name"] == live else ""),
            each["created_at"][:16].replace("T", " "),
            f"{each['n_documents']:,}",
            percent(each["f1"]),
            "/".join(each["encoder"].split("/")[-2:]),  # a hub name as it is; the end of a folder
        ]
        for each in records
    ]
    return plain_table("Models", HEAD, rows, numbers=(2, 3))
