"""Docs and messages use plain present-day English, and docs fit a screen."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHAIC = re.compile(r"\b(by lot|begun anew|nought|lest|told)\b", re.IGNORECASE)
LONGEST = 120
MOST_LINES = 4
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SOURCES = sorted(
    path
    for home in ("components", "bases")
    for path in (ROOT / home).rglob("*")
    if path.suffix in {".py", ".j2"}
)


def paragraphs(text: str) -> list[str]:
    """The plain paragraphs of a Markdown text: no list, table, heading, image or code."""
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks = (block.strip("\n") for block in re.split(r"\n\s*\n", without_code))
    return [
        block for block in blocks if block and not block.startswith(("#", "|", "    ", "-", "*", "!", "1."))
    ]


def test_no_source_or_document_uses_archaic_words():
    found = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()
        for path in (*DOCS, *SOURCES)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ARCHAIC.search(line)
    }
    assert found == {}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_lines_of_a_document_fit_a_screen(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert {number: len(line) for number, line in enumerate(lines, start=1) if len(line) > LONGEST} == {}


def test_no_paragraph_of_the_readme_is_long():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [block for block in paragraphs(text) if block.count("\n") >= MOST_LINES] == []
