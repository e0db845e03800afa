"""``make audit``: look for known vulnerabilities in the locked dependencies.

It fails when there is one, and also when a package could not be checked: no answer is no good news.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def requirements(lock: str) -> str:
    """The packages of a ``poetry.lock``, one ``name==version`` a line, without local builds (``+cpu``)."""
    packages = tomllib.loads(lock)["package"]
    pinned = {f"{each['name']}=={each['version'].partition('+')[0]}" for each in packages}
    return "\n".join(sorted(pinned)) + "\n"


def audit(command: list[str], lock: Path) -> int:
    """Run ``command`` on the packages of ``lock``; 0 when all were checked and none has a vulnerability."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text(requirements(lock.read_text("utf-8")), "utf-8")
        options = ["--requirement", str(listed), "--no-deps", "--disable-pip", "--strict"]
        done = subprocess.run([*command, *options, "--progress-spinner", "off"], check=False)
    if done.returncode:
        sys.stderr.write(
            "The audit failed: a vulnerability is listed above, or a package could not be checked because no "
            "advisory service answers. Nothing is proved about what was not checked.\n"
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:], ROOT / "poetry.lock"))
