"""The door to WeasyPrint, which only this and `engine_lines` import.

Import it late: it takes a second, and fails where Pango is not installed.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import pydyf
import weasyprint
import weasyprint.pdf
from weasyprint.css.tokens import InvalidValues
from weasyprint.pdf.fonts import Font, get_hb_object_data
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from core.errors import Invalid
from web.documents.engine_lines import LineFonts
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
    """A font whose file is not read as a whole, but where it is not cut down to what the paper uses.

    WeasyPrint reads every file, some 20 MB with Chinese, once for every weight and size, and keeps it.
    """

    is_made = True

    def __init__(self, *told: Any) -> None:
        _LeanFont.is_made = False
        try:
            super().__init__(*told)
        finally:
            _LeanFont.is_made = True

    @property
    def file_content(self) -> bytes:
        """Return the file of the font: the one that was set, or all of it."""
        content: bytes = self.__dict__.get("content") or get_hb_object_data(self.hb_face)
        return content

    @file_content.setter
    def file_content(self, content: bytes) -> None:
        self.__dict__["content"] = content


def _data_of(of: Any, *others: Any) -> bytes:
    """Return the bytes of a font, or of a picture in it; none while the font is being made."""
    return get_hb_object_data(of, *others) if _LeanFont.is_made else b""


weasyprint.pdf.stream.Font = _LeanFont
weasyprint.pdf.fonts.get_hb_object_data = _data_of


class _Pages(pydyf.PDF):  # type: ignore[misc]
    """A file that knows the references of its pages: the engine asks for all of them with every part that it tags."""

    _known: tuple[bytes, ...] = ()

    @property
    def page_references(self) -> tuple[bytes, ...]:
        """Return the reference of each page that there is so far."""
        if len(self._known) != self.pages["Count"]:
            self._known = super().page_references
        return self._known


pydyf.PDF = _Pages


class _Pressed(pydyf.Object):  # type: ignore[misc]
    """An object of the file in its bytes."""

    data = b""
    compressible = False


def _press(_: Any, pdf: pydyf.PDF) -> None:
    """Turn every object of the file into its bytes: the engine asks each for them twice, and compresses them anew."""
    for place, one in enumerate(pdf.objects):
        if one.free == "n":
            pressed = pdf.objects[place] = _Pressed()
            pressed.number, pressed.compressible, pressed.data = one.number, one.compressible, one.data


def write_pdf(html: str, assets: Mapping[str, Asset], identifier: bytes) -> bytes:
    """Return the laid-out document. Refuses `document_asset_refused` when anything but its assets is asked for."""
    if len(html) > _LONG:
        gc.collect()
    try:
        document = weasyprint.HTML(string=html, url_fetcher=ClosedFetcher(assets), media_type="print").render(
            font_config=LineFonts()
        )
        body: bytes = document.write_pdf(finisher=_press, pdf_identifier=identifier, pdf_tags=True, pdf_version="1.7")
    except (FatalURLFetchingError, InvalidValues) as refused:
        raise Invalid("document_asset_refused", address=str(refused.__cause__ or refused)[:200]) from refused
    del document
    if len(html) > _LONG:
        gc.collect()
    return body
