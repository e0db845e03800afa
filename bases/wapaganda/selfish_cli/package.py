"""The version of the installed program."""

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """The version of the package that holds this program; "unknown" when it is not installed."""
    for name in ("wapaganda-selfish", "wapaganda"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"
