"""Claims paid by the bank: to a payee two persons vouched for, in one batch, paid as the bank shows, and come back."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from claims import handling, payouts, settlements
from claims.models import Claim
from core import calendar
from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import SYSTEM, Role
from ledger import bank_accounts, bank_matches, bank_payees, bank_payments, bank_payouts, bank_receipts, books
from ledger.bank_matches import Matched
from ledger.bank_models import BankLine, Payee, PaymentBatch
from ledger.books import AccountRef
from tests.makers import AT, make_policy, make_pool
from tests.makers_bank import (
    camt,
    confirm,
    confirm_all,
    details,
    line_of,
    make_payee,
    payee_details,
    payee_of,
    take_file,
    vouch,
)
from tests.makers_money import Quarter, approved_claim

#: A morning of the quarter on which a fourth claim is approved and paid.
MORNING = datetime(2026, 3, 25, 9, tzinfo=CITY)
DAY = MORNING.date()
FEN = 410_000


def _quarter(session: Session) -> Quarter:
    """Return a pool with one policy and nothing claimed yet."""
    made = make_pool(session)
    return Quarter(made, {"P1": make_policy(session, made)}, {}, [])


def _ready(session: Session, person: uuid.UUID | None = None) -> tuple[Quarter, Claim, Payee]:
    """Return a quarter with a claim approved, and its payee with an account."""
    quarter = _quarter(session)
    confirm_all(session, quarter.made, [0])
    claim = approved_claim(session, quarter, "C4", "P1", FEN, DAY, person)
    return quarter, claim, payee_of(session, quarter.made, claim)


def _prepare(session: Session, quarter: Quarter, *, pays_on: date = DAY) -> PaymentBatch:
    maker = quarter.made.actor(Role.FINANCE_MAKER)
    return payouts.prepare_claims(session, quarter.made.pool.id, pays_on=pays_on, by=maker, at=MORNING)


def _released(session: Session, quarter: Quarter) -> PaymentBatch:
    batch = _prepare(session, quarter)
    payouts.release_batch(session, batch, by=quarter.made.actor(Role.FINANCE_CHECKER), at=MORNING)
    return batch


def _bank(session: Session, quarter: Quarter, *lines: tuple[int, str, str], name: str = "S-1") -> None:
    told = [line_of(fen, reference, about=about, on=DAY) for fen, reference, about in lines]
    take_file(session, quarter.made, camt(told, name=name, on=DAY))


def _line(session: Session, reference: str) -> BankLine:
    return next(one for one in session.query(BankLine) if one.reference == reference)


def _shown(session: Session, quarter: Quarter, batch: PaymentBatch, reference: str = "R-1") -> Matched:
    """Match the bank's line with the first payment of a batch."""
    payment = bank_payouts.payment(session, batch, 1)
    checker = quarter.made.actor(Role.FINANCE_CHECKER)
    line = _line(session, reference)
    return payouts.match(session, quarter.made.pool.id, line.id, payment.id, by=checker, at=MORNING)


