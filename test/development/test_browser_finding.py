"""Finding a browser, with programs made for the test."""

from pathlib import Path

import pytest

import browser
from browser import NoBrowserError, find_browser, install_browser


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory as the only one on the PATH, and no browser of Playwright's."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "_playwrights", lambda: None)
    return tmp_path


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_browser_comes_first(programs: Path, monkeypatch: pytest.MonkeyPatch):
    program(programs / "chromium")
    named = program(programs / "my-browser")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert find_browser() == named


def test_a_wrong_name_is_reported(programs: Path, monkeypatch: pytest.MonkeyPatch):
    program(programs / "chromium")
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with pytest.raises(
        NoBrowserError, match=r"Expected \$CHROMIUM to name a browser, was: '/no/such/browser'"
    ):
        find_browser()


def test_installed_browsers_are_found_before_playwrights(programs: Path, monkeypatch: pytest.MonkeyPatch):
    own = program(programs / "playwrights")
    monkeypatch.setattr(browser, "_playwrights", lambda: own)
    assert find_browser() == own
    chrome = program(programs / "google-chrome")
    assert find_browser() == chrome


def test_all_reasons_are_reported(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(browser, "_by_playwright", lambda: "playwright install: no network")
    with pytest.raises(
        NoBrowserError, match=r"none of chromium, .*; there is no apt-get; playwright install: no"
    ):
        install_browser()
    assert browser.main() == 1
    assert "there is no apt-get" in capsys.readouterr().err


def test_what_was_installed_is_found(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def install() -> str:
        program(programs / "chromium")
        return "done"

    monkeypatch.setattr(browser, "_by_apt", install)
    assert browser.main() == 0
    assert capsys.readouterr().out.strip() == str(programs / "chromium")
