"""What a stranger's PDF is worth, found out within bounds: by its shape first, then in a process that can be given up.

`signing.verify` believes that a file is worth reading; that holds for what this platform kept, and for nothing else.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.errors import Invalid
from web.documents.signing import Verification

#: No larger file is read for its signature.
JUDGED_MOST_BYTES = 10 << 20
#: What the reading of one file may take: processor time (its start takes one second of it), time, memory.
CPU_S, WALL_S, MEMORY_BYTES = 4, 10, 1 << 30
#: So many files are read at once; whoever comes next is told at once to come again, and holds no thread meanwhile.
_AT_ONCE = threading.BoundedSemaphore(2)

log = structlog.get_logger("gongbao.web")

#: How a process says with its last word that it got no more memory: Python, the system, the loader of libraries.
_NO_MEMORY = re.compile(r"^MemoryError|Cannot allocate memory|failed to map segment|out of memory")

#: Where the end of a PDF says that its table of contents begins, and how such a table looks there.
_POINTER = re.compile(rb"startxref\s{1,20}(\d{1,10})\s")
_TAIL_BYTES = 2048
_TABLE = re.compile(rb"\s{0,20}(xref\s|\d{1,10}\s{1,20}\d{1,5}\s{1,20}obj\b)")


def has_shape(body: bytes) -> bool:
    """Say whether a file is built as a PDF: its end says where its table is, and there it is. Looks at 2 KiB of it.

    >>> has_shape(b"%PDF-1.7 " + b"x" * 1000)
    False
    >>> has_shape(b"%PDF-1.7 xref 0 1 trailer startxref 9 %%EOF")
    True
    """
    found = _POINTER.findall(body[-_TAIL_BYTES:])
    return body.startswith(b"%PDF-") and bool(found) and _TABLE.match(body, int(found[-1])) is not None


def judge(body: bytes, trusted: Sequence[x509.Certificate], *, at: datetime) -> Verification:
    """Return what the last signature of a file is worth at an instant, as `signing.verify` does, within bounds.

    Refuses Invalid `pdf_unreadable` what is no PDF, `pdf_too_heavy` (limit_mb) what is too large or takes too long to
    read, `pdf_checks_busy` where others are read just now.
    """
    if len(body) > JUDGED_MOST_BYTES:
        raise Invalid("pdf_too_heavy", limit_mb=JUDGED_MOST_BYTES >> 20)
    if not has_shape(body):
        raise Invalid("pdf_unreadable")
    if not _AT_ONCE.acquire(blocking=False):
        raise Invalid("pdf_checks_busy")
    try:
        said = _asked(body, trusted, at)
    finally:
        _AT_ONCE.release()
    if said is None:
        raise Invalid("pdf_unreadable")
    signed_at = said["signed_at"]
    return Verification(**{**said, "signed_at": datetime.fromisoformat(signed_at) if signed_at else None})


def _asked(body: bytes, trusted: Sequence[x509.Certificate], at: datetime) -> dict[str, Any] | None:
    """Return what the child says, None of what it could not read; refuse where it did not come to a proper end."""
    order = {
        "trusted": "".join(one.public_bytes(Encoding.PEM).decode() for one in trusted),
        "at": at.isoformat(),
        "cpu_s": CPU_S,
        "memory_bytes": MEMORY_BYTES,
    }
    command = [sys.executable, "-I", "-B", "-m", "web.documents.signature_child", json.dumps(order)]
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.seek(0)
        try:
            done = subprocess.run(  # noqa: S603  our interpreter, our module; the upload is only its standard input
                command, stdin=file, capture_output=True, timeout=WALL_S, env={}, check=True
            )
        except subprocess.TimeoutExpired:
            raise Invalid("pdf_too_heavy", limit_mb=JUDGED_MOST_BYTES >> 20) from None
        except subprocess.CalledProcessError as ended:
            raise _why(ended) from None
    said: dict[str, Any] | None = json.loads(done.stdout)
    return said


def _why(ended: subprocess.CalledProcessError) -> Invalid:
    """Return the refusal for a child that did not come to a proper end; what was no limit of ours goes into the log."""
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    last = lines[-1][:300] if lines else ""
    if ended.returncode < 0 or _NO_MEMORY.search(last):
        return Invalid("pdf_too_heavy", limit_mb=JUDGED_MOST_BYTES >> 20)
    log.error("pdf_check.failed", status=ended.returncode, said=last)
    return Invalid("pdf_unreadable")
