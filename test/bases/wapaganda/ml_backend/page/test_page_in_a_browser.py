"""The page in a real browser, from the real backend: with a real training, and with a large project."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser import ARGUMENTS
from demo_backend import Backend, running_backend
from label_studio_server import LabelStudioServer
from sample_corpus import sample_corpus
from wapaganda.annotation import default_label_config
from wapaganda.label_studio import LabelStudio
from wapaganda.model_store import ModelStore
from wapaganda.ner import LabelSchema

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 90_000.0  # milliseconds; a training on a busy machine takes that long
AUTH = ("team", "lead")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
NAMELESS = """() => [...document.querySelectorAll('a, button, summary, progress, svg[role=img], section')]
    .filter(each => !(each.textContent.trim() || each.getAttribute('aria-label')))
    .map(each => each.outerHTML.slice(0, 80))"""

Opened = Callable[..., Page]


@pytest.fixture
def environment(small_encoder, folders) -> dict[str, str]:
    return {
        **os.environ,
        "BASELINE_MODEL_NAME": small_encoder,
        "TRAIN_STEPS": "60",
        "FOLDS": "2",
        "THREADS": "1",
        "RECIPE_SEARCH": "false",
        "TRAIN_AFTER_LABELS": "0",
        "SAMPLES_PER_ITERATION": "5",
        "LABEL_STUDIO_URL": "http://127.0.0.1:9",
        "LABEL_STUDIO_API_KEY": "none",
        "MODEL_DIR": str(folders.model_dir),
        "DATA_DIR": str(folders.data_dir),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folders.data_dir.parent / 'mlruns.db'}",
        "BASIC_AUTH_USER": AUTH[0],
        "BASIC_AUTH_PASS": AUTH[1],
    }


@pytest.fixture
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A function that opens the page of a backend; at the end nothing may have been said or loaded amiss."""
    said: list[str] = []

    def page_of(backend: Backend, width: int = 1280, scheme: str = "light", script: bool = True) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=script,
            http_credentials={"username": AUTH[0], "password": AUTH[1]},
        )
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: request.url.startswith(backend.url) or said.append(request.url))
        page.goto(backend.url)
        return page

    expect.set_options(timeout=PATIENCE)
    yield page_of
    # Redoc asks for the logo of its makers; the policy of the page blocks it.
    assert [each for each in said if "redoc/logo-mini.svg" not in each] == []


def press(page: Page, name: str, yes: str) -> None:
    """The button, and the one that asks once, by the keyboard."""
    page.locator("summary", has_text=re.compile(f"^{name}$")).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=yes).first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.label_studio
def test_a_training_is_watched_from_start_to_end_and_a_roll_back_is_a_click(
    label_studio_server: LabelStudioServer, environment, opened, screenshot, tmp_path, folders
):
    environment |= {
        "LABEL_STUDIO_URL": label_studio_server.url,
        "LABEL_STUDIO_API_KEY": label_studio_server.token,
    }
    corpus = sample_corpus(seed=5, n_train=60, n_pool=40, n_test=1)
    schema = LabelSchema.of(corpus.train)
    with (
        LabelStudio(label_studio_server.url, label_studio_server.token) as studio,
        running_backend(tmp_path, environment) as backend,
    ):
        project = studio.create_project("News", default_label_config(schema.labels))
        studio.import_documents(project, corpus.train)
        studio.import_documents(project, [each.with_spans(None) for each in corpus.pool])
        studio.connect_backend(project, backend.url, "wapaganda", backend.auth)
        page = opened(backend)
        expect(page.locator("#versions")).to_contain_text("There is no model yet")
        press(page, "Start training", "Yes, start it")
        page.evaluate("window.isTheSame = true")

        expect(page.locator("h1")).to_have_text("News")
        expect(page.locator("#now progress")).to_be_visible()
        expect(page.locator("#now")).to_contain_text("It was asked for on the page.")
        expect(page.locator("#now .headline")).to_contain_text("Cross-fitting")
        expect(page.locator("#now .headline b")).to_have_text(re.compile(r"[1-9]\d?%"))
        expect(page.locator("#now")).to_contain_text("left.")
        expect(page.locator("#batch")).to_contain_text("0 of 5")
        screenshot(page, "page-training")
        expect(page.locator("#now .headline")).to_have_text("No training is running.")
        expect(page.locator("#rounds")).to_contain_text("went live")
        expect(page.locator("#quality")).to_contain_text("that it had not learnt (cross-fitting)")
        expect(page.locator("#said")).to_have_text("No training is running.")

        task = studio.next_document(project)
        studio.annotate(project, int(task.id), task.text, [], seconds=9.0)
        expect(page.locator("#batch")).to_contain_text("1 of 5")
        expect(page.locator("#batch")).to_contain_text("9 s")
        assert page.evaluate("window.isTheSame"), "all of it came without a reload"

        press(page, "Start training", "Yes, start it")
        expect(page.locator("#rounds tbody tr")).to_have_count(2)
        expect(page.locator("#now .headline")).to_have_text("No training is running.")
        store = ModelStore(folders.model_dir / f"ls-{project}")
        first, second = [each.name for each in store.versions() if each.number]
        if store.current().name == first:  # the second one was worse
            press(page, "Make live", "Yes, make it live")
            expect(page.locator(".facts")).to_contain_text(f"live model: {second}")
        press(page, "Roll back", "Yes, roll back")
        expect(page.locator(".facts")).to_contain_text(f"live model: {first}")
        assert store.current().name == first


