"""One project's place on this machine and its loop, as the settings say: what both bases share."""

from wapaganda.workspace.environment import prepare_environment
from wapaganda.workspace.workspace import Workspace

__all__ = ["Workspace", "prepare_environment"]
