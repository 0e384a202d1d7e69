"""Two walls stand before another insurer's rows, the application's scope and the database's: each alone is enough."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, object_session

from claims.models import CashCall, FeeCharge
from core.db import unit_of_work
from core.papers import Paper, papers_by_code, papers_by_digest
from core.permits import SEES_ALL, SYSTEM, Actor, Role
from ledger import journal, statements
from ledger.bank_models import BankAccount
from ledger.journal import Wanted
from ledger.models import Account, Share, Statement
from tender import awards, bids
from tender.models import Bid, BidReceipt, SealedBid, Tender, TenderSide
from tender.outcome_models import Objection, OpenedPart, ShareOffer
from tests.rules.bodies import QUERIES
from tests.rules.matrix import is_hidden, role_may
from tests.rules.seats import INSURERS, Seat
from tests.rules.walking import Walk
from underwriting.pools import led_by
from web import pool_book
from web.claim_money import calls_visible_to

#: Rows of one insurer; and whether the lead of their pool sees them too.
OF_ONE_INSURER: dict[type[Any], bool] = {
    Statement: True,
    CashCall: True,
    FeeCharge: True,
    Account: True,
    BankAccount: True,
    Bid: False,
    SealedBid: False,
    BidReceipt: False,
    OpenedPart: False,
    ShareOffer: False,
    Objection: False,
    Paper: True,
}
#: Rows of one insurer's tables that are nobody's, and so everybody's.
OF_NOBODY = (Account, Paper)
MEMBERS = ("own", "fellow", "other", "outside")


def actor_of(walk: Walk, seat: Seat) -> Actor:
    """Return the actor that a seat is."""
    with unit_of_work(walk.engine, SYSTEM) as session:
        assert seat.organisation_id is not None
        kind = "insurer" if seat.role in INSURERS else "bureau"
        led = frozenset(session.scalars(led_by(seat.organisation_id)))
        return Actor(seat.person_id, seat.organisation_id, seat.role, kind, led)


def _may_see(row: Any, actor: Actor, *, is_shown_to_lead: bool) -> bool:
    if row.organisation_id in (None, actor.organisation_id):
        return True
    if isinstance(row, BankAccount) and _is_paid_into(row, actor):
        return True
    return is_shown_to_lead and _pool_of(row) in actor.led_pools


def _is_paid_into(row: BankAccount, actor: Actor) -> bool:
    """Say whether it is the confirmed account of the lead of a pool that the actor is a member of."""
    query = select(Share.organisation_id, Share.position).where(Share.pool_id == row.pool_id)
    members = object_session(row).execute(query).all()  # type: ignore[union-attr]
    return (
        row.stage == "confirmed"
        and (row.organisation_id, 0) in {(one[0], one[1]) for one in members}
        and actor.organisation_id in {one[0] for one in members}
    )


def _pool_of(row: Any) -> int | None:
    """Return the pool that a row belongs to: a paper of a statement, that of the statement."""
    if not isinstance(row, Paper):
        return row.pool_id  # type: ignore[no-any-return]
    if row.subject_kind != "statement":
        return None
    return object_session(row).get_one(Statement, uuid.UUID(row.subject_id)).pool_id  # type: ignore[union-attr]


@pytest.fixture
def without_row_security(walk: Walk) -> Iterator[None]:
    """Take the database's wall down for one test."""
    forced = walk.superuser.execute("SELECT relname FROM pg_class WHERE relforcerowsecurity").fetchall()
    assert len(forced) > 10
    for (table,) in forced:
        walk.superuser.execute(psycopg.sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(_name(table)))
    yield
    for (table,) in forced:
        walk.superuser.execute(psycopg.sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(_name(table)))


def _name(table: str) -> psycopg.sql.Identifier:
    return psycopg.sql.Identifier(table)


