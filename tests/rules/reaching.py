"""How each writing route comes to its work: what must have happened before, who asks, and what it sends.

The matrix asks every route of the world as it stands; most of what is done once only, or after something else, is
refused there. Here each such route has the verbs that lead up to it, played in the request's own unit of work and
rolled back with it, so that the world stays as it is and no route depends on another.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from claims import closing, faults, handling, payouts, settlements
from claims.models import Claim, Fault
from core import parties
from core.permits import SYSTEM, Actor, Role
from ledger import bank_matches, bank_receipts, statements
from ledger.bank_models import BankMatch, HeldReceipt, Payee
from ledger.models import Statement
from tender import bids, p256
from tests.makers import make_lifts
from tests.rules.reaching_bank import came_in, camt_file, month_over
from tests.rules.seats import Seat
from tests.rules.world import NOW, World, approved
from tests.rules.world_clauses import all_over, in_default, stepped_up, to_propose
from underwriting import policies
from underwriting.models import Building, Policy
from web.working import EXAMPLES

ON = date(2026, 4, 8)

#: What leads up to a route: plays its verbs and returns what is sent, and the names in the address that differ.
Before = Callable[[Session, World, Seat], Mapping[str, Any]]


@dataclass(frozen=True)
class Reach:
    """Who asks a route for its work and what leads up to it; `at` is when, where NOW is not the time for it."""

    role: Role
    before: Before
    tender: str = ""
    relation: str = "own"
    at: datetime = NOW


def saying(**values: Any) -> Before:
    """Return what needs nothing before it but these values."""
    return lambda session, world, seat: values


def _lead(world: World, role: Role) -> Actor:
    return world.pool.actor(role)


def _opened(session: Session, world: World) -> Claim:
    return session.get_one(Claim, world.ids["open_claim_id"])


def _submitted(session: Session, world: World) -> Claim:
    claim = _opened(session, world)
    handling.submit(session, claim, by=_lead(world, Role.CLAIMS_HANDLER), at=NOW)
    return claim


def _agreed_by_lead(session: Session, world: World) -> Claim:
    """Return a claim so large that every member is asked; the lead has agreed."""
    maker, policy = _lead(world, Role.CLAIMS_HANDLER), session.get_one(Policy, world.ids["policy_id"])
    claim = handling.make(session, policy, "曳引机更换", 26_840_000, number="W-C-3", by=maker, at=NOW)
    handling.submit(session, claim, by=maker, at=NOW)
    return claim


def _approved(session: Session, world: World) -> Claim:
    claim = _submitted(session, world)
    handling.approve(session, claim, 400_000, on=ON, by=_lead(world, Role.SIGNATORY), at=NOW)
    return claim


def _approved_large(session: Session, world: World) -> Claim:
    policy = session.get_one(Policy, world.ids["policy_id"])
    return approved(session, world.pool, policy, 26_840_000, "W-C-4", on=ON)


def _called(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    claim = _approved_large(session, world)
    calls = settlements.issue_cash_call(session, claim, on=ON, by=_lead(world, Role.FINANCE_MAKER), at=NOW)
    return {"claim_id": claim.id, "call_id": calls[0].id, "on": ON.isoformat()}


def _funded(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    claim = session.get_one(Claim, world.ids["claim_id"])
    desk = _lead(world, Role.FINANCE_MAKER)
    settlements.fund_by_lead(session, claim, claim.payable_fen or 0, on=ON, by=desk, at=NOW)
    return {"on": ON.isoformat()}


def on_claim(stage: Callable[[Session, World], Claim], **values: Any) -> Before:
    """Return what brings a claim to a stage and sends these values with it."""
    return lambda session, world, seat: {"claim_id": stage(session, world).id, **values}


def _received(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    policy = session.get_one(Policy, world.ids["policy_id"])
    policies.receive(session, policy, on=ON, by=_lead(world, Role.FINANCE_MAKER), at=NOW)
    return {"policy": str(policy.id), "on": ON.isoformat()}


def _to_insure(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    (lift,) = make_lifts(session, 1, prefix="W-9-")
    community_id = session.get_one(Building, lift.building_id).community_id
    term = {"inception_on": "2026-04-09", "expires_on": "2027-04-09", "on": ON.isoformat(), "number": "W-9"}
    return {**term, "community_id": str(community_id), "lift": str(lift.id), "lift_ids": [str(lift.id)]}


def _queried(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    row = session.get_one(Statement, world.ids["statement_id"])
    place = [member.id for member in world.pool.members].index(row.organisation_id)
    member = world.pool.actor(Role.FINANCE_MAKER, place)
    statements.answer(session, row, "query", by=member, at=NOW, words="请核对保费")
    return {}


def _closed(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    checker = _lead(world, Role.FINANCE_CHECKER)
    closing.close_period(session, world.pool.pool.id, "2026Q2", on=ON, by=checker, at=NOW)
    return {"label": "2026Q2"}


def _all_agreed(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    row = statements.period(session, world.pool.pool.id, "2026Q1")
    places = {member.id: place for place, member in enumerate(world.pool.members)}
    for each in statements.of_period(session, row):
        member = world.pool.actor(Role.FINANCE_CHECKER, places[each.organisation_id])
        if each.stage == "agreed":
            continue
        statements.answer(session, each, "agree", by=member, at=NOW)
    return {}


def _to_pay(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    _all_agreed(session, world, seat)
    return {"period": "2026Q1", "label": "2026Q1", "pays_on": "2026-04-09"}


def _not_shown(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    match = session.get_one(BankMatch, world.ids["match_id"])
    bank_matches.take_back(session, match, "核错了", by=_lead(world, Role.FINANCE_CHECKER), at=NOW)
    return {}


def _remitted(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    _received(session, world, seat)
    policy = session.get_one(Policy, world.ids["policy_id"])
    policies.remit(session, policy, on=ON, by=_lead(world, Role.FINANCE_CHECKER), at=NOW)
    return {"until_on": ON.isoformat(), "pays_on": "2026-04-09"}


def _to_name(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    payee = str(world.ids["payee_id"])
    return {"claim_id": _approved(session, world).id, "payee": payee, "payee_id": payee}


def _claim_to_pay(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    payee = session.get_one(Payee, world.ids["payee_id"])
    handler = _lead(world, Role.CLAIMS_HANDLER)
    payouts.name_payee(session, _approved(session, world), payee, by=handler, at=NOW)
    return {"pays_on": "2026-04-09"}


def _come_back(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    return {"line_id": str(world.ids["come_back_line_id"]), "why": "户名不符"}


def _to_hold(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    return {"line_id": str(world.ids["line_id"]), **_DAY}


def _to_give_back(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    return {"line_id": str(world.ids["return_line_id"]), "why": "付款人汇错", **_DAY}


def _placed(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    row = session.get_one(HeldReceipt, world.ids["receipt_id"])
    bank_receipts.place(session, row, "存款利息", on=row.held_on, by=_lead(world, Role.FINANCE_CHECKER), at=NOW)
    return {"on": row.held_on.isoformat()}


def after_steps(*steps: str, **values: Any) -> Before:
    """Return what works the world's fault up to a step."""

    def before(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
        fault = session.get_one(Fault, world.ids["fault_id"])
        for verb in steps:
            faults.advance(session, fault, verb, by=SYSTEM, at=NOW)
        return values

    return before


def _other_repairer(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    return {"organisation_id": str(world.repairers[1].id), "repairer": str(world.repairers[1].id)}


def _mandate(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    made = {"organisation": str(world.estate.id), "role": Role.PROPERTY_MANAGER.value, "valid_from": "2026-04-09"}
    return {**made, "name": "新来的人", "email": ""}


def _without_account(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    person = parties.add_person(session, "新来的人", by=SYSTEM, at=NOW)
    return {"person_id": person.id, "email": "new@example.test"}


def _new_key(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    key = p256.new_key()
    assert seat.organisation_id is not None
    proof = p256.sign(key, bids.key_statement(seat.organisation_id, p256.point(key)))
    return {"public_key": p256.point(key).hex(), "proof": proof.hex()}


def upload(text: str, field: str = "file") -> Before:
    """Return what sends a text as a file."""
    return lambda session, world, seat: {field: (io.BytesIO(text.encode()), "名单.csv")}


def _wish(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
    """Return what a form and a program say of an extract of the world's pool."""
    pool_id, kind = world.pool.pool.id, {"kind": "journal", "form": "csv"}
    return {"book": f"{pool_id}:2026Q1", "pool_id": pool_id, "period": "2026Q1", **kind}


def _reckon(name: str) -> dict[str, Reach]:
    text = EXAMPLES[name]["file"]
    return {
        f"POST calculators.{name}": Reach(Role.PUBLIC, saying(file=text)),
        f"POST api_calculators.{name}": Reach(Role.PUBLIC, saying(**json.loads(text))),
    }


def both(page: str, program: str, role: Role, before: Before, **more: Any) -> dict[str, Reach]:
    """Return a page and an operation that do the same."""
    reach = Reach(role, before, **more)
    return {f"POST {page}": reach, f"POST {program}": reach}


_LARGE = {"version": "1", "estimate_version": 1}
_QUARTER = {"label": "2026Q3", "starts_on": "2026-07-01", "ends_on": "2026-09-30"}
_DAY = {"on": ON.isoformat()}
_ACCOUNT = {"name": "乙财险（示例）", "bank": "示例银行乙支行", "cnaps": "103100000026", "number": "103000009999"}
_PREMIUMS = {
    "c_number": "保单号",
    "c_inception_on": "起保日",
    "c_expires_on": "满期日",
    "c_lift_count": "台数",
    "c_gross_fen": "保费",
}
_CLAIMS = {"c_number": "赔案号", "c_policy": "保单号", "c_asked_fen": "报损金额"}
_TOPIC = {"topic": "litigation", "reason": "业主已起诉"}
_BILL: Mapping[str, Any] = {
    **{"what_0": "门机", "asked_0": "3000.00", "allowed_0": "2800.00", "reason_0": "单价过高"},
    "lines": [{"what": "门机", "asked_fen": 300_000, "allowed_fen": 280_000, "reason": "单价过高"}],
}

#: Method and route -> how it comes to its work.
MONEY: Mapping[str, Reach] = {
    **both("claims.submit", "api_claims.submit", Role.CLAIMS_HANDLER, on_claim(_opened)),
    **both(
        "claims.revise",
        "api_claims.revise",
        Role.CLAIMS_HANDLER,
        on_claim(_submitted, amount="3000.00", estimate_fen=300_000),
    ),
    **both(
        "claims.agree", "api_claims.agree", Role.CLAIMS_HANDLER, on_claim(_agreed_by_lead, **_LARGE), relation="fellow"
    ),
    **both(
        "claims.approve",
        "api_claims.approve",
        Role.SIGNATORY,
        on_claim(_submitted, amount="4000.00", payable_fen=400_000, **_DAY),
    ),
    **both("claim_bills.bill", "api_claims.enter_bill", Role.CLAIMS_HANDLER, on_claim(_opened, **_BILL)),
    **both("claim_topics.flag", "api_claims.flag", Role.CLAIMS_HANDLER, on_claim(_opened, **_TOPIC)),
    **both("claims.reject", "api_claims.reject", Role.SIGNATORY, on_claim(_submitted, reason="不在保险期内")),
    "POST claims.take_back": Reach(Role.SIGNATORY, on_claim(_approved, reason="金额有误", **_DAY)),
    **both("payments.pay", "api_payments.pay", Role.FINANCE_CHECKER, on_claim(_approved, **_DAY)),
    **both("payments.pay_from_pool", "api_payments.pay_from_pool", Role.FINANCE_CHECKER, _funded),
    **both(
        "cash_calls.issue",
        "api_payments.call_for_cash",
        Role.FINANCE_MAKER,
        on_claim(_approved_large, due_on="2026-04-20", **_DAY),
    ),
    **both("cash_calls.receive", "api_payments.receive", Role.FINANCE_MAKER, _called),
    "POST api_payments.recover": Reach(Role.FINANCE_MAKER, saying(kind="salvage", amount_fen=100, **_DAY)),
    **both("statements.reply", "api_statements.reply", Role.FINANCE_CHECKER, _queried),
    **both("periods.close", "api_periods.close", Role.FINANCE_CHECKER, saying(label="2026Q2", **_DAY)),
    **both("periods.issue", "api_periods.issue", Role.FINANCE_CHECKER, _closed),
    **both("periods.settle", "api_periods.settle", Role.FINANCE_CHECKER, _all_agreed),
    **both("apart.pay", "api_apart.pay", Role.FINANCE_CHECKER, saying(**_DAY)),
    **both("step_ups.declare", "api_defaults.declare", Role.FINANCE_CHECKER, in_default, relation="own"),
    **both("step_ups.cure", "api_defaults.cure", Role.FINANCE_CHECKER, stepped_up, relation="own"),
    **both("variations.new", "api_variations.propose", Role.SIGNATORY, to_propose),
    **both("variations.consent", "api_variations.consent", Role.SIGNATORY, saying(), relation="fellow"),
    **both("variations.decline", "api_variations.decline", Role.SIGNATORY, saying(reason="不赞成"), relation="fellow"),
    **both("variations.withdraw", "api_variations.withdraw", Role.SIGNATORY, saying()),
    **both("run_off.close", "api_run_off.close", Role.FINANCE_CHECKER, all_over, relation="own"),
    **both("periods.new", "api_periods.open_period", Role.FINANCE_MAKER, saying(**_QUARTER)),
    **both("extracts.new", "api_extracts.ask", Role.FINANCE_MAKER, _wish),
    "POST bordereaux.upload": Reach(Role.FINANCE_MAKER, upload("保单号,保费\nW-B-2,1.00\n")),
    "POST bordereaux.begin": Reach(Role.FINANCE_MAKER, saying(**_DAY, **_PREMIUMS)),
    **both("bordereaux.approve", "api_bordereaux.approve", Role.FINANCE_CHECKER, saying()),
    "POST claims_lists.upload": Reach(Role.CLAIMS_HANDLER, upload("赔案号,保单号,报损金额\nW-L-2,W-1,1.00\n")),
    "POST claims_lists.begin": Reach(Role.CLAIMS_HANDLER, saying(**_DAY, **_CLAIMS)),
    **both("claims_lists.approve", "api_claims_lists.approve", Role.SIGNATORY, saying()),
    **both("premiums.remit", "api_premiums.remit", Role.FINANCE_CHECKER, _received),
    **both("bank_accounts.confirm", "api_bank_accounts.confirm", Role.FINANCE_CHECKER, saying()),
    **both("bank_accounts.reject", "api_bank_accounts.reject", Role.FINANCE_CHECKER, saying()),
    **both("payment_batches.new", "api_payment_batches.prepare", Role.FINANCE_MAKER, _to_pay),
    **both("payment_batches.premiums", "api_payment_batches.prepare_premiums", Role.FINANCE_MAKER, _remitted),
    **both("bank_matching.accept", "api_bank_matching.accept", Role.FINANCE_MAKER, came_in),
    "POST bank_reports.new": Reach(Role.FINANCE_MAKER, camt_file),
    "POST bank_lists.take": Reach(Role.FINANCE_MAKER, saying(opening="0.00", closing="1.00")),
    **both("bank_matching.take_back", "api_bank_matching.take_back", Role.FINANCE_MAKER, saying(why="核错了")),
    **both("bank_receipts.hold", "api_bank_receipts.hold", Role.FINANCE_MAKER, _to_hold),
    **both("bank_receipts.place", "api_bank_receipts.place", Role.FINANCE_CHECKER, saying(why="存款利息", **_DAY)),
    **both("bank_receipts.give_back", "api_bank_receipts.give_back", Role.FINANCE_CHECKER, _to_give_back),
    **both("bank_receipts.reopen", "api_bank_receipts.reopen", Role.FINANCE_CHECKER, _placed),
    **both("bank_months.sign", "api_bank_months.sign", Role.FINANCE_CHECKER, month_over),
    **both("payment_batches.release", "api_payment_batches.release", Role.FINANCE_CHECKER, _not_shown),
    **both("payment_batches.reject", "api_payment_batches.reject", Role.FINANCE_CHECKER, saying()),
    **both("bank_accounts.new", "api_bank_accounts.propose", Role.FINANCE_MAKER, saying(**_ACCOUNT), relation="fellow"),
    **both("payees.new", "api_payees.add", Role.FINANCE_MAKER, saying(name="示例维修九号", kind="repairer")),
    **both("payees.account", "api_payees.propose", Role.FINANCE_MAKER, saying(**_ACCOUNT)),
    **both("claim_payee.name", "api_claim_payee.name", Role.CLAIMS_HANDLER, _to_name),
    **both("payouts.claims", "api_payouts.prepare_claims", Role.FINANCE_MAKER, _claim_to_pay),
    **both("payouts.items", "api_payouts.prepare_items", Role.FINANCE_MAKER, saying(pays_on="2026-04-09")),
    **both("payouts.again", "api_payouts.prepare_again", Role.FINANCE_MAKER, saying(pays_on="2026-04-09")),
    **both("payouts.give_back", "api_payouts.give_back", Role.FINANCE_CHECKER, _come_back),
    "POST policies.remove": Reach(Role.OFFICER, saying(effective_on="2026-04-16", **_DAY)),
    **both("policies.lifts", "api_policies.bind", Role.OFFICER, _to_insure),
}

_HANDLER = Role.CLAIMS_HANDLER
#: The same for faults, estates, lists, papers, people and the calendar.
DESKS: Mapping[str, Reach] = {
    "POST api_faults.arrive": Reach(_HANDLER, after_steps("acknowledge")),
    "POST api_faults.repair": Reach(_HANDLER, after_steps("acknowledge", "arrive")),
    "POST api_faults.accept": Reach(Role.PROPERTY_MANAGER, after_steps("acknowledge", "arrive", "repair")),
    "POST api_faults.reopen": Reach(
        Role.PROPERTY_MANAGER, after_steps("acknowledge", "arrive", "repair", note="又停了")
    ),
    "POST api_faults.withdraw": Reach(Role.PROPERTY_MANAGER, after_steps(note="误报")),
    "POST reporter.check": Reach(_HANDLER, saying(trapped="no", kind="other", text="门关不上")),
    "POST reporter.send": Reach(_HANDLER, saying(trapped="no", kind="other", text="门关不上")),
    "POST faults.acceptance": Reach(Role.PROPERTY_MANAGER, after_steps("acknowledge", "arrive", "repair")),
    **both("estates.appoint_for_community", "api_estates.appoint_for_community", Role.OFFICER, _other_repairer),
    **both("estates.appoint_for_lift", "api_estates.appoint_for_lift", Role.OFFICER, _other_repairer),
    "POST estate_import.upload": Reach(Role.OFFICER, upload("小区,电梯编号\n示例苑,W-7\n")),
    "POST fault_import.upload": Reach(Role.OFFICER, upload("电梯编号,报修时间\nW-7,2026-03-05 10:00\n")),
    "POST papers.start": Reach(Role.PUBLIC, upload("不是本平台的文件")),
    "POST papers.verify": Reach(Role.OFFICER, upload("不是那份文件")),
    "POST admin_calendar.set_day": Reach(
        Role.ADMINISTRATOR, saying(day="2031-05-02", kind="holiday", status="provisional", source="国办发明电")
    ),
    "POST admin.add_organisation": Reach(
        Role.ADMINISTRATOR, saying(kind="insurer", name="新来的财险（示例）", uscc="")
    ),
    "POST admin.give": Reach(Role.ADMINISTRATOR, _mandate),
    "POST admin.new": Reach(Role.ADMINISTRATOR, _mandate),
    "POST admin_accounts.open_account": Reach(Role.ADMINISTRATOR, _without_account),
    **both("bid_answers.register", "api_bids.register", Role.SIGNATORY, _new_key),
    **_reckon("score"),
    **_reckon("allocate"),
    **_reckon("rehearse"),
    "POST api_calculators.apportion": Reach(Role.PUBLIC, saying(weights=[1, 1, 1], amounts_fen=[10_000, 1])),
    "POST api_calculators.clock": Reach(Role.PUBLIC, saying(start="2026-02-13T16:00", minutes=240)),
}
