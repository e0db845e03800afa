"""Show accepted labels where people work: in Label Studio as predictions, and as annotations if asked for."""

from dataclasses import asdict, dataclass
from typing import Any

from wapaganda.pipeline.completion.campaign import Campaign, CampaignFolder
from wapaganda.pipeline.completion.machine_labels import CampaignError
from wapaganda.pipeline.ports import WritesBack
from wapaganda.pipeline.round.loop import Loop
from wapaganda.pipeline.selection.waiting import is_waiting

_PREDICTIONS = "predictions.json"


@dataclass(frozen=True, slots=True)
class WrittenLabels:
    """Numbers of tasks with a prediction, with an annotation of the machine (``None``: not asked for), and
    with a draft that has stopped one."""

    predictions: int
    annotations: int | None = None
    drafts: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class UndoneLabels:
    """Numbers of annotations that were deleted, and of those that people have changed, which stay."""

    deleted: int
    kept: int


def write_back(
    loop: Loop, folder: CampaignFolder, campaign: Campaign, *, annotations: bool
) -> WrittenLabels | None:
    """Write what is missing; ``None``: the source takes no labels, as files do not.

    Raises:
        CampaignError: annotations are asked for and the source takes none.
    """
    source = loop.source
    if not isinstance(source, WritesBack):
        if annotations:
            raise CampaignError("Expected a project of Label Studio for --write-annotations, was: files.")
        return None
    labels = folder.labels()
    done = folder.read(_PREDICTIONS)
    if done is None:
        waiting = [each for each in loop.ledger.documents(labelled=False) if is_waiting(each)]
        texts = list(labels.of(waiting))
        n = source.write_predictions(campaign.version, texts, labels.ids, loop.progress)
        done = {"predictions": n}
        folder.write(_PREDICTIONS, done)
    n_predictions = int(done["predictions"])
    if not annotations:
        return WrittenLabels(n_predictions)
    waiting = [each for each in loop.ledger.documents(labelled=False) if is_waiting(each)]
    ids = list(labels.rows(waiting))
    made, drafts = source.write_annotations(campaign.version, ids, folder.annotations_path, loop.progress)
    return WrittenLabels(n_predictions, made, drafts)


def undo_written(loop: Loop, folder: CampaignFolder) -> UndoneLabels | None:
    """Delete the annotations of a campaign; ``None``: it has written none, or they are deleted."""
    source = loop.source
    if not folder.has_annotations() or not isinstance(source, WritesBack):
        return None
    before, kept = source.undo_annotations(folder.annotations_path, loop.progress)
    return UndoneLabels(before, kept)
