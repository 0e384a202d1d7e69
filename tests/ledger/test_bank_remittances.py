"""Batches of premiums: each member once, what was remitted to it; a remittance in one batch; as the bank shows."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_payments, bank_remittances
from ledger.bank_models import PaymentBatch
from tests.makers import AT
from tests.makers_bank import camt, confirm_all, details, line_of, take_file
from tests.makers_money import Quarter, play_quarter

#: A morning after both remittances of the quarter.
MORNING = datetime(2026, 3, 9, 9, tzinfo=CITY)
PAYS_ON = MORNING.date()
#: What the oracle's table remits to B, C and D.
PARTS = [48_868_00, 39_094_40, 19_547_20]


def _ready(session: Session) -> Quarter:
    quarter = play_quarter(session, is_closed=False)
    confirm_all(session, quarter.made)
    return quarter


def _prepare(session: Session, quarter: Quarter, until_on: date = PAYS_ON) -> PaymentBatch:
    maker = quarter.made.actor(Role.FINANCE_MAKER)
    return bank_remittances.prepare_premiums(
        session, quarter.made.pool.id, until_on, pays_on=PAYS_ON, by=maker, at=MORNING
    )


def test_each_member_is_paid_what_was_remitted_to_it(session: Session) -> None:
    """The oracle's quarter: 48,868.00, 39,094.40 and 19,547.20; the lead keeps its own; a day bounds what is paid."""
    quarter = _ready(session)
    pool = quarter.made.pool.id
    found = bank_remittances.to_remit(session, pool, PAYS_ON)
    assert (len(found.entries), list(found.parts_fen.values())) == (2, PARTS)
    assert len(bank_remittances.to_remit(session, pool, date(2026, 3, 5)).entries) == 1
    batch = _prepare(session, quarter)
    assert (batch.kind, batch.items, batch.total_fen) == ("premium", 3, sum(PARTS))
    assert bank_remittances.entries_of(session, batch) == 2
    paid = bank_payments.lines(session, batch)
    assert (paid[0].reference, paid[0].amount_fen, paid[0].shown_on) == (f"{batch.number}-01", PARTS[0], None)
    with pytest.raises(Conflict, match="no_premium_to_pay_out"):
        _prepare(session, quarter)
    with pytest.raises(Invalid, match="pays_on_past"):
        bank_remittances.prepare_premiums(
            session, pool, PAYS_ON, pays_on=AT.date(), by=quarter.made.actor(Role.FINANCE_MAKER), at=MORNING
        )
    with pytest.raises(Forbidden, match="lead_only"):
        bank_remittances.prepare_premiums(
            session, pool, PAYS_ON, pays_on=PAYS_ON, by=quarter.made.actor(Role.FINANCE_MAKER, 1), at=MORNING
        )


def test_a_rejected_batch_lets_its_remittances_go(session: Session) -> None:
    """What stood in a batch that fell is paid by the next; a released one has both its files."""
    quarter = _ready(session)
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    bank_payments.reject(session, _prepare(session, quarter), by=checker, at=MORNING)
    batch = _prepare(session, quarter)
    bank_payments.release_batch(session, batch, by=checker, at=MORNING)
    made = bank_payments.file(session, batch, "pain001").content.decode()
    assert "48868.00" in made and f"共保保费划付 {batch.number}-01" in made


def test_the_banks_line_shows_a_payment(session: Session) -> None:
    """Proposed by its reference, or by sum and account; accepted, the payment is marked; taken back, it is open."""
    quarter = _ready(session)
    pool, checker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    batch = _prepare(session, quarter)
    lines = [
        line_of(-PARTS[0], "R-1", about=f"划付 {batch.number}-01", on=PAYS_ON),
        line_of(-PARTS[1], "R-2", number=details(2).number, on=PAYS_ON),
    ]
    take_file(session, quarter.made, camt(lines, on=PAYS_ON))
    assert bank_matches.proposed(session, pool, checker) == []
    bank_payments.release_batch(session, batch, by=checker, at=MORNING)
    found = bank_matches.proposed(session, pool, checker)
    assert [(one.line.reference, one.target.number) for one in found] == [
        ("R-1", f"{batch.number}-01"),
        ("R-2", f"{batch.number}-02"),
    ]
    match = bank_matches.accept(session, pool, found[0].line.id, found[0].target.id, by=checker, at=MORNING).match
    assert [one.shown_on for one in bank_payments.lines(session, batch)] == [PAYS_ON, None, None]
    assert bank_matches.get(session, match.id, checker, pool_id=pool).target.batch_id == batch.id
    with pytest.raises(Conflict, match="statement_matched"):
        bank_matches.accept(session, pool, found[1].line.id, found[0].target.id, by=checker, at=MORNING)
    bank_matches.take_back(session, match, "核错", by=checker, at=MORNING)
    assert len(bank_matches.proposed(session, pool, checker)) == 2


def test_the_database_holds_a_batch_to_its_remittances(engine: Engine) -> None:
    """Where the verb is left out: no entry twice, none that remitted nothing, no other sum."""
    with unit_of_work(engine, SYSTEM) as session:
        _prepare(session, _ready(session), date(2026, 3, 5))
    add = "INSERT INTO payment_entry SELECT b.id, e.id, b.stage, e.pool_id, e.period_id FROM payment_batch b, entry e"
    for said, query in (
        ("remitted", f"{add} WHERE e.reason = 'premium_received' LIMIT 1"),
        (
            "its entries remitted",
            f"{add} WHERE e.reason = 'premium_remitted' AND NOT EXISTS (SELECT FROM payment_entry p"
            " WHERE p.entry_id = e.id)",
        ),
        ("permission denied", "UPDATE payment_entry SET entry_id = 1"),
        ("permission denied", "DELETE FROM payment_entry"),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(query))
