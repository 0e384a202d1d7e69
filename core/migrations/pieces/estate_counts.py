"""How many buildings and lifts a community has, and how many lifts a policy covers there: kept beside the rows.

Put up by step 0016. What is counted is only ever added; a building stays in its community, a lift in its building and
a cover with its lift and policy, so a count is changed by what comes in and by a term that is cut short.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

# Each list that comes in is counted as a whole, its communities in one order, so that two lists wait for each other.
COUNT_ESTATE = """
CREATE FUNCTION count_estate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'building' THEN
        INSERT INTO public.estate_count AS c (community_id, buildings, lifts)
        SELECT a.community_id, count(*), 0 FROM added a GROUP BY 1 ORDER BY 1
        ON CONFLICT (community_id) DO UPDATE SET buildings = c.buildings + EXCLUDED.buildings;
    ELSE
        INSERT INTO public.estate_count AS c (community_id, buildings, lifts)
        SELECT b.community_id, 0, count(*) FROM added a JOIN public.building b ON b.id = a.building_id
        GROUP BY 1 ORDER BY 1
        ON CONFLICT (community_id) DO UPDATE SET lifts = c.lifts + EXCLUDED.lifts;
    END IF;
    RETURN NULL;
END $$
"""

_BY_TERM = """
        SELECT r.policy_id, b.community_id, r.covered_from, r.covered_to, count(*) AS lifts FROM {rows} r
        JOIN public.lift l ON l.id = r.lift_id JOIN public.building b ON b.id = l.building_id
        GROUP BY 1, 2, 3, 4"""

# A lift that goes off its policy is taken from one term and added to another of the same policy.
COUNT_COVER = f"""
CREATE FUNCTION count_cover() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO public.cover_count AS c (policy_id, community_id, covered_from, covered_to, lifts)
    {_BY_TERM.format(rows="added").strip()} ORDER BY 1, 2, 3, 4
    ON CONFLICT (policy_id, community_id, covered_from, covered_to) DO UPDATE SET lifts = c.lifts + EXCLUDED.lifts;
    IF TG_OP = 'UPDATE' THEN
        UPDATE public.cover_count c SET lifts = c.lifts - o.lifts FROM ({_BY_TERM.format(rows="removed").strip()}) o
        WHERE (c.policy_id, c.community_id, c.covered_from, c.covered_to)
            = (o.policy_id, o.community_id, o.covered_from, o.covered_to);
    END IF;
    RETURN NULL;
END $$
"""

FILL_ESTATE = """
INSERT INTO estate_count (community_id, buildings, lifts)
SELECT b.community_id, count(DISTINCT b.id), count(l.id) FROM building b LEFT JOIN lift l ON l.building_id = b.id
GROUP BY 1
"""
FILL_COVER = f"""
INSERT INTO cover_count (policy_id, community_id, covered_from, covered_to, lifts)
{_BY_TERM.format(rows="policy_lift").strip()}
"""

#: What never changes of the rows that are counted.
STAYS = {"building": "community_id", "lift": "building_id", "policy_lift": "policy_id, lift_id"}


def make_estate_count() -> None:
    """The table `estate_count`."""
    op.create_table(
        "estate_count",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("buildings", sa.BigInteger(), nullable=False),
        sa.Column("lifts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("buildings >= 0 AND lifts >= 0", name=op.f("ck_estate_count_counts")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_estate_count_community_id")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_estate_count")),
    )


def make_cover_count() -> None:
    """The table `cover_count`."""
    op.create_table(
        "cover_count",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("covered_from", sa.Date(), nullable=False),
        sa.Column("covered_to", sa.Date(), nullable=False),
        sa.Column("lifts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lifts >= 0", name=op.f("ck_cover_count_lifts")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_cover_count_community_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_cover_count_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "community_id", "covered_from", "covered_to", name=op.f("pk_cover_count")),
    )
    # Holds all that is asked of the table, so that a community's covers and everybody's are read from it alone.
    op.create_index(
        "ix_cover_count_place",
        "cover_count",
        ["community_id", "covered_to", "covered_from"],
        postgresql_include=["lifts"],
    )
