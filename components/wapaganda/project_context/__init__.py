"""The files, jobs and loop of one project, from the settings; both bases use them."""

from wapaganda.project_context.environment import prepare_environment
from wapaganda.project_context.private_files import close_files
from wapaganda.project_context.project_context import ProjectContext, jobs_path
from wapaganda.project_context.writable import why_not_writable

__all__ = ["ProjectContext", "close_files", "jobs_path", "prepare_environment", "why_not_writable"]
