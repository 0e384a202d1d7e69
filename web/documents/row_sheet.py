"""Long sheets written a row at a time. Import it late, as XlsxWriter itself.

In its constant-memory mode XlsxWriter checks, keeps and writes each cell by itself, which is most of the time that a
long list takes. A `RowSheet` puts whole rows into the same file in the same words: what comes out is byte for byte the
same, and a test holds it to that. Everything else of a sheet is XlsxWriter's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from xlsxwriter.utility import _preserve_whitespace, xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from core.errors import Invalid
from ledger.money import check_amount, plain_fen
from web.documents.sheets import DAY_NOUGHT, no_markup

#: What of a text must be written otherwise than it stands, or may have to be.
_ODD = re.compile(r'["&<>\x00-\x1f\ufffe\uffff]|_x|^\s|\s$')
#: A text of so many characters is within what a cell holds, whatever they are.
_SURE = 16_000
#: Half-words of UTF-16 that a cell holds.
_MOST = 32_767

#: Writes what of a cell comes after its address; empty where there is no cell.
Writes = Callable[[Any], str]


class _TooLong(ValueError):
    """A text that no cell holds."""


class RowSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that also takes whole rows; for workbooks in constant-memory mode."""

    def put_rows(self, first: int, rows: Iterable[Sequence[str]]) -> int:
        """Write rows from the row `first` (counted from 0) on, each as what its cells' writers gave; return the next.

        The rows above are written, and their columns are all that there are. Refuses Invalid `sheet_refuses` (row)
        beyond what a sheet or a cell holds.
        """
        self._write_single_row(first)
        names: list[str] = [xl_col_to_name(place) for place in range(self.dim_colmax + 1)]
        row, put = first, self.fh.write
        try:
            for tails in rows:
                if row >= self.xls_rowmax:
                    raise Invalid("sheet_refuses", row=row + 1)
                cells = [f'<c r="{name}{row + 1}"{tail}' for name, tail in zip(names, tails, strict=True) if tail]
                if cells:
                    put(f'<row r="{row + 1}">{"".join(cells)}</row>')
                row += 1
        except _TooLong:
            raise Invalid("sheet_refuses", row=row + 1) from None
        if row > first:
            self._check_dimensions(row - 1, 0)
            self.previous_row = row - 1
        return row

    def texts(self, style: Any) -> Writes:
        """Return what writes a text, never a formula."""
        begun = _begun(style)

        def write(text: str) -> str:
            if len(text) > _SURE or _ODD.search(text):
                return f'{begun()} t="inlineStr"><is>{self._odd(no_markup(text))}</is></c>'
            return f'{begun()} t="inlineStr"><is><t>{text}</t></is></c>'

        return write

    def _odd(self, text: str) -> str:
        """Return the element of a text that holds signs of XML, of control, or blanks at an end."""
        if len(text.encode("utf-16-le", "surrogatepass")) > 2 * _MOST:
            raise _TooLong
        told = self._escape_control_characters(text)
        kept = ' xml:space="preserve"' if _preserve_whitespace(told) else ""
        return f"<t{kept}>{self._escape_data(told)}</t>"

    def wholes(self, style: Any) -> Writes:
        """Return what writes a whole number."""
        begun = _begun(style)
        return lambda number: f"{begun()}><v>{number:.16G}</v></c>"

    def days(self, style: Any) -> Writes:
        """Return what writes a day."""
        begun = _begun(style)

        @lru_cache(maxsize=1000)
        def write(day: date) -> str:
            return f"{begun()}><v>{(day - DAY_NOUGHT).days}</v></c>"

        return write

    def amounts(self, style: Any) -> Writes:
        """Return what writes fen as yuan, digit for digit; refuses as `check_amount`."""
        begun = _begun(style)
        return lambda fen: f"{begun()}><v>{plain_fen(check_amount(fen))}</v></c>"


def _begun(style: Any) -> Callable[[], str]:
    """Return what gives the attribute of a style; styles are numbered as they are used for the first time."""

    @lru_cache(maxsize=1)
    def begun() -> str:
        return f' s="{style._get_xf_index()}"'

    return begun
