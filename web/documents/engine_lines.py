"""Ready lines (`annex.py`) set from what the engine makes of each of their characters, which is asked once.

The engine shapes every line three times and walks its glyphs one by one, and that is what a long annex costs. Where
blanks are kept a line ends where it is told to, and a plain character is always the same glyph of the same width: such
a line needs no shaping. It stands where the engine would put it, in the same glyphs. A line with anything else in it (a
tab, a character of another font, one that joins with its neighbours) is left to the engine.
"""

from __future__ import annotations

import re
from typing import Any

import weasyprint.draw.text
import weasyprint.layout.inline
from weasyprint.text.ffi import FROM_UNITS, ffi, pango
from weasyprint.text.fonts import FontConfiguration, get_pango_font_key
from weasyprint.text.line_break import create_layout, line_size

#: Latin letters, figures, signs, the minus, Chinese characters, their punctuation and full-width forms: what does not
#: join with its neighbours, and is not moved by them.
_PLAIN = re.compile("[ -~\u2212\u3001-\u3011\u3014-\u301b\u4e00-\u9fff\uff01-\uff5e\uffe5]+")
#: Before this release of Pango a font does not tell its size; the engine asks the same.
_SIZED = 14802
#: What a style says of a line that needs more than its glyphs, and what it says where a line does not.
_BARE = {"white_space": "pre", "text_decoration_line": "none", "letter_spacing": "normal", "word_spacing": 0}
#: What lines of one look have in common, of all that a style says.
_LOOK = (
    *_BARE,
    *("font_family", "font_size", "font_style", "font_weight", "font_stretch", "font_kerning", "lang", "direction"),
    *("font_variant_ligatures", "font_variant_numeric", "font_variant_east_asian", "font_feature_settings"),
)

#: What a character may stand among: nothing, Latin, figures, Chinese. A sign may look otherwise in another script.
_AMONG = (("", ""), ("a", "a"), ("1", "1"), ("\u4e2d", "\u4e2d"), ("\u4e2d", "a"), ("a", "\u4e2d"))

_shaped_split = weasyprint.layout.inline.split_first_line
_shaped_draw = weasyprint.draw.text.draw_first_line


