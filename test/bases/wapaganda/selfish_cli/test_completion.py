"""Tab completion: installed for three shells, asked as the shells ask, and by a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wapaganda.model_store import Manifest, ModelStore

pytestmark = pytest.mark.real

SELFISH = "import sys; sys.argv[0] = 'selfish'; from wapaganda.selfish_cli import main; main()"
HEAVY = "torch transformers mlflow datasets label_studio_sdk matplotlib"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the command `selfish` on its PATH."""
    script = tmp_path / "bin" / "selfish"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{SELFISH}\n")
    script.chmod(0o755)
    return tmp_path


def run(home: Path, *command: str, **extra: str) -> str:
    path = os.pathsep.join([str(home / "bin"), os.environ["PATH"]])
    sources = os.pathsep.join(sys.path)
    env = {**os.environ, "HOME": str(home), "PATH": path, "PYTHONPATH": sources, "MODEL_DIR": str(home / "m")}
    done = subprocess.run(command, env=env | extra, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def offered(home: Path, line: str) -> list[str]:
    """What bash is told for a line whose last word is completed."""
    position = str(len(line.split(" ")) - 1)
    said = run(home, "selfish", COMP_WORDS=line, COMP_CWORD=position, _SELFISH_COMPLETE="complete_bash")
    return said.split()


def test_commands_options_and_registered_names_are_offered(home: Path):
    assert {"train", "select", "models"} <= set(offered(home, "selfish "))
    assert offered(home, "selfish models r") == ["rollback"]
    assert offered(home, "selfish train --tes") == ["--test"]
    assert not {each for each in offered(home, "selfish train --") if "completion" in each}
    assert offered(home, "selfish select --strategy hy") == ["hybrid"]
    assert offered(home, "selfish select --measure entropy_m") == ["entropy_max", "entropy_mean"]
    assert offered(home, "selfish simulate --strategies random,un") == ["random,uncertainty"]
    assert offered(home, "selfish export --formats conll,spa") == ["conll,spacy"]


def test_model_versions_are_offered_the_newest_first_and_without_heavy_libraries(home: Path):
    made = home / "made"
    made.mkdir()
    (made / "weights").write_text("1")
    manifest = Manifest(("PER",), "an encoder", "0123456789abcdef", n_documents=1)
    names = [ModelStore(home / "m" / "ls-7").publish(made, manifest).name for _ in range(2)]
    assert offered(home, "selfish models promote --project 7 v") == names[::-1]
    assert offered(home, f"selfish predict --project 7 --model {names[0]}") == names[:1]
    assert offered(home, "selfish predict --project 8 --model v") == []
    assert offered(home, "selfish predict --name ../x --model v") == []
    check = (
        f"import atexit; atexit.register(lambda: print([m for m in '{HEAVY}'.split() if m in sys.modules]))"
    )
    (home / "bin" / "selfish").write_text(f"#!{sys.executable}\nimport sys\n{check}\n{SELFISH}\n")
    assert offered(home, "selfish models promote --project 7 v") == [*names[::-1], "[]"]


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".bash_completions/selfish.sh"),
        ("zsh", ".zfunc/_selfish"),
        ("fish", ".config/fish/completions/selfish.fish"),
    ],
)
def test_completion_is_installed_for_a_shell(home: Path, shell: str, place: str):
    by_name = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else typer finds the shell that runs it
    run(home, "selfish", "--install-completion", shell, **by_name)
    assert f"complete_{shell}" in (home / place).read_text()


def test_zsh_and_fish_are_answered(home: Path):
    asked = "selfish select --strategy hy"
    zsh = run(home, "selfish", _TYPER_COMPLETE_ARGS=asked, _SELFISH_COMPLETE="complete_zsh")
    assert '"hybrid"' in zsh
    fish = {"_TYPER_COMPLETE_ARGS": asked, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert run(home, "selfish", _SELFISH_COMPLETE="complete_fish", **fish).strip() == "hybrid"


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_a_real_bash_completes(home: Path):
    run(home, "bash", "--norc", "-c", "selfish --install-completion; true")
    code = (
        "source ~/.bashrc; COMP_WORDS=(selfish models pro); COMP_CWORD=2; "
        '_selfish_completion selfish; echo "${COMPREPLY[@]}"'
    )
    assert run(home, "bash", "--norc", "-c", code).strip() == "promote"
