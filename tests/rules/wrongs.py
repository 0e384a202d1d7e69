"""What is sent in place of a field: each kind of wrong value, as the bytes that a browser or a program would send."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from urllib.parse import quote_from_bytes

from tests.rules.forms import Form

#: Kind -> the bytes that stand in the field's place. Nothing may ever keep one of these.
UNKEPT: Mapping[str, bytes] = {
    "10,000 characters": ("长" * 10_000).encode(),
    "NUL": b"a\0b",
    "a control character": b"a\x1b[2Jb",
    "no UTF-8": b"\xff\xfe",
    "half a character": b"\xed\xa0\x80",
}
#: Kind -> the text that stands in the field's place: refused, or kept as it is where any text will do.
VERBATIM: Mapping[str, bytes] = {
    "a decimal": b"1.9",
    "full-width digits": "１２".encode(),
    "an underscore": b"1_000",
    "a negative number": b"-1",
    "an exponent": b"1e9",
    "a number without end": b"9" * 40,
    "a formula": b'=HYPERLINK("http://x.test";"x")',
    "a path": b"../../etc/passwd",
    "markup": b"<script>alert(1)</script>",
    "another's id": b"00000000-0000-4000-8000-000000000000",
    "no id": b"{00000000-0000-4000-8000-00000000000}",
    "no such day": b"2026-02-31",
    "a day in full width": "２０２６-04-08".encode(),
}
#: Kinds that change how often or as what a field comes.
SHAPES = ("missing", "empty", "twice", "a file")
KINDS = (*UNKEPT, *VERBATIM, *SHAPES)

Sent = tuple[bytes, str]


def kinds_for(form: Form, name: str, count: int) -> list[str]:
    """Return `count` kinds for a field, turning through all of them from form to form and field to field."""
    start = zlib.crc32(f"{form.endpoint} {name}".encode())
    step = 5  # shares no factor with the number of kinds
    return [KINDS[(start + step * place) % len(KINDS)] for place in range(min(count, len(KINDS)))]


def sent_as(form: Form, name: str, kind: str, token: str) -> Sent:
    """Return the body and type of a form, filled in but for one field, which is wrong in one way."""
    fields = [(one, value.encode()) for one, values in form.usual().items() for value in values if one != name]
    usual = [value.encode() for value in form.usual().get(name, [])] or [b"x"]
    files: list[tuple[str, str, bytes]] = []
    if kind in UNKEPT or kind in VERBATIM:
        fields.append((name, {**UNKEPT, **VERBATIM}[kind]))
    elif kind == "empty":
        fields.append((name, b""))
    elif kind == "twice":
        fields += [(name, usual[0]), (name, b"y")]
    elif kind == "a file":
        files.append((name, "名单.txt", usual[0]))
    fields.append(("csrf_token", token.encode()))
    return multipart(fields, files) if files or form.is_multipart else urlencoded(fields)


def urlencoded(fields: list[tuple[str, bytes]]) -> Sent:
    """Return fields as a browser sends them, whatever bytes they hold."""
    text = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in fields)
    return text.encode(), "application/x-www-form-urlencoded"


def multipart(fields: list[tuple[str, bytes]], files: list[tuple[str, str, bytes]]) -> Sent:
    """Return fields and files as a browser sends them, whatever bytes and names they hold."""
    out = io.BytesIO()
    for name, value in fields:
        out.write(b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value))
    for name, filename, value in files:
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        out.write(head.encode() + b"Content-Type: text/plain\r\n\r\n" + value + b"\r\n")
    out.write(b"--edge--\r\n")
    return out.getvalue(), "multipart/form-data; boundary=edge"
