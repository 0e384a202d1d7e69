"""Fonts of papers: one must be there, and every character must be in one, or nothing is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents_makers import make_statement
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from ledger.money import format_fen
from web.documents import pdf
from web.documents.annex import LINES_A_PAGE, annex_pages, wrap
from web.documents.fonts import check_glyphs, css_families, installed


def test_without_a_chinese_font_the_package_is_named(tmp_path: Path) -> None:
    """Where no Chinese font is installed, no paper of empty boxes is made; the refusal names what to install."""
    with pytest.raises(Conflict, match="print_font_missing") as refused:
        installed([tmp_path])
    assert refused.value.facts == {"package": "fonts-noto-cjk"}


def test_a_file_that_only_has_the_name_of_a_font_is_not_one(tmp_path: Path) -> None:
    """A font is known by the family inside its file, looked for in every folder below."""
    inner = tmp_path / "deep" / "er"
    inner.mkdir(parents=True)
    (inner / installed()[0].path.name).symlink_to(installed()[0].path)
    assert installed([tmp_path])[0].family == installed()[0].family


@pytest.mark.parametrize(
    ("character", "code_point"),
    [("\ue000", "U+E000"), ("\u202e", "U+202E"), ("\U0001f600", "U+1F600"), ("\x07", "U+0007"), ("\u1234", "U+1234")],
)
def test_a_character_that_cannot_be_printed_is_named(character: str, code_point: str) -> None:
    """A renderer leaves out a missing character without a word; here it stops the paper and is named."""
    with pytest.raises(Invalid, match="glyph_missing") as refused:
        pdf.statement_pdf(make_statement(description=f"张{character}明"))
    assert refused.value.facts["code_points"] == code_point


def test_every_missing_character_is_named_at_once() -> None:
    """A clerk corrects a name once, not once for each character."""
    with pytest.raises(Invalid) as refused:
        check_glyphs(["甲\ue000", "乙\u1234\ue000"], installed())
    assert refused.value.facts["code_points"] == "U+1234 U+E000"
    assert refused.value.facts["characters"] == "\u1234"


def test_rare_characters_of_names_are_printed_where_the_font_has_them() -> None:
    """龘 and 〇 occur in names; the font of choice has them, and the check knows."""
    check_glyphs(["龘〇示例"], installed())
    assert css_families(installed()).startswith(f'"{installed()[0].family}"')


def advance(character: str) -> int:
    return 500 if character.isascii() else 554 if character in "é−" else 1000


words = st.text(alphabet="ab 中文é−（）12\n", max_size=60)


@settings(max_examples=200, deadline=None)
@given(words, st.integers(4, 40))
def test_a_long_text_goes_on_in_the_next_line_and_loses_nothing(text: str, halves: int) -> None:
    """No piece is wider than its column, and put together the pieces are the text."""
    pieces = wrap(text, halves, advance)
    assert all(sum(map(advance, piece)) <= halves * 500 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), words), min_size=1, max_size=80), st.integers(8, LINES_A_PAGE))
def test_the_annex_shows_every_movement_once_and_its_running_sum(
    items: list[tuple[int, str]], lines_a_page: int
) -> None:
    """Each page has its sum and the sum so far; a movement is never torn; amounts stand beside their first line."""
    from documents_makers import make_movement

    movements = [make_movement(n, fen, text) for n, (fen, text) in enumerate(items)]
    pages = list(annex_pages(movements, advance, lines_a_page))
    assert sum(page.page_fen for page in pages) == pages[-1].so_far_fen == sum(fen for fen, _ in items)
    shown: list[str] = []
    for page in pages:
        lines = page.lines.split("\n")
        firsts = [line for line in lines if line.startswith("2026-")]
        assert len(lines) <= lines_a_page
        shown += [line.rpartition(" ")[2].rpartition("\t")[2] for line in firsts]
    assert shown == [format_fen(fen) for fen, _ in items]
