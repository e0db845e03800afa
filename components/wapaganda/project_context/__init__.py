"""The files, jobs and loop of one project, from the settings; both bases use them."""

from wapaganda.project_context.environment import prepare_environment
from wapaganda.project_context.project_context import ProjectContext, jobs_path

__all__ = ["ProjectContext", "jobs_path", "prepare_environment"]
