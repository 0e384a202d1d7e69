"""QR codes as pictures in a page."""

from __future__ import annotations

from markupsafe import Markup


def qr_picture(text: str, label: str) -> Markup:
    """Return a QR code of `text` as inline SVG with a spoken label; no data address, so a strict policy holds."""
    import segno  # used on few pages

    code = segno.make(text, error="m", micro=False)
    side = code.symbol_size(border=2)[0]
    squares = (
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.matrix_iter(border=2)) for x, dark in enumerate(row) if dark
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}" '
        'focusable="false" shape-rendering="crispEdges"><rect width="{}" height="{}" fill="#fff"/><path d="{}"/></svg>'
    ).format(side, side, label, side, side, "".join(squares))
