"""Every command that the README shows runs as it is written, in a copy of the repository."""

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from wapaganda.model_store import ModelStore

pytestmark = pytest.mark.slow

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$|((?:^    \S.*\n)+)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\s*((?:make|pip|selfish|ml-backend|python|docker|export|\.) .*?)(?: +# .*)?$")
RUN_HERE = {"make demo", "make test", "make site"}


def commands() -> list[str]:
    """The commands in the blocks of the README, and what stands in backticks and begins with `make`."""
    text = README.read_text(encoding="utf-8")
    blocks = "".join(first or second for first, second in BLOCK.findall(text))
    found = [match[1] for line in blocks.splitlines() if (match := COMMAND.match(line))]
    return list(dict.fromkeys([*found, *re.findall(r"`(make [a-z]+)`", text)]))


def run(command: str, clone: Path, **environment: str) -> str:
    """What a command prints, standard error included."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", command],
        cwd=clone,
        env={
            **os.environ,
            "PATH": f"{clone}/.venv/bin:{os.environ['PATH']}",
            "PYTHONPATH": f"{clone}/components:{clone}/bases:{clone}/development",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
    return done.stdout


def test_all_commands_are_tried():
    assert {each for each in commands() if not each.startswith("pip install ./projects/")} == RUN_HERE


@pytest.mark.label_studio
def test_make_demo_runs_through_and_stops_what_it_started(clone):
    printed = run("make demo", clone, DEMO_ARGS="--quick")
    folder = clone / "demo-run"
    assert "Strict span F1 on the test texts" in printed
    assert "The finished data set: 100 records" in printed
    assert "in exactly the released order" in printed
    assert len(ModelStore(folder / "models" / "ls-1").versions()) == 2
    assert (folder / "mlruns.db").is_file()
    assert (folder / "data-set" / "README.md").is_file()
    for port in set(re.findall(r"http://127\.0\.0\.1:(\d+)", printed)):
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.1", int(port)))


@pytest.mark.label_studio
@pytest.mark.browser
def test_make_test_runs_tests(clone, chromium):
    printed = run(
        "make test", clone, PYTEST_ARGS="-n0 -q -p no:cacheprovider test/components/wapaganda/errors"
    )
    assert re.search(r"^\d+ passed", printed, re.MULTILINE)


def test_make_site_builds_the_documentation(clone):
    run("make site", clone)
    assert (clone / "site/index.html").is_file()


def test_what_pip_installs_by_the_readme_starts(clone, tmp_path):
    lines = [each for each in commands() if each.startswith("pip install ./projects/")]
    assert lines
    for number, line in enumerate(lines):
        # Only our own packages, and beside the environment of the tests, which lends all others.
        place = tmp_path / str(number)
        options = {
            "PIP_TARGET": str(place),
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_QUIET": "1",
        }
        run(line, clone, PYTHONPATH="", **options)
        for script in ("selfish", "ml-backend"):
            project = f"./projects/{script.replace('-', '_')}"
            assert (project in shlex.split(line)) == (place / "bin" / script).is_file()
            if project in shlex.split(line):
                help_text = run(f"'{place}/bin/{script}' --help", clone, PYTHONPATH=str(place))
                assert script in help_text
