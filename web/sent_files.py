"""The one file that a program sends: as the field `file` of a form, or as the body itself."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from flask import Response, after_this_request, g, request
from webargs.core import is_json

_CHUNK = 1 << 20
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it came with a request: its name where it has one, its content to be read, its SHA-256."""

    name: str
    stream: IO[bytes]
    digest: str


def sent_file() -> SentFile | None:
    """Return the file of this request, at its beginning; none where there is none. A body is kept on disk meanwhile."""
    if "sent_file" not in g:
        g.sent_file = _found()
    found: SentFile | None = g.sent_file
    if found is not None:
        found.stream.seek(0)
    return found


def _found() -> SentFile | None:
    if request.mimetype in _FORMS:
        upload = request.files.get("file")
        if upload is None:
            return None
        return SentFile(upload.filename or "", upload.stream, _digest(upload.stream.read))
    if not request.mimetype or is_json(request.mimetype):
        return None
    body = tempfile.TemporaryFile()  # noqa: SIM115 - ends with the request that it belongs to
    digest = _digest(request.stream.read, body)

    def end(response: Response) -> Response:
        body.close()
        return response

    after_this_request(end)
    return SentFile("", body, digest) if body.tell() else None


def _digest(read: Callable[[int], bytes], copy: IO[bytes] | None = None) -> str:
    hasher = hashlib.sha256()
    while chunk := read(_CHUNK):
        hasher.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return hasher.hexdigest()
