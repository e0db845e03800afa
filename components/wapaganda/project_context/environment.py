"""Environment variables that heavy libraries read at import; values that the user set are kept."""

import os
from collections.abc import Mapping

DEFAULTS = {
    # Idle OpenMP threads that spin make a shared machine several times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "true",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def prepare_environment(threads: int | None = None, more: Mapping[str, str] | None = None) -> None:
    """Set defaults for quiet libraries and sleeping idle threads, the number of ``threads``, and ``more``.

    Call it before a heavy library is imported.
    """
    for name, value in {**DEFAULTS, **(more or {})}.items():
        os.environ.setdefault(name, value)
    if threads is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
