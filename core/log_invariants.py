"""The log of who did what, checked: its tree, its signed heads, its order, and that it says what the events say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from core import audit, merkle
from core.audit import AuditEvent, AuditHead
from core.checks import Broken, Found, Invariant, every, found, rows

#: Rows read from the server at a time where a check works every one out again.
BATCH = 5_000

#: Each stored subtree is the hash of its two halves; a half at level 0 is a leaf.
NODE_IS_ITS_HALVES = rows(
    "subtree {level}/{index}",
    """
    WITH part AS (
        SELECT 0 AS level, index, leaf_hash AS hash FROM audit_leaf
        UNION ALL SELECT level, index, node_hash FROM audit_node
    )
    SELECT n.level, n.index, encode(n.node_hash, 'hex') AS stored,
        encode(sha256('\\x01'::bytea || l.hash || r.hash), 'hex') AS recomputed
    FROM audit_node n
    LEFT JOIN part l ON (l.level, l.index) = (n.level - 1, 2 * n.index)
    LEFT JOIN part r ON (r.level, r.index) = (n.level - 1, 2 * n.index + 1)
    WHERE n.node_hash IS DISTINCT FROM sha256('\\x01'::bytea || l.hash || r.hash)
    """,
)

#: A log of n leaves has exactly n / 2**level subtrees of each level, numbered from 0.
EVERY_NODE_STANDS = rows(
    "level {level} of the tree",
    """
    SELECT level, coalesce(stands.n, 0) AS stands, size >> level::int AS needed, stands.last
    FROM (SELECT count(*) AS size FROM audit_leaf) log
    CROSS JOIN generate_series(1, 62) AS level
    LEFT JOIN (SELECT level, count(*) AS n, max(index) AS last FROM audit_node GROUP BY level) stands USING (level)
    WHERE coalesce(stands.n, 0) <> size >> level::int OR stands.last + 1 <> stands.n
    """,
)


def heads_hold(connection: Connection) -> Found:
    """Return the signed heads whose root is not that of the tree at their size, or whose signature does not hold."""
    with Session(connection) as session:
        heads = session.scalars(select(AuditHead).order_by(AuditHead.size)).all()
        size = audit.tree_size(session)
    roots = _roots(connection, [head.size for head in heads] + [size])
    keys = sorted({head.public_key.hex() for head in heads})
    return found(_wrong_heads(heads, roots), log_size=size, log_root=_hex(roots[size]), log_keys=keys)


def _wrong_heads(heads: Sequence[AuditHead], roots: Mapping[int, bytes | None]) -> Iterator[Broken]:
    for head in heads:
        root = roots[head.size]
        facts = {"size": head.size, "signed_root": head.root.hex(), "recomputed_root": _hex(root)}
        if root != head.root:
            yield Broken(f"head {head.size}", facts)
        elif not audit.is_signed(head):
            yield Broken(f"head {head.size}", {**facts, "signature": "does not hold", "key": head.public_key.hex()})


def _hex(digest: bytes | None) -> str:
    return "" if digest is None else digest.hex()


def _roots(connection: Connection, sizes: list[int]) -> dict[int, bytes | None]:
    """Return size -> root from the stored subtrees; None where one that it needs is not there."""
    places = [(size, level, index) for size in set(sizes) for level, index in merkle.frontier_places(size)]
    columns = [list(column) for column in zip(*places, strict=True)] or [[], [], []]
    query = text(
        "SELECT w.size, coalesce(l.leaf_hash, n.node_hash) AS hash FROM unnest("
        "CAST(:sizes AS bigint[]), CAST(:levels AS bigint[]), CAST(:indexes AS bigint[])) "
        "WITH ORDINALITY AS w (size, level, index, place)"
        " LEFT JOIN audit_leaf l ON w.level = 0 AND l.index = w.index"
        " LEFT JOIN audit_node n ON w.level > 0 AND (n.level, n.index) = (w.level, w.index) ORDER BY w.place"
    )
    parts: dict[int, list[bytes | None]] = defaultdict(list)
    told = dict(zip(("sizes", "levels", "indexes"), columns, strict=True))
    for size, digest in connection.execute(query, told):
        parts[size].append(digest)
    roots: dict[int, bytes | None] = {}
    for size in sizes:
        whole = [digest for digest in parts[size] if digest is not None]
        roots[size] = merkle.fold(whole) if len(whole) == len(parts[size]) else None
    return roots


def leaves_say_the_events(connection: Connection) -> Found:
    """Return the leaves whose hash is not that of their event as it stands; every event is hashed again."""
    columns = [getattr(AuditEvent, column.key) for column in AuditEvent.__table__.columns]
    query = (
        select(audit.AuditLeaf.index.label("place"), audit.AuditLeaf.leaf_hash, *columns)
        .join(AuditEvent, AuditEvent.id == audit.AuditLeaf.event_id)
        .order_by(audit.AuditLeaf.index)
    )
    # Plain rows have an event's columns under an event's names, and cost a fraction of the entities.
    read = connection.execute(query, execution_options={"yield_per": BATCH})
    return found(
        Broken(f"leaf {row.place}", {"event": row.id, "action": row.action, "object": row.object_id})
        for row in read
        if merkle.leaf_hash(audit.leaf_bytes(cast(AuditEvent, row))) != row.leaf_hash
    )


#: What the log tells of parties and papers is there to be looked at.
KNOWN_ARE_THERE = rows(
    "{object_kind} {object_id}",
    """
    SELECT DISTINCT e.object_kind, e.object_id FROM audit_event e WHERE
        (e.object_kind = 'organisation' AND NOT EXISTS (SELECT FROM organisation o WHERE o.id::text = e.object_id))
        OR (e.object_kind = 'person' AND NOT EXISTS (SELECT FROM person p WHERE p.id::text = e.object_id))
        OR (e.object_kind = 'mandate' AND NOT EXISTS (SELECT FROM mandate m WHERE m.id::text = e.object_id))
    """,
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-A1",
        "日志树由各叶重新计算得出的根，与每一次已签名的树头一致，较早的树头是较晚的前缀，签名有效",
        "The log's tree, recomputed from its leaves, has the root of every signed head, so that each earlier head is "
        "consistent with the later ones; every signature holds",
        every(EVERY_NODE_STANDS, NODE_IS_ITS_HALVES, heads_hold),
    ),
    Invariant(
        "INV-A2-log",
        "日志每一叶都是其事件内容的哈希，日志中提到的机构、人员与授权均在册",
        "Every leaf of the log is the hash of its event as it stands, and the parties that the log knows are there",
        every(leaves_say_the_events, KNOWN_ARE_THERE),
        is_heavy=True,
    ),
    Invariant(
        "INV-A3",
        "日志编号从零起连续；每个事件恰有一叶或正待编号；树头随大小先后签署",
        "The log's places are numbered from zero without a gap; every event has one place or waits for it; larger "
        "heads are signed later",
        every(
            rows(
                "place {index}",
                """
                SELECT wanted AS index, index AS stands, event_id FROM (
                    SELECT row_number() OVER (ORDER BY index) - 1 AS wanted, index, event_id FROM audit_leaf
                ) numbered WHERE wanted <> index
                """,
            ),
            rows(
                "event {id}",
                """
                SELECT e.id, e.at, e.action, l.event_id IS NOT NULL AS has_place, p.event_id IS NOT NULL AS waits
                FROM audit_event e
                LEFT JOIN audit_leaf l ON l.event_id = e.id LEFT JOIN audit_pending p ON p.event_id = e.id
                WHERE (l.event_id IS NULL) = (p.event_id IS NULL)
                """,
            ),
            rows(
                "place {index}",
                """
                SELECT l.index, l.event_id FROM audit_leaf l
                WHERE NOT EXISTS (SELECT FROM audit_event e WHERE e.id = l.event_id)
                """,
            ),
            rows(
                "event {id}",
                """
                SELECT p.event_id AS id FROM audit_pending p
                WHERE NOT EXISTS (SELECT FROM audit_event e WHERE e.id = p.event_id)
                """,
            ),
            rows(
                "head {size}",
                """
                SELECT size, signed_at, before FROM (
                    SELECT size, signed_at, lag(signed_at) OVER (ORDER BY size) AS before FROM audit_head
                ) h WHERE signed_at < before
                """,
            ),
        ),
    ),
)
