"""Kept files: under their digest, never by a person's name for them, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core import papers
from core.errors import Invalid, NotFound
from core.papers import Store
from tests.makers import AT


def test_a_file_is_kept_under_its_digest(tmp_path: Path) -> None:
    """The same bytes are the same file; what comes out is what went in."""
    store = Store(tmp_path / "store")
    digest, size = store.put(io.BytesIO(b"abc"), limit=10)
    assert (digest[:8], size) == ("ba7816bf", 3)
    assert store.put(io.BytesIO(b"abc"), limit=10) == (digest, size)
    with store.open(digest) as file:
        assert file.read() == b"abc"
    assert store.is_whole(digest)
    (tmp_path / "store" / digest[:2] / digest).write_bytes(b"abd")
    assert not store.is_whole(digest)


def test_a_file_past_the_limit_leaves_nothing(tmp_path: Path) -> None:
    """A file too large is refused while it is read, and no part of it stays."""
    store = Store(tmp_path / "store")
    with pytest.raises(Invalid, match="file_too_large"):
        store.put(io.BytesIO(b"x" * 11), limit=10)
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "ba", "BA" * 32, "0" * 64, "\x00" * 64, "／" * 64])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Only a digest is looked for, and a link in its place is not followed."""
    store = Store(tmp_path / "store")
    with pytest.raises(NotFound, match="file_not_found"):
        store.open(name)
    assert not store.is_whole(name)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link put in a file's place is no file."""
    store = Store(tmp_path / "store")
    (tmp_path / "secret").write_text("secret")
    place = tmp_path / "store" / "00"
    place.mkdir(parents=True)
    (place / ("0" * 64)).symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound, match="file_not_found"):
        store.open("0" * 64)


def test_a_paper_is_found_by_its_code(session: Session) -> None:
    """Each kept file has a public code of its own; an unknown code leads nowhere."""
    row = papers.keep(
        session,
        "statement",
        ("statement", 1),
        name="结算单.pdf",
        media_type="application/pdf",
        digest="0" * 64,
        size=1,
        at=AT,
    )
    assert papers.papers_by_code(session, row.code) == [row]
    assert papers.papers_of(session, "statement", ("statement", 1)) == [row]
    with pytest.raises(NotFound, match="paper_not_found"):
        papers.papers_by_code(session, papers.new_code())
