"""What a project says about itself: the instruction for annotators, and a line in its description."""

from typing import TYPE_CHECKING

from wapaganda.label_studio.connection import Connection

if TYPE_CHECKING:
    from label_studio_sdk import LseProjectResponse

PROGRESS = "Progress: "
"""The beginning of our line in the description of a project."""


def instruct(connection: Connection, project: int, text: str) -> bool:
    """Set the instruction that annotators see before the first text; whether it was: there may be one."""
    found = _texts(connection, project)
    if _words(str(found.expert_instruction or "")):
        return False
    update = connection.sdk.projects.update
    connection.repeat(update, project, expert_instruction=text, show_instruction=True)
    return True


def describe(connection: Connection, project: int, address: str) -> None:
    """Give the description a line with the address of the page; the other lines are the user's."""
    before = str(_texts(connection, project).description or "")
    kept = [line for line in before.splitlines() if not line.startswith(PROGRESS)]
    after = "\n".join([*kept, f"{PROGRESS}{address}"])
    if after != before:
        connection.repeat(connection.sdk.projects.update, project, description=after)


def _texts(connection: Connection, project: int) -> "LseProjectResponse":
    options = {"additional_query_parameters": {"include": "id,expert_instruction,description"}}
    found: LseProjectResponse = connection.repeat(
        connection.sdk.projects.get, project, request_options=options
    )
    return found


def _words(html: str) -> str:
    """What is left of an instruction without its tags."""
    words = ""
    for part in html.split("<"):
        words += part.partition(">")[2] if ">" in part else part
    return words.replace("&nbsp;", " ").strip()