def test_a_payee_is_vouched_for_by_two_persons_of_the_lead(session: Session) -> None:
    """Added once; its account proposed by one, confirmed by another; no follower does either, or sees it."""
    quarter = _quarter(session)
    made, pool = quarter.made, quarter.made.pool.id
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    payee = make_payee(session, made)
    assert (payee.kind, payee.organisation_id) == ("repairer", None)
    with pytest.raises(Conflict, match="payee_exists"):
        make_payee(session, made)
    with pytest.raises(Invalid, match="payee_wrong") as refused:
        bank_payees.add(session, pool, "bank", " ", by=maker, at=AT)
    assert [one.code for one in refused.value.findings] == ["payee_kind_unknown", "payee_name_missing"]
    with pytest.raises(Invalid, match="payee_wrong") as refused:
        bank_payees.add(session, pool, "other", "长" * 141, by=maker, at=AT)
    assert [one.code for one in refused.value.findings] == ["payee_name_too_long"]
    fellow = made.actor(Role.FINANCE_MAKER, 1)
    with pytest.raises(Forbidden, match="lead_only"):
        bank_payees.add(session, pool, "other", "别家", by=fellow, at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        bank_accounts.propose(session, pool, payee_details(1), by=fellow, at=AT, payee=payee)
    row = bank_accounts.propose(session, pool, payee_details(1), by=maker, at=AT, payee=payee)
    with pytest.raises(Conflict, match="bank_account_waits"):
        bank_accounts.propose(session, pool, payee_details(2), by=maker, at=AT, payee=payee)
    with pytest.raises(Forbidden, match="second_person_needed"):
        bank_accounts.confirm_account(session, row, by=made.actor(Role.FINANCE_CHECKER, 0, row.proposed_by), at=AT)
    with pytest.raises(Forbidden, match="lead_only"):
        bank_accounts.confirm_account(session, row, by=made.actor(Role.FINANCE_CHECKER, 1), at=AT)
    bank_accounts.confirm_account(session, row, by=checker, at=AT)
    assert bank_accounts.in_force(session, pool, AT.date())[payee.id].number == payee_details(1).number
    assert [one.id for one in session.scalars(bank_accounts.visible_to(maker))] == [row.id]
    assert session.scalars(bank_accounts.visible_to(fellow)).all() == []
    assert bank_payees.get(session, payee.id, fellow, pool_id=pool) is payee
    with pytest.raises(NotFound, match="payee_not_found"):
        bank_payees.get(session, uuid.uuid4(), maker, pool_id=pool)


def test_a_change_of_a_payees_account_waits_two_working_days(session: Session) -> None:
    """As a member's does: on the second working day after it was confirmed, the old one is used meanwhile."""
    calendar.import_published(session, by=SYSTEM, at=AT, first_year=2025)
    quarter, _, payee = _ready(session)
    vouch(session, quarter.made, payee, again=1, at=MORNING)
    numbers = [
        bank_accounts.in_force(session, quarter.made.pool.id, DAY + timedelta(days=more))[payee.id].number
        for more in (0, 1, 2)
    ]
    assert numbers == [payee_details(1).number, payee_details(1).number, payee_details(1, again=1).number]


def test_what_lacks_a_payee_or_an_account_is_told_and_not_paid(session: Session) -> None:
    """No payee, no account, one that waits for its second person: each is said; nothing of it goes into a batch."""
    quarter = _quarter(session)
    made, pool = quarter.made, quarter.made.pool.id
    confirm(session, made, 0)
    claim = approved_claim(session, quarter, "C4", "P1", FEN, DAY)
    handler, maker = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.FINANCE_MAKER)

    def why() -> list[str]:
        return [one.why for one in session.execute(payouts.due(pool, DAY))]

    assert why() == ["no_payee"]
    with pytest.raises(Conflict, match="nothing_to_pay_in_batch"):
        _prepare(session, quarter)
    payee = make_payee(session, made)
    with pytest.raises(Forbidden, match="lead_only"):
        payouts.name_payee(session, claim, payee, by=made.actor(Role.CLAIMS_HANDLER, 1), at=AT)
    payouts.name_payee(session, claim, payee, by=handler, at=AT)
    assert why() == ["no_account"]
    row = bank_accounts.propose(session, pool, payee_details(1), by=maker, at=AT, payee=payee)
    assert why() == ["account_waits"]
    bank_accounts.confirm_account(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
    early = payouts.due(pool, date(2026, 1, 1))
    assert why() == [""] and [one.why for one in session.execute(early)] == ["account_later"]
    large = approved_claim(session, quarter, "C3", "P1", 26_840_000, DAY)
    payouts.name_payee(session, large, payee, by=handler, at=AT)
    assert [one.why for one in session.execute(payouts.due(pool, DAY, claim_id=large.id))] == ["call_first"]
    settlements.issue_cash_call(session, large, on=DAY, by=maker, at=MORNING)
    assert [one.why for one in session.execute(payouts.due(pool, DAY, claim_id=large.id))] == ["pool_money_short"]
    settlements.fund_by_lead(session, large, 26_839_999, on=DAY, by=maker, at=MORNING)
    assert payouts.due_sums(session, pool, DAY) == {"": (1, FEN), "pool_money_short": (1, 26_840_000)}
    settlements.fund_by_lead(session, large, 1, on=DAY, by=maker, at=MORNING)
    assert payouts.due_sums(session, pool, DAY) == {"": (2, FEN + 26_840_000)}
    batch = _prepare(session, quarter)
    assert (batch.kind, batch.items, batch.total_fen) == ("claim", 2, FEN + 26_840_000)
    assert why() == []


def test_a_claim_is_in_one_batch_and_stands_while_it_is(session: Session) -> None:
    """Not in a second batch, not paid by hand, called or taken back, no other payee; a batch that falls frees it."""
    quarter, claim, payee = _ready(session)
    made, second = quarter.made, quarter.made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Invalid, match="pays_on_past"):
        _prepare(session, quarter, pays_on=DAY - timedelta(days=1))
    batch = _prepare(session, quarter)
    with pytest.raises(Conflict, match="nothing_to_pay_in_batch"):
        _prepare(session, quarter)
    for work in (
        lambda: settlements.pay_by_lead(session, claim, on=DAY, by=second, at=MORNING),
        lambda: settlements.issue_cash_call(session, claim, on=DAY, by=second, at=MORNING),
        lambda: handling.take_back(session, claim, "有误", on=DAY, by=second, at=MORNING),
        lambda: payouts.name_payee(session, claim, payee, by=made.actor(Role.CLAIMS_HANDLER), at=MORNING),
    ):
        with pytest.raises(Conflict, match="subject_in_batch"):
            work()
    bank_payments.reject(session, batch, by=second, at=MORNING)
    again = _released(session, quarter)
    paid = bank_payments.lines(session, again)[0]
    assert (paid.reference, paid.row.document, paid.amount_fen) == (f"{again.number}-01", claim.number, FEN)
    made_file = bank_payments.file(session, again, "pain001").content.decode()
    assert f"共保赔款 {claim.number} {again.number}-01" in made_file and payee_details(1).number in made_file
    assert [row[0].number for row in payouts.payments_of(session, claim)] == [again.number, batch.number]