@pytest.mark.parametrize("kind", OF_ONE_INSURER, ids=lambda kind: kind.__name__)
def test_the_database_alone_hides_another_insurers_rows(walk: Walk, kind: type[Any]) -> None:
    """A query that forgets every scope still finds an insurer its own rows only, and those of the pools it leads."""
    found: dict[str, int] = {}
    for relation in MEMBERS:
        actor = actor_of(walk, walk.seat(Role.SIGNATORY, relation))
        with unit_of_work(walk.engine, actor) as session:
            rows = session.scalars(select(kind)).all()
            wrong = [row for row in rows if not _may_see(row, actor, is_shown_to_lead=OF_ONE_INSURER[kind])]
        assert wrong == []
        found[relation] = len(rows)
    (whole,) = walk.superuser.execute(f"SELECT count(*) FROM {kind.__tablename__}").fetchone() or (0,)
    assert max(found.values()) > 0 and found["outside"] < whole


def test_the_database_alone_shows_the_public_nothing_of_one_insurer(walk: Walk) -> None:
    """Nobody signed in: no row that belongs to one insurer, whatever is asked."""
    with unit_of_work(walk.engine, None) as session:
        for kind in OF_ONE_INSURER:
            query = select(func.count()).select_from(kind)
            if kind in OF_NOBODY:
                query = query.where(kind.organisation_id.is_not(None))
            assert session.scalar(query) == 0, kind


def test_the_database_alone_hides_the_box_from_those_who_read_all(walk: Walk) -> None:
    """Before the box is closed nobody but its bidder learns of a bid from the database, not even who reads all."""
    tender = walk.world.tenders["published"]
    for role in SEES_ALL:
        actor = SYSTEM if role is Role.SYSTEM else actor_of(walk, walk.seat(role))
        with unit_of_work(walk.engine, actor) as session:
            for kind in (Bid, SealedBid, BidReceipt):
                assert session.scalars(select(kind).where(kind.tender_id == tender)).all() == []
            of_bids = session.scalars(select(Paper.subject_id).where(Paper.subject_kind == "sealed_bid")).all()
            assert set(of_bids) <= set(map(str, session.scalars(select(SealedBid.id))))
            sides = session.scalars(select(TenderSide.side).where(TenderSide.tender_id == tender))
            assert "bidder" not in set(sides)
    (whole,) = walk.superuser.execute("SELECT count(*) FROM bid WHERE tender_id = %s", (tender,)).fetchone() or (0,)
    assert whole == 4


def test_a_code_alone_leads_past_the_wall_before_papers(walk: Walk) -> None:
    """Whoever holds a paper's code sees it and what was kept with it of a statement; nobody finds it otherwise."""
    number = walk.world.ids["statement_id"]
    codes = "SELECT code FROM paper WHERE subject_kind = %s AND organisation_id IS NOT NULL ORDER BY id"
    (of_statement, *_), (of_bid, *_) = (
        [code for (code,) in walk.superuser.execute(codes, (kind,)).fetchall()] for kind in ("statement", "sealed_bid")
    )
    with unit_of_work(walk.engine, None) as session:
        assert session.scalars(select(Paper).where(Paper.code.in_([of_statement, of_bid]))).all() == []
        found = papers_by_code(session, of_statement)
        assert found[0].code == of_statement
        assert {(one.subject_kind, one.subject_id) for one in found} == {("statement", str(number))}
        assert [one.code for one in papers_by_code(session, of_bid)] == [of_bid]
        assert papers_by_digest(session, found[0].digest)[0].digest == found[0].digest
        assert papers_by_digest(session, "%") == []
        assert session.scalars(text("SELECT code FROM papers_by_code('%')")).all() == []
        assert session.scalars(text("SELECT code FROM papers_by_code(NULL)")).all() == []


@pytest.mark.usefixtures("without_row_security")
def test_the_application_alone_hides_another_insurers_rows(walk: Walk) -> None:
    """With the database's wall down every scope of the application still finds an insurer its own rows only."""
    scopes = {
        Statement: statements.visible_to,
        CashCall: calls_visible_to,
        Bid: bids.visible_to,
        Objection: awards.objections_visible_to,
    }
    for kind, scope in scopes.items():
        seen = []
        for relation in MEMBERS:
            actor = actor_of(walk, walk.seat(Role.SIGNATORY, relation))
            with unit_of_work(walk.engine, actor) as session:
                rows = session.scalars(scope(actor)).all()  # type: ignore[operator]
            assert all(_may_see(row, actor, is_shown_to_lead=OF_ONE_INSURER[kind]) for row in rows)
            seen.append(len(rows))
        assert max(seen) > 0, kind


