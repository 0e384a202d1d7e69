"""Which installed fonts papers are set in, and whether every character to be printed is in them.

A renderer that misses a font prints boxes, one that misses a glyph prints nothing, and neither says so. Therefore
the fonts are found and their character maps read before anything is laid out.
"""

from __future__ import annotations

import gc
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from core.errors import Conflict, Invalid

#: Family, its sister with half-width Latin (or none), and the files it comes in; the first that is there is preferred.
_KNOWN = (
    ("Noto Sans CJK SC", "Noto Sans Mono CJK SC", ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf")),
    ("Source Han Sans SC", None, ("SourceHanSansSC-Regular.otf", "SourceHanSans-Regular.ttc")),
    ("Noto Sans SC", None, ("NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf")),
    ("WenQuanYi Micro Hei", "WenQuanYi Micro Hei Mono", ("wqy-microhei.ttc",)),
    ("WenQuanYi Zen Hei", "WenQuanYi Zen Hei Mono", ("wqy-zenhei.ttc",)),
    ("Droid Sans Fallback", None, ("DroidSansFallbackFull.ttf", "DroidSansFallback.ttf")),
)
PACKAGE = "fonts-noto-cjk"
_LAID_OUT = frozenset("\t\n\r")


@dataclass(frozen=True)
class Face:
    """One installed family: where its file is, and the sister family for columns, where it has one."""

    family: str
    mono_family: str | None
    path: Path

    @cached_property
    def characters(self) -> frozenset[int]:
        """Return the code points that the family has a glyph for."""
        with _open(self.path, self.family) as font:
            found = frozenset(font.getBestCmap())
        _let_go(font)
        return found

    @cached_property
    def _advances(self) -> dict[int, int]:
        """Return the advance of each code point, and under 0 that of the sign for what has no glyph."""
        once: dict[int, int] = {}
        with _open(self.path, self.mono_family or self.family) as font:
            metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
            wide = {name: once.setdefault(width, width * 1000 // em) for name, (width, _) in metrics.items()}
            found = {**{code: wide[name] for code, name in font.getBestCmap().items()}, 0: wide[".notdef"]}
        _let_go(font)
        return found

    def advance(self, character: str) -> int:
        """Return how wide the character is in the sister family, in thousandths of the type size."""
        advances = self._advances
        return advances.get(ord(character), advances[0])


def _let_go(font: Any) -> None:
    """Give back what a font's tables took: 65,000 names a file, which hang together and would wait for long."""
    font.tables.clear()
    gc.collect()


def installed(directories: Sequence[Path] | None = None) -> tuple[Face, ...]:
    """Return the known Chinese families that are installed, the preferred first.

    Refuses `print_font_missing`, naming the package to install, where there is none.
    """
    faces = _find(tuple(directories or _directories()))
    if not faces:
        raise Conflict("print_font_missing", package=PACKAGE)
    return faces


def check_glyphs(texts: Iterable[str], faces: Sequence[Face]) -> None:
    """Refuse `glyph_missing`, naming every character that none of the faces can print."""
    wanted = frozenset().union(*texts) - _LAID_OUT
    missing = sorted(c for c in wanted if not any(ord(c) in face.characters for face in faces))
    if missing:
        shown = "".join(c for c in missing if unicodedata.category(c)[0] not in "CZ")
        raise Invalid(
            "glyph_missing",
            characters=shown or "—",
            code_points=" ".join(f"U+{ord(c):04X}" for c in missing),
        )


def css_families(faces: Sequence[Face]) -> str:
    """Return the families as a CSS list, in the order in which their characters were checked."""
    return ", ".join(f'"{face.family}"' for face in faces)


def _directories() -> list[Path]:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    shared = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    return [*shared, home / ".local/share/fonts", home / ".fonts"]


@lru_cache(maxsize=8)
def _find(directories: tuple[Path, ...]) -> tuple[Face, ...]:
    files: dict[str, Path] = {}
    for directory in directories:
        for path in sorted(directory.rglob("*.[ot]t[cf]")) if directory.is_dir() else ():
            files.setdefault(path.name, path)
    faces = []
    for family, mono_family, names in _KNOWN:
        file = next((files[name] for name in names if name in files), None)
        if file and _has(file, family):
            faces.append(Face(family, mono_family if mono_family and _has(file, mono_family) else None, file))
    return tuple(faces)


def _families(path: Path) -> list[str]:
    """Return the English family name of each face in the file, by its number."""
    from fontTools.ttLib import TTFont
    from fontTools.ttLib.sfnt import readTTCHeader

    with path.open("rb") as file:
        count = readTTCHeader(file).numFonts if file.read(4) == b"ttcf" and not file.seek(0) else 1
    names = []
    for number in range(count):
        with TTFont(path, fontNumber=number if count > 1 else -1, lazy=True) as font:
            names.append(str(font["name"].getDebugName(1)))
    return names


def _has(path: Path, family: str) -> bool:
    return family in _families(path)


def _open(path: Path, family: str) -> Any:
    from fontTools.ttLib import TTFont

    names = _families(path)
    return TTFont(path, fontNumber=names.index(family) if len(names) > 1 else -1, lazy=True)
