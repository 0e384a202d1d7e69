"""Charts are drawn from whole numbers, scale with their place, and print in black without a style sheet."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web import charts

NS = "{http://www.w3.org/2000/svg}"
MONTHS = [f"{month}月" for month in range(1, 13)]


def drawn(markup: str) -> ElementTree.Element:
    """Return the drawing inside a chart's markup; fails unless it is well-formed."""
    root = ElementTree.fromstring(str(markup))  # noqa: S314 - our own drawing
    found = root if root.tag == f"{NS}svg" else root.find(f"{NS}svg")
    assert found is not None
    return found


def every_chart() -> dict[str, str]:
    values = [3, -1, 0, 9]
    names = ["一", "二", "三", "四"]
    line = [charts.Line("甲", values)]
    return {
        "columns": charts.columns(list(zip(names, values, strict=True)), "各季"),
        "histogram": charts.histogram(["0", "1", "2"], [4, 5], "小时"),
        "lines": charts.lines(names, line, "各季", limit=5, limit_name="上限"),
        "steps": charts.lines(names, line, "各季", is_stepped=True),
        "share_bar": charts.share_bar([{"name": "甲", "weight": 10_000}], 10_000, "份额"),
        "spark": charts.sparkline(values, "走势"),
    }


@pytest.mark.parametrize("name", every_chart())
def test_a_picture_has_a_spoken_name_and_carries_no_style_or_script(name: str) -> None:
    """A strict policy holds: no style attribute, no script, no event; and a screen reader hears what it shows."""
    picture = drawn(every_chart()[name])
    assert picture.get("role") == "img"
    assert picture.get("aria-label")
    for part in picture.iter():
        assert part.tag.removeprefix(NS) in {"svg", "g", "rect", "line", "circle", "text", "polyline"}
        assert not [key for key in list(part.attrib) if key == "style" or key.startswith("on") or "href" in key]


@pytest.mark.parametrize("name", every_chart())
def test_a_picture_prints_in_black_and_grey(name: str) -> None:
    """Colour comes from the style sheet only; the attributes hold black, greys and white."""
    for part in drawn(every_chart()[name]).iter():
        for key in ("fill", "stroke"):
            colour = part.get(key, "none")
            assert colour in {"none", "currentColor"} or re.fullmatch(r"#(\w)\1\1|#(\w\w)\2\2", colour), colour


def test_names_are_text_whatever_they_contain() -> None:
    """A member named like markup is shown as it is called."""
    name = '<script>alert("1")</script>&'
    assert drawn(charts.columns([(name, 1)], name)).get("aria-label") == name
    assert "<script>" not in charts.bars([(name, 1)])
    assert "<script>" not in charts.share_bar([{"name": name, "weight": 1}], 1, name)


def test_the_share_bar_is_as_wide_as_the_shares_in_rank_order() -> None:
    """45, 25, 20 and 10 percent stand side by side, each as wide as its share, and together they fill the bar."""
    members = [
        {"name": name, "weight": weight} for name, weight in zip("甲乙丙丁", (4500, 2500, 2000, 1000), strict=True)
    ]
    picture = drawn(charts.share_bar(members, 10_000, "份额"))
    bars = [(one.get("x"), one.get("width")) for one in picture.iter(f"{NS}rect")]
    assert bars == [("0.00%", "45.00%"), ("45.00%", "25.00%"), ("70.00%", "20.00%"), ("90.00%", "10.00%")]
    assert picture.get("aria-label") == "份额: 甲 45.00%, 乙 25.00%, 丙 20.00%, 丁 10.00%"


