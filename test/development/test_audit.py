"""`make audit` asks about every locked package, and no answer is a failure."""

import sys
from pathlib import Path

from audit.__main__ import audit, requirements

ROOT = Path(__file__).parents[2]


def test_every_locked_package_is_asked_about_without_its_local_build():
    lock = (ROOT / "poetry.lock").read_text("utf-8")
    listed = requirements(lock).splitlines()
    assert len(listed) > 100
    assert any(line.startswith("torch==") and "+" not in line for line in listed)


def test_what_the_auditor_finds_or_cannot_find_out_is_a_failure(tmp_path, capfd):
    lock = tmp_path / "poetry.lock"
    lock.write_text('[[package]]\nname = "a"\nversion = "1.0+cpu"\n')
    for status in (0, 1):
        script = f"import sys; print(open(sys.argv[2]).read(), '--strict' in sys.argv); sys.exit({status})"
        assert audit([sys.executable, "-c", script], lock) == status
        said = capfd.readouterr()
        assert "a==1.0\n True" in said.out
        assert ("could not be checked" in said.err) == bool(status)
