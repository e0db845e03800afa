"""One training or round of a project at a time, whichever program runs it."""

import contextlib
from collections.abc import Iterator

from wapaganda.selfish_cli.problems import UsageError
from wapaganda.selfish_cli.project_context import ProjectContext, check_folders


@contextlib.contextmanager
def project_lock(context: ProjectContext) -> Iterator[None]:
    """Hold the project for this process.

    Raises:
        UsageError: another process holds it, or what is made could not be kept.
    """
    from filelock import Timeout

    check_folders(context.settings)
    lock = context.lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"Expected to be alone at work on {context.key}, was: another training or round is running.",
            "Wait until it is done and repeat the command.",
        ) from None
    try:
        yield
    finally:
        lock.release()
