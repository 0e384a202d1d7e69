"""One visual language: colours that can be read, templates that a strict policy allows, every piece shown once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest
from flask import Flask, render_template
from flask_babel import Babel

from web import formats
from web.styleguide import LONG, samples

ROOT = Path(__file__).parents[2]
STYLES = ROOT / "web" / "static" / "css"
TEMPLATES = [
    path for path in sorted((ROOT / "templates").rglob("*.html")) if "print" not in path.relative_to(ROOT).parts
]
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

#: What is written on what: (ink, ground, least contrast). 4.5 for words, 3 for edges and marks (WCAG 2.2, AA).
PAIRS = [
    *[(ink, ground, 4.5) for ink in ("ink", "ink-soft", "accent") for ground in ("paper", "sheet", "wash")],
    *[(ink, ground, 4.5) for ink in ("good", "wait", "stop") for ground in ("paper", "sheet")],
    *[("ink", ground, 4.5) for ground in ("wash-deep", "accent-wash", "good-wash", "wait-wash", "stop-wash")],
    ("stop", "stop-wash", 4.5),
    ("wait", "wait-wash", 4.5),
    ("good", "good-wash", 4.5),
    ("accent", "accent-wash", 4.5),
    ("accent-deep", "paper", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-deep", 4.5),
    *[("on-rank-dark", f"rank-{rank}", 4.5) for rank in (1, 2)],
    *[("on-rank-light", f"rank-{rank}", 4.5) for rank in (3, 4, 5, 6)],
    ("line-firm", "sheet", 3),
    ("line-firm", "paper", 3),
    ("focus", "paper", 3),
    ("focus", "sheet", 3),
    ("focus", "wash", 3),
]


def colours(scheme: str) -> dict[str, str]:
    """Return the colour properties of the light scheme, or the light ones with the dark ones over them."""
    light, _, dark = (STYLES / "tokens.css").read_text().partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else found


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_every_pair_of_colours_can_be_read(scheme: str, ink: str, ground: str, least: float) -> None:
    """Words stand at 4.5:1 or better on what they are written on, edges and the focus at 3:1, in both schemes."""
    known = colours(scheme)
    first, second = sorted((luminance(known[ink]), luminance(known[ground])), reverse=True)
    assert (first + 0.05) / (second + 0.05) >= least


@pytest.mark.parametrize("sheet", ["base.css", *(f"components/{one.name}" for one in STYLES.glob("components/*.css"))])
def test_colours_are_named_in_one_file(sheet: str) -> None:
    """A style sheet uses the named colours; only the white ground of a QR code, which scanners need, is its own."""
    own = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", (STYLES / sheet).read_text())
    assert own in ([], ["#fff"])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_page_holds_no_script_and_no_style(path: Path) -> None:
    """The policy allows neither: scripts are files of ours, styles are classes, no picture has a data address."""
    text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    assert not re.findall(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:|src=[\"']data:|\|\s*safe\b", text)
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert 'type="module"' in tag and "src=" in tag
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", text)


def test_every_piece_is_described_and_shown() -> None:
    """Each macro stands in the list at the head of components.html, and the page of all pieces uses it."""
    head, _, names = (ROOT / "templates" / "components.html").read_text().partition("#}")
    body = "".join(path.read_text() for path in (ROOT / "templates" / "components").glob("*.html"))
    parts = {"field_optional", "field_wrong", "token"}
    macros = set(re.findall(r"{% macro ([a-z_]+)\(", body)) - parts
    assert not [name for name in macros if f"{name}(" not in head or f"{{% set {name} = " not in names]
    shown = (ROOT / "templates" / "styleguide.html").read_text()
    assert not [name for name in macros if f"{name}(" not in shown]


@pytest.fixture
def app() -> Flask:
    """Return an application that shows our templates and refuses any value that is missing."""
    made = Flask("look", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "web" / "static"))
    made.secret_key = "for this test only"
    made.jinja_env.undefined = jinja2.StrictUndefined
    Babel(made, default_locale="zh_Hans_CN", locale_selector=formats.choose_locale)
    formats.install(made)
    return made


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_all_pieces_can_be_made(app: Flask, lang: str) -> None:
    """Every piece holds a name of forty characters, in both languages, and escapes what it is given."""
    with app.test_request_context(f"/styleguide?lang={lang}"):
        page = render_template("styleguide.html", server_now=NOW, **samples(NOW))
    assert len(LONG) >= 40 and page.count(LONG) > 5
    assert f'<html lang="{"en" if lang == "en" else "zh-Hans-CN"}">' in page
    assert ("Skip to the content" in page) == (lang == "en")
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for label in re.findall(r'(?:for|aria-labelledby)="([^"]+)"', page):
        assert label in ids


def test_an_english_page_has_no_chinese_words_of_its_own(app: Flask) -> None:
    """Where English is asked for, only names of firms and the product stay Chinese."""
    with app.test_request_context("/calculators?lang=en"):
        page = render_template("calculators/index.html", server_now=NOW)
    words = re.sub(r"<[^>]+>", "", page).replace("共保", "").replace("中文", "")
    assert not re.findall(r"[\u4e00-\u9fff]+", words)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 429, 500, 503])
def test_a_problem_says_what_can_be_done_now(app: Flask, status: int) -> None:
    """A page for a refusal needs nothing but its status, so it also holds when all else fails."""
    with app.test_request_context("/x"):
        page = render_template("errors/problem.html", status=status)
    assert page.count("<h1>") == 1 and "回到首页" in page


def test_a_problem_names_every_wrong_place(app: Flask) -> None:
    """A refused batch lists its findings, says how many there are in all, and offers the way on."""
    with app.test_request_context("/x"):
        page = render_template(
            "errors/problem.html",
            status=422,
            message="有 <3> 行不能导入",
            code="rows_refused",
            kind="import",
            stage="refused",
            findings=[("row 7", "金额应有两位小数")] * 300,
            found=1203,
            actions=[("重新上传", "/faults/import")],
            reference="0198f0c2",
        )
    assert "有 &lt;3&gt; 行不能导入" in page and "共 1,203 处" in page and page.count("金额应有两位小数") == 200
    assert 'href="/faults/import"' in page and "rows_refused" in page and "0198f0c2" in page


def test_a_list_without_rows_says_what_to_do(app: Flask) -> None:
    """An empty list is a sentence, not an empty grid."""
    with app.test_request_context("/x"):
        page = app.jinja_env.from_string(
            '{% from "components.html" import table %}'
            '{{ table([column("a", "甲")], [], "表", empty="还没有赔案。报修后会出现在这里。") }}'
        ).render()
    assert "还没有赔案。报修后会出现在这里。" in page and "<table" not in page
