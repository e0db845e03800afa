"""What all pages share: numbers in pixels, tables, and templates that escape."""

from pathlib import Path

import pytest

from wapaganda.html_page import Cell, Table, Templates, coordinate, scale, style_sheet, ticks_between


def test_coordinates_have_two_decimals_and_rows_fit_their_head():
    assert [coordinate(each) for each in (1.234567, 3.0, 2)] == ["1.23", "3", "2"]
    with pytest.raises(ValueError, match="Expected 2 cells in a row, was: 1"):
        Table("t", [Cell("a"), Cell("b")], [[Cell("only")]])


@pytest.mark.parametrize(
    ("low", "high", "about", "ticks"),
    [(0.0, 1.0, 5, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)), (97.0, 512.0, 5, (100, 200, 300, 400, 500)),
     (0.41, 0.48, 4, (0.42, 0.44, 0.46, 0.48))],
)  # fmt: skip
def test_ticks_are_round(low, high, about, ticks):
    assert ticks_between(low, high, about) == pytest.approx(ticks)


def test_a_range_without_width_is_no_trouble():
    flat = scale(5.0, 5.0, 0.0, 100.0, 4)
    assert flat(5.0) == pytest.approx(50.0)


def test_a_template_of_a_page_escapes_and_may_draw_tables(tmp_path: Path):
    """Control characters are left out, since no browser shows them."""
    (tmp_path / "page.j2").write_text('{% from "tables.html.j2" import table %}{{ table(it) }}')
    hostile = Table("<b>&\x00", [Cell("<i>")], [[Cell('"><script>')]])
    text = Templates(tmp_path).draw("page.j2", it=hostile)
    assert "&lt;b&gt;&amp;</span>" in text
    assert "&lt;i&gt;" in text
    assert "<script>" not in text
    assert "prefers-color-scheme: dark" in style_sheet()
