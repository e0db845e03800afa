"""A newcomer follows docs/tutorial.md word for word: its blocks in terminals, its steps in a real browser.

In a copy of the repository, from `make setup` to the exported data set. The texts, the commands and the
servers are those of the tutorial; only the numbers are smaller, by environment variables, which win over its
`.env`. With $SCREENSHOTS set nothing is smaller, and the pictures of the tutorial are made.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from browser import ARGUMENTS
from label_studio_server import PASSWORD, TOKEN, USERNAME, free_port, prepare
from wapaganda.annotation import read_documents
from wapaganda.label_studio import LabelStudio

pytestmark = [pytest.mark.browser, pytest.mark.label_studio, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
SMALL = {
    "TRAIN_STEPS": "60",
    "FOLDS": "2",
    "SAMPLES_PER_ITERATION": "4",
    "TRAIN_AFTER_LABELS": "4",
    "TRAIN_DEBOUNCE_SECONDS": "2",
    "TARGET_F1": "0.1",
}
STEP = re.compile(
    r'^```bash title="(?P<terminal>[^"]+)"\n(?P<block>.*?)^```$|^<!-- walk: (?P<walk>.*?) -->$', re.M | re.S
)
STAYS = ("make studio", "ml-backend")
PATIENCE = 900.0
A_LOOK = 5000.0
"""Milliseconds in which a mark appears or is gone, else it is tried again."""
MOST_AUDITS = 8

READ_TEXT = """() => {
    const root = document.querySelector('.lsf-htx-richtext');
    if (!root) return null;
    const marks = [...root.querySelectorAll('.htx-highlight')].map(({dataset}) => [
        Number(dataset.start), Number(dataset.end), dataset.label.split(':').slice(1).join(':')]);
    return [root.innerText, marks];
}"""
ENDS_ON_SCREEN = """([start, end]) => {
    const root = document.querySelector('.lsf-htx-richtext');
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let at = 0, node; (node = walker.nextNode()); at += node.length) {
        if (start >= at && start < at + node.length) range.setStart(node, start - at);
        if (end > at && end <= at + node.length) range.setEnd(node, end - at);
    }
    const boxes = [...range.getClientRects()].filter(box => box.width > 0);
    const first = boxes[0], last = boxes[boxes.length - 1];
    return [first.left + 1, first.top + first.height / 2, last.right - 1, last.top + last.height / 2];
}"""

Mark = tuple[int, int, str]
"""Start and end in code points, as Label Studio counts, and the label."""


class Terminal:
    """A shell that runs blocks of commands and stops at the first that fails."""

    def __init__(self, folder: Path, environment: dict[str, str], log: Path) -> None:
        self.log = log
        # A test that was started in the background ignores Ctrl-C, and so would the shell.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with log.open("wb") as shown:
            self._process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e"],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=shown,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        signal.signal(signal.SIGINT, before)
        self._blocks = 0

    def run(self, block: str, ready: Callable[[], bool] | None = None) -> str:
        """Run a block to its end, or until its last command is ``ready``; what it has printed."""
        self._blocks += 1
        before = self.log.stat().st_size
        script = self.log.with_name(f"{self.log.stem}-{self._blocks}.sh")
        script.write_text(block, encoding="utf-8")
        end = f"the end of block {self._blocks}"
        assert self._process.stdin
        self._process.stdin.write(f". '{script}'; echo '{end}'\n".encode())
        self._process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while True:
            shown = self.log.read_bytes()[before:].decode(errors="replace")
            if end in shown or (ready and ready()):
                return shown.replace(end, "")
            assert self._process.poll() is None, f"A command failed:\n{block}\n{shown[-3000:]}"
            assert time.monotonic() < deadline, f"Not done in {PATIENCE:.0f} s:\n{block}\n{shown[-3000:]}"
            time.sleep(0.2)

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit code of the shell."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self._process.wait(60)

    def close(self) -> None:
        """End what still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


