"""Finds a Chromium for the browser test, and gets one where there is none.

    python development/browser.py      prints the path of a browser, or the reason why there is none (exit 1)

Tried in turn: $CHROMIUM, an installed Chromium or Chrome, Playwright's own, Debian's package (as root), a
download by Playwright.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LONGEST_INSTALLATION = 600.0


class NoBrowserError(RuntimeError):
    """There is no browser, or none could be installed; the message says why."""


def find_browser() -> Path:
    """The browser that is there.

    Raises:
        NoBrowserError: there is none, or $CHROMIUM names something else than a program.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise NoBrowserError(f"Expected $CHROMIUM to name a browser, was: {named!r}")
        return Path(found)
    for program in PROGRAMS:
        if path := shutil.which(program):
            return Path(path)
    if own := _playwrights():
        return own
    raise NoBrowserError(f"No $CHROMIUM, none of {', '.join(PROGRAMS)} on the PATH, none of Playwright's")


def install_browser() -> Path:
    """The browser that is there, else one that is installed now.

    Raises:
        NoBrowserError: none is there and none could be installed, with the reasons.
    """
    try:
        return find_browser()
    except NoBrowserError as error:
        reasons = [str(error)]
    for attempt in (_by_apt, _by_playwright):
        reason = attempt()
        try:
            return find_browser()
        except NoBrowserError:
            reasons.append(reason)
    raise NoBrowserError("; ".join(reasons))


def _playwrights() -> Path | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _by_apt() -> str:
    if shutil.which("apt-get") is None:
        return "there is no apt-get"
    if os.geteuid() != 0:
        return "apt-get needs root"
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    _run(["apt-get", "update", *quiet])
    return "apt-get: " + _run(["apt-get", "install", "-y", "--no-install-recommends", *quiet, "chromium"])


def _by_playwright() -> str:
    return "playwright install: " + _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(command: Sequence[str]) -> str:
    """Runs it without output; returns the last line that it wrote if it failed."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_INSTALLATION,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return "done" if done.returncode == 0 else (lines[-1] if lines else f"exit {done.returncode}")


def main() -> int:
    """The command: prints the browser's path, or the reason on the error stream."""
    try:
        print(install_browser())
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