def test_a_training_is_cancelled_by_a_click(environment, opened, tmp_path, past, real_model):
    past(model=real_model)
    with running_backend(tmp_path, environment) as backend:
        page = opened(backend)
        press(page, "Start training", "Yes, start it")
        # No Label Studio answers, so it waits for its next attempt.
        expect(page.locator("#problems")).to_contain_text("http://127.0.0.1:9")
        expect(page.locator("#now .headline")).to_contain_text("after a failure")
        press(page, "Cancel", "Yes, cancel the training")
        expect(page.locator("#now .headline")).to_have_text("No training is running.")


def test_a_large_project_light_and_dark_wide_and_narrow_with_and_without_script(
    environment, opened, screenshot, tmp_path, past, real_model, folders
):
    past(n_texts=30_000, model=real_model)
    with running_backend(tmp_path, environment) as backend:
        page = opened(backend)
        for _ in range(200):  # the page forbids to wait for an expression
            if painted := page.evaluate(FIRST_PAINT):
                break
            page.wait_for_timeout(50)
        sys.stdout.write(f"First paint with 30,000 texts: {painted:.0f} ms\n")
        expect(page.locator("#tiles")).to_contain_text("77.8")
        expect(page.locator("#problems")).to_be_hidden()
        assert page.evaluate(NAMELESS) == []
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
        assert len(ids) == len(set(ids))
        screenshot(page, "page-project")
        page.locator("#quality summary").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("F1 of the pool")).to_be_visible()
        ModelStore(folders.model_dir / "ls-12").promote("v0002-00000002", pin=True)
        expect(page.locator(".facts")).to_contain_text("live model: v0002-00000002")
        expect(page.get_by_text("F1 of the pool")).to_be_visible()  # what was open stays open
        papers = {paper(page)}
        for width, scheme in ((390, "light"), (1280, "dark")):
            other = opened(backend, width, scheme)
            expect(other.locator("#tiles")).to_be_visible()
            assert other.evaluate(OVERFLOW) == 0
            papers.add(paper(other))
            if width == 390:
                screenshot(other, "page-phone")
        assert len(papers) == 2
        plain = opened(backend, script=False)
        expect(plain.locator("noscript p")).to_be_visible()
        plain.locator("#rollback-open").click()
        plain.get_by_role("button", name="Yes, roll back").click()
        expect(plain.locator(".facts")).to_contain_text("live model: v0004-00000004")


def test_an_empty_server_and_one_that_stops(environment, opened, screenshot, tmp_path, folders):
    with running_backend(tmp_path, environment) as backend:
        page = opened(backend)
        expect(page.locator("#projects")).to_contain_text("This server knows no project yet.")
        screenshot(page, "page-empty")
        expect(page.locator("#connection")).to_be_hidden()
        os.kill(backend.pid, signal.SIGTERM)
        expect(page.locator("#connection")).to_be_visible()
    log = backend.log_path.read_text()
    assert "timeout graceful shutdown exceeded" not in log
    page.close()


def test_the_documentation_of_the_calls_needs_no_internet(environment, opened, tmp_path):
    with running_backend(tmp_path, environment) as backend:
        page = opened(backend)
        page.goto(f"{backend.url}/docs")
        expect(page.locator("#swagger-ui")).to_contain_text("/predict")
        page.goto(f"{backend.url}/redoc")
        expect(page.locator("body")).to_contain_text("Pre-annotate tasks")


def paper(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
