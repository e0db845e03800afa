"""The page in a real browser: nothing to complain of, nothing fetched, nothing that overflows."""

import pytest
from playwright.sync_api import sync_playwright

from browser import ARGUMENTS
from wapaganda.simulation_report import write_results

pytestmark = pytest.mark.browser
ARMS = (
    "random",
    "uncertainty:mnlp",
    "diversity",
    "hybrid:expected_errors",
    "facility_location:boundary",
    "x" * 60,
)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """() => [...document.querySelectorAll('svg[role=img] text')].filter(text => {
    const own = text.getBoundingClientRect(), whole = text.ownerSVGElement.getBoundingClientRect();
    return own.left < whole.left - 1 || own.right > whole.right + 1 || own.bottom > whole.bottom + 1;
}).map(text => text.textContent)"""


def test_it_renders_in_light_and_dark_wide_and_narrow_and_on_paper(chromium, synthetic):
    path = write_results(synthetic(arms=ARMS, rounds=14)).report_html
    said, asked, papers = [], [], set()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=list(ARGUMENTS))
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 900})
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(path.as_uri())
            for width in (1200, 420):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate(OVERFLOW) == 0, (scheme, width)
                assert page.evaluate(CUT) == [], (scheme, width)
            papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            folded = page.locator("details table").first
            assert not folded.is_visible()
            page.emulate_media(media="print")
            assert folded.is_visible()
        browser.close()
    assert said == []
    assert asked == [path.as_uri()] * 2
    assert len(papers) == 2
