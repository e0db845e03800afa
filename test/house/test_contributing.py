"""What CONTRIBUTING.md says is done as a stranger would do it: one new file in a copy of the brick."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


def add_by_contributing(heading: str, file: str, tmp_path: Path, home: str = "components") -> dict[str, str]:
    """Copy the brick, write the code block under ``heading`` to ``file``, and return an environment for it.

    ``file`` is relative to ``home`` and must be named under the heading. The copy lies first on the
    path, the other bricks are those of the work tree.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    assert f"`{home}/{file}`" in section
    (code,) = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    brick = "/".join(Path(file).parts[:2])
    shutil.copytree(ROOT / home / brick, tmp_path / brick, ignore=shutil.ignore_patterns("__pycache__"))
    assert not (tmp_path / file).exists()
    (tmp_path / file).write_text(code, encoding="utf-8")
    path = os.pathsep.join(
        [str(tmp_path), *(str(ROOT / part) for part in ("components", "bases", "development"))]
    )
    return {**os.environ, "PYTHONPATH": path}


def run(environment: dict[str, str], cwd: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


STRATEGY = """
import json
import numpy as np
from wapaganda.simulation import Arm, Plan
from wapaganda.ner import Document
from wapaganda.pipeline import LoopConfig, choose
from wapaganda.sampler import Pool, select
from wapaganda.settings import Settings, describe

texts = ["a short text", "the longest text of this pool, by far", "a text of middling length"]
documents = [Document(str(row), text) for row, text in enumerate(texts)]
arm = Arm.parse("longest_first", "mnlp")
picks = select(Pool(["a", "b", "c"], texts, np.zeros(3)), 2, strategy="longest_first").picks
print(json.dumps({
    "setting": Settings(strategy="longest_first").strategy,
    "docs": any("`longest_first`" in each.meaning for each in describe()),
    "picks": [(pick.id, pick.reason) for pick in picks],
    "arm": arm.config(Plan((arm,), LoopConfig("any")).loop).strategy,
}))
"""


@pytest.fixture
def with_a_strategy(tmp_path: Path) -> dict[str, str]:
    return add_by_contributing(
        "Add a sampling strategy", "wapaganda/sampler/strategies/longest_first.py", tmp_path
    )


def test_a_new_strategy_is_one_file(with_a_strategy: dict[str, str], tmp_path: Path):
    found = json.loads(run(with_a_strategy, tmp_path, "-c", STRATEGY))
    assert found == {
        "setting": "longest_first",
        "docs": True,
        "picks": [["b", "longest"], ["c", "longest"]],
        "arm": "longest_first",
    }


def test_the_command_line_names_a_new_strategy(with_a_strategy: dict[str, str], tmp_path: Path):
    code = "from wapaganda.selfish_cli import main; main()"
    environment = {**with_a_strategy, "COLUMNS": "200"}
    assert "longest_first" in run(environment, tmp_path, "-c", code, "select", "--help")


def test_the_tests_of_the_sampler_run_over_a_new_strategy(with_a_strategy: dict[str, str], tmp_path: Path):
    tests = ROOT / "test" / "components" / "wapaganda" / "sampler" / "test_selection.py"
    # Without the project's own configuration, which would put the work tree first on the path.
    arguments = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--import-mode=importlib"]
    out = run(with_a_strategy, tmp_path, "-m", "pytest", *arguments, "-rp", str(tests))
    assert len(re.findall(r"^PASSED .*\[longest_first\]", out, flags=re.MULTILINE)) >= 8


MEASURE = """
import json
import numpy as np
from wapaganda.settings import Settings, describe
from wapaganda.simulation import Arm
from wapaganda.uncertainty import MEASURES, acquisition, score

text = np.log([[0.5, 0.5, 1e-12], [1.0, 1e-12, 1e-12]])
print(json.dumps({
    "setting": Settings(measure="gini").measure,
    "docs": any("`gini`" in each.meaning for each in describe()),
    "score": score([text], "gini").round(4).tolist(),
    "acquisition": acquisition([0.75], "gini", [2.0]).tolist(),
    "arm": Arm.parse("uncertainty:gini", "auto").measure,
    "summary": MEASURES["gini"].summary,
}))
"""


@pytest.fixture
def with_a_measure(tmp_path: Path) -> dict[str, str]:
    return add_by_contributing(
        "Add an uncertainty measure", "wapaganda/uncertainty/measures/gini.py", tmp_path
    )


def test_a_new_measure_is_one_file(with_a_measure: dict[str, str], tmp_path: Path):
    found = json.loads(run(with_a_measure, tmp_path, "-c", MEASURE))
    assert found.pop("summary").startswith("Gini impurity of the tags")
    assert found == {
        "setting": "gini",
        "docs": True,
        "score": [0.75],
        "acquisition": [0.75],
        "arm": "gini",
    }


def test_the_command_line_names_a_new_measure(with_a_measure: dict[str, str], tmp_path: Path):
    code = "from wapaganda.selfish_cli import main; main()"
    environment = {**with_a_measure, "COLUMNS": "200"}
    assert "gini" in run(environment, tmp_path, "-c", code, "select", "--help")


def test_the_tests_of_uncertainty_run_over_a_new_measure(with_a_measure: dict[str, str], tmp_path: Path):
    tests = ROOT / "test" / "components" / "wapaganda" / "uncertainty" / "test_measures.py"
    arguments = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--import-mode=importlib"]
    out = run(with_a_measure, tmp_path, "-m", "pytest", *arguments, "-k", "gini", str(tests))
    assert int(re.findall(r"(\d+) passed", out)[0]) >= 5


SETTING = """
import json
import make_docs
from wapaganda.project_context import ProjectContext
from wapaganda.settings import Settings, SettingsError

found = {"loop": ProjectContext(Settings(), "a").config().min_words}
try:
    Settings(min_words=-1)
except SettingsError as error:
    found["wrong"] = str(error)
found["example"] = "#MIN_WORDS=0" in make_docs.env_example().splitlines()
found["docs"] = "### `MIN_WORDS`" in make_docs.settings_page().splitlines()
print(json.dumps(found))
"""


def test_a_new_setting_is_a_field_and_a_field_of_the_loop(tmp_path: Path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Add a setting\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    files = {"settings/settings.py": "    def __init__(", "pipeline/config.py": "    @property\n"}
    for (file, behind), code in zip(files.items(), blocks, strict=True):
        assert f"`components/wapaganda/{file}`" in section
        brick = Path(file).parts[0]
        shutil.copytree(ROOT / "components" / "wapaganda" / brick, tmp_path / "wapaganda" / brick)
        source = (tmp_path / "wapaganda" / file).read_text(encoding="utf-8")
        before, found, after = source.partition(behind)
        assert found
        (tmp_path / "wapaganda" / file).write_text(f"{before}    {code}\n{found}{after}", encoding="utf-8")
    path = [tmp_path, *(ROOT / part for part in ("components", "bases", "development"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "MIN_WORDS": "3"}
    assert json.loads(run(environment, tmp_path, "-c", SETTING)) == {
        "loop": 3,
        "wrong": "MIN_WORDS: Expected greater than or equal to 0, was: -1",
        "example": True,
        "docs": True,
    }


ENDPOINT = """
import json
from fastapi.testclient import TestClient
from wapaganda.ml_backend.app import create_app
from wapaganda.ml_backend.composition import compose
from wapaganda.ml_backend.project_id import ProjectRef
from wapaganda.ml_backend.training.webhook_event import NewLabel, WebhookEvent
from wapaganda.settings import Settings

services = compose(Settings())
twelve = ProjectRef("ls-12", 12)
services.projects.upsert_project(twelve)
services.projects.record_labels(WebhookEvent("", twelve, labels=(NewLabel(1, 5), NewLabel(2, 6))))
client = TestClient(create_app(services))
pair = ("ls", "secret")
first = client.get("/new_labels", auth=pair)
paths = client.get("/openapi.json", auth=pair).json()["paths"]
print(json.dumps({
    "answer": first.json(),
    "refused": client.get("/new_labels").status_code,
    "docs": paths["/new_labels"]["get"]["summary"],
    "counted": 'path="/new_labels",status="200"' in client.get("/metrics", auth=pair).text,
}))
"""


def test_a_new_endpoint_is_one_file(tmp_path: Path):
    file = "wapaganda/ml_backend/api/new_labels.py"
    environment = add_by_contributing("Add an endpoint", file, tmp_path, "bases")
    settings = {"BASIC_AUTH_USER": "ls", "BASIC_AUTH_PASS": "secret", "DATA_DIR": str(tmp_path / "data")}
    assert json.loads(run({**environment, **settings}, tmp_path, "-c", ENDPOINT)) == {
        "answer": {"new_labels": {"ls-12": 2}},
        "refused": 401,
        "docs": "New Labels",
        "counted": True,
    }


FORMAT = """
import json
from pathlib import Path
from wapaganda.annotation import all_formats, format_titles, read_documents, write_documents
from wapaganda.dataset import ExportRequest, export_dataset
from wapaganda.ner import Document, Span

ada = Document("1", "Ada met Bob", (Span(0, 3, "PER"), Span(8, 11, "PER")))
held = [ada, Document("2", "New York", (Span(0, 8, "LOC"),))]
left_out = write_documents(held, Path("x.tagged"))
export_dataset(held[:1], Path("out"), ExportRequest(("tagged-words",), (1, 0, 0)))
found = read_documents(Path("x.tagged")).documents
print(json.dumps({
    "file": Path("x.tagged").read_text(),
    "left_out": left_out,
    "same": [(each.text, each.spans) for each in found] == [(held[0].text, held[0].spans)],
    "exported": Path("out/tagged-words/train.tagged").read_text(),
    "card": "one text a line, `word/LABEL`" in Path("out/README.md").read_text(),
    "titles": all_formats()["tagged-words"].title in format_titles(),
}))
"""


@pytest.fixture
def with_a_format(tmp_path: Path) -> dict[str, str]:
    return add_by_contributing("Add a file format", "wapaganda/annotation/formats/tagged_words.py", tmp_path)


def test_a_new_format_is_one_file(with_a_format: dict[str, str], tmp_path: Path):
    assert json.loads(run(with_a_format, tmp_path, "-c", FORMAT)) == {
        "file": "Ada/PER met Bob/PER\n",
        "left_out": ["2: it has other words"],
        "same": True,
        "exported": "Ada/PER met Bob/PER\n",
        "card": True,
        "titles": True,
    }


def test_the_command_line_names_a_new_format(with_a_format: dict[str, str], tmp_path: Path):
    code = "from wapaganda.selfish_cli import main; main()"
    environment = {**with_a_format, "COLUMNS": "400"}
    assert "tagged-words" in run(environment, tmp_path, "-c", code, "export", "--help")
    assert ".tagged" in run(environment, tmp_path, "-c", code, "predict", "--help")


def test_the_round_trip_runs_over_a_new_format(with_a_format: dict[str, str], tmp_path: Path):
    tests = ROOT / "test" / "components" / "wapaganda" / "annotation" / "test_format_table.py"
    arguments = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--import-mode=importlib"]
    out = run(with_a_format, tmp_path, "-m", "pytest", *arguments, "-k", "tagged", str(tests))
    assert int(re.findall(r"(\d+) passed", out)[0]) >= 6
