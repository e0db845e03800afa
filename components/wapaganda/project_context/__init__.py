"""The files, jobs and loop of one project, from the settings; both bases use them."""

from importlib import import_module
from typing import TYPE_CHECKING

from wapaganda.project_context.environment import prepare_environment

if TYPE_CHECKING:
    from wapaganda.project_context.glance import Glance, seconds_left_of
    from wapaganda.project_context.private_files import close_files
    from wapaganda.project_context.project_context import ADAPTATION, ProjectContext, jobs_path
    from wapaganda.project_context.report_in_words import (
        ASSESSMENT,
        FILE,
        assessment_facts,
        cross_validated_facts,
    )
    from wapaganda.project_context.standing import PastRound, Standing
    from wapaganda.project_context.writable import why_not_writable

_LATE = {
    "ADAPTATION": "project_context",
    "ASSESSMENT": "report_in_words",
    "FILE": "report_in_words",
    "Glance": "glance",
    "PastRound": "standing",
    "ProjectContext": "project_context",
    "Standing": "standing",
    "assessment_facts": "report_in_words",
    "close_files": "private_files",
    "cross_validated_facts": "report_in_words",
    "jobs_path": "project_context",
    "seconds_left_of": "glance",
    "why_not_writable": "writable",
}

__all__ = [
    "ADAPTATION",
    "ASSESSMENT",
    "FILE",
    "Glance",
    "PastRound",
    "ProjectContext",
    "Standing",
    "assessment_facts",
    "close_files",
    "cross_validated_facts",
    "jobs_path",
    "prepare_environment",
    "seconds_left_of",
    "why_not_writable",
]


def __getattr__(name: str) -> object:
    if name in _LATE:
        found: object = getattr(import_module(f"wapaganda.project_context.{_LATE[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
