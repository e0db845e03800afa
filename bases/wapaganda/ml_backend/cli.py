"""The command ``ml-backend``."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from wapaganda.errors import WapagandaError, tell
from wapaganda.ml_backend.logs import set_up
from wapaganda.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 65  # longer than the minute of proxies, which would otherwise use a closed connection


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; 2 when the settings are wrong."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    set_up(settings.log_format)
    return serve(settings, options.host, options.port)


def serve(settings: Settings, host: str, port: int, command: Sequence[str] | None = None) -> int:
    """Run one uvicorn process; tests pass another ``command`` that trains."""
    import uvicorn

    from wapaganda.ml_backend.app import create_app
    from wapaganda.ml_backend.composition import compose
    from wapaganda.ml_backend.http_protocol import StreamEndingServer, TimedH11
    from wapaganda.project_context import prepare_environment
    from wapaganda.storage import PRIVATE_UMASK

    os.umask(PRIVATE_UMASK)
    prepare_environment(settings.threads, settings.for_libraries)
    try:
        app = create_app(compose(settings, command))
    except (WapagandaError, OSError) as error:
        sys.stderr.write(f"{tell(error)}\n")
        return 1
    if settings.basic_auth is None:
        logger.warning(
            "Anyone who can reach %s:%s may use this server: BASIC_AUTH_USER and "
            "BASIC_AUTH_PASS are not set.",
            host,
            port,
        )
    server = StreamEndingServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            http=TimedH11,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        ),
        app.state.pages.close,
    )
    server.run()
    return 0 if server.started else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ml-backend",
        description="The ML backend of wapaganda: pre-annotates for Label Studio and trains on its answers.",
        epilog="Settings come from the environment and from .env in the current directory.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", default=9090, type=int, help="port to listen on (default: %(default)s)")
    return parser
