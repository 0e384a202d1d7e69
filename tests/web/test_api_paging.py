"""Lists of the finance desks by the API's cursor: page by page they are the whole list, in its order, row by row."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, select

from core.clock import CITY
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import bank_matches, bank_payments, statements
from ledger.bank_models import BankLine
from tests.makers import AT, make_pool, open_quarter
from tests.makers_bank import confirm_all, line_of, make_payee, prepare, take
from tests.makers_money import Quarter, agree_all, play_quarter
from tests.visitors import Browser, Visitors
from underwriting import step_up, variations
from underwriting.terms import Clauses
from underwriting.variations import Proposal
from web.api import cursor_of

DAY = datetime(2026, 4, 14, 9, tzinfo=CITY)


def _quarter(engine: Engine) -> Quarter:
    """Return the oracle's quarter with more than one row in each of the lists."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, clauses=Clauses(("claims",), is_step_up=True))
        made, pool = quarter.made, quarter.made.pool.id
        open_quarter(session, made.pool, 2)
        confirm_all(session, made)
        agree_all(session, quarter)
        maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        for place in (1, 2, 3):
            make_payee(session, made, place)
        step_up.declare_default(session, quarter.of(3), "逾期", on=DAY.date(), by=checker, at=DAY)
        for number, owed in enumerate((quarter.of(2), quarter.of(3), quarter.of(1))):
            lines = [line_of(-owed.balance_fen, f"R-{number}{more}", about=owed.number) for more in (0, 1)]
            take(session, made, lines, name=f"S-{number}")
        ids = {row.reference: row.id for row in session.scalars(select(BankLine))}
        for number, owed in enumerate((quarter.of(2), quarter.of(3))):
            bank_matches.accept(session, pool, ids[f"R-{number}0"], owed.id, by=maker, at=AT)
        for _ in range(2):
            batch = prepare(session, made, statements.period(session, pool, "2026Q1"), pays_on=AT.date())
            bank_payments.reject(session, batch, by=checker, at=AT)
        return quarter


def _proposals(engine: Engine) -> int:
    """Return a pool of which two changes were proposed, one of them withdrawn."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, name="变更共保体")
        told = Proposal(date(2026, 7, 1), date(2027, 1, 1), Clauses(("claims",)), "逐项收付")
        signing = made.actor(Role.SIGNATORY)
        row = variations.propose_change(session, made.pool, told, by=signing, at=AT)
        variations.withdraw(session, row, by=signing, at=AT)
        variations.propose_change(session, made.pool, told, by=signing, at=DAY)
        return made.pool.id


def _walked(browser: Browser, address: str) -> list[Any]:
    """Return a list as one page has it, which its pages of one row each come to; a cursor of no place is refused."""
    whole = browser.get(f"{address}?limit=200").json
    assert whole["next"] is None
    found: list[Any] = []
    cursor = ""
    for _ in range(len(whole["data"])):
        page = browser.get(f"{address}?limit=1&cursor={cursor}").json
        found += page["data"]
        cursor = page["next"]
    assert cursor is None and found == whole["data"]
    for wrong in ("x", cursor_of({"a": 1}), cursor_of(None), cursor_of(2**70), cursor_of("a\0", "b", "c", "d")):
        answer = browser.get(f"{address}?cursor={wrong}")
        assert (answer.status_code, answer.json["code"]) == (422, "cursor_wrong"), (address, wrong)
    return found


def test_the_lists_of_a_pool_are_walked_by_their_cursors(engine: Engine, visitors: Visitors) -> None:
    """Payees, items, defaults, proposals to match, matches, the bank's statements, batches, changes: each its rows."""
    quarter, changed = _quarter(engine), _proposals(engine)
    lead = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    place = f"/api/v1/pools/{quarter.made.pool.id}"
    assert [one["name"][-2] for one in _walked(lead, f"{place}/payees")] == ["1", "2", "3"]
    assert len(_walked(lead, f"{place}/apart")) == 3 and len(_walked(lead, f"{place}/step-ups")) == 1
    assert len(_walked(lead, f"{place}/bank/matching")) == 2
    assert [one["number"] for one in _walked(lead, f"{place}/bank/matching/matched")] == [
        quarter.of(3).number,
        quarter.of(2).number,
    ]
    assert {one["reference"] for one in _walked(lead, f"{place}/bank")} == {"S-0", "S-1", "S-2"}
    assert [one["number"][-1] for one in _walked(lead, f"{place}/payments")] == ["2", "1"]
    bureau = visitors.login_as(Role.BUREAU_FINANCE)
    found = _walked(bureau, f"/api/v1/pools/{changed}/variations")
    assert [one["stage"] for one in found] == ["lapsed", "withdrawn"]
