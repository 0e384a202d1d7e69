"""Batches of payments: what is agreed and owed, once, to the account of the day, by two persons, kept byte for byte."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import calendar
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Actor, Role
from ledger import bank_matches, bank_payments, bank_remittances, statements
from ledger.bank_models import BankLine, PaymentBatch, PaymentFile, PaymentLine
from ledger.models import Period
from tests.makers import AT, open_quarter
from tests.makers_bank import confirm, confirm_all, line_of, prepare, release, take
from tests.makers_money import Quarter, agree_all, play_quarter

#: The day that the oracle's quarter is settled, and its morning.
ON = date(2026, 4, 17)
NOW = datetime(2026, 4, 15, 1, 0, tzinfo=UTC)


def _agreed(session: Session) -> tuple[Quarter, Period]:
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2026)
    quarter = play_quarter(session)
    confirm_all(session, quarter.made)
    agree_all(session, quarter)
    return quarter, statements.period(session, quarter.made.pool.id, "2026Q1")


def test_a_batch_pays_the_followers_what_they_are_owed(session: Session) -> None:
    """The oracle's quarter: B 864.54 and C 691.62 are paid; the lead keeps its own, D owes and is not in it."""
    quarter, period = _agreed(session)
    batch = release(session, quarter.made, period, pays_on=ON, at=NOW)
    paid = bank_payments.lines(session, batch)
    assert [(one.statement.number, one.amount_fen) for one in paid] == [
        (quarter.of(1).number, 86_454),
        (quarter.of(2).number, 69_162),
    ]
    assert (batch.stage, batch.items, batch.total_fen) == ("released", 2, 155_616)
    kept = {one.kind: one for one in bank_payments.files(session, batch)}
    assert set(kept) == {"pain001", "csv"}
    assert all(one.digest == hashlib.sha256(one.content).hexdigest() for one in kept.values())
    assert quarter.of(1).number.encode() in kept["pain001"].content and b"<CtrlSum>1556.16<" in kept["pain001"].content
    assert bank_payments.file(session, batch, "csv").name == f"{batch.number}.csv"


def test_a_batch_of_premiums_holds_no_statement_back(session: Session) -> None:
    """Payments that pay no statement say nothing of those that are still to be paid."""
    quarter, period = _agreed(session)
    maker = quarter.made.actor(Role.FINANCE_MAKER)
    bank_remittances.prepare_premiums(session, quarter.made.pool.id, ON, pays_on=ON, by=maker, at=NOW)
    assert [one.id for one in bank_payments.to_pay(session, period)] == [quarter.of(1).id, quarter.of(2).id]


def test_a_statement_is_paid_once(session: Session) -> None:
    """What stands in a batch is in no other; what fell with a rejected one can be paid again."""
    quarter, period = _agreed(session)
    first = prepare(session, quarter.made, period, pays_on=ON, at=NOW)
    with pytest.raises(Conflict, match="nothing_to_pay_out"):
        prepare(session, quarter.made, period, pays_on=ON, at=NOW)
    with pytest.raises(NotFound, match="payment_file_not_found"):
        bank_payments.file(session, first, "pain001")
    bank_payments.reject(session, first, by=quarter.made.actor(Role.FINANCE_CHECKER), at=NOW)
    again = release(session, quarter.made, period, pays_on=ON, at=NOW)
    assert (again.sequence, len(bank_payments.lines(session, again))) == (2, 2)
    for verb in (bank_payments.release_batch, bank_payments.reject):
        with pytest.raises(Conflict, match="stage_refuses"):
            verb(session, again, by=quarter.made.actor(Role.FINANCE_CHECKER), at=NOW)


