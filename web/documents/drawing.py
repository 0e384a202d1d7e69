"""Pure: pictures as SVG text, drawn with attributes only (no style, no script), so that page and paper can use them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from web.documents.rows import Share
from web.documents.wording import share_text

#: The bar is this many units wide; segment edges are cut to whole units, the last one ends exactly here.
_WIDTH = 10_000
_HEIGHT = 560
#: From these widths on a segment shows rank and percent, percent alone, rank alone; below, the table names it.
_BOTH_FROM, _PERCENT_FROM, _RANK_FROM = 1_200, 720, 260

#: Fill and ink from the first rank on, the last for all that follow: the pages' own (static/css/tokens.css).
RANKS = (
    ("#17495a", "#ffffff"),
    ("#41707f", "#ffffff"),
    ("#7a9da8", "#1b2326"),
    ("#a6bfc7", "#1b2326"),
    ("#c8d7dc", "#1b2326"),
    ("#e1eaec", "#1b2326"),
)


def share_bar(shares: Sequence[Share], font_family: str = "sans-serif") -> str:
    """Return one horizontal bar of the members in rank order, labelled directly, as SVG text.

    One ink, thinner and thinner, and a gap between neighbours: it reads in black print too.
    """
    whole = shares[0].whole
    parts, before = [], 0
    for place, share in enumerate(shares):
        left = before * _WIDTH // whole
        before += share.weight
        wide = before * _WIDTH // whole - left
        fill, ink = RANKS[min(place, len(RANKS) - 1)]
        gap = 24 if before < whole and wide > 48 else 0
        parts.append(f'<rect x="{left}" y="0" width="{wide - gap}" height="{_HEIGHT}" fill="{fill}"/>')
        if label := _label(share, wide):
            parts.append(
                f'<text x="{left + (wide - gap) // 2}" y="{_HEIGHT // 2 + 70}" font-size="195" '
                f'text-anchor="middle" fill="{ink}">{label}</text>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="{font_family}">{"".join(parts)}</svg>'
    )


def _label(share: Share, wide: int) -> str:
    percent = share_text(share.weight, share.whole)
    if wide >= _BOTH_FROM:
        return f"{share.rank} · {percent}"
    if wide >= _PERCENT_FROM:
        return percent
    return str(share.rank) if wide >= _RANK_FROM else ""


def qr_code(text: str) -> str:
    """Return a QR code (error correction M, quiet zone of four) as SVG text; the same text gives the same picture."""
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", border=4, xmldecl=False, svgns=True, nl=False, dark="#000000", light="#ffffff"
    )
    return picture.getvalue().decode()
