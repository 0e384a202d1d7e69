"""The oracle quarter played into a pool that is kept: real verbs, real people, statements issued where asked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from claims.models import Claim
from core.permits import Role
from ledger import statements
from ledger.models import Statement
from tests.makers import MadePool, make_pool
from underwriting import policies, pools, premiums
from underwriting.models import Policy
from underwriting.terms import Clauses

#: The evening of the last day of the quarter, in the city.
CLOSED_AT = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Quarter:
    """The oracle's pool after its quarter: members A, B, C, D in order, its policies and claims by name."""

    made: MadePool
    policies: dict[str, Policy]
    claims: dict[str, Claim]
    statements: list[Statement]

    def of(self, member: int) -> Statement:
        """Return the statement of a member by its place."""
        return self.statements[member]


def play_quarter(
    session: Session,
    *,
    is_closed: bool = True,
    is_issued: bool = True,
    name: str = "示例共保体",
    clauses: Clauses | None = None,
) -> Quarter:
    """Return the oracle's pool with everything of its quarter booked; closed and its statements issued where asked."""
    made = make_pool(session, name=name, clauses=clauses)
    quarter = Quarter(made, {}, {}, [])
    _premiums(session, quarter)
    _claims(session, quarter)
    if is_closed:
        checker = made.actor(Role.FINANCE_CHECKER)
        on = date(2026, 3, 31)
        quarter.statements.extend(
            closing.close_period(session, made.pool.id, "2026Q1", on=on, by=checker, at=CLOSED_AT)
        )
        for statement in quarter.statements if is_issued else ():
            statements.issue(session, statement, due_on=CLOSED_AT.date(), by=checker, at=CLOSED_AT)
    return quarter


def _premiums(session: Session, quarter: Quarter) -> None:
    made = quarter.made
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    agreement = pools.agreement_on(session, made.pool.id, date(2026, 1, 12))
    for number, day, fen, lifts in (
        ("P1", date(2026, 1, 12), 6_172_800, 48),
        ("P2", date(2026, 2, 3), 13_374_400, 104),
        ("P3", date(2026, 3, 9), 899_999, 7),
    ):
        until = date(2027, day.month, day.day)
        written = premiums.Written(f"{number}-{made.pool.id}", day, until, fen, lifts)
        quarter.policies[number] = policies.write(session, agreement, written, on=day, by=desk, at=_at(day))
    for number, received, remitted in (
        ("P1", date(2026, 1, 15), date(2026, 1, 29)),
        ("P2", date(2026, 2, 10), date(2026, 3, 6)),
    ):
        policies.receive(session, quarter.policies[number], on=received, by=desk, at=_at(received))
        policies.remit(session, quarter.policies[number], on=remitted, by=second, at=_at(remitted))


def _claims(session: Session, quarter: Quarter) -> None:
    made = quarter.made
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    for name, policy, fen, approved, paid in (
        ("C1", "P1", 438_000, date(2026, 1, 30), date(2026, 2, 2)),
        ("C2", "P2", 1_265_050, date(2026, 3, 2), date(2026, 3, 3)),
    ):
        claim = approved_claim(session, quarter, name, policy, fen, approved)
        settlements.pay_by_lead(session, claim, on=paid, by=second, at=_at(paid))
    claim = approved_claim(session, quarter, "C3", "P2", 26_840_000, date(2026, 3, 13))
    day = date(2026, 3, 16)
    settlements.issue_cash_call(session, claim, on=day, due_on=date(2026, 3, 26), by=desk, at=_at(day))
    refund = policies.refund(
        session, quarter.policies["P2"], 112_745, date(2026, 3, 20), on=date(2026, 3, 20), by=desk, at=CLOSED_AT
    )
    for member in (1, 2):
        day = date(2026, 3, 20)
        settlements.receive_cash_call(session, claim, made.members[member].id, on=day, by=desk, at=_at(day))
    day = date(2026, 3, 23)
    settlements.fund_by_lead(session, claim, 14_762_000, on=day, by=desk, at=_at(day))
    settlements.pay_from_pool(session, claim, on=day, by=second, at=_at(day))
    cost = settlements.approve_cost(session, claim, 300_001, on=day, by=desk, at=_at(day))
    settlements.pay_cost(session, claim, cost, on=day, by=second, at=_at(day))
    policies.pay_refund(session, refund, on=date(2026, 3, 25), by=second, at=CLOSED_AT)
    settlements.receive_recovery(session, claim, "subrogation", 3_333_333, on=date(2026, 3, 27), by=desk, at=CLOSED_AT)
    settlements.receive_recovery(session, claim, "salvage", 100_000, on=date(2026, 3, 30), by=desk, at=CLOSED_AT)


def approved_claim(
    session: Session,
    quarter: Quarter,
    name: str,
    policy: str,
    fen: int,
    on: date,
    person: uuid.UUID | None = None,
) -> Claim:
    """Return a claim that everyone who must has agreed to, approved by a second person (this one, where told)."""
    made, at = quarter.made, _at(on)
    maker, second = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY, person=person)
    number = f"{name}-{made.pool.id}"
    claim = handling.make(
        session, quarter.policies[policy], _TITLES.get(name, name), fen, number=number, by=maker, at=at
    )
    handling.submit(session, claim, by=maker, at=at)
    if claim.needs == "all":
        for member in range(1, len(made.members)):
            handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=at)
    handling.approve(session, claim, fen, on=on, by=second, at=at)
    quarter.claims[name] = claim
    return claim


_TITLES = {"C1": "更换 3 号梯门机", "C2": "更换曳引钢丝绳", "C3": "曳引机整机损坏，更换主机", "C4": "控制柜进水"}


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC)


def agree_all(session: Session, quarter: Quarter, person: uuid.UUID | None = None) -> None:
    """Have every member agree to its statement."""
    for place, statement in enumerate(quarter.statements):
        by = quarter.made.actor(Role.FINANCE_CHECKER, place, person)
        statements.answer(session, statement, "agree", by=by, at=CLOSED_AT)