def test_the_database_pays_a_statement_once(engine: Engine) -> None:
    """Without the verb the database refuses a second payment, one the bank has shown, another sum or account."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter, period = _agreed(session)
        batch = prepare(session, quarter.made, period, pays_on=ON, at=NOW)
        line = bank_payments.lines(session, batch)[0]
        again = {"batch_id": batch.id, "batch_stage": "prepared", "pool_id": batch.pool_id, "amount_fen": 86_454}
        same = {**again, "statement_id": line.statement.id, "account_id": line.account.id, "position": 3}
        other = bank_payments.lines(session, batch)[1].account.id
    for wrong, said in (
        (same, "ux_payment_line_statement"),
        ({**same, "amount_fen": 1}, "of whom it is owed"),
        ({**same, "account_id": other}, "of whom it is owed"),
        ({**same, "statement_id": quarter.of(3).id}, "of whom it is owed"),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.add(PaymentLine(**wrong))
            session.flush()
    with unit_of_work(engine, SYSTEM) as session:
        made, number = quarter.made, line.statement.number
        take(session, made, [line_of(-86_454, "R-1", about=number)])
        line_id, maker = session.scalars(select(BankLine.id)).one(), made.actor(Role.FINANCE_MAKER)
        bank_matches.accept(session, made.pool.id, line_id, line.statement.id, by=maker, at=NOW)
    with pytest.raises(DBAPIError, match="of whom it is owed"), unit_of_work(engine, SYSTEM) as session:
        session.add(PaymentLine(**same))
        session.flush()


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("UPDATE payment_batch SET total_fen = 1", "permission denied"),
        ("UPDATE payment_line SET amount_fen = 1", "permission denied"),
        ("DELETE FROM payment_line", "permission denied"),
        ("UPDATE payment_file SET content = 'x'", "permission denied"),
        ("UPDATE payment_batch SET stage = 'rejected' WHERE stage = 'released'", "stands as it is"),
        ("UPDATE payment_batch SET stage = 'released', decided_by = prepared_by, decided_at = now()", "four_eyes"),
        (
            "UPDATE payment_batch SET stage = 'released', decided_by = gen_random_uuid(), decided_at = now()"
            " WHERE stage = 'prepared'",
            "lacks a file",
        ),
        (
            "INSERT INTO payment_batch (id, pool_id, kind, period_id, sequence, number, stage, pays_on, payer_id,"
            " items, total_fen, prepared_by, prepared_at) SELECT gen_random_uuid(), pool_id, kind, period_id, 9,"
            " 'PB-9', 'prepared', pays_on, payer_id, 1, 100, prepared_by, prepared_at FROM payment_batch LIMIT 1",
            "do not add up",
        ),
        (
            "INSERT INTO payment_file SELECT id, 'csv', pool_id, 'x', 'x', 'x', 'x' FROM payment_batch",
            "ck_payment_file_digest",
        ),
    ],
)
def test_the_database_refuses_what_the_verbs_would(engine: Engine, deed: str, said: str) -> None:
    """A batch stands as prepared, is released by another person with its files, and adds up to its payments."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter, period = _agreed(session)
        make = release if "WHERE stage = 'released'" in deed else prepare
        make(session, quarter.made, period, pays_on=ON, at=NOW)
    with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
        session.execute(text(deed))


def test_what_the_bank_shows_as_paid_is_not_paid_again(session: Session) -> None:
    """A statement whose payment the bank shows, by hand and in no batch, is neither released nor prepared."""
    quarter, period = _agreed(session)
    made, owed = quarter.made, quarter.of(1)
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    batch = prepare(session, made, period, pays_on=ON, at=NOW)
    take(session, made, [line_of(-owed.balance_fen, "R-1", about=owed.number)])
    line_id = session.scalars(select(BankLine.id)).one()
    match = bank_matches.accept(session, made.pool.id, line_id, owed.id, by=maker, at=NOW).match
    with pytest.raises(Conflict, match="statement_matched"):
        bank_payments.release_batch(session, batch, by=checker, at=NOW)
    bank_payments.reject(session, batch, by=checker, at=NOW)
    assert [one.id for one in bank_payments.to_pay(session, period)] == [quarter.of(2).id]
    bank_matches.take_back(session, match, "核错了", by=checker, at=NOW)
    assert [one.id for one in bank_payments.to_pay(session, period)] == [owed.id, quarter.of(2).id]


