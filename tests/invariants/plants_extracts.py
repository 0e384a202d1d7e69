"""Corruptions of extracts: their rows, their files, whom they are for."""

from __future__ import annotations

import io

from sqlalchemy import Connection, text

from tests.invariants.planting import Plant, drop, plant
from tests.invariants.story import Story

_READY = "(SELECT id FROM book_extract WHERE stage = 'ready' AND form = 'csv' AND is_final)"
_BOOK = "(SELECT id FROM book_extract WHERE stage = 'ready' AND form = 'xlsx')"
_PAPER = f"(SELECT paper_id FROM book_extract WHERE id = {_READY})"


def _says_otherwise(extract: str, old: bytes, new: bytes) -> object:
    """Return the deed that puts another file in the place of an extract's, its digest with it."""

    def deed(connection: Connection, story: Story) -> None:
        digest = f"SELECT p.digest FROM paper p JOIN book_extract x ON x.paper_id = p.id WHERE x.id = {extract}"
        with story.files.store.open(str(connection.scalar(text(digest)))) as file:
            body = file.read()
        assert old in body
        kept, size = story.files.store.put(io.BytesIO(body.replace(old, new, 1)), limit=1 << 24)
        changed = text(
            "UPDATE paper SET digest = :digest, size = :size WHERE id ="
            f" (SELECT paper_id FROM book_extract WHERE id = {extract})"
        )
        assert connection.execute(changed, {"digest": kept, "size": size}).rowcount == 1

    return deed


PLANTS: tuple[Plant, ...] = (
    plant("INV-E1", "another digest", f"UPDATE paper SET digest = repeat('0', 64) WHERE id = {_PAPER}"),
    plant("INV-E1", "another's file", f"UPDATE paper SET organisation_id = gen_random_uuid() WHERE id = {_PAPER}"),
    plant("INV-E1", "a file gone", f"DELETE FROM paper WHERE id = {_PAPER}"),
    plant(
        "INV-E1",
        "a second file",
        "INSERT INTO paper (id, kind, subject_kind, subject_id, name, media_type, digest, size, code, made_at)"
        " SELECT gen_random_uuid(), kind, subject_kind, subject_id, name, media_type, digest, size, 'other', made_at"
        f" FROM paper WHERE id = {_PAPER}",
    ),
    plant("INV-E1", "everybody's share for a follower", f"UPDATE book_extract SET is_whole = true WHERE id = {_READY}"),
    plant("INV-E1", "final and not to the end", f"UPDATE book_extract SET until_entry_id = 1 WHERE id = {_READY}"),
    plant(
        "INV-E1",
        "made by no move",
        drop("book_extract", "ck_book_extract_ready", "ck_book_extract_failed"),
        "UPDATE book_extract SET stage = 'ready' WHERE stage = 'waiting'",
    ),
    plant("INV-E1", "gone with its log standing", "DELETE FROM book_extract WHERE stage = 'failed'"),
    plant("INV-E2", "another amount in a CSV", _says_otherwise(_READY, b".", b"1.")),
    plant("INV-E2", "a row missing from a CSV", _says_otherwise(_READY, b"\r\n", b" ")),
    plant("INV-E2", "a file of zeros", f"UPDATE paper SET digest = repeat('0', 64) WHERE id = {_PAPER}"),
    plant("INV-E2", "a workbook that is none", _says_otherwise(_BOOK, b"PK\x05\x06", b"XX\x05\x06")),
    plant(
        "INV-E2",
        "a premium that was split otherwise",
        "UPDATE stream_item SET amount_fen = amount_fen + 1, parts_fen[1] = parts_fen[1] + 1"
        " WHERE kind = 'premium_net'",
    ),
    plant("INV-E2", "a transfer gone from the book", "DELETE FROM transfer WHERE line = 1"),
)
