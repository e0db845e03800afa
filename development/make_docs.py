"""Write the documentation that is generated from the code: `make docs`.

`--check` writes nothing: it lists the files that differ and ends with 1.
"""

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path

from docs_api import api_page
from docs_pages import cli_page, registries_page
from wapaganda.settings import describe

ROOT = Path(__file__).parents[1]
WIDTH = 118
NOTE = "<!-- Generated from the code by `make docs`: edit the code, not this file. -->"

ENV_HEAD = "# Made by `make docs`. Copy this file to .env and remove the # from what you want to change.\n"
SETTINGS_HEAD = """
Every setting is an environment variable. A file `.env` in the current directory is read as well; the
environment wins over it. An empty variable counts as not set. Secrets may be given as a file: `NAME_FILE` is
the path of a file with the value of `NAME`, for `LABEL_STUDIO_API_KEY`, `BASIC_AUTH_PASS`,
`MLFLOW_TRACKING_PASSWORD`, `MLFLOW_TRACKING_URI` and `SOURCES_API_KEY`. `.env.example` lists all settings
with their defaults. A wrong value stops the command, with one line for each that says what was expected and
what was found.

To add a setting see `CONTRIBUTING.md`.
"""


def env_example() -> str:
    """The settings as a ``.env`` file: each commented out at its default, so that a copy changes nothing."""
    parts = [ENV_HEAD]
    for each in describe():
        comment = textwrap.fill(each.meaning, WIDTH, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"\n{comment}\n#{each.name}={each.default}\n")
    return "".join(parts)


def settings_page() -> str:
    """docs/settings.md."""
    parts = [NOTE, "# Settings", SETTINGS_HEAD]
    for each in describe():
        default = f"`{each.default}`" if each.default else "not set"
        parts += [
            f"### `{each.name}`",
            "",
            f"Default: {default}.",
            "",
            textwrap.fill(each.meaning, WIDTH),
            "",
        ]
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/settings.md": settings_page,
    "docs/cli.md": lambda: f"{NOTE}\n{cli_page(WIDTH)}",
    "docs/api.md": lambda: f"{NOTE}\n{api_page(ROOT, WIDTH)}",
    "docs/registries.md": lambda: f"{NOTE}\n{registries_page(WIDTH)}",
}
"""By path below the root, the content of each file."""


def outdated(root: Path = ROOT) -> list[str]:
    """The generated files that differ from the code."""
    return [name for name, page in PAGES.items() if _text(root / name) != page()]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; list the files that differ")
    check = parser.parse_args().check
    names = outdated()
    for name in names:
        if not check:
            (ROOT / name).write_text(PAGES[name](), "utf-8")
        print(f"{'differs' if check else 'written'}: {name}")
    return int(check and bool(names))


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main())
