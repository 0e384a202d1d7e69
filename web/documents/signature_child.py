"""Judges the signature of one PDF that a stranger sent: a process of its own with little memory and time.

The reader goes through a broken file byte by byte, three microseconds each, and follows whatever a file says of itself;
so it is given up here by the machine, not by us. The order comes on the command line, the file on standard input, and
the verdict goes out as one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cryptography import x509

from core.errors import Invalid
from web.documents.signing import verify


def confine(order: dict[str, Any]) -> None:
    """Take memory, processor time and files away from this process."""
    for what, most in (
        (resource.RLIMIT_AS, order["memory_bytes"]),
        (resource.RLIMIT_CPU, order["cpu_s"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> int:
    """Write what the signature is worth; nothing (`null`) where the file is no PDF that can be read."""
    order = json.loads(sys.argv[1])
    confine(order)
    trusted = x509.load_pem_x509_certificates(order["trusted"].encode()) if order["trusted"] else []
    try:
        found = asdict(verify(sys.stdin.buffer.read(), trusted, at=datetime.fromisoformat(order["at"])))
    except Invalid:
        found = None
    json.dump(found, sys.stdout, default=datetime.isoformat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