@dataclass
class Walk:
    """What a newcomer has in front of them: terminals, a browser, two addresses."""

    clone: Path
    page: Page
    studio: str
    backend: str
    screenshot: Callable[[Page, str], Path]
    new_terminal: Callable[[str], Terminal]
    batch: int
    terminals: dict[str, Terminal] = field(default_factory=dict)
    printed: list[tuple[str, str]] = field(default_factory=list)
    labelled: dict[str, list[Mark]] = field(default_factory=dict)

    def block(self, name: str, written: str) -> None:
        """Run a block of the tutorial in its terminal; only the ports are others."""
        if name not in self.terminals:
            self.terminals[name] = self.new_terminal(name)
        here = written.replace("127.0.0.1:8080", self.studio).replace("127.0.0.1:9090", self.backend)
        here = here.replace("--port 9090", f"--port {self.backend.split(':')[1]}")
        here = here.replace("make studio", f"make studio PORT={self.studio.split(':')[1]}")
        last = written.splitlines()[-1]
        ready = None
        if last.startswith(STAYS):
            asked = self.studio if last == "make studio" else self.backend
            ready = lambda: _answers(f"http://{asked}/health")  # noqa: E731
        self.printed.append((written, self.terminals[name].run(here, ready)))

    def gold(self) -> dict[str, list[Mark]]:
        """The right marks of each text, which the newcomer knows."""
        documents = read_documents(self.clone / "tutorial/texts/pool.jsonl").documents
        return {
            _key(each.text): [(span.start, span.end, span.label) for span in each.spans or ()]
            for each in documents
        }

    def in_label_studio(self) -> dict[str, list[Mark]]:
        """The marks of the texts that were not imported with labels."""
        imported = read_documents(self.clone / "tutorial/texts/train.jsonl").documents
        known = {_key(each.text) for each in imported}
        with LabelStudio(f"http://{self.studio}", TOKEN) as client:
            found = [each for each in client.fetch(1).documents if each.spans is not None]
        marks = {
            _key(each.text): sorted((span.start, span.end, span.label) for span in each.spans)
            for each in found
        }
        return {text: marks[text] for text in marks if text not in known}

    def status(self) -> dict[str, object]:
        """What the backend knows about the project."""
        return dict(httpx.get(f"http://{self.backend}/status", timeout=60).json())

    def wait_for_trainings(self, number: int) -> None:
        """Wait until so many are done and none runs."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.status()
            states = [each["state"] for each in found["jobs"]]
            if states.count("done") >= number and not {"queued", "running"} & set(states):
                return
            assert found["last_error"] is None, found
            assert time.monotonic() < deadline, found
            time.sleep(1)

    def open_stream(self) -> None:
        """Log in where it is asked for, and press Label All Tasks."""
        self.page.goto(f"http://{self.studio}/projects/1/data")
        if "/user/login" in self.page.url:
            self.page.fill("input[name=email]", USERNAME)
            self.page.fill("input[name=password]", PASSWORD)
            self.page.click("button[type=submit]")
            self.page.wait_for_url(lambda url: "/user/login" not in url)
            self.page.goto(f"http://{self.studio}/projects/1/data")
        self.page.get_by_text("Label All Tasks").click()
        self.page.wait_for_selector(".lsf-htx-richtext")
        instruction = self.page.get_by_text("Labeling Instructions")
        instruction.wait_for()
        instruction.locator("xpath=following::button[1]").click()
        instruction.wait_for(state="hidden")

    def label(self, number: int, picture: str = "") -> None:
        """Correct and submit so many texts."""
        gold, last = self.gold(), ""
        self.open_stream()
        for turn in range(number):
            self.page.wait_for_function(
                "(last) => { const root = document.querySelector('.lsf-htx-richtext');"
                " return root && root.innerText !== last; }",
                arg=last,
            )
            self.page.wait_for_load_state("networkidle")
            last = self.page.evaluate(READ_TEXT)[0]
            has_names = len(self.marks()) > 1 and last.isascii()  # no emoji: fonts may lack them
            if picture and (has_names or turn == number - 1):
                self.screenshot(self.page, picture)
                picture = ""
            self._correct(gold[_key(last)])
            self.labelled[_key(last)] = sorted(gold[_key(last)])
            self.page.locator("button:has-text('Submit')").first.click()

    def _correct(self, wanted: list[Mark]) -> None:
        for _ in range(5):  # as a person who looks again: a click may come before the page is ready for it
            self.page.keyboard.press("Escape")
            for start, end, label in self.marks():
                if (start, end, label) not in wanted:
                    self._delete(start, end)
            for mark in wanted:
                if mark not in self.marks():
                    self._draw(*mark)
            time.sleep(0.3)
            if sorted(self.marks()) == sorted(wanted):
                return
        pytest.fail(f"The marks cannot be made: {wanted}, {self.marks()}")

    def marks(self) -> list[Mark]:
        """What is marked on the screen."""
        return [(start, end, label) for start, end, label in self.page.evaluate(READ_TEXT)[1]]

    def _delete(self, start: int, end: int) -> None:
        mark = self._mark(start, end)
        mark.click()
        self.page.keyboard.press("Backspace")
        with contextlib.suppress(PlaywrightTimeout):
            mark.wait_for(state="detached", timeout=A_LOOK)

    def _draw(self, start: int, end: int, label: str) -> None:
        self.page.locator(".lsf-label", has_text=label).first.click()
        text = self.page.evaluate(READ_TEXT)[0]
        ends = [len(text[:place].encode("utf-16-le")) // 2 for place in (start, end)]  # as a browser counts
        left, top, right, bottom = self.page.evaluate(ENDS_ON_SCREEN, ends)
        mouse = self.page.mouse
        mouse.move(left, top)
        mouse.down()
        mouse.move(right, bottom, steps=8)
        mouse.up()
        with contextlib.suppress(PlaywrightTimeout):
            self._mark(start, end).wait_for(timeout=A_LOOK)

    def _mark(self, start: int, end: int) -> Locator:
        return self.page.locator(f".htx-highlight[data-start='{start}'][data-end='{end}']").first


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.TransportError:
        return False


def _key(text: str) -> str:
    return " ".join(text.split())


def watch_the_first_training(walk: Walk) -> None:
    walk.page.goto(f"http://{walk.backend}/")
    walk.page.get_by_text(re.compile(r"\d+%")).first.wait_for(timeout=1000 * PATIENCE)
    walk.screenshot(walk.page, "tutorial-training")
    walk.page.get_by_text("live model: v0001-").wait_for(timeout=1000 * PATIENCE)  # by itself
    walk.wait_for_trainings(1)


def correct_a_batch(walk: Walk) -> None:
    walk.label(walk.batch, "tutorial-labelling")


def see_the_second_model(walk: Walk) -> None:
    walk.wait_for_trainings(2)
    walk.page.goto(f"http://{walk.backend}/")
    walk.page.get_by_role("heading", name="Quality").wait_for()
    walk.screenshot(walk.page, "tutorial-project")


def label_the_audit(walk: Walk) -> None:
    waiting = re.search(r"Left to label in the audit: ([\d,]+) text", walk.printed[-1][1])
    assert waiting, walk.printed[-1][1]
    walk.label(int(waiting[1].replace(",", "")))


def go_on_until_it_is_accepted(walk: Walk) -> None:
    for _ in range(MOST_AUDITS):
        command, said = walk.printed[-1]
        if "Accepted" in said:
            return
        label_the_audit(walk)
        walk.block("Terminal 3", command)
    pytest.fail(f"Not accepted: {walk.printed[-1][1]}")


STEPS = {
    "watch the first training": watch_the_first_training,
    "correct a batch": correct_a_batch,
    "see the second model": see_the_second_model,
    "label the audit": label_the_audit,
    "go on until it is accepted": go_on_until_it_is_accepted,
}


@pytest.fixture
def walk(
    clone: Path, tmp_path: Path, chromium: Path, screenshot: Callable[[Page, str], Path]
) -> Iterator[Walk]:
    prepare()
    passed = {
        name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR") if name in os.environ
    }
    small = {} if os.environ.get("SCREENSHOTS") else SMALL
    environment = {
        **passed,
        **small,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{clone}/components:{clone}/bases",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }

    def new_terminal(name: str) -> Terminal:
        return Terminal(clone, environment, tmp_path / f"{name.replace(' ', '-').lower()}.log")

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        addresses = (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
        batch = int(small.get("SAMPLES_PER_ITERATION", 30))
        walk = Walk(clone, page, *addresses, screenshot, new_terminal, batch)
        try:
            yield walk
        finally:
            for terminal in walk.terminals.values():
                terminal.close()
            browser.close()


def test_a_newcomer_gets_from_a_clone_to_the_exported_data_set(walk: Walk):
    done = []
    for step in STEP.finditer(TUTORIAL.read_text(encoding="utf-8")):
        if step["walk"]:
            STEPS[step["walk"]](walk)
            done.append(step["walk"])
        else:
            walk.block(step["terminal"], step["block"])
    assert done == list(STEPS)
    said = {command.strip(): shown for command, shown in walk.printed}

    exported = walk.clone / "tutorial/data-set"
    manifest = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    records = [read_documents(path).documents for path in (exported / "jsonl").glob("*.jsonl")]
    assert sum(map(len, records)) == 1400
    assert manifest
    assert (
        "person"
        in said['selfish predict "Mr Norman got the job at Zelman Energy in Port Savhaven." --project 1']
    )
    assert walk.labelled
    assert walk.in_label_studio() == walk.labelled
    for name in ("Terminal 1", "Terminal 2"):
        walk.terminals[name].interrupt()
    assert not _answers(f"http://{walk.studio}/health")
    assert not _answers(f"http://{walk.backend}/health")
