"""The checks of selfish doctor, each with a hint."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wapaganda.errors import InputError
from wapaganda.progress import Progress, silent
from wapaganda.project_context import why_not_writable
from wapaganda.selfish_cli.project import CliProject

if TYPE_CHECKING:
    from wapaganda.settings import Settings

TIMEOUT = 5.0
"""Seconds that a server has to answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, whether it passed, what was found, and what to do.

    ``ok`` of ``None``: it was skipped, and ``message`` says why.
    """

    name: str
    ok: bool | None
    message: str
    hint: str = ""


def check_settings() -> "tuple[Settings | None, list[Check]]":
    """The settings when they are valid; one failed check for each that is not."""
    from wapaganda.selfish_cli.project import read_settings
    from wapaganda.settings import SettingsError

    try:
        settings = read_settings()
    except SettingsError as error:
        hint = "Correct it in the environment or in .env; docs/settings.md lists the settings."
        return None, [Check("Settings", False, line, hint) for line in str(error).splitlines()]
    return settings, [Check("Settings", True, "all valid")]


def check_folders(settings: "Settings") -> list[Check]:
    """Whether models and data can be written."""
    return [
        _check_folder("Models folder", settings.model_dir, "MODEL_DIR"),
        _check_folder("Data folder", settings.data_dir, "DATA_DIR"),
    ]


def _check_folder(name: str, folder: Path, setting: str) -> Check:
    reason = why_not_writable(folder)
    if reason:
        hint = f"Name a folder that you may write into by {setting}."
        return Check(name, False, f"{folder} cannot be written: {reason}", hint)
    return Check(name, True, str(folder.absolute()))


def check_torch(device: str) -> Check:
    """Whether torch is installed, an extra so that the user chooses the build, and sees the device."""
    if importlib.util.find_spec("torch") is None:
        return Check("Torch", False, "not installed", "pip install torch (a CPU or a CUDA build).")
    from importlib.metadata import version

    from wapaganda.tagger import device_of

    try:
        found = device_of(device)
    except InputError as error:
        return Check("Torch", False, str(error).removesuffix(error.hint).strip(), error.hint)
    return Check("Torch", True, f"{version('torch')}, on {found}")


def check_encoder(settings: "Settings") -> Check:
    """Whether the encoder is in a folder, in the cache or on the hub; nothing big is downloaded."""
    from wapaganda.trainer import EncoderUnavailable, recipe_for

    name = settings.baseline_model_name
    try:
        recipe_for(name, 1, 1, None, settings.seed)
    except EncoderUnavailable as error:
        return Check("Encoder", False, f"{name}: {error.problem}", error.hint)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return Check("Encoder", True, f"{name}: on the model hub or in the local cache")
    missing = [
        what
        for what, pattern in (
            ("weights (*.safetensors)", "*.safetensors"),
            ("tokenizer.json", "tokenizer.json"),
        )
        if not list(folder.glob(pattern))
    ]
    if missing:
        hint = "Save it again by save_pretrained of transformers, or name another encoder."
        return Check("Encoder", False, f"{name}: the folder lacks {' and '.join(missing)}", hint)
    return Check("Encoder", True, f"{name}: a local folder")


def check_mlflow(settings: "Settings") -> Check:
    """Whether MLflow's store can be reached; if not, runs are kept and written later."""
    uri = settings.mlflow_tracking_uri
    if uri.startswith("sqlite:///"):
        found = _check_folder("MLflow", Path(uri.removeprefix("sqlite:///")).parent, "MLFLOW_TRACKING_URI")
        return Check("MLflow", found.ok, uri if found.ok else found.message, found.hint)
    if not uri.startswith(("http://", "https://")):
        return Check("MLflow", None, f"{uri}: databases are not checked")
    user, password = settings.mlflow_tracking_username, settings.mlflow_tracking_password.get_secret_value()
    return _check_mlflow_server(uri, (user, password) if user and password else None)


def _check_mlflow_server(uri: str, login: tuple[str, str] | None) -> Check:
    import httpx

    later = "Training works without it, and the runs are written there later."
    try:
        answer = httpx.get(
            f"{uri.rstrip('/')}/api/2.0/mlflow/experiments/search",
            params={"max_results": 1},
            auth=login,
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as error:
        return Check(
            "MLflow",
            False,
            f"{uri} does not answer: {error}",
            f"Start it or set MLFLOW_TRACKING_URI. {later}",
        )
    if answer.status_code == 401:
        hint = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to a log-in of this server."
        found = "does not accept the log-in" if login else "asks for a log-in"
        return Check("MLflow", False, f"{uri} {found} (401)", f"{hint} {later}")
    if answer.status_code == 403:
        hint = (
            "Start the server with --allowed-hosts that names this host (in compose: MLFLOW_ALLOWED_HOSTS)."
        )
        return Check("MLflow", False, f"{uri} refuses this host name (403)", f"{hint} {later}")
    if answer.is_error:
        return Check("MLflow", False, f"{uri} answers with {answer.status_code}", f"Look at its log. {later}")
    return Check("MLflow", True, uri)


def check_label_studio(context: CliProject, project: int | None, backend: str | None) -> list[Check]:
    """The diagnosis of Label Studio: tokens, blocked addresses, webhooks, model versions."""
    from wapaganda.label_studio import LabelStudioError, check_backend

    settings = context.settings
    if not settings.label_studio_api_key.get_secret_value():
        reason = "no token is set, so only files can be used"
        skipped = Check("Label Studio", None, reason, "Set LABEL_STUDIO_API_KEY to an access token.")
        alone = [] if backend is None else [check_backend(backend, settings.basic_auth)]
        return [skipped, *(Check("ML backend", each.ok, each.message, each.hint) for each in alone)]
    try:
        found = context.studio().diagnose(project, backend_url=backend, basic_auth=settings.basic_auth)
    except LabelStudioError as error:
        return [Check("Label Studio", False, str(error), error.hint)]
    return [Check(f"Label Studio: {each.name}", each.ok, each.message, each.hint) for each in found]


def check_reading(context: CliProject, project: int, progress: Progress = silent) -> Check:
    """Whether the labels can be read: those in Label Studio now, else those of the last fetch."""
    from wapaganda.label_studio import LabelStudioError
    from wapaganda.selfish_cli.project import last_reading

    report, when, why = None, "now", ""
    if not context.settings.label_studio_api_key.get_secret_value():
        why = "no token is set"
    else:
        try:
            report = context.studio().fetch(project, None, progress).report
        except LabelStudioError as error:
            why = str(error)
        except InputError as error:
            return _refused(error)
    if report is None:
        if not (context.directory / "ledger.sqlite").exists():
            return Check(
                "Labels", None, f"not read: {why}", "They are read when Label Studio can be reached."
            )
        report, when = last_reading(context), "at the last fetch"
    try:
        report.check()
    except InputError as error:
        return _refused(error)
    found = f"{report.n_labelled:,} texts labelled, {report.n_not_read:,} not read {when}."
    return Check("Labels", True, " ".join((found, *report.lines())))


def _refused(error: InputError) -> Check:
    hint = str(getattr(error, "hint", ""))
    return Check("Labels", False, str(error).removesuffix(hint).strip(), hint)


def check_threads() -> Check:
    """Whether the environment makes the model slow on a shared machine."""
    policy = os.environ.get("OMP_WAIT_POLICY", "")
    if policy.upper() == "ACTIVE":
        hint = "Unset it: spinning threads are several times slower when cores are shared."
        return Check("Threads", False, "OMP_WAIT_POLICY is ACTIVE", hint)
    return Check("Threads", True, f"{os.cpu_count()} cores, idle threads sleep")
