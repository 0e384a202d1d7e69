"""Where the edge keeps files and keys: the store of papers, the keys that sign receipts and the log, kept PDFs.

A paper that people rely on is made once, kept under its digest and served as kept ever after.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Response, current_app, send_file
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.papers import Paper, Store, keep, new_code, papers_of
from core.settings import Settings

#: The largest paper that is made here.
PAPER_MOST_BYTES = 64 << 20


def store_in(settings: Settings) -> Store:
    """Return the store of papers of an installation."""
    return Store(settings.state_dir / "papers")


def receipt_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the key that signs receipts of bids; made at its first use."""
    return ed25519_key(settings.state_dir / "keys" / "receipts.pem")


def ed25519_key(path: Path) -> Ed25519PrivateKey:
    """Return the key that a PEM file holds, made where there is none; two processes that start together agree on one.

    Refuses with Conflict `signer_unreadable` (file) what is no such key, or may not be read or made by this user.
    """
    try:
        if not path.exists():
            _keep_new_key(path)
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as wrong:
        raise Conflict("signer_unreadable", file=path.name) from wrong
    if not isinstance(key, Ed25519PrivateKey):
        raise Conflict("signer_unreadable", file=path.name)
    return key


def _keep_new_key(path: Path) -> None:
    """Make a key and keep it for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    # A link, not a rename: whoever comes second keeps the first one's key.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.extensions["gongbao"].settings
    return found


def kept_pdf(
    session: Session,
    kind: str,
    subject: tuple[str, object],
    make: Callable[[str], bytes],
    *,
    name: str,
    at: datetime,
    organisation_id: uuid.UUID | None = None,
) -> Paper:
    """Return the kept PDF of one kind about one thing, made and kept now where there is none.

    `make(code)` lays it out; `code` is what its QR code leads to.
    """
    standing = papers_of(session, kind, subject)
    if standing:
        return standing[-1]
    code = new_code()
    digest, size = store_in(settings()).put(io.BytesIO(make(code)), limit=PAPER_MOST_BYTES)
    return keep(
        session,
        kind,
        subject,
        name=name,
        media_type="application/pdf",
        digest=digest,
        size=size,
        at=at,
        organisation_id=organisation_id,
        code=code,
    )


def sent(paper: Paper, *, is_inline: bool = False) -> Response:
    """Return a kept file as an answer, exactly as it was kept."""
    file = store_in(settings()).open(paper.digest)
    return send_file(
        file, mimetype=paper.media_type, as_attachment=not is_inline, download_name=paper.name, etag=paper.digest
    )
