"""What git tracks names no package host and no folder of the machine it was written on, and stays small."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Put together from parts so that this file does not find itself.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org", "npm" + "js.com",
         "download." + "pytorch.org", "docker" + ".io", "gh" + "cr.io", "quay" + ".io"]  # fmt: skip
MACHINE = [r"(?<![\w.])/(?:work|root|opt/pypi|opt/wheels|home/[a-z]+)/", r"(?<![\w.])/tmp/(?:plan|bash_jobs)"]
FORBIDDEN = re.compile("|".join([*(re.escape(host) for host in HOSTS), *MACHINE]))


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / path for path in listing.split("\0") if path and (ROOT / path).is_file()]


def breaches(text: str) -> list[str]:
    """The forbidden words of a text with their line numbers."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"line {number}: {found[0]}" for number, line in lines for found in FORBIDDEN.finditer(line)]


def test_no_file_names_a_host_or_a_machine_folder():
    texts = {path: path.read_bytes().decode("utf-8", errors="ignore") for path in tracked_files()}
    assert {
        str(path.relative_to(ROOT)): breaches(text) for path, text in texts.items() if breaches(text)
    } == {}


def test_no_file_is_large():
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked_files()}
    assert {name: size for name, size in large.items() if size > 1_500_000} == {}


@pytest.mark.parametrize(
    "text",
    [
        "index = " + "https://py" + "pi.org/simple",
        "see /" + "work/main",
        "/" + "root/.cache",
        "/tmp/" + "plan/x",
    ],
)
def test_the_check_sees_a_breach(text: str):
    assert breaches("fine\n" + text) == [f"line 2: {FORBIDDEN.search(text)[0]}"]