def test_nobody_releases_a_claim_that_it_approved(session: Session) -> None:
    """Whoever approved a claim neither prepares nor releases the batch that pays it."""
    person = uuid.uuid4()
    quarter, _, _ = _ready(session, person)
    made = quarter.made
    with pytest.raises(Forbidden, match="second_person_needed"):
        payouts.prepare_claims(
            session, made.pool.id, pays_on=DAY, by=made.actor(Role.FINANCE_MAKER, 0, person), at=MORNING
        )
    batch = _prepare(session, quarter)
    with pytest.raises(Forbidden, match="second_person_needed"):
        payouts.release_batch(session, batch, by=made.actor(Role.FINANCE_CHECKER, 0, person), at=MORNING)


def test_the_banks_line_marks_a_claim_as_paid(session: Session) -> None:
    """Matched, it is booked on the bank's day; another sum is not proposed; taken back, the claim is open again."""
    quarter, claim, _ = _ready(session)
    pool, checker = quarter.made.pool.id, quarter.made.actor(Role.FINANCE_CHECKER)
    batch = _released(session, quarter)
    said = f"赔款 {batch.number}-01"
    _bank(session, quarter, (-FEN, "R-1", said), (-FEN - 1, "R-2", said))
    assert [one.line.reference for one in bank_matches.proposed(session, pool, checker)] == ["R-1"]
    match = _shown(session, quarter, batch).match
    assert (claim.stage, claim.paid_on) == ("paid", DAY)
    assert books.balance(session, pool, AccountRef("2110"), subject_id=claim.id) == 0
    with pytest.raises(Conflict, match="claim_is_over"):
        payee = make_payee(session, quarter.made, 2)
        payouts.name_payee(session, claim, payee, by=quarter.made.actor(Role.CLAIMS_HANDLER), at=AT)
    payouts.take_back(session, match, "核错", by=checker, at=MORNING)
    assert (claim.stage, claim.paid_on) == ("approved", None)
    assert books.balance(session, pool, AccountRef("2110"), subject_id=claim.id) == -FEN
    _shown(session, quarter, batch)
    assert claim.stage == "paid"


