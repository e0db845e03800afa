"""An annotator's view: log in, see the pre-annotation at the right characters, submit it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from browser import ARGUMENTS
from demo_backend import Backend, running_backend
from label_studio_server import LabelStudioServer
from wapaganda.annotation import default_label_config, instruction
from wapaganda.label_studio import LabelStudio, ShownReading
from wapaganda.ner import Document, Span

pytestmark = [pytest.mark.browser, pytest.mark.label_studio]

TEXT = "👩‍👩‍👧 says 😀: Zoë Müller\r\nlives in São Paulo."
PERSON = Span(TEXT.index("Zoë"), TEXT.index("\r\n"), "PER", 0.875)
PLACE = Span(TEXT.index("São"), len(TEXT) - 1, "LOC", 0.5)
PATIENCE = 120_000.0  # milliseconds


@pytest.fixture
def page(chromium: Path) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def log_in(page: Page, server: LabelStudioServer) -> None:
    page.goto(f"{server.url}/user/login/")
    page.fill("input[name=email]", server.username)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url)


def wait_for_annotations(page: Page, server: LabelStudioServer, project: int, number: int) -> None:
    page.wait_for_function(
        "([url, project, number]) => fetch(`${url}/api/projects/${project}/`).then(r => r.json())"
        ".then(found => found.total_annotations_number === number)",
        arg=[server.url, project, number],
    )


NEWS = (
    ("Ada Lindqvist opened the Baltic Museum in Visby on Friday.", ("Ada Lindqvist", "Visby"), "rare"),
    ("The harbour of Port Amalia was closed for two days after the storm.", ("Port Amalia",), "uncertain"),
    ("Nobody was hurt when the roof of the old mill came down.", (), "diverse"),
    ("Marek Novy and Jana Benes met the mayor of Ostrov.", ("Marek Novy", "Ostrov"), "random"),
)


def news(ids: list[int]) -> list[Document]:
    """A batch of these texts with proposals and the reasons of a round."""
    labels = {"Visby": "LOC", "Port Amalia": "LOC", "Ostrov": "LOC"}
    return [
        Document(
            str(number),
            text,
            tuple(
                Span(text.index(name), text.index(name) + len(name), labels.get(name, "PER"), 0.9 - 0.2 * at)
                for at, name in enumerate(names)
            ),
            {"reason": reason, "uncertainty": 0.95 - 0.2 * rank, "seconds": 14.0 + 9 * rank},
        )
        for rank, (number, (text, names, reason)) in enumerate(zip(ids, NEWS, strict=True))
    ]


def is_on_screen(page: Page, words: str) -> bool:
    """Whether these words can be read without scrolling."""
    found = page.get_by_text(words).first
    found.wait_for()
    box, size = found.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return bool(box["x"] >= 0 and box["x"] + box["width"] <= size["width"] and box["y"] < size["height"])


def test_the_tab_of_the_batch_shows_the_texts_in_their_order_and_why(
    page: Page, label_studio_server: LabelStudioServer, screenshot: Callable[[Page, str], Path]
):
    server = label_studio_server
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("News", default_label_config(["LOC", "PER"]))
        ids = client.import_documents(project, [Document(text, text) for text, *_ in NEWS])
        report = client.release(project, news(ids)[::-1], "al-001-7d2c")
    log_in(page, server)
    page.goto(f"{server.url}/projects/{project}/data?tab={report.view_id}")
    for text, _, reason in NEWS:
        assert is_on_screen(page, text[:20])
        assert is_on_screen(page, f"why: {reason}")
    assert is_on_screen(page, "uncertainty 0.9")
    seen = page.locator("body").inner_text()
    places = [seen.index(text) for text, *_ in NEWS]
    assert places == sorted(places, reverse=True)
    assert "Prediction results" not in seen
    screenshot(page, "studio-batch")


def test_a_text_that_is_open_while_the_next_batch_is_released_keeps_its_proposals(
    page: Page, label_studio_server: LabelStudioServer
):
    server = label_studio_server
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("Two batches", default_label_config(["LOC", "PER"]))
        ids = client.import_documents(project, [Document("open", TEXT), Document("next", "Nobody is here.")])
        batch = [Document(str(ids[0]), TEXT, (PERSON, PLACE)), Document(str(ids[1]), "Nobody is here.", ())]
        client.release(project, batch[:1], "al-001")
        log_in(page, server)
        tasks = f"{server.url}/projects/{project}/data"
        page.goto(tasks)
        page.get_by_text("Label All Tasks").click()
        page.wait_for_selector(".htx-highlight")

        better = Document(str(ids[0]), TEXT, (PERSON,))
        client.release(project, batch[1:], "al-002", earlier=[better], known=[better.id])
        page.goto(tasks)
        page.get_by_text("Label All Tasks").click()
        page.wait_for_selector(".htx-highlight")
        assert len(page.locator(".htx-highlight").all()) == 1
        page.locator("button:has-text('Submit')").first.click()
        wait_for_annotations(page, server, project, 1)
        (document,) = [found for found in client.fetch(project).documents if found.is_labelled]
    assert (document.id, document.spans) == (str(ids[0]), (PERSON,))


def test_the_pre_annotation_is_seen_at_its_characters_and_submitted(
    page: Page, label_studio_server: LabelStudioServer
):
    server = label_studio_server
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("In a browser", default_label_config(["LOC", "PER"]))
        others = [Document(f"other-{number}", "Nobody is here.") for number in range(5)]
        ids = client.import_documents(project, [*others, Document("smiling", TEXT)])
        client.release(project, [Document(str(ids[-1]), TEXT, (PERSON, PLACE))], "al-001")

        log_in(page, server)
        page.goto(f"{server.url}/projects/{project}/data")
        page.get_by_text("Label All Tasks").click()
        page.wait_for_selector(".htx-highlight")
        seen = [part.strip() for part in page.locator(".htx-highlight").all_inner_texts()]
        assert {part.splitlines()[0] for part in seen} == {"Zoë Müller", "São Paulo"}
        assert page.get_by_text("Nobody is here.").count() == 0

        page.locator("button:has-text('Submit')").first.click()
        wait_for_annotations(page, server, project, 1)
        (document,) = [found for found in client.fetch(project).documents if found.is_labelled]
    assert document.id == str(ids[-1])
    assert document.text == TEXT
    assert document.spans == (PERSON, PLACE)
    assert [span.score for span in document.spans] == [PERSON.score, PLACE.score]
    assert document.meta["parent_prediction"]
    assert document.meta["lead_time"] > 0


def test_the_list_of_regions_begins_with_the_doubtful_ones_as_the_prediction_does(
    page: Page, label_studio_server: LabelStudioServer
):
    server, text = label_studio_server, "Anna saw Bob and Carla in Rome."
    doubtful_first = ["Carla", "Rome", "Anna", "Bob"]
    spans = [
        Span(text.index(word), text.index(word) + len(word), "PER", 0.2 * rank)
        for rank, word in enumerate(doubtful_first, start=1)
    ]
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("Review", default_label_config(["LOC", "PER"]))
        (task,) = client.import_documents(project, [Document("one", text)])
        client.release(project, [Document(str(task), text, tuple(spans))], "review-001")
        log_in(page, server)
        page.goto(f"{server.url}/projects/{project}/data")
        page.get_by_text("Label All Tasks").click()
        outliner = page.locator("[class*=outliner]").first
        outliner.get_by_text("Bob").wait_for()
        lines = outliner.inner_text().splitlines()
        assert [line for line in lines if line in doubtful_first] == doubtful_first


def select_words(page: Page, before: str, words: str) -> None:
    """Drag the mouse over these words of the text, which stand behind ``before``."""
    box = page.evaluate(
        """([before, words]) => {
          const root = document.querySelector('[class*=richtext]');
          const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
          const nodes = []; let text = '';
          for (let node; (node = walker.nextNode());) { nodes.push([node, text.length]); text += node.data; }
          const place = (at) => {
            const [node, start] = nodes.filter(([, first]) => first <= at).pop();
            const range = document.createRange();
            range.setStart(node, at - start); range.setEnd(node, at - start + 1);
            return range.getBoundingClientRect();
          };
          const at = text.indexOf(before) + before.length;
          const first = place(at), last = place(at + words.length - 1);
          return [first.left + 1, first.top + first.height / 2, last.right - 1, last.top + last.height / 2];
        }""",
        [before, words],
    )
    page.mouse.move(box[0], box[1])
    page.mouse.down()
    page.mouse.move(box[2], box[3], steps=6)
    page.mouse.up()


def test_an_annotator_reads_the_instruction_and_marks_whole_words_at_the_right_characters(
    page: Page, label_studio_server: LabelStudioServer, screenshot: Callable[[Page, str], Path]
):
    server, labels = label_studio_server, ["LOC", "PER"]
    text = f"{TEXT} The EU-Kommission met 小泉 there."
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("News", default_label_config(labels, whole_words=True))
        client.instruct(project, instruction(labels))
        ids = client.import_documents(
            project, [*(Document(each, each) for each, *_ in NEWS), Document("smiling", text)]
        )
        batch = [news(ids[: len(NEWS)])[0], Document(str(ids[-1]), text, (PLACE,))]
        client.release(project, batch, "al-001-7d2c")
        log_in(page, server)
        page.goto(f"{server.url}/projects/{project}/data")
        page.get_by_text("Label All Tasks").click()
        page.wait_for_selector(".htx-highlight")
        assert is_on_screen(page, "Nothing to mark?")
        screenshot(page, "studio-instruction")
        page.get_by_text("Labeling Instructions").locator("xpath=following::button[1]").click()
        page.get_by_text("Labeling Instructions").wait_for(state="hidden")
        screenshot(page, "studio-labelling")
        page.locator("button:has-text('Submit')").first.click()
        page.get_by_text("lives in").first.wait_for()
        for label, before, words in (
            ("2", "says 😀: ", "oë Mülle"),
            ("1", "The ", "U"),
            ("2", "met ", "小泉"),
        ):
            page.keyboard.press(label)
            start = "Z" if words.startswith("oë") else "E" if words == "U" else ""
            select_words(page, before + start, words)
            page.wait_for_timeout(300)
            page.keyboard.press("Escape")
        page.locator("button:has-text('Submit')").first.click()
        wait_for_annotations(page, server, project, 2)
        (document,) = [each for each in client.fetch(project).documents if each.text == text]
    marked = {(text[span.start : span.end], span.label) for span in document.spans}
    assert marked == {("São Paulo", "LOC"), ("Zoë Müller", "PER"), ("EU", "LOC"), ("小泉", "PER")}
    assert document.text == text


def test_likely_label_errors_show_text_label_and_what_the_model_would_mark(
    page: Page, label_studio_server: LabelStudioServer, screenshot: Callable[[Page, str], Path]
):
    server = label_studio_server
    visby, ostrov = NEWS[0][0], NEWS[3][0]
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("News", default_label_config(["LOC", "PER"]))
        wrong = Span(visby.index("Visby"), visby.index("Visby") + 5, "PER")
        labelled = [Document("a", visby, (wrong,)), Document("b", ostrov, ())]
        ids = client.import_documents(project, labelled)
        mayor = Span(ostrov.index("Ostrov"), ostrov.index("Ostrov") + 6, "LOC", 0.9)
        right = Span(wrong.start, wrong.end, "LOC", 0.8)
        found = [
            ShownReading(ids[1], ostrov, (mayor,), "Ostrov = LOC (not marked)", 0.97),
            ShownReading(ids[0], visby, (right,), "Visby = LOC (marked PER)", 0.91),
        ]
        tab, _ = client.show_readings(project, "Likely label errors", found)
    log_in(page, server)
    page.goto(f"{server.url}/projects/{project}/data?tab={tab}")
    for words in (visby[:20], ostrov[:20], "Ostrov = LOC (not marked)", "Visby = LOC (marked PER)"):
        assert is_on_screen(page, words)
    seen = page.locator("body").inner_text()
    assert seen.index(ostrov) < seen.index(visby)
    screenshot(page, "studio-review")
    page.get_by_text(visby[:20]).first.click()
    page.wait_for_selector(".htx-highlight")
    assert "PER" in page.locator("[class*=outliner]").first.inner_text()
    page.get_by_text("91.00%").first.click()  # the model's marks, beside the annotation
    page.wait_for_function(
        "[...document.querySelectorAll('[class*=outliner]')].some(each => each.innerText.includes('LOC'))"
    )


COX = "👩‍👩‍👧 Anna took COX and COX-2. Then COX, said Anna, or (COX) is not cox. Bob has COX."


@pytest.fixture
def backend(label_studio_server: LabelStudioServer, tmp_path: Path) -> Iterator[Backend]:
    settings = {
        "LABEL_STUDIO_URL": label_studio_server.url,
        "LABEL_STUDIO_API_KEY": label_studio_server.token,
        "MODEL_DIR": str(tmp_path / "models"),
        "DATA_DIR": str(tmp_path / "data"),
        "TRAIN_AFTER_LABELS": "0",
        "BASIC_AUTH_USER": "label",
        "BASIC_AUTH_PASS": "studio",
    }
    with running_backend(tmp_path, {**os.environ, **settings}) as running:
        yield running


def choose_label(page: Page, label: str) -> None:
    page.locator(".lsf-label").get_by_text(label, exact=True).click()


def wait_for_marks(page: Page, *words: str) -> None:
    """Wait until just these words are marked, in their order."""
    page.wait_for_function(
        "(words) => [...document.querySelectorAll('.htx-highlight')]"
        ".map(each => each.textContent).join('|') === words",
        arg="|".join(words),
    )


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """Wait until the backend has answered what the page asks inside, and the page shows the answer."""
    with page.expect_response("**/interactive-annotating*"):
        yield
    page.wait_for_timeout(300)


def test_with_auto_annotation_on_the_other_places_of_a_marked_word_are_marked(
    page: Page, label_studio_server: LabelStudioServer, backend: Backend
):
    server, anna = label_studio_server, COX.index("Anna")
    with LabelStudio(server.url, server.token) as client:
        project = client.create_project("Same words", default_label_config(["LOC", "PER"], whole_words=True))
        (task,) = client.import_documents(project, [Document("cox", COX)])
        client.release(project, [Document(str(task), COX, (Span(anna, anna + 4, "PER", 0.9),))], "al-001")
        client.connect_backend(project, backend.url, "wapaganda", backend.auth)
        log_in(page, server)
        page.goto(f"{server.url}/projects/{project}/data")
        page.get_by_text("Label All Tasks").click()
        page.wait_for_selector(".htx-highlight")

        page.get_by_text("Auto-Annotation").click()
        choose_label(page, "LOC")
        select_words(page, "took ", "COX")
        wait_for_marks(page, "Anna", "COX", "COX", "COX", "COX")

        # Another label for the marked word asks again: nothing is marked twice.
        page.locator(".htx-highlight").nth(1).click()
        with answered(page):
            choose_label(page, "PER")
        wait_for_marks(page, "Anna", "COX", "COX", "COX", "COX")
        page.keyboard.press("Escape")

        # A place that is deleted stays deleted, and no other mark with the same label is continued.
        page.locator(".htx-highlight").nth(3).click()
        page.keyboard.press("Backspace")
        wait_for_marks(page, "Anna", "COX", "COX", "COX")
        choose_label(page, "PER")
        with answered(page):
            select_words(page, "cox. ", "Bob")
        wait_for_marks(page, "Anna", "COX", "COX", "Bob", "COX")

        page.locator("button:has-text('Submit')").first.click()
        wait_for_annotations(page, server, project, 1)
        (document,) = client.fetch(project).documents
    assert [(COX[: span.start][-6:], COX[span.start : span.end], span.label) for span in document.spans] == [
        ("👩‍👩‍👧 ", "Anna", "PER"),
        (" took ", "COX", "PER"),
        (" Then ", "COX", "LOC"),
        (" cox. ", "Bob", "PER"),
        ("b has ", "COX", "LOC"),
    ]
