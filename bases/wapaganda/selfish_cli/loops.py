"""The loop of a workspace, on a Label Studio project or on files."""

from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.selfish_cli.steps import Steps
from wapaganda.selfish_cli.workspace import Workspace

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop


def project_loop(workspace: Workspace, project: int, progress: Steps) -> "Loop":
    """The loop on the Label Studio project ``project``; rounds are shared with the ML backend."""
    progress("load", 0, 0)
    from wapaganda.pipeline import LabelStudioSource

    return workspace.loop(LabelStudioSource(workspace.studio(), project), progress)


def files_loop(workspace: Workspace, data: Path, pool: Path, out: Path | None, progress: Steps) -> "Loop":
    """The loop on files; its batches are written into ``out``, else beside the ledger."""
    progress("load", 0, 0)
    from wapaganda.pipeline import FileSource

    return workspace.loop(FileSource(data, pool, out or workspace.directory / "batches"), progress)
