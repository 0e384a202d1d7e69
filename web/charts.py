"""Pictures of figures, drawn on the server as SVG: whole numbers in, markup out, the same on page and paper.

A picture is as wide as its place: lengths across are percentages, heights are pixels, so words keep their size on a
phone. `width` in pixels makes a fixed picture instead, for papers. Colour comes from classes of the style sheet; the
attributes are black and grey and hold where no style sheet does (print, PDF). No script, no inline style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import Any

from markupsafe import Markup, escape

from web.documents.wording import share_text

#: Fills for ranks one to six, as they print; the classes rank-1 to rank-6 colour them on a page.
GREYS = ("#000", "#555", "#888", "#aaa", "#ccc", "#e4e4e4")

Words = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name (written at its end) and one value per place; None leaves a gap."""

    name: str
    values: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where values fall: `low` to `high` upward over `height` pixels, and across in ten-thousandths of the width."""

    low: int
    high: int
    height: int
    width: int | None
    top: int = 22

    def x(self, parts: int) -> str:
        """Return a place across, given in ten-thousandths of the width."""
        if self.width is None:
            return f"{parts // 100}.{parts % 100:02d}%"
        tenths = parts * self.width // 1000
        return f"{tenths // 10}.{tenths % 10}"

    def y(self, value: int) -> int:
        """Return a place downward in pixels."""
        return self.top + (self.high - value) * self.height // (self.high - self.low)

    @property
    def base(self) -> int:
        """Where zero lies, or the nearest edge."""
        return self.y(min(max(0, self.low), self.high))


def plain(value: int) -> str:
    """Return a whole number with separators and a true minus: how values read unless told otherwise.

    >>> plain(-1200)
    '−1,200'
    """
    return f"{'−' if value < 0 else ''}{abs(value):,}"


def ticks(low: int, high: int, count: int = 4) -> list[int]:
    """Return round values from at most `low` to at least `high`, about `count` steps of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 37), ticks(-5, 12)
    ([0, 10, 20, 30, 40], [-5, 0, 5, 10, 15])
    """
    reach = max(high - low, 1)
    step = 1
    while step * count < reach:
        lead = str(step)[0]
        step = step * 5 // 2 if lead == "2" else step * 2
    first = low // step * step
    last = -(-high // step) * step
    return list(range(first, max(last, first + step) + 1, step))


def _gutter(marks: Sequence[int], words: Words) -> int:
    """The room that the words beside the grid take, in pixels: a multiple of twelve, at most 96."""
    longest = max(sum(12 if ord(sign) > 0x2E80 else 7 for sign in words(mark)) for mark in marks)
    return min((longest + 8 + 11) // 12 * 12, 96)


def _svg(
    width: int | None, height: int, label: str, parts: Iterable[Markup], name: str = "", gutter: int = 0
) -> Markup:
    """A drawing; `gutter` is room at its left: around a fluid drawing, inside a fixed one."""
    size = Markup('width="100%"')
    if width is not None:
        size = Markup('width="{}" viewBox="{} 0 {} {}"').format(width + gutter, -gutter, width + gutter, height)
    drawing = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" {} height="{}" role="img" aria-label="{}" '
        'focusable="false">{}</svg>'
    ).format(name or "plot__drawing", size, height, label, Markup("").join(parts))
    if width is None and not name:
        return Markup('<div class="plot gutter-{}">{}</div>').format(gutter // 12, drawing)
    return drawing


def _text(x: str, y: int, words: str, anchor: str = "start", name: str = "", dx: int = 0) -> Markup:
    return Markup('<text x="{}" y="{}" dx="{}" text-anchor="{}" class="{}" font-size="12">{}</text>').format(
        x, y, dx, anchor, name, words
    )


def _rule(plane: _Plane, y: int, name: str, stroke: str, dashes: str = "none") -> Markup:
    return Markup(
        '<line x1="0" x2="{}" y1="{}" y2="{}" class="{}" stroke="{}" stroke-dasharray="{}" '
        'shape-rendering="crispEdges"/>'
    ).format(plane.x(10_000), y, y, name, stroke, dashes)


def _grid(plane: _Plane, values: Sequence[int], words: Words) -> list[Markup]:
    drawn = []
    for value in values:
        y = plane.y(value)
        drawn.append(_rule(plane, y, "c-base" if value == 0 else "c-grid", "#000" if value == 0 else "#ccc"))
        drawn.append(_text("0", y + 4, words(value), "end", "c-tick", dx=-8))
    return drawn


def _feet(plane: _Plane, names: Sequence[str], middles: Sequence[int], most: int = 12) -> list[Markup]:
    """Names under their places: as many as have room, always the first and the last."""
    every = max(1, -(-len(names) // most))
    drawn = []
    for place, (name, middle) in enumerate(zip(names, middles, strict=True)):
        last = place == len(names) - 1
        if not last and (place % every or (every > 1 and len(names) - 1 - place < every)):
            continue
        side = "start" if middle < 300 else "end" if middle > 9_700 else "middle"
        drawn.append(_text(plane.x(middle), plane.top + plane.height + 18, name, side))
    return drawn


def _plane(values: Iterable[int | None], height: int, width: int | None) -> tuple[_Plane, list[int]]:
    known = [value for value in values if value is not None] or [0]
    marks = ticks(min(0, *known), max(0, *known))
    return _Plane(marks[0], marks[-1], height, width), marks


def _limit(plane: _Plane, limit: int | None, limit_name: str) -> list[Markup]:
    if limit is None or not plane.low <= limit <= plane.high:
        return []
    y = plane.y(limit)
    return [
        _rule(plane, y, "c-limit", "#000", "5 4"),
        _text(plane.x(10_000), y - 5, limit_name, "end", "c-limit-word"),
    ]


def share_bar(
    members: Sequence[Mapping[str, object] | object], whole: int, label: str, *, width: int | None = None
) -> Markup:
    """Return one bar of the members' shares in rank order, each as wide as its weight of `whole`.

    A member is anything with `name` and `weight`. A part of eight percent or more carries its percentage; the names
    and exact figures belong in the list under the bar (macro `shares_bar`). Parts that do not fill the whole leave
    the rest empty.
    """
    plane = _Plane(0, 1, 0, width)
    parts, spoken, start = [], [], 0
    for place, member in enumerate(members):
        weight = index(_value(member, "weight"))
        left, right = start * 10_000 // whole, (start + weight) * 10_000 // whole
        rank = min(place, len(GREYS) - 1)
        parts.append(
            Markup(
                '<rect x="{}" y="0" width="{}" height="32" class="rank-{}" fill="{}" stroke="#fff" stroke-width="0"/>'
            ).format(plane.x(left), plane.x(max(0, right - left)), rank + 1, GREYS[rank])
        )
        percent = share_text(weight, whole)
        spoken.append(f"{_value(member, 'name')} {percent}")
        if weight * 100 >= whole * 8:
            ink = "on-dark" if rank < 2 else "on-light"
            parts.append(
                Markup('<text x="{}" y="21" dx="8" font-size="13" class="{}{}" fill="{}">{}</text>').format(
                    plane.x(left),
                    ink,
                    "" if weight * 100 >= whole * 18 else " wide-only",
                    "#fff" if rank < 2 else "#000",
                    percent,
                )
            )
        start += weight
    return _svg(width, 32, f"{label}: {', '.join(spoken)}", parts, "shares__bar")


def _value(row: Mapping[str, object] | object, key: str) -> Any:
    return row[key] if isinstance(row, Mapping) else getattr(row, key)


def bars(rows: Sequence[tuple[str, int]], *, words: Words = plain, high: int | None = None) -> Markup:
    """Return level bars, one row each: the name and the value in words above, the bar beneath from zero.

    Names may be of any length: they are text of the page and wrap.
    """
    top = max([high or 0, *(abs(value) for _, value in rows)]) or 1
    drawn = []
    for name, value in rows:
        length = abs(value) * 10_000 // top
        drawn.append(
            Markup(
                '<div><div class="bars__words"><span>{}</span><span class="bars__value">{}</span></div>'
                '<svg width="100%" height="8" aria-hidden="true" focusable="false">'
                '<rect width="{}.{:02d}%" height="8" class="{}" fill="#000"/></svg></div>'
            ).format(name, words(value), length // 100, length % 100, "c-fill-2" if value < 0 else "c-fill-1")
        )
    return Markup('<div class="bars">{}</div>').format(Markup("").join(drawn))


def columns(
    rows: Sequence[tuple[str, int]],
    label: str,
    *,
    words: Words = plain,
    height: int = 180,
    limit: int | None = None,
    limit_name: str = "",
    width: int | None = None,
) -> Markup:
    """Return upright bars over a row of places (months, quarters), from zero, with an optional dashed limit.

    With at most eight of them each carries its value; more are read against the grid.
    """
    if not rows:
        return Markup("")
    plane, marks = _plane([value for _, value in rows] + [limit], height, width)
    slot = 10_000 // len(rows)
    few = len(rows) <= 8
    gutter = 0 if few else _gutter(marks, words)
    parts = [_rule(plane, plane.base, "c-base", "#000")] if few else _grid(plane, marks, words)
    for place, (_, value) in enumerate(rows):
        y = plane.y(value)
        top, bottom = min(y, plane.base), max(y, plane.base)
        parts.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}" fill="#000"/>').format(
                plane.x(place * slot + slot // 6),
                top,
                plane.x(slot * 2 // 3),
                bottom - top,
                "c-fill-2" if value < 0 else "c-fill-1",
            )
        )
        if few:
            level = top - 5 if value >= 0 else bottom + 13
            parts.append(_text(plane.x(place * slot + slot // 2), level, words(value), "middle", "c-value"))
    parts += _limit(plane, limit, limit_name)
    parts += _feet(plane, [name for name, _ in rows], [place * slot + slot // 2 for place in range(len(rows))])
    return _svg(width, plane.top + height + 26, label, parts, gutter=gutter)


def histogram(
    edges: Sequence[str],
    counts: Sequence[int],
    label: str,
    *,
    words: Words = plain,
    height: int = 180,
    width: int | None = None,
) -> Markup:
    """Return a histogram: `counts` touch one another, `edges` (one more than counts) stand at their borders."""
    if not counts or len(edges) != len(counts) + 1:
        raise ValueError("a histogram has one edge more than counts, and at least one count")
    plane, marks = _plane(counts, height, width)
    slot = 10_000 // len(counts)
    parts = _grid(plane, marks, words)
    for place, count in enumerate(counts):
        y = plane.y(count)
        parts.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" class="c-fill-1" fill="#000"/>').format(
                plane.x(place * slot + 12), y, plane.x(slot - 24), plane.base - y
            )
        )
    parts += _feet(plane, list(edges), [min(place * slot, 10_000) for place in range(len(edges))])
    return _svg(width, plane.top + height + 26, label, parts, gutter=_gutter(marks, words))


def lines(
    places: Sequence[str],
    series: Sequence[Line],
    label: str,
    *,
    words: Words = plain,
    height: int = 200,
    limit: int | None = None,
    limit_name: str = "",
    width: int | None = None,
    is_stepped: bool = False,
) -> Markup:
    """Return up to three lines over the same places, each named at its end; zero is always in the picture.

    With `is_stepped` a line holds each value until the next place: for what changes at a moment (a reserve, a share).
    """
    if not places or not series:
        return Markup("")
    every = [value for line in series for value in line.values]
    plane, marks = _plane([*every, limit], height, width)
    count = max(len(places) - 1, 1)
    across = [place * 10_000 // count for place in range(len(places))]
    parts = _grid(plane, marks, words)
    for number, line in enumerate(series[:3], start=1):
        parts.append(_path(plane, across, line.values, number, is_stepped))
    parts += _limit(plane, limit, limit_name)
    parts += _names(plane, series[:3], words)
    parts += _feet(plane, places, across, most=8)
    return _svg(width, plane.top + height + 26, label, parts, gutter=_gutter(marks, words))


_DASHES = {1: "none", 2: "6 4", 3: "2 3"}


def _path(plane: _Plane, across: Sequence[int], values: Sequence[int | None], number: int, is_stepped: bool) -> Markup:
    """One line as segments between places, so that it may be as wide as its place and its stroke stays even."""
    known = [(x, value) for x, value in zip(across, values, strict=False) if value is not None]
    pieces = []
    for (x1, v1), (x2, v2) in pairwise(known):
        corners = [(x1, v1), (x2, v1), (x2, v2)] if is_stepped else [(x1, v1), (x2, v2)]
        for (left, low), (right, high) in pairwise(corners):
            pieces.append(
                Markup('<line x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                    plane.x(left), plane.y(low), plane.x(right), plane.y(high)
                )
            )
    if known:
        x, value = known[-1]
        pieces.append(
            Markup('<circle cx="{}" cy="{}" r="2.500" fill="currentColor"/>').format(plane.x(x), plane.y(value))
        )
    return Markup(
        '<g class="c-line-{}" stroke="#000" stroke-width="2" stroke-linecap="round" stroke-dasharray="{}">{}</g>'
    ).format(number, _DASHES[number], Markup("").join(pieces))


def _names(plane: _Plane, series: Sequence[Line], words: Words) -> list[Markup]:
    """The name and last value of each line above its end, pushed apart where they would touch."""
    ends = []
    for number, line in enumerate(series, start=1):
        known = [value for value in line.values if value is not None]
        if known:
            ends.append((plane.y(known[-1]) - 8, number, f"{line.name} {words(known[-1])}".strip()))
    drawn, last = [], -100
    for y, number, text in sorted(ends):
        place = max(y, last + 16)
        drawn.append(_text(plane.x(10_000), place, text, "end", f"c-word-{number}"))
        last = place
    return drawn


def sparkline(values: Sequence[int], label: str) -> Markup:
    """Return a line of a word's size for a table cell or a tile; its lowest and highest fill the height."""
    if len(values) < 2:
        return Markup("")
    low, reach = min(values), max(max(values) - min(values), 1)
    points = " ".join(
        f"{2 + place * 92 // (len(values) - 1)},{21 - (value - low) * 18 // reach}"
        for place, value in enumerate(values)
    )
    x, y = points.split(" ")[-1].split(",")
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="spark" viewBox="0 0 96 24" role="img" aria-label="{}" '
        'focusable="false">'
        '<polyline points="{}" class="c-line-1" fill="none" stroke="#000" stroke-width="1.500"/>'
        '<circle cx="{}" cy="{}" r="2" class="c-fill-1" fill="#000"/></svg>'
    ).format(escape(label), points, x, y)
