"""One project's place on this machine and its loop, as the settings say: what both bases share."""

from wapaganda.project_context.environment import prepare_environment
from wapaganda.project_context.project_context import ProjectContext, jobs_path

__all__ = ["ProjectContext", "jobs_path", "prepare_environment"]
