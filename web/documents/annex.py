"""Pure: a long annex as pages of ready lines, because what costs in layout is the number of cells, not the text.

A column is so many half-widths wide. What is longer goes on in the next line, so nothing is cut off. The font's own
advances are counted, in thousandths of its size, because not every character of a column font is a half or a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.money import format_fen
from web.documents.rows import Movement

#: Up to this many movements the annex is a real table, which a screen reader can walk.
TABLE_MAX = 200
#: Body lines of one page; the style sheet's line height is made for it.
LINES_A_PAGE = 63
#: Column widths in half-widths: date, entry, reason, subject, description, amount.
_DATE, _ENTRY, _REASON, _SUBJECT, _TEXT, _AMOUNT = 10, 10, 16, 22, 48, 19
_APART = 2
_HALF = 500
_AMOUNTS_AT = _DATE + _ENTRY + _REASON + _SUBJECT + _TEXT + 5 * _APART

Advance = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class AnnexPage:
    """One page of the annex: its lines as one block, the sum of the page and up to here."""

    lines: str
    page_fen: int
    so_far_fen: int


def annex_head(advance: Advance) -> str:
    """Return the line of column heads that every page repeats."""
    return _amount(_line(("日期", "分录", "事由", "保单/案件", "说明"), advance), "金额（元）", advance)


def annex_pages(
    movements: Sequence[Movement], advance: Advance, lines_a_page: int = LINES_A_PAGE
) -> Iterator[AnnexPage]:
    """Yield the annex page by page; a movement is never torn between two pages."""
    lines: list[str] = []
    page_fen = so_far_fen = 0
    for movement in movements:
        entry = list(_lines_of(movement, advance))
        if lines and len(lines) + len(entry) > lines_a_page:
            yield AnnexPage("\n".join(lines), page_fen, so_far_fen)
            lines, page_fen = [], 0
        entry[0] = _amount(entry[0], format_fen(movement.amount_fen), advance)
        lines += entry
        page_fen += movement.amount_fen
        so_far_fen += movement.amount_fen
    if lines:
        yield AnnexPage("\n".join(lines), page_fen, so_far_fen)


def wrap(text: str, halves: int, advance: Advance) -> list[str]:
    """Return the text in pieces of at most so many half-widths, line ends in it taken as blanks.

    >>> wrap("更换 3 号梯曳引轮", 10, lambda c: 500 if c.isascii() else 1000)
    ['更换 3 号', '梯曳引轮']
    """
    pieces, piece, used = [], "", 0
    for character in " ".join(text.split()):
        wide = advance(character)
        if used + wide > halves * _HALF:
            pieces.append(piece.rstrip())
            piece, used = "", 0
            if character == " ":
                continue
        piece, used = piece + character, used + wide
    pieces.append(piece.rstrip())
    return pieces


def _lines_of(movement: Movement, advance: Advance) -> Iterator[str]:
    columns = (
        [movement.on.isoformat()],
        [str(movement.entry_number)],
        wrap(movement.reason_zh, _REASON, advance),
        wrap(movement.subject, _SUBJECT, advance),
        wrap(movement.description, _TEXT, advance),
    )
    for number in range(max(map(len, columns))):
        yield _line([column[number] if number < len(column) else "" for column in columns], advance)


def _amount(line: str, text: str, advance: Advance) -> str:
    """Return a line with an amount behind it that ends where its column does.

    Where its characters are not all halves and wholes the style sheet's tab leads to that column; it costs the engine a
    second look at the line.
    """
    blanks, odd = divmod(_AMOUNTS_AT * _HALF - sum(map(advance, line)), _HALF)
    before = "\t" if odd else " " * blanks
    return line + before + " " * ((_AMOUNT * _HALF - sum(map(advance, text)) + _HALF // 2) // _HALF) + text


def _line(cells: Sequence[str], advance: Advance) -> str:
    """Return the cells in their columns; each column starts on the half-width nearest to its place."""
    line, used, start = "", 0, 0
    for cell, halves in zip(cells, (_DATE, _ENTRY, _REASON, _SUBJECT, _TEXT), strict=True):
        blanks = max(0, (start * _HALF - used + _HALF // 2) // _HALF)
        line += " " * blanks + cell
        used += blanks * _HALF + sum(map(advance, cell))
        start += halves + _APART
    return line.rstrip()
