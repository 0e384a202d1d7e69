"""The annex's ready lines stand as the engine would set them: the same glyphs in the same places, line by line."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from documents_makers import make_statement, pdf_text
from pyhanko.pdf_utils.reader import PdfFileReader
from weasyprint.text.fonts import FontConfiguration

from web.documents import engine, engine_lines, papers
from web.documents.fonts import installed
from web.documents.papers import Paper
from web.documents.rows import StatementRows

#: Descriptions with what the engine is left to set: other scripts, signs that join, half forms, what has a width of its
#: own; and with what is set by glyphs alone.
DESCRIPTIONS = (
    "更换 3 号梯曳引轮，示例花园 5 栋（二期）；“加急”——当日",
    "fi ffi -- => != 1/2 (x) [y] {z} <&> 'q' \"r\" ~ ^ _ ` | \\",
    "Ärger über ½ · € ± × ÷ № ① ㎡ … – — Ω Я",
    "ｱｲｳ ＡＢＣ　１２３，。！？￥",
    "かな カナ 한글 𠮷 㐂 々 〇 〈〉《》「」『』【】",
    "示例" * 30,
)


def _statement(count: int) -> StatementRows:
    rows = make_statement([(-1) ** n * (n * n * 37 + n) for n in range(count)])
    moved = [replace(one, description=DESCRIPTIONS[n % len(DESCRIPTIONS)]) for n, one in enumerate(rows.movements)]
    return replace(rows, movements=tuple(moved))


def _contents(body: bytes) -> list[bytes]:
    """Return what each page draws, without corrections that come to nothing."""
    found = []
    kids = [PdfFileReader(io.BytesIO(body)).root["/Pages"]]
    while kids:
        one = kids.pop(0)
        if "/Kids" in one:
            kids += [kid.get_object() for kid in one["/Kids"]]
        else:
            found.append(re.sub(rb">-?0(<|])", lambda cut: b"" if cut[1] == b"<" else b">]", one["/Contents"].data))
    return found


def _written(paper: Paper) -> bytes:
    return engine.write_pdf(paper.html, paper.assets, paper.identifier)


def test_ready_lines_stand_as_the_engine_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page draws the same glyphs in the same places, and says the same text, with and without our own setting."""
    paper = papers.statement_paper(_statement(230), installed())
    assert "<pre>" in paper.html
    drawn: list[str] = []
    own = engine_lines._Glyphs.draw

    def draw(glyphs: engine_lines._Glyphs, stream: object, text: str, *told: object) -> bool:
        drawn.append(text)
        return own(glyphs, stream, text, *told)

    monkeypatch.setattr(engine_lines._Glyphs, "draw", draw)
    ours = _written(paper)
    monkeypatch.setattr(engine, "LineFonts", FontConfiguration)
    with monkeypatch.context() as left:
        left.setattr(engine_lines._Glyphs, "draw", None)
        engines_own = _written(paper)
    assert len(drawn) > 150 and not [line for line in drawn if "ｱ" in line or "한" in line or "½" in line]
    assert _contents(ours) == _contents(engines_own)
    for form in ("-layout", "-bbox"):
        assert pdf_text(ours, form) == pdf_text(engines_own, form)


def test_a_font_of_pictures_is_left_to_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a font's glyphs may be pictures, its lines are drawn by the engine, and every amount is there."""
    paper = papers.statement_paper(_statement(205), installed())
    ours = _written(paper)
    monkeypatch.setattr(engine_lines._Glyphs, "draw", lambda *_: False)
    assert _contents(_written(paper)) == _contents(ours)
