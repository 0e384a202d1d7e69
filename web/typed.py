"""What may be in anything that is typed or sent, whatever it is for: looked at once, before any page or route reads it.

A text that the database cannot hold, that was not UTF-8 (and would be kept with its letters replaced), that is longer
than anything asked for, or a single field that comes twice, is refused as a whole: nothing is shortened or guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Request, request
from werkzeug.datastructures import FileStorage as Upload
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.formparser import FormDataParser

from core.errors import Finding, Invalid

#: No text that is asked for is longer, in characters.
TEXT_MOST = 4_000
#: Fields that hold a file's text or a list, read by what they are for, which has limits of its own.
LONG = frozenset({"file", "amounts", "shares"})
#: Fields of forms that are chosen several at a time.
SEVERAL = frozenset({"lift", "people", "policy", "settled_apart"})

#: Control characters but for tab and line ends, half characters, and the sign that stands for bytes that were no text.
_UNKEPT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffd\ufffe\uffff]")


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    """Return the fields of an address or a form; bytes that are no text become a sign that `check_text` refuses."""
    return parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")


class _Forms(FormDataParser):
    """Reads forms as they were sent, or not at all.

    Werkzeug's own keeps `%FF`, as three characters, for a byte that is no text, and takes a form that it cannot read
    for an empty one.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "silent": False})

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Upload]]:
        """Return what a form holds. Refuses with Invalid `form_cut_short` where it cannot be taken apart."""
        try:
            return super().parse(stream, mimetype, content_length, options)
        except ValueError:
            raise Invalid("form_cut_short") from None

    def _parse_urlencoded(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Upload]]:
        return stream, self.cls(_pairs(stream.read())), self.cls()


class Asked(Request):
    """A request whose address and form are read as UTF-8, and bytes that are none are seen to be none."""

    form_data_parser_class = _Forms

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The fields of the address."""
        return ImmutableMultiDict(_pairs(self.query_string))


def check_text(text: str, where: str, *, most: int = TEXT_MOST) -> Iterator[Finding]:
    """Yield what is wrong with a text whatever it is for: `text_unreadable`, `text_too_long` (most, length)."""
    if _UNKEPT.search(text):
        yield Finding("text_unreadable", where)
    if len(text) > most:
        yield Finding("text_too_long", where, {"most": most, "length": len(text)})


def within(text: str, name: str, most: int) -> str:
    """Return a text of a form without the blanks around it; Invalid `input_wrong`, the finding `text_too_long`."""
    if found := list(check_text(text.strip(), name, most=most)):
        raise Invalid("input_wrong", findings=found)
    return text.strip()


def check_request() -> None:
    """Refuse a request whose address or form holds a text that nothing takes, or a single field twice.

    Invalid `input_wrong`, findings `text_unreadable`, `text_too_long`, `field_repeated`.
    """
    found = [finding for name, text in request.args.items(multi=True) for finding in _checked(name, text)]
    # What comes without a kind holds no form.
    if request.content_type and not request.path.startswith("/api/"):
        for name, texts in request.form.lists():
            found += [finding for text in texts for finding in _checked(name, text)]
            if len(texts) > 1 and name not in SEVERAL:
                found.append(Finding("field_repeated", _shown(name)))
        for name, upload in request.files.items(multi=True):
            found += check_text(upload.filename or "", _shown(name))
    if found:
        raise Invalid("input_wrong", findings=found)


def _checked(name: str, text: str) -> Iterator[Finding]:
    yield from check_text(name, _shown(name))
    yield from check_text(text, _shown(name), most=len(text) if name in LONG else TEXT_MOST)


def _shown(name: str) -> str:
    return _UNKEPT.sub("?", name)[:60]


def read_body(raw: bytes) -> Any:
    """Return the JSON value that a body holds; ValueError where it is none, or names a field twice.

    Refuses with Invalid `input_wrong`, findings naming each text that nothing takes.

    >>> read_body(b'{"on": "2026-04-01"}')
    {'on': '2026-04-01'}
    """
    value = json.loads(raw.decode(), object_pairs_hook=_named_once, parse_constant=_no_number)
    found = list(_walk(value, ""))
    if found:
        raise Invalid("input_wrong", findings=found)
    return value


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []:
        raise Invalid("input_wrong", findings=[Finding("field_repeated", _shown(name)) for name in twice])
    return dict(pairs)


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _walk(value: Any, where: str) -> Iterator[Finding]:
    """Yield what is wrong with each text of a JSON value."""
    if isinstance(value, str):
        yield from check_text(value, where)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from check_text(name, _shown(name))
            yield from _walk(inner, f"{where}.{_shown(name)}" if where else _shown(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _walk(inner, f"{where}.{place}")
