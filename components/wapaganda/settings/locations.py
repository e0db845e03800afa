"""Check paths and addresses from a user and make them absolute."""

from pathlib import Path
from urllib.parse import urlsplit

_SQLITE = "sqlite:///"
_STORES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql", "databricks")


def home_path(path: Path) -> Path:
    """``path`` with a leading ``~`` replaced by the home directory."""
    return path.expanduser()


def optional_path(path: Path | None) -> Path | None:
    """As ``home_path``; ``None`` stays as it is."""
    return None if path is None else home_path(path)


def http_url(url: str) -> str:
    """``url`` without a trailing slash.

    Raises:
        ValueError: it is not an http or https address with a host.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Expected an address such as http://localhost:8080")
    return url.strip().rstrip("/")


def optional_url(url: str) -> str:
    """As ``http_url``; an empty address stays as it is.

    Raises:
        ValueError: it is not an http or https address with a host.
    """
    return http_url(url) if url.strip() else ""


def tracking_uri(uri: str) -> str:
    """The MLflow store ``uri``, a relative SQLite path made absolute against the current directory.

    Raises:
        ValueError: MLflow has no such store (its plain file store is no longer supported).
    """
    scheme = uri.split(":", 1)[0].split("+", 1)[0]
    if scheme not in _STORES:
        raise ValueError("Expected an MLflow store such as sqlite:///mlruns.db or http://localhost:5000")
    if not uri.startswith(_SQLITE):
        return uri
    path, question, query = uri.removeprefix(_SQLITE).partition("?")
    return f"{_SQLITE}{Path(path).expanduser().absolute().as_posix()}{question}{query}"
