"""Files as they were made or received: kept under their SHA-256, listed in a row, never changed.

A file's own name is data only; on disk it is its digest, so no name can lead out of the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
import uuid
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import CheckConstraint, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import Model, new_id
from core.errors import Invalid, NotFound

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class Paper(Model):
    """A kept file: what it is about, whose it is (none: the pool's or the public's), its digest and its public code."""

    __tablename__ = "paper"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    media_type: Mapped[str]
    digest: Mapped[str]
    size: Mapped[int]
    code: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint("size >= 0", name="size"),
        Index("ix_paper_subject", "subject_kind", "subject_id"),
        Index("ix_paper_digest", "digest"),
    )


class Store:
    """A folder of files named by their SHA-256. Several machines share it as a network folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise NotFound("file_not_found")
        return self.folder / digest[:2] / digest

    def put(self, source: BinaryIO, *, limit: int) -> tuple[str, int]:
        """Keep what `source` reads; return (digest, size in bytes). Refuses `file_too_large` past `limit` bytes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hasher, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix="incoming-", delete=False) as file:
            incoming = Path(file.name)
            try:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise Invalid("file_too_large", limit_mb=limit // _CHUNK)
                    hasher.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                digest = hasher.hexdigest()
                target = self._path(digest)
                target.parent.mkdir(exist_ok=True)
                incoming.replace(target)
            finally:
                incoming.unlink(missing_ok=True)
        return digest, size

    def open(self, digest: str) -> BinaryIO:
        """Return the file for reading; NotFound `file_not_found`. A link in its place is not followed."""
        try:
            return os.fdopen(os.open(self._path(digest), os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError:
            raise NotFound("file_not_found") from None

    def is_whole(self, digest: str) -> bool:
        """Say whether the file is there and still hashes to its name."""
        try:
            with self.open(digest) as file:
                hasher = hashlib.sha256()
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
                return hasher.hexdigest() == digest
        except NotFound:
            return False


def keep(
    session: Session,
    kind: str,
    subject: tuple[str, object],
    *,
    name: str,
    media_type: str,
    digest: str,
    size: int,
    at: datetime,
    organisation_id: uuid.UUID | None = None,
    code: str = "",
) -> Paper:
    """Return the row of a file that the store holds; `code` (made where not given) is what its QR code leads to."""
    row = Paper(
        kind=kind,
        subject_kind=subject[0],
        subject_id=str(subject[1]),
        organisation_id=organisation_id,
        name=name,
        media_type=media_type,
        digest=digest,
        size=size,
        code=code or new_code(),
        made_at=at,
    )
    session.add(row)
    session.flush()
    return row


def new_code() -> str:
    """Return a new public code for a paper: 80 random bits, easy to read aloud."""
    return secrets.token_hex(10)


def papers_of(session: Session, kind: str, subject: tuple[str, object]) -> list[Paper]:
    """Return the kept files of one kind about one thing, oldest first."""
    query = select(Paper).where(
        Paper.kind == kind, Paper.subject_kind == subject[0], Paper.subject_id == str(subject[1])
    )
    return list(session.scalars(query.order_by(Paper.id)))


def papers_by_code(session: Session, code: str) -> list[Paper]:
    """Return the kept file with this public code, after it whatever was kept with it of a statement.

    Whoever holds the code may see them, whose ever they are. Refuses NotFound `paper_not_found`.
    """
    query = select(Paper).from_statement(text("SELECT * FROM papers_by_code(:code)"))
    found = list(session.scalars(query, {"code": code}))
    if not found:
        raise NotFound("paper_not_found")
    return sorted(found, key=lambda paper: paper.code != code)


def papers_by_digest(session: Session, digest: str) -> list[Paper]:
    """Return the rows of a kept file with this SHA-256, oldest first; none where no such file was kept.

    Whoever holds the file itself may see them, whose ever they are, as whoever holds its code may.
    """
    query = select(Paper).from_statement(text("SELECT * FROM papers_by_digest(:digest)"))
    return list(session.scalars(query, {"digest": digest}))
