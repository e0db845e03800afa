"""No crowded folders, few classes of the same name."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_FILES = 14
MOST_NAMESAKES = 3


def modules() -> dict[str, Path]:
    """Every module of the bricks and of development/ by its dotted name."""
    homes = [ROOT / name for name in ("components", "bases", "development")]
    paths = [(path.relative_to(home), path) for home in homes for path in home.rglob("*.py")]
    return {".".join(short.with_suffix("").parts).removesuffix(".__init__"): path for short, path in paths}


def test_no_folder_is_crowded():
    folders = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in folders.items() if n > MOST_FILES} == {}


def test_few_classes_share_a_name():
    classes = Counter(
        node.name
        for path in modules().values()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    namesakes = {name: n for name, n in classes.items() if n > 1}
    assert len(namesakes) <= MOST_NAMESAKES, namesakes
