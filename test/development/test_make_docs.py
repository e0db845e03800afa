"""The generated documentation is the one that the code makes now."""

import subprocess
import sys
from pathlib import Path

import pytest

import make_docs
from docs_api import api_page

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", make_docs.PAGES)
def test_a_generated_file_is_up_to_date(name: str):
    up_to_date = (ROOT / name).read_text("utf-8") == make_docs.PAGES[name]()
    assert up_to_date, f"{name} differs from the code: run `make docs` and commit what it writes"


def test_a_file_that_differs_is_listed(tmp_path: Path):
    for name, page in make_docs.PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(page(), "utf-8")
    assert make_docs.outdated(tmp_path) == []
    with (tmp_path / "docs" / "settings.md").open("a") as page:
        page.write("more\n")
    (tmp_path / ".env.example").unlink()
    assert make_docs.outdated(tmp_path) == [".env.example", "docs/settings.md"]


@pytest.mark.real
def test_check_writes_nothing_and_says_what_to_do():
    done = subprocess.run(
        [sys.executable, ROOT / "development" / "make_docs.py", "--check"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("name", make_docs.PAGES)
def test_no_line_is_longer_than_120_characters(name: str):
    lines = make_docs.PAGES[name]().splitlines()
    # A table row cannot be broken, and an address neither.
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def test_the_api_shows_signatures_and_docstrings(tmp_path: Path):
    brick = tmp_path / "components" / "wapaganda" / "toy"
    brick.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.importlinter]\ncontracts = [{layers = ["toy"]}]\n')
    (brick / "__init__.py").write_text(
        '"""A toy."""\nfrom wapaganda.toy.work import LIMIT, Toy, play\n__all__ = ["LIMIT", "Toy", "play"]\n'
    )
    (brick / "work.py").write_text(
        'LIMIT = 3\n"""How many."""\n\n\ndef play(toy: "Toy", *, times: int = 1) -> None:\n'
        '    """Play.\n\n    More.\n    """\n\n\n'
        'class Toy:\n    """A thing.\n\n    ``name``: any.\n\n    '
        'Raises:\n        ValueError: none.\n    """\n\n'
        "    name: str\n    price: float = 1.0\n    _seen: list = field(default_factory=list)\n\n"
        '    def use(self) -> str:\n        """Use it."""\n'
    )
    page = api_page(tmp_path, 100)
    assert "## wapaganda.toy\n\nA toy.\n" in page
    assert "LIMIT = 3\n```\n\nHow many." in page
    assert "play(toy: Toy, *, times: int = 1) -> None\n```\n\nPlay.\n" in page
    assert "class Toy(name: str, price: float = 1.0)\n```\n\nA thing.\n\n`name`: any.\n" in page
    assert "`name`: any.\n\n- `use() -> str`: Use it." in page
    assert "Bricks: [toy](#wapagandatoy)." in page
    assert "More." not in page
