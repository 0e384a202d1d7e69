"""Papers fetch nothing: whatever a template or a name plants, no file is opened and no address is called."""

from __future__ import annotations

import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from web.documents import papers
from web.documents.engine import ClosedFetcher, write_pdf
from web.documents.papers import Asset, Paper

#: A channel is (what it is, HTML with {url} where the trap goes). Each was seen to reach its trap with an open fetcher,
#: but those marked in `UNREACHED`, which this version of the engine does not follow at all.
CHANNELS = {
    "stylesheet": '<link rel="stylesheet" href="{url}">',
    "import": '<style>@import url("{url}");</style>',
    "font": '<style>@font-face {{ font-family: X; src: url("{url}"); }} p {{ font-family: X }}</style><p>x</p>',
    "image": '<img src="{url}">',
    "background": '<p style="background-image: url({url})">x</p>',
    "page background": '<style>@page {{ background: url("{url}") }}</style>',
    "list marker": '<ul style="list-style-image: url({url})"><li>x</ul>',
    "content": '<style>p::before {{ content: url("{url}") }}</style><p>x</p>',
    "border image": '<p style="border: 9px solid; border-image: url({url}) 1">x</p>',
    "mask in margin box": '<style>@page {{ @top-left {{ content: url("{url}") }} }}</style>',
    "svg image": '<svg width="9" height="9"><image href="{url}" width="9" height="9"/></svg>',
    "svg use": '<svg width="9" height="9"><use href="{url}#x"/></svg>',
    "svg asset image": '<img src="asset:image.svg">',
    "svg asset style": '<img src="asset:style.svg">',
    "svg asset use": '<img src="asset:use.svg">',
    "attachment": '<link rel="attachment" href="{url}">',
    "attached anchor": '<a rel="attachment" href="{url}">x</a>',
    "object": '<object data="{url}"></object>',
    "embed": '<embed src="{url}">',
    "input image": '<input type="image" src="{url}">',
    "frame": '<iframe src="{url}"></iframe>',
    "base": '<base href="{url}"><img src="x.png"><link rel="stylesheet" href="x.css">',
    "colour profile": '<style>@color-profile --x {{ src: url("{url}") }} p {{ color: color(--x 1 0 0) }}</style><p>x',
    "video poster": '<video poster="{url}"></video>',
    "icon": '<link rel="icon" href="{url}">',
}
UNREACHED = {"input image", "frame", "video poster", "icon", "svg use", "svg asset use", "svg asset style"}
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{inner}</svg>'
_INNER = {
    "image.svg": '<image href="{url}" width="9" height="9"/>',
    "style.svg": '<style>@import url("{url}");</style><rect width="9" height="9"/>',
    "use.svg": '<use href="{url}#x"/>',
}


class Seen:
    """What was opened or connected to while watched; the interpreter reports every such event to the hook."""

    def __init__(self) -> None:
        self.traps: tuple[str, ...] = ()
        self.events: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.traps and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request", "os.open"):
            told = repr(arguments)
            if any(trap in told for trap in self.traps):
                self.events.append(f"{event} {told[:80]}")


SEEN = Seen()
sys.addaudithook(SEEN)


