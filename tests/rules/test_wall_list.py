"""The list of walls is read from the database: every table of one insurer has row security, or its reason here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from claims.models import ClaimAgreement
from core.db import unit_of_work
from core.permits import SEES_ALL, SYSTEM, Role
from core.server import Urls
from ledger.models import Share
from tender.models import BidderKey, BidWithdrawal, CustodianShare, Tender, TenderSide
from tests.rules.test_walls import MEMBERS, actor_of
from tests.rules.walking import Walk
from tests.rules.world import NOW

#: Our tables without forced row security that say whose a row is: by a column, or by standing under one that is walled.
_OPEN = """
WITH ours AS (
    SELECT c.oid, c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_walled FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
)
SELECT t.name FROM ours t WHERE NOT t.is_walled AND (
    EXISTS (
        SELECT 1 FROM pg_attribute a
        WHERE a.attrelid = t.oid AND a.attname IN ('organisation_id', 'pool_id') AND NOT a.attisdropped
    ) OR EXISTS (
        SELECT 1 FROM pg_constraint k JOIN ours p ON p.oid = k.confrelid
        WHERE k.conrelid = t.oid AND k.contype = 'f' AND p.is_walled
    )
)
"""
_OF_THE_POOL = "the pool's common business, for which every member answers with its share"
_PUBLIC = "published with the result, or read out at the opening"

#: Table without row security -> why its rows are no secret of one insurer.
OPEN: Mapping[str, str] = {
    **dict.fromkeys(("agreement", "book", "share", "share_version"), "what the members agreed to among themselves"),
    **dict.fromkeys(("period", "policy", "claim", "claim_payment", "step_up", "pool_closing"), _OF_THE_POOL),
    **dict.fromkeys(
        ("entry", "entry_batch", "stream", "stream_item", "transfer"),
        "the book adds up for every member; accounts hide",
    ),
    **dict.fromkeys(("award_member", "opened_bid"), _PUBLIC),
    **dict.fromkeys(("agreement_signature", "agreement_refusal"), "every party of an agreement sees who signed it"),
    **dict.fromkeys(("variation", "variation_consent"), "every party sees what is proposed and answered"),
    "audit_event": "one log for all: it holds hashes of what is secret, and web/audit_log.py scopes its readers",
    "community": "the estate's organisation is no insurer",
    "custodian": "the custodians' public keys are part of the notice",
    "mandate": "who may act for an organisation is looked up before anybody is signed in",
    "mark": "of a bid, by the committee, whose marks are in the report",
    "signing_key": "public keys, by which anybody checks a bid's signature",
    "tender": "the bureau's, published",
}


def _open_tables(place: Urls) -> set[str]:
    with psycopg.connect(place.owner) as connection:
        return {name for (name,) in connection.execute(_OPEN.encode()).fetchall()}


def test_every_table_of_one_insurer_is_behind_the_wall_or_says_why_not(place: Urls) -> None:
    """A table that says whose its rows are is walled, or has its reason here; no reason outlives its need."""
    found = _open_tables(place)
    assert (sorted(found - set(OPEN)), sorted(set(OPEN) - found)) == ([], [])


@pytest.mark.parametrize("table", ["statement", "claim_agreement", "bidder_key", "tender_side"])
def test_a_wall_that_is_taken_down_is_missed(place: Urls, table: str) -> None:
    """Without its row security, or without its force upon the owner, a table is found."""
    for words in ("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"):
        with psycopg.connect(place.owner) as connection:
            connection.execute(f"ALTER TABLE {table} {words}")
            found = {name for (name,) in connection.execute(_OPEN.encode()).fetchall()}
            connection.rollback()
        assert table in found


#: What stands in or beside the box, each a bid's.
OF_A_BID = (BidderKey, BidWithdrawal, CustodianShare)


def _whole(walk: Walk, kind: type[Any]) -> int:
    (count,) = walk.superuser.execute(f"SELECT count(*) FROM {kind.__tablename__}").fetchone() or (0,)
    return int(count)


@pytest.mark.parametrize("kind", OF_A_BID, ids=lambda kind: kind.__name__)
def test_the_database_alone_hides_what_belongs_to_anothers_bid(walk: Walk, kind: type[Any]) -> None:
    """A query without any scope finds an insurer keys, shares and withdrawals of its own bids only; the public none."""
    found = 0
    for insurer in walk.world.town.insurers:
        with unit_of_work(walk.engine, insurer.bidder) as session:
            owners = session.scalars(select(kind.organisation_id)).all()
        assert set(owners) <= {insurer.id}
        found += len(owners)
    with unit_of_work(walk.engine, None) as session:
        assert session.scalar(select(func.count()).select_from(kind)) == 0
    assert found == _whole(walk, kind) > 0


def test_the_database_alone_hides_withdrawals_before_the_deadline(walk: Walk) -> None:
    """Who reads all learns of a withdrawal, a key or a share only when the box is closed."""
    for role in SEES_ALL:
        actor = SYSTEM if role is Role.SYSTEM else actor_of(walk, walk.seat(role))
        with unit_of_work(walk.engine, actor) as session:
            closed = set(session.scalars(select(Tender.id).where(Tender.box_closed_at.is_not(None))))
            for kind in OF_A_BID:
                assert set(session.scalars(select(kind.tender_id))) <= closed
    assert _whole(walk, BidWithdrawal) > 0


def test_the_database_alone_hides_who_bids(walk: Walk) -> None:
    """An insurer learns of no other bidder's people, the public of none; of the open sides everybody may know."""
    for insurer in walk.world.town.insurers:
        with unit_of_work(walk.engine, insurer.bidder) as session:
            query = select(TenderSide.organisation_id).where(TenderSide.side == "bidder")
            assert set(session.scalars(query)) <= {insurer.id}
    with unit_of_work(walk.engine, None) as session:
        sides = set(session.scalars(select(TenderSide.side)))
    assert sides and "bidder" not in sides


def test_the_database_alone_hides_who_agreed_to_a_claim_from_strangers(walk: Walk) -> None:
    """Every member of a claim's pool sees who agreed, an insurer outside nothing; nobody agrees for another."""
    with unit_of_work(walk.engine, SYSTEM) as session:
        pool_id = walk.world.pool.pool.id
        members = set(session.scalars(select(Share.organisation_id).where(Share.pool_id == pool_id)))
    seen = {}
    for relation in MEMBERS:
        actor = actor_of(walk, walk.seat(Role.CLAIMS_HANDLER, relation))
        with unit_of_work(walk.engine, actor) as session:
            seen[relation] = set(session.scalars(select(ClaimAgreement.organisation_id)))
    assert seen == {"own": members, "fellow": members, "other": set(), "outside": set()}
    with unit_of_work(walk.engine, None) as session:
        assert session.scalar(select(func.count()).select_from(ClaimAgreement)) == 0
    fellow = actor_of(walk, walk.seat(Role.CLAIMS_HANDLER, "fellow"))
    with pytest.raises(ProgrammingError, match="row-level security"), unit_of_work(walk.engine, fellow) as session:
        lead, claim_id = walk.world.pool.members[0].id, walk.world.ids["open_claim_id"]
        session.add(ClaimAgreement(claim_id=claim_id, estimate_version=9, organisation_id=lead, at=NOW))
        session.flush()
