"""The mirror process: ``python -m wapaganda.tracking LOG_DIR URI [EXPERIMENT [SECONDS]]``."""

import logging
import os
import sys
import threading
from pathlib import Path

from wapaganda.tracking.report import EXPERIMENT, MirrorReport

# MLflow reads these at import. With its defaults a dead server blocks a call for minutes.
_GUARDS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def main(arguments: list[str]) -> int:
    """Mirror, print a `MirrorReport`, and return 0 when MLflow has everything."""
    log_dir, uri, *more = arguments
    experiment = more[0] if more else EXPERIMENT
    seconds = float(more[1]) if len(more) > 1 else 600.0
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.environ.update(_GUARDS)
    os.nice(10)
    watch = threading.Timer(seconds, _give_up, (seconds,))
    watch.daemon = True
    from wapaganda.tracking.replay import replay

    # Imports and a new store are slow at times, but they end. The time limit is for the calls of MLflow.
    report = replay(Path(log_dir), uri, experiment, on_ready=watch.start)
    watch.cancel()
    _print_report(report)
    return 0 if report.ok else 1


def _give_up(seconds: float) -> None:
    _print_report(
        MirrorReport(
            False, f"MLflow is slow: stopped after {seconds:g} s, the rest follows with the next round"
        )
    )
    os._exit(3)


def _print_report(report: MirrorReport) -> None:
    try:
        os.write(sys.stdout.fileno(), (report.to_json() + "\n").encode())
    except BrokenPipeError:
        logging.getLogger(__name__).warning("No process waits for this report: %s", report.message)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
