"""An invented register of any size, written by the server's administrator: communities, buildings, lifts, covers."""

from __future__ import annotations

import uuid

import psycopg

from bench.place import DAY, ENDS, LIFT_FEN
from core.migrations.pieces.estate_counts import FILL_COVER
from core.parties import sort_key_of
from core.server import Urls

#: As in the city that the scheme comes from: so many lifts to a community, and buildings.
LIFTS_OF_ONE, BUILDINGS_OF_ONE = 21, 5
DISTRICTS = tuple(f"示例{number}区" for number in range(1, 15))

_COMMUNITY = "COPY community (id, name, district, sort_key, households) FROM STDIN"
_BUILDINGS = """
INSERT INTO building (id, community_id, name) SELECT gen_random_uuid(), c.id, n || '栋'
FROM community c, generate_series(1, %s) n
"""
_LIFTS = """
INSERT INTO lift (id, building_id, number, in_service_on, floors)
SELECT gen_random_uuid(), b.id, 'SF' || lpad(row_number() OVER (ORDER BY b.id, n)::text, 9, '0'), '2015-05-01', 18
FROM building b, generate_series(1, %s + CASE b.name WHEN '1栋' THEN %s ELSE 0 END) n
"""
_COVERS = """
INSERT INTO policy_lift (policy_id, lift_id, gross_fen, covered_from, covered_to)
SELECT p.id, l.id, %s, %s, %s
FROM policy p JOIN building b ON b.community_id = p.community_id JOIN lift l ON l.building_id = b.id
"""


def fill(urls: Urls, lifts: int) -> list[tuple[str, str]]:
    """Write communities with so many lifts in all; return each one's district and name."""
    count = max(1, lifts // LIFTS_OF_ONE)
    places = [(DISTRICTS[n % len(DISTRICTS)], f"示例苑{n + 1}") for n in range(count)]
    with psycopg.connect(urls.admin) as connection, connection.cursor() as cursor:
        with cursor.copy(_COMMUNITY) as rows:
            for district, name in places:
                rows.write_row((uuid.uuid4(), name, district, sort_key_of(name), 896))
        cursor.execute(_BUILDINGS, (BUILDINGS_OF_ONE,))
        # What does not go into the buildings evenly stands in the first.
        cursor.execute(_LIFTS, divmod(LIFTS_OF_ONE, BUILDINGS_OF_ONE))
    return places


def cover(urls: Urls) -> None:
    """Put every lift on the policies of its community, and have the server learn what its tables look like.

    The triggers, which would look at each lift and count it, do not run; the count is made afterwards.
    """
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_COVERS, (LIFT_FEN, DAY, ENDS))
        connection.execute(FILL_COVER)
        connection.execute("VACUUM ANALYZE")


def lift_ids(urls: Urls, count: int) -> list[str]:
    """Return the ids of so many lifts."""
    with psycopg.connect(urls.admin) as connection:
        return [str(row[0]) for row in connection.execute("SELECT id FROM lift ORDER BY number LIMIT %s", (count,))]
