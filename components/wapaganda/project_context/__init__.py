"""One project's place on this machine and its loop, as the settings say: what both bases share."""

from wapaganda.project_context.environment import prepare_environment
from wapaganda.project_context.project_context import ProjectContext

__all__ = ["ProjectContext", "prepare_environment"]