class LineFonts(FontConfiguration):  # type: ignore[misc]
    """The fonts of one document, with what is known of its plain characters, by the look of their lines."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, _Glyphs] = {}

    def glyphs(self, style: Any) -> _Glyphs:
        """Return what is known of the characters in a style."""
        look = repr([style[name] for name in _LOOK])
        if look not in self._known:
            self._known[look] = _Glyphs(style)
        return self._known[look]


class _Glyphs:
    """What the engine makes of plain characters in one look: their glyphs, and their widths in Pango's units."""

    def __init__(self, style: Any) -> None:
        self._style = style
        self._is_bare = all(style[name] == bare for name, bare in _BARE.items())
        # A blank is in the first font of the look; every other character is held against it.
        self._layout = create_layout(" ", style, None, None, 0)
        line, _ = self._layout.get_first_line()
        _, self.height = line_size(line, style)
        self.baseline = pango.pango_layout_get_baseline(self._layout.layout) * FROM_UNITS
        self._pango_font = line.runs[0].data.item.analysis.font
        self._key = get_pango_font_key(self._pango_font)[0]
        self._font: Any = None
        self._size = 0.0
        self._numbers: dict[str, int] = {}
        self._widths: dict[str, int] = {}
        self._foreign: set[str] = set()
        self._shown: dict[str, str] = {}

    def width(self, text: str) -> float | None:
        """Return how wide a line is; None where it is not of plain characters in the first font of the look."""
        if not self._is_bare or not _PLAIN.fullmatch(text):
            return None
        try:
            return float(FROM_UNITS * sum(map(self._widths.__getitem__, text)))
        except KeyError:
            for fresh in set(text) - self._widths.keys() - self._foreign:
                self._ask(fresh)
        return None if self._foreign & set(text) else self.width(text)

    def _ask(self, character: str) -> None:
        """Have the engine shape one character, and keep what comes of it where that is the same among any others."""
        found = {self._shaped(before, character, after) for before, after in _AMONG}
        known = found.pop()
        if known is None or found:
            self._foreign.add(character)
        else:
            self._numbers[character], self._widths[character] = known

    def _shaped(self, before: str, character: str, after: str) -> tuple[int, int] | None:
        """Return the glyph and width of a character among others; None where it is not one glyph of the first font."""
        layout = create_layout(before + character + after, self._style, None, None, 0)
        run, place = layout.get_first_line()[0].runs[0], len(before.encode())
        while run != ffi.NULL:
            item, string = run.data.item, run.data.glyphs
            starts = [item.offset + string.log_clusters[number] for number in range(string.num_glyphs)]
            if place in starts and get_pango_font_key(item.analysis.font)[0] == self._key:
                glyph = string.glyphs[starts.index(place)]
                ends = {*starts, item.offset + item.length}
                is_one = starts.count(place) == 1 and place + len(character.encode()) in ends
                is_real = glyph.glyph != pango.PANGO_GLYPH_EMPTY and not glyph.glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG
                is_moved = glyph.geometry.x_offset or glyph.geometry.y_offset
                return (glyph.glyph, glyph.geometry.width) if is_one and is_real and not is_moved else None
            run = run.next
        return None

    def draw(self, stream: Any, text: str, style: Any, matrix: Any) -> bool:
        """Show a line in the stream of its page; say whether that was done, which a font of pictures does not allow."""
        if self._font is None:
            self._font, self._size = stream.add_font(self._pango_font)
            if pango.pango_version() < _SIZED:
                self._size = style["font_size"]
        font = self._font
        if font.bitmap or font.svg or font.png or font.colr:
            return False
        for fresh in [one for one in dict.fromkeys(text) if one not in self._shown]:
            self._show(stream, fresh)
        stream.set_text_matrix(*matrix.values)
        stream.set_font_size(font.hash, self._size)
        stream.show_text(f"<{''.join(map(self._shown.__getitem__, text))}>")
        return True

    def _show(self, stream: Any, character: str) -> None:
        """Enter a character's glyph among those of its font, with its width there, and keep how it is written."""
        font, number = self._font, self._numbers[character]
        if number not in font.widths:
            pango.pango_font_get_glyph_extents(self._pango_font, number, stream.ink_rect, stream.logical_rect)
            font.widths[number] = round(stream.logical_rect.width * 1000 * FROM_UNITS / self._size)
        font.to_unicode.setdefault(number, character)
        # The engine writes a correction behind every glyph, also one that comes to nothing.
        apart = int(font.widths[number] - self._widths[character] * 1000 * FROM_UNITS / self._size)
        self._shown[character] = f"{number:04x}>{apart}<" if apart else f"{number:04x}"


class _ReadyLine:
    """A line in the place of the layout that the engine would keep for it."""

    __slots__ = ("glyphs", "text")

    def __init__(self, text: str, glyphs: _Glyphs) -> None:
        self.text, self.glyphs = text, glyphs

    def reactivate(self, style: Any) -> None:
        """There is nothing to build again."""

    def deactivate(self) -> None:
        """There is nothing to let go."""


def _split(text: str, style: Any, *others: Any, **more: Any) -> Any:
    """Return a text's first line as the engine does: its layout, length and next start in bytes, size and baseline."""
    line, end, rest = text.partition("\n")
    fonts = style.font_config
    if style["white_space"] == "pre" and bool(end) == bool(rest) and isinstance(fonts, LineFonts):
        glyphs = fonts.glyphs(style)
        width = glyphs.width(line)
        if width is not None:
            length = len(line.encode())
            following = length + 1 if end else None
            return _ReadyLine(line, glyphs), length, following, width, glyphs.height, glyphs.baseline
    return _shaped_split(text, style, *others, **more)


def _draw(stream: Any, textbox: Any, text_overflow: str, block_ellipsis: Any, matrix: Any) -> Any:
    """Draw a text as the engine does; a ready line by its glyphs. Return its emojis, of which that has none."""
    layout = textbox.pango_layout
    if isinstance(layout, _ReadyLine):
        if not layout.text.strip() or layout.glyphs.draw(stream, layout.text, textbox.style, matrix):
            return []
        textbox.pango_layout = create_layout(layout.text, textbox.style, None, None, 0)
    return _shaped_draw(stream, textbox, text_overflow, block_ellipsis, matrix)


weasyprint.layout.inline.split_first_line = _split
weasyprint.draw.text.draw_first_line = _draw
