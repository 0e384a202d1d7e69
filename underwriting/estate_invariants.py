"""The invariant of the register's kept counts: they are what the rows come to, counted again."""

from __future__ import annotations

from core.checks import Invariant, every, rows

COUNTS = every(
    rows(
        "community {community}",
        """
        SELECT coalesce(c.community_id, o.community_id) AS community, c.buildings, c.lifts,
            o.buildings AS buildings_counted, o.lifts AS lifts_counted
        FROM estate_count c FULL JOIN (
            SELECT b.community_id, count(DISTINCT b.id) AS buildings, count(l.id) AS lifts
            FROM building b LEFT JOIN lift l ON l.building_id = b.id GROUP BY 1
        ) o ON o.community_id = c.community_id
        WHERE (c.buildings, c.lifts) IS DISTINCT FROM (o.buildings, o.lifts)
        """,
    ),
    # A term that all lifts have left stays with none.
    rows(
        "policy {policy}",
        """
        SELECT coalesce(c.policy_id, o.policy_id) AS policy, coalesce(c.community_id, o.community_id) AS community,
            coalesce(c.covered_from, o.covered_from) AS covered_from,
            coalesce(c.covered_to, o.covered_to) AS covered_to, c.lifts, o.lifts AS lifts_counted
        FROM cover_count c FULL JOIN (
            SELECT p.policy_id, b.community_id, p.covered_from, p.covered_to, count(*) AS lifts FROM policy_lift p
            JOIN lift l ON l.id = p.lift_id JOIN building b ON b.id = l.building_id GROUP BY 1, 2, 3, 4
        ) o ON (o.policy_id, o.community_id, o.covered_from, o.covered_to)
            = (c.policy_id, c.community_id, c.covered_from, c.covered_to)
        WHERE coalesce(c.lifts, -1) <> coalesce(o.lifts, 0)
        """,
    ),
)

INVARIANT = Invariant(
    "INV-P6-counts",
    "小区的楼栋数、电梯数，保单每段保险期间的在保电梯数，等于逐行重新计数",
    "A community's buildings and lifts and the lifts that a policy covers for each term are as many as the "
    "rows counted again",
    COUNTS,
)