def test_two_persons_of_the_lead(session: Session) -> None:
    """Who prepared does not release; a follower does neither; a maker does not release nor a checker prepare."""
    quarter, period = _agreed(session)
    made = quarter.made
    person = uuid.uuid4()
    maker = made.actor(Role.FINANCE_MAKER, person=person)
    batch = bank_payments.prepare(session, period, pays_on=ON, by=maker, at=NOW)
    for by, code in (
        (made.actor(Role.FINANCE_CHECKER, person=person), "second_person_needed"),
        (made.actor(Role.FINANCE_CHECKER, 1), "lead_only"),
        (made.actor(Role.FINANCE_MAKER), "role_may_not"),
    ):
        with pytest.raises(Forbidden, match=code):
            bank_payments.release_batch(session, batch, by=by, at=NOW)
    with pytest.raises(Forbidden, match="role_may_not"):
        bank_payments.prepare(session, period, pays_on=ON, by=made.actor(Role.FINANCE_CHECKER), at=NOW)
    for verb in (bank_payments.reject,):
        with pytest.raises(Forbidden, match="lead_only"):
            verb(session, batch, by=made.actor(Role.FINANCE_MAKER, 1), at=NOW)


def test_a_member_without_an_account_is_named(session: Session) -> None:
    """Nothing is prepared while a payee, or the lead that pays, has no confirmed account on the day of payment."""
    quarter = play_quarter(session)
    agree_all(session, quarter)
    confirm(session, quarter.made, 1)
    period = statements.period(session, quarter.made.pool.id, "2026Q1")
    with pytest.raises(Invalid, match="payees_without_account") as refused:
        prepare(session, quarter.made, period, pays_on=ON, at=NOW)
    named = {(one.code, one.facts["member"]) for one in refused.value.findings}
    assert named == {("payee_without_account", quarter.made.members[place].name) for place in (0, 2)}
    assert session.scalar(select(func.count()).select_from(PaymentBatch)) == 0


def test_the_account_of_the_day_is_paid_and_a_change_stops_the_release(session: Session) -> None:
    """A payment goes to the account in use on its day; one that changes before the release sends the batch back."""
    quarter, period = _agreed(session)
    batch = prepare(session, quarter.made, period, pays_on=ON, at=NOW)
    new = confirm(session, quarter.made, 1, again=1, at=NOW)
    assert new.effective_on == ON
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Conflict, match="payment_account_changed") as refused:
        bank_payments.release_batch(session, batch, by=checker, at=NOW)
    assert refused.value.facts["members"] == [quarter.made.members[1].name]
    bank_payments.reject(session, batch, by=checker, at=NOW)
    again = release(session, quarter.made, period, pays_on=ON, at=NOW)
    assert bank_payments.lines(session, again)[0].account.id == new.id


def test_days_and_settlements_stop_a_batch(session: Session) -> None:
    """A day that has passed is refused at both steps; a statement that is settled meanwhile is not paid."""
    quarter, period = _agreed(session)
    with pytest.raises(Invalid, match="pays_on_past"):
        prepare(session, quarter.made, period, pays_on=date(2026, 4, 14), at=NOW)
    batch = prepare(session, quarter.made, period, pays_on=ON, at=NOW)
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Invalid, match="pays_on_past"):
        bank_payments.release_batch(session, batch, by=checker, at=datetime(2026, 4, 18, 1, 0, tzinfo=UTC))
    open_quarter(session, quarter.made.pool, 2)
    statements.settle_period(session, period, on=ON, by=checker, at=NOW)
    with pytest.raises(Conflict, match="batch_statement_not_agreed"):
        bank_payments.release_batch(session, batch, by=checker, at=NOW)


def test_only_the_lead_sees_a_batch(engine: Engine) -> None:
    """A follower learns nothing of the lead's payments, neither by the verbs nor from the database itself."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter, period = _agreed(session)
        batch = release(session, quarter.made, period, pays_on=ON, at=NOW)
    for place, count in ((0, 1), (1, 0)):
        who = quarter.made.actor(Role.FINANCE_CHECKER, place)
        with unit_of_work(engine, who) as session:
            for kind, times in ((PaymentBatch, 1), (PaymentLine, 2), (PaymentFile, 2)):
                assert session.scalar(select(func.count()).select_from(kind)) == times * count
            assert len(session.scalars(bank_payments.visible_to(who)).all()) == count
            if not count:
                with pytest.raises(NotFound, match="payment_batch_not_found"):
                    bank_payments.get(session, batch.id, who, pool_id=batch.pool_id)
    with unit_of_work(engine, None) as session:
        assert session.scalar(select(func.count()).select_from(PaymentFile)) == 0
        assert session.scalars(bank_payments.visible_to(Actor(None, None, Role.PUBLIC))).all() == []
