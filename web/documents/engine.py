"""The one module that imports WeasyPrint. Import it late: it takes a second, and fails where Pango is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weasyprint
from weasyprint.css.tokens import InvalidValues
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from core.errors import Invalid
from web.documents.papers import Asset


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


def write_pdf(html: str, assets: Mapping[str, Asset], identifier: bytes) -> bytes:
    """Return the laid-out document. Refuses `document_asset_refused` when anything but its assets is asked for."""
    try:
        document = weasyprint.HTML(string=html, url_fetcher=ClosedFetcher(assets), media_type="print").render(
            font_config=FontConfiguration()
        )
        body: bytes = document.write_pdf(pdf_identifier=identifier, pdf_tags=True, pdf_version="1.7")
    except (FatalURLFetchingError, InvalidValues) as refused:
        raise Invalid("document_asset_refused", address=str(refused.__cause__ or refused)[:200]) from refused
    return body
