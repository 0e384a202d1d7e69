"""Who signs papers, where they are verified, and how a finished file is kept."""

from __future__ import annotations

import io
import uuid
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from core import papers
from core.papers import Paper
from core.settings import Settings
from web.documents.rows import Verification
from web.documents.signing import Signer, load_signer, make_signer
from web.keeping import PAPER_MOST_BYTES, store_in


def signer_of(settings: Settings, at: datetime) -> Signer:
    """Return whose signature stands on papers: the city's own certificate, else one made in the state folder."""
    if settings.signing_key_file:
        certificate = settings.signing_certificate_file or settings.signing_key_file
        return load_signer(Path(settings.signing_key_file), Path(certificate))
    return make_signer(settings.state_dir / "keys", f"{settings.city}共保平台", at)


def verification_of(settings: Settings, code: str) -> Verification:
    """Return where a paper with this public code can be verified, as its QR code says."""
    return Verification(f"{settings.public_url.rstrip('/')}/v/{code}", code)


def keep_body(
    session: Session,
    settings: Settings,
    kind: str,
    subject: tuple[str, object],
    body: bytes,
    *,
    name: str,
    media_type: str,
    at: datetime,
    organisation_id: uuid.UUID | None = None,
    code: str = "",
) -> Paper:
    """Put a finished file into the store and list it; return its row."""
    digest, size = store_in(settings).put(io.BytesIO(body), limit=PAPER_MOST_BYTES)
    return papers.keep(
        session,
        kind,
        subject,
        name=name,
        media_type=media_type,
        digest=digest,
        size=size,
        at=at,
        organisation_id=organisation_id,
        code=code,
    )
