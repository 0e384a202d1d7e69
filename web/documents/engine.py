"""The one module that imports WeasyPrint. Import it late: it takes a second, and fails where Pango is not installed."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import weasyprint
from weasyprint.css.tokens import InvalidValues
from weasyprint.pdf.fonts import Font, get_hb_object_data
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from core.errors import Invalid
from web.documents.papers import Asset

#: Before and after a paper of more characters, what earlier ones left behind is cleared away: their boxes point at each
#: other and would wait for long.
_LONG = 200_000


class ClosedFetcher(URLFetcher):  # type: ignore[misc]
    """Serves `asset:` ids from memory and nothing else: no file, no network, no data address, no redirect."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        super().__init__(allowed_protocols=("asset",), allow_redirects=False, fail_on_errors=True)
        self._assets = assets

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """Return the asset of that id. Anything else ends the rendering; nothing is opened to find out."""
        scheme, _, name = url.partition(":")
        asset = self._assets.get(name) if scheme.lower() == "asset" else None
        if asset is None:
            raise ValueError(url)
        return URLFetcherResponse(url, asset.body, {"Content-Type": asset.media_type})


class _LeanFont(Font):  # type: ignore[misc]
    """A font that has its file read again where it is asked for, until it is cut down to what the paper uses.

    WeasyPrint keeps the whole file, some 20 MB with Chinese, once for every weight and size.
    """

    @property
    def file_content(self) -> bytes:
        """Return the file of the font: the one that was set, or all of it."""
        content: bytes = self.__dict__.get("content") or get_hb_object_data(self.hb_face)
        return content

    @file_content.setter
    def file_content(self, content: bytes) -> None:
        self.__dict__["content"] = content


class _LeanFonts(dict[object, Font]):
    """The fonts of a document as it is written, each made lean as it comes in."""

    def __setitem__(self, key: object, font: Font) -> None:
        del font.__dict__["file_content"]
        font.__class__ = _LeanFont
        super().__setitem__(key, font)


def write_pdf(html: str, assets: Mapping[str, Asset], identifier: bytes) -> bytes:
    """Return the laid-out document. Refuses `document_asset_refused` when anything but its assets is asked for."""
    if len(html) > _LONG:
        gc.collect()
    try:
        document = weasyprint.HTML(string=html, url_fetcher=ClosedFetcher(assets), media_type="print").render(
            font_config=FontConfiguration()
        )
        document.fonts = _LeanFonts()
        body: bytes = document.write_pdf(pdf_identifier=identifier, pdf_tags=True, pdf_version="1.7")
    except (FatalURLFetchingError, InvalidValues) as refused:
        raise Invalid("document_asset_refused", address=str(refused.__cause__ or refused)[:200]) from refused
    del document
    if len(html) > _LONG:
        gc.collect()
    return body