@pytest.mark.usefixtures("without_row_security")
def test_the_application_alone_hides_the_box(walk: Walk) -> None:
    """With the database's wall down who reads all learns of no bid before the box is closed."""
    for role in SEES_ALL - {Role.SYSTEM}:
        actor = actor_of(walk, walk.seat(role))
        with unit_of_work(walk.engine, actor) as session:
            of_tenders = set(session.scalars(bids.visible_to(actor).with_only_columns(Bid.tender_id)))
            closed = set(session.scalars(select(Tender.id).where(Tender.box_closed_at.is_not(None))))
        assert of_tenders <= closed


@pytest.mark.usefixtures("without_row_security")
def test_the_application_alone_hides_the_others_part_of_the_journal(walk: Walk) -> None:
    """With the database's wall down a follower's view of the book names no account of another member."""
    pool, fellow = walk.world.pool, walk.world.pool.members[1].id
    with unit_of_work(walk.engine, SYSTEM) as session:
        rows = journal.page(session, pool.pool.id, Wanted(only=fellow), limit=500)
        legs = [leg for row in rows for leg in journal.legs_of(session, pool.pool.id, row, only=fellow)]
        whole = [leg for row in rows for leg in journal.legs_of(session, pool.pool.id, row)]
        balance = pool_book.trial_balance(session, pool.pool.id, _names(session, walk), only=fellow)
    named = {member for leg in legs for member in (leg.debit_member, leg.credit_member)}
    assert named <= {None, fellow}
    assert {member for leg in whole for member in (leg.debit_member, leg.credit_member)} > named
    assert {row.member_name for row in balance.rows} <= {"", walk.world.pool.members[1].name}
    assert balance.debit_fen == balance.credit_fen


def _names(session: Session, walk: Walk) -> dict[uuid.UUID, str]:
    return {member.id: member.name for member in walk.world.pool.members}


@pytest.mark.usefixtures("without_row_security")
def test_the_application_alone_refuses_every_stranger(walk: Walk) -> None:
    """With the database's wall down every page and operation still refuses another organisation's thing."""
    wrong, tried = [], 0
    for seat in walk.seats:
        for call in walk.calls:
            if not call.params or call.method != "GET" or not role_may(call, seat) or not is_hidden(call, seat):
                continue
            tried += 1
            status = walk.ask(call, seat).status_code
            if status not in (403, 404):
                wrong.append(f"{seat.name} {call.name}: {status}")
    assert tried > 200
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.usefixtures("without_row_security")
def test_the_application_alone_lists_nothing_of_another_insurer(walk: Walk) -> None:
    """With the database's wall down no list of another names the lead's statement, or a call that is not its own."""
    number, call = _lead_statement(walk), str(walk.world.ids["call_id"])
    lists = [one for one in walk.calls if one.method == "GET" and not one.params and one.endpoint not in QUERIES]
    for relation, hidden in (("fellow", [number]), ("other", [number, call]), ("outside", [number, call])):
        for role in INSURERS:
            seat = walk.seat(role, relation)
            for one in lists:
                if role_may(one, seat):
                    body = walk.ask(one, seat).data
                    assert not [word for word in hidden if word.encode() in body], f"{seat.name} {one.name}"
    own = [walk.ask(one, walk.seat(Role.FINANCE_CHECKER)).data for one in lists if "statements" in one.endpoint]
    assert number.encode() in b"".join(own)


def _lead_statement(walk: Walk) -> str:
    with unit_of_work(walk.engine, SYSTEM) as session:
        return session.get_one(Statement, walk.world.ids["statement_id"]).number
