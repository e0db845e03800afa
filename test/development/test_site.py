"""The documentation is a site: every page is in the navigation, every link and anchor exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = sorted([*ROOT.glob("*.md"), *ROOT.glob("projects/*/*.md")])
LARGEST_PICTURE = 250_000


def test_the_site_builds_without_a_warning(tmp_path):
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", "--quiet"]
    built = subprocess.run(
        [*command, "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    home = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    fetched = re.findall(r'(?:<link[^>]*stylesheet[^>]*href|src)="(https?:[^"]+)"', home)
    assert fetched == []


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_outside_of_the_site_links_to_exists(path):
    links = [link.partition("#")[0] for link in LINK.findall(path.read_text(encoding="utf-8"))]
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_pictures_are_small_and_shown():
    pages = "".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    )
    pictures = sorted(ROOT.glob("docs/images/*.png"))
    assert [path.name for path in pictures if path.stat().st_size > LARGEST_PICTURE] == []
    assert [path.name for path in pictures if f"images/{path.name}" not in pages] == []
