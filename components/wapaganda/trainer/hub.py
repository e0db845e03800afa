"""Where an encoder comes from: a folder, the local cache, or the hub, without long waits."""

from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.trainer.unavailable import MEND_FOLDER, MEND_NAME, MEND_OFFLINE, EncoderUnavailable

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_PROBE_SECONDS = 5.0


def find_config(name: str) -> tuple["PretrainedConfig", bool]:
    """The encoder's configuration, and whether everything else of it must be read locally, too.

    Raises:
        EncoderUnavailable: there is no such folder, or neither cache nor hub has the model.
    """
    from transformers import AutoConfig

    folder = Path(name).expanduser()
    if folder.is_dir() or _looks_like_path(name):
        return _folder_config(name, folder), True
    try:
        return AutoConfig.from_pretrained(name, local_files_only=True), True
    except (OSError, ValueError):
        _probe_hub(name)
    try:
        return AutoConfig.from_pretrained(name), False
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(name, first_line(error), MEND_NAME) from error


def source_of(name: str) -> str:
    """What ``from_pretrained`` is to be given for ``name``."""
    folder = Path(name).expanduser()
    return str(folder) if folder.is_dir() else name


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1 or Path(name).is_absolute()


def _folder_config(name: str, folder: Path) -> "PretrainedConfig":
    from transformers import AutoConfig

    if not folder.is_dir():
        raise EncoderUnavailable(name, "there is no such folder", MEND_FOLDER)
    if not (folder / "config.json").is_file():
        raise EncoderUnavailable(name, "the folder has no config.json", MEND_FOLDER)
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(name, first_line(error), MEND_FOLDER) from error


def _probe_hub(name: str) -> None:
    """Ask the hub once for the model, because transformers would try for a minute before it gives up."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if constants.HF_HUB_OFFLINE:
        problem = "it is not in the local cache, and HF_HUB_OFFLINE forbids to ask the model hub"
        raise EncoderUnavailable(name, problem, MEND_OFFLINE, offline=True)
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=_PROBE_SECONDS)
    except HFValidationError as error:
        raise EncoderUnavailable(name, first_line(error), MEND_NAME) from error
    except HfHubHTTPError as error:
        raise EncoderUnavailable(name, f"the model hub says: {first_line(error)}", MEND_NAME) from error
    except Exception as error:  # the transport's own errors: which library it uses is the hub client's affair
        problem = f"it is not in the local cache, and the model hub cannot be reached ({first_line(error)})"
        raise EncoderUnavailable(name, problem, MEND_OFFLINE, offline=True) from error


def first_line(error: Exception) -> str:
    """What an error says, in short."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
