"""The invariants of what every room stands on: log, walls, roles, clock, kept files."""

from __future__ import annotations

from sqlalchemy import Connection, text

from core import log_invariants, logged, schema_invariants
from core.checks import Broken, Found, Invariant, found
from core.papers import Store

#: Every file that a row of this room names: where it stands, its digest, its size (null: not told).
FILES = "SELECT 'paper ' || id::text AS place, digest, size FROM paper"

INVARIANTS: tuple[Invariant, ...] = (*log_invariants.INVARIANTS, logged.INVARIANT, *schema_invariants.INVARIANTS)


def files_in(store: Store, *listed: str) -> Invariant:
    """Return the invariant that a store holds every file that the queries of `listed` name, whole and unchanged.

    A file in the store that no row names is no fault (an upload that was refused leaves one) and is only counted.
    """

    def check(connection: Connection) -> Found:
        named: dict[str, tuple[str, int | None]] = {}
        for query in listed:
            for place, digest, size in connection.execute(text(query)):
                named.setdefault(digest, (place, size))
        stored = {path.name: path.stat().st_size for path in store.folder.glob("[0-9a-f][0-9a-f]/*")}
        spare = sum(name not in named for name in stored)
        broken = (
            Broken(place, {"digest": digest, "size": size, "stands": stored.get(digest, "not there")})
            for digest, (place, size) in sorted(named.items())
            if size not in (None, stored.get(digest)) or not store.is_whole(digest)
        )
        return found(broken, files_named=len(named), files_spare=spare)

    return Invariant(
        "INV-A6",
        "库中登记的每个文件都在文件库中，内容与其摘要一致",
        "Every file that a row names is in the store, of its size, and hashes to its name",
        check,
        is_heavy=True,
    )
