"""Upload an export to the model hub, by the hub's own library."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from wapaganda.dataset.request import export_formats
from wapaganda.errors import InputError, WapagandaError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


class HubError(WapagandaError):
    """The hub did not take the data set; the export itself is written."""


def check_hub(name: str) -> None:
    """Check the arguments of ``push_to_hub`` before the work begins; nothing is sent.

    Raises:
        InputError: the name has another form, or there is no token.
    """
    from huggingface_hub import get_token

    if not _NAME.fullmatch(name):
        raise InputError(f"Expected the name of a data set on the hub as owner/name, was: {name!r}.")
    if get_token() is None:
        raise InputError(
            "Expected a token of the hub, was: none.", "Log in by hf auth login, or set HF_TOKEN."
        )


def push_to_hub(folder: Path, name: str, *, public: bool = False) -> str:
    """Upload the export in ``folder`` as the data set ``name`` (owner/name); return its address.

    The data set is made if it is missing, as a private one unless ``public``. One commit holds all files;
    files of earlier exports that this one does not have are deleted, other files are left alone.
    The library reads the token and the address of the hub (HF_TOKEN, HF_ENDPOINT).

    Raises:
        HubError: the hub cannot be reached or refuses, or the data set is public and ``public`` is not set.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    with _explained(name):
        address = api.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        if not public and not api.repo_info(name, repo_type="dataset").private:
            raise HubError(
                f"Expected a private data set, was: {name}, which everybody can read; nothing was uploaded.",
                "Name another one, or say --public.",
            )
        api.upload_folder(
            folder_path=folder,
            repo_id=name,
            repo_type="dataset",
            commit_message="Export by wapaganda",
            delete_patterns=[f"{each}/*" for each in export_formats()],
        )
    return str(address)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Make the errors of the hub's library ours."""
    from huggingface_hub.errors import HfHubHTTPError

    hint = "The export is written; repeat the command with --force when the hub answers."
    # The bases are the errors of its HTTP library, whichever that is.
    kinds = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, ValueError))
    try:
        yield
    except kinds as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise HubError(f"Expected the hub to take {name}, was: {first}", hint) from error