@given(st.lists(st.integers(1, 1_000_000), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_parts_of_any_share_bar_touch_and_end_at_the_edge(weights: list[int]) -> None:
    """Whatever the weights, one part ends where the next begins and the last ends at the edge of the bar."""
    members = [{"name": str(place), "weight": weight} for place, weight in enumerate(weights)]
    parts = list(drawn(charts.share_bar(members, sum(weights), "份额")).iter(f"{NS}rect"))
    edge = 0
    for part in parts:
        assert _hundredths(part.get("x")) == edge
        edge += _hundredths(part.get("width"))
    assert edge == 10_000


def _hundredths(length: str | None) -> int:
    assert length is not None
    return int(length.removesuffix("%").replace(".", ""))


def test_a_share_is_a_whole_number() -> None:
    """A share given as a broken number is a mistake of ours and is not drawn."""
    with pytest.raises(TypeError):
        charts.share_bar([{"name": "甲", "weight": 0.45}], 1, "份额")


def test_columns_begin_at_nothing() -> None:
    """A bar's height is its value: a bar twice as high is worth twice as much, and a loss hangs below the line."""
    picture = drawn(charts.columns([("一", 50), ("二", 100), ("三", -25)], "净额", height=150))
    bars = [(int(one.get("y", "")), int(one.get("height", ""))) for one in picture.iter(f"{NS}rect")]
    assert [height for _, height in bars][:2] == [50, 100]
    base = bars[0][0] + bars[0][1]
    assert bars[1][0] + bars[1][1] == base
    assert bars[2][0] == base


def test_few_columns_carry_their_values_and_many_are_read_on_a_grid() -> None:
    """Up to eight bars say their value themselves; twelve months are read against the lines at the left."""
    few = [text.text for text in drawn(charts.columns([("一", 1234), ("二", -5)], "x")).iter(f"{NS}text")]
    assert "1,234" in few and "−5" in few
    many = drawn(charts.columns([(month, 70) for month in MONTHS], "x", limit=60, limit_name="上限"))
    texts = [text.text for text in many.iter(f"{NS}text")]
    assert "70" not in texts and "80" in texts and "上限" in texts


def test_a_gap_stays_a_gap_at_the_end() -> None:
    """A month that is not over has no value yet: the line ends at the last known one."""
    line = charts.Line("赔款", [10, 20, None])
    texts = [text.text for text in drawn(charts.lines(["1月", "2月", "3月"], [line], "赔款")).iter(f"{NS}text")]
    assert "赔款 20" in texts


def test_names_at_the_ends_of_lines_do_not_touch() -> None:
    """Two lines that end at nearly the same height have their names one under the other."""
    lines = [charts.Line("保费", [0, 100]), charts.Line("赔款", [0, 99])]
    picture = drawn(charts.lines(["一", "二"], lines, "x"))
    heights = [int(one.get("y", "")) for one in picture.iter(f"{NS}text") if "c-word" in one.get("class", "")]
    assert len(heights) == 2 and abs(heights[0] - heights[1]) >= 16


def test_steps_hold_a_value_until_the_next() -> None:
    """A reserve changes at a moment, so its line is level or upright, never slanting."""
    picture = drawn(charts.lines(["一", "二", "三"], [charts.Line("未决", [5, 9, 2])], "未决", is_stepped=True))
    group = picture.find(f"{NS}g")
    assert group is not None
    for part in group.iter(f"{NS}line"):
        assert part.get("x1") == part.get("x2") or part.get("y1") == part.get("y2")


def test_a_fixed_picture_measures_in_its_own_units() -> None:
    """For paper a picture has a width of its own, with the words beside the grid inside it."""
    picture = drawn(charts.lines(["一", "二"], [charts.Line("甲", [0, 100])], "x", width=500))
    left, _, width, _ = map(int, picture.get("viewBox", "").split())
    assert left < 0 and width == 500 - left
    assert "%" not in "".join(value for part in picture.iter() for key, value in part.items() if key != "aria-label")


@pytest.mark.parametrize("values", [[], [0], [0, 0], [-3, -1], [10**15, 1]])
def test_odd_series_draw_without_fault(values: list[int]) -> None:
    """No rows, one row, nothing but zeros, only losses, or trillions: the picture is empty or plain, never wrong."""
    rows = [(str(place), value) for place, value in enumerate(values)]
    for markup in (
        charts.columns(rows, "x"),
        charts.lines([name for name, _ in rows], [charts.Line("甲", values)], "x"),
        charts.sparkline(values, "x"),
    ):
        assert not markup or drawn(markup) is not None
    assert charts.bars(rows).startswith('<div class="bars">')


def test_a_histogram_needs_one_edge_more_than_counts() -> None:
    """Ten bars stand between eleven borders."""
    with pytest.raises(ValueError, match="one edge more"):
        charts.histogram(["0", "1"], [1, 2], "小时")


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12))
@settings(max_examples=200, deadline=None)
def test_the_grid_reaches_from_below_to_above(low: int, reach: int) -> None:
    """Grid lines are evenly spaced, begin at or below the least value and end at or above the greatest."""
    marks = charts.ticks(low, low + reach)
    steps = {after - before for before, after in pairwise(marks)}
    assert marks[0] <= low and marks[-1] >= low + reach
    assert len(steps) == 1 and 2 <= len(marks) <= 7
