"""The loop of a project, on a Label Studio project or on files."""

from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.selfish_cli.project_context import ProjectContext
from wapaganda.selfish_cli.steps import Steps

if TYPE_CHECKING:
    from wapaganda.pipeline import Loop


def project_loop(context: ProjectContext, project: int, progress: Steps) -> "Loop":
    """The loop on the Label Studio project ``project``; rounds are shared with the ML backend."""
    progress("load", 0, 0)
    from wapaganda.pipeline import LabelStudioSource

    return context.loop(LabelStudioSource(context.studio(), project), progress)


def files_loop(context: ProjectContext, data: Path, pool: Path, out: Path | None, progress: Steps) -> "Loop":
    """The loop on files; its batches are written into ``out``, else beside the ledger."""
    progress("load", 0, 0)
    from wapaganda.pipeline import FileSource

    return context.loop(FileSource(data, pool, out or context.directory / "batches"), progress)
