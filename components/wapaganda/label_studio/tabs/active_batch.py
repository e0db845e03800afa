"""The tab "Active batch": the texts of the batch that is served now, in its order, and why each is in it.

A reason needs a column. A tab can show the fields of a task, which are the user's and are not changed, and
the model versions of its predictions. So a note is a prediction without regions, whose model version is what
people read. Annotators are shown only the predictions of the project's version, so no note is a proposal.
Numbers are rounded: Label Studio lists every model version in the project's settings.
"""

import re
from collections.abc import Mapping
from typing import Any

from wapaganda.annotation import NOTE
from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.data_manager import all_tasks, predicted_by, query_of
from wapaganda.label_studio.errors import RejectedError
from wapaganda.label_studio.tabs.views import (
    ANNOTATED,
    ANNOTATORS,
    REMARKS,
    View,
    all_views,
    create_view,
    titled,
    update_view,
)
from wapaganda.label_studio.upload import UPLOAD_TIMEOUT
from wapaganda.ner import Document

TITLE = "Active batch"
_BATCH = re.compile(r"[a-z]+-\d+(-[0-9a-f]+)?(-by-.+)?")
_BY_RANK = "tasks:predictions_score"
_PLAIN = frozenset({"title", "type", "target", "filters", "ordering"})
"""What the tab of one batch held in release 0.2, if nobody has changed it."""
_CHUNK = 1000


def show_batch(connection: Connection, project: int, version: str, text: str) -> int:
    """Point the tab at the batch ``version``, or create it; return its id. It can be repeated.

    Tabs of single batches, which release 0.2 made, are removed if nobody has changed them.
    """
    query = query_of([predicted_by(version)], _BY_RANK)
    shown = (ANNOTATED, ANNOTATORS, REMARKS, f"tasks:data.{text}")
    views = all_views(connection, project)
    ours = [view for view in views if titled(view) == TITLE and any(map(_is_of_batch, _filters(view)))]
    if ours:
        filters = [predicted_by(version) if _is_of_batch(each) else each for each in _filters(ours[0])]
        conjunction = ours[0].data["filters"].get("conjunction", "and")
        changes = {"filters": {"conjunction": conjunction, "items": filters}}
        tab = update_view(connection, project, ours[0], changes, shown)
    else:
        tab = create_view(connection, project, TITLE, query, shown)
    for view in filter(_is_of_one_batch, views):
        try:
            connection.repeat(connection.sdk.views.delete, str(view.id))
        except RejectedError as error:
            if error.status != 404:
                raise
    return tab


def _filters(view: View) -> list[Mapping[str, Any]]:
    return list(((view.data or {}).get("filters") or {}).get("items") or ())


def _is_of_batch(each: Mapping[str, Any]) -> bool:
    value = each.get("value")
    names = value if isinstance(value, list) else []
    pattern = predicted_by("")
    return all(each.get(key) == pattern[key] for key in ("filter", "operator")) and bool(
        len(names) == 1 and _BATCH.fullmatch(str(names[0]))
    )


def _is_of_one_batch(view: View) -> bool:
    """Whether this is the tab of one batch as release 0.2 has made it."""
    data, filters = view.data or {}, _filters(view)
    return (
        data.keys() <= _PLAIN
        and len(filters) == 1
        and _is_of_batch(filters[0])
        and filters[0]["value"] == [titled(view)]
        and data.get("ordering") == [_BY_RANK]
    )


def note_of(document: Document) -> str:
    """Why the text is in the batch, as people read it; empty if ``meta`` does not say it."""
    reason, uncertainty = document.meta.get("reason"), document.meta.get("uncertainty")
    seconds = document.meta.get("seconds")
    if not reason:
        return ""
    parts = [str(reason).replace(",", " ")]
    if uncertainty is not None and seconds is not None:  # a model has read the text
        parts += [f"uncertainty {float(uncertainty):.1f}", _minutes(float(seconds))]
    return NOTE + " · ".join(parts)


def _minutes(seconds: float) -> str:
    minutes = max(0.1, seconds / 60.0)
    return f"{minutes:.1f} min" if minutes < 0.95 else f"{minutes:.0f} min"


def write_notes(connection: Connection, project: int, version: str, notes: Mapping[int, str]) -> None:
    """Give the tasks of the batch ``version`` their notes; one from an earlier batch is changed.

    It can be repeated: a note is written once.
    """
    if not notes:
        return
    query = query_of([predicted_by(version)])
    missing = []
    for task in all_tasks(connection, project, "id,predictions,model_version", query):
        note = notes.get(int(task["id"]))
        held = {
            str(each["model_version"]): int(each["id"])
            for each in task["predictions"]
            if str(each["model_version"] or "").startswith(NOTE)
        }
        if note is None or note in held:
            continue
        if held:
            newest = max(held.values())
            connection.repeat(connection.sdk.predictions.update, newest, model_version=note)
        else:
            missing.append({"task": int(task["id"]), "model_version": note, "result": []})
    path = f"/api/projects/{project}/import/predictions"
    for start in range(0, len(missing), _CHUNK):
        connection.create(
            path, missing[start : start + _CHUNK], timeout=max(UPLOAD_TIMEOUT, connection.timeout)
        )