class Trap(BaseHTTPRequestHandler):
    """Answers every request: /redirect sends on to the file, anything else is an image."""

    calls: list[str] = []  # noqa: RUF012 - one list for the one server

    def do_GET(self) -> None:
        self.calls.append(self.path)
        is_redirect = self.path.startswith("/redirect")
        self.send_response(302 if is_redirect else 200)
        if is_redirect:
            self.send_header("Location", "/after")
        self.send_header("Content-Type", "image/svg+xml")
        self.end_headers()
        self.wfile.write(_SVG.format(inner="").encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a local listener that must never be called."""
    socketserver.TCPServer.allow_reuse_address = True
    with HTTPServer(("127.0.0.1", 0), Trap) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that must never be opened; it is a drawing, so that an engine that opened it would also show it."""
    path = tmp_path_factory.mktemp("canary") / "planted-canary.svg"
    path.write_text(_SVG.format(inner="<text>canary</text>"), encoding="utf-8")
    return path


def planted(channel: str, url: str) -> tuple[str, dict[str, Asset]]:
    assets = {
        name: Asset("image/svg+xml", _SVG.format(inner=inner.format(url=url)).encode())
        for name, inner in _INNER.items()
    }
    return f"<!DOCTYPE html><html><body>{CHANNELS[channel].format(url=url)}</body></html>", assets


def traps(address: str, canary: Path) -> list[str]:
    return [f"{address}/x", f"{address}/redirect", canary.as_uri(), f"FILE://{canary}", str(canary)]


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_planted_is_reached(channel: str, address: str, canary: Path) -> None:
    """Twenty-five channels times five traps: no file opened, no connection made; where one is asked for, no paper."""
    Trap.calls.clear()
    SEEN.events.clear()
    for url in traps(address, canary):
        html, assets = planted(channel, url)
        SEEN.traps = (canary.name, "127.0.0.1")
        try:
            body = write_pdf(html, assets, b"x")
        except Invalid as refused:
            assert refused.code == "document_asset_refused"
            assert channel not in UNREACHED
        else:
            assert b"canary" not in body
        finally:
            SEEN.traps = ()
    assert Trap.calls == [] and SEEN.events == []


@pytest.mark.parametrize("channel", sorted(set(CHANNELS) - UNREACHED))
def test_the_traps_are_live(channel: str, address: str) -> None:
    """With the engine's own open fetcher the same channels do reach the listener: the test above can fail."""
    import weasyprint
    from weasyprint.urls import URLFetcher

    class OpenFetcher(URLFetcher):  # type: ignore[misc]
        """Fetches anything, but our assets from memory."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            return (ClosedFetcher(assets) if url.startswith("asset:") else super()).fetch(url, headers)

    Trap.calls.clear()
    html, assets = planted(channel, f"{address}/x")
    weasyprint.HTML(string=html, url_fetcher=OpenFetcher()).write_pdf()
    assert Trap.calls


@pytest.mark.parametrize(
    "url", ["data:image/png;base64,iVBORw0KGgo=", "asset:../paper.css", "asset:", "ftp://x/y", "http:asset:qr.svg"]
)
def test_only_known_assets_are_served(url: str) -> None:
    """Data addresses, unknown ids and other schemes are refused like any address: an asset is named or it is not."""
    with pytest.raises(Invalid, match="document_asset_refused"):
        write_pdf(f'<img src="{url}">', {"qr.svg": Asset("image/svg+xml", b"<svg/>")}, b"x")


def test_a_paper_uses_only_what_it_brings() -> None:
    """Our own templates ask for nothing but their style sheet, the code to verify and the bar of shares."""
    from documents_makers import make_agreement, make_opening_record, make_receipt, make_statement

    from web.documents.fonts import installed

    made: list[Paper] = [
        papers.statement_paper(make_statement(), installed()),
        papers.agreement_paper(make_agreement(), installed()),
        papers.opening_record_paper(make_opening_record(), installed()),
        papers.receipt_paper(make_receipt(), installed()),
    ]
    for paper in made:
        assert set(paper.assets) <= {"paper.css", "qr.svg", "shares.svg"}
        assert "url(" not in paper.assets["paper.css"].body.decode() and "@import" not in paper.html


def test_the_metadata_of_a_paper_is_no_way_out(address: str, canary: Path) -> None:
    """XMP and attachments given as options of the engine go through the same closed fetcher."""
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError

    Trap.calls.clear()
    document = weasyprint.HTML(string="<p>x", url_fetcher=ClosedFetcher({})).render()
    for url in (f"{address}/x", canary.as_uri()):
        for option in ("xmp_metadata", "attachments"):
            SEEN.traps = (canary.name, "127.0.0.1")
            try:
                with pytest.raises(FatalURLFetchingError):
                    document.write_pdf(**{option: [url]})
            finally:
                SEEN.traps = ()
    assert Trap.calls == [] and SEEN.events == []