def test_money_that_came_back_makes_the_claim_payable_again(session: Session) -> None:
    """A line of its sum, by another person than who prepared, with a reason, once; the next batch pays it anew."""
    quarter, claim, _ = _ready(session)
    made, pool = quarter.made, quarter.made.pool.id
    checker = made.actor(Role.FINANCE_CHECKER)
    batch = _released(session, quarter)
    payment = bank_payouts.payment(session, batch, 1)
    _bank(session, quarter, (-FEN, "R-1", f"{batch.number}-01"), (FEN, "R-2", "退汇"), (FEN, "R-3", "另一笔"))
    back = _line(session, "R-2").id

    def give(why: str = "户名不符", line_id: uuid.UUID = back, by: object = checker) -> None:
        payouts.give_back(session, payment, line_id, why, by=by, at=MORNING)  # type: ignore[arg-type]

    with pytest.raises(Conflict, match="payment_not_shown"):
        give()
    match = _shown(session, quarter, batch).match
    with pytest.raises(Forbidden, match="second_person_needed"):
        give(by=made.actor(Role.FINANCE_CHECKER, 0, batch.prepared_by))
    with pytest.raises(Invalid, match="payment_return_needs_words"):
        give(" ")
    with pytest.raises(Invalid, match="bank_words_too_long"):
        give("长" * 501)
    with pytest.raises(Invalid, match="payment_return_line_wrong"):
        give(line_id=_line(session, "R-1").id)
    give()
    assert (claim.stage, claim.paid_on, bank_payouts.returns_of(session, payment)) == ("approved", None, [])
    with pytest.raises(Conflict, match="payment_came_back"):
        give()
    with pytest.raises(Conflict, match="payment_came_back"):
        payouts.take_back(session, match, "核错", by=checker, at=MORNING)
    with pytest.raises(Conflict, match="receipt_stands"):
        bank_receipts.hold(session, pool, back, on=DAY, by=made.actor(Role.FINANCE_MAKER), at=MORNING)
    assert [one.reference for one in session.scalars(bank_matches.unmatched_lines(pool))] == ["R-3"]
    again = _released(session, quarter)
    assert [one.number for one in session.execute(payouts.due(pool, DAY))] == []
    _bank(session, quarter, (-FEN, "R-9", f"{again.number}-01"), name="S-2")
    _shown(session, quarter, again, "R-9")
    assert claim.stage == "paid"
    with pytest.raises(NotFound, match="payment_not_found"):
        bank_payouts.payment(session, batch, 2)


def test_a_called_claim_is_paid_from_pool_money_and_comes_back_to_it(session: Session) -> None:
    """The match books it from pool money; what the bank gave back stands there again."""
    quarter, small, payee = _ready(session)
    made, pool = quarter.made, quarter.made.pool.id
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    settlements.pay_by_lead(session, small, on=DAY, by=checker, at=MORNING)
    claim = approved_claim(session, quarter, "C3", "P1", 26_840_000, DAY)
    payouts.name_payee(session, claim, payee, by=made.actor(Role.CLAIMS_HANDLER), at=AT)
    settlements.issue_cash_call(session, claim, on=DAY, by=maker, at=MORNING)
    settlements.fund_by_lead(session, claim, 26_840_000, on=DAY, by=maker, at=MORNING)
    batch = _released(session, quarter)
    _bank(session, quarter, (-26_840_000, "R-1", f"{batch.number}-01"), (26_840_000, "R-2", "退汇"))
    _shown(session, quarter, batch)
    assert (claim.stage, settlements.pool_money(session, claim)) == ("paid", 0)
    payment = bank_payouts.payment(session, batch, 1)
    payouts.give_back(session, payment, _line(session, "R-2").id, "账号已销", by=checker, at=MORNING)
    assert (claim.stage, settlements.pool_money(session, claim)) == ("called", 26_840_000)
    assert books.balance(session, pool, AccountRef("2110"), subject_id=claim.id) == -26_840_000


def test_the_database_holds_a_claims_payment(engine: Engine) -> None:
    """Where the verbs are left out: no other sum, no other's account, no other payee, nothing marked as come back."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter, claim, _ = _ready(session)
        other = make_payee(session, quarter.made, 2)
        vouch(session, quarter.made, other, 2)
        names = {"claim": claim.id, "other": other.id, "number": details(0).number}
        _released(session, quarter)
        _bank(session, quarter, (FEN, "R-1", "退汇"))
    again = (
        "INSERT INTO payment_line (batch_id, position, id, batch_stage, pool_id, subject_id, document, account_id,"
        " amount_fen) SELECT batch_id, 2, gen_random_uuid(), batch_stage, pool_id, subject_id, document, account_id,"
        " amount_fen FROM payment_line"
    )
    for said, query in (
        ("of whom it is owed", again),
        ("stands while a batch pays it", "UPDATE claim SET payee_id = :other WHERE id = :claim"),
        (
            "came back by an open line",
            "UPDATE payment_line SET return_line_id = (SELECT id FROM bank_line), returned_by = account_id,"
            " returned_at = now(), returned_why = 'x'",
        ),
        ("permission denied", "UPDATE payment_line SET amount_fen = 1"),
        ("permission denied", "UPDATE payee SET name = 'x'"),
        (
            "is of a member of its pool",
            "INSERT INTO bank_account SELECT gen_random_uuid(), pool_id, NULL, CAST(:other AS uuid), name,"
            " bank, cnaps, number, 'confirmed', proposed_by, proposed_at, decided_by, decided_at, effective_on"
            " FROM bank_account WHERE number = :number",
        ),
    ):
        with pytest.raises(DBAPIError, match=said), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(query), names)
