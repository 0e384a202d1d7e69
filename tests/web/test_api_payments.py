"""The money of a claim by the API: the verbs and refusals of the desk; a follower sees its own part only."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from core.db import unit_of_work
from core.parties import Person, give_mandate
from core.permits import SYSTEM, Role
from tests.conftest import AT
from tests.makers_money import Quarter, approved_claim, play_quarter
from tests.visitors import Browser, Visitors
from underwriting.models import Policy


def ask(browser: Browser, place: str, **body: Any) -> tuple[int, Any]:
    """Return the status of a posted step, and what it says."""
    answer = browser.post(place, json=body, headers={"X-CSRFToken": browser.token()})
    return answer.status_code, answer.json


def made(engine: Engine, fen: int) -> tuple[Quarter, str]:
    """Return the oracle's quarter, still open, with one more approved claim, and where that is."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
    return quarter, claimed(engine, quarter, fen)


def claimed(engine: Engine, quarter: Quarter, fen: int, person: uuid.UUID | None = None) -> str:
    """Return where one more claim is, approved by this person where one is told."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter.policies["P2"] = session.get_one(Policy, quarter.policies["P2"].id)
        return f"/api/v1/claims/{approved_claim(session, quarter, 'C4', 'P2', fen, date(2026, 3, 2), person).id}"


def test_a_large_claim_is_called_funded_paid_and_recovered(engine: Engine, visitors: Visitors) -> None:
    """30 万元：摊回三家、首席补足 135,000 元、以共保资金付清，再付公估费、收残值；每一步的数都对得上。"""
    quarter, place = made(engine, 30_000_000)
    lead, follower = quarter.made.members[:2]
    maker = visitors.login_as(Role.FINANCE_MAKER, lead)
    checker = visitors.login_as(Role.FINANCE_CHECKER, lead)
    status, said = ask(maker, f"{place}/cash-calls", on="2026-03-03", due_on="2026-03-13")
    assert status == 200 and [row["amount"]["fen"] for row in said["cash_calls"]] == [7_500_000, 6_000_000, 3_000_000]
    assert said["stage"] == "called" and said["missing"]["fen"] == 30_000_000
    own = visitors.login_as(Role.FINANCE_MAKER, follower).get(f"{place}/money").json
    assert [row["organisation_id"] for row in own["cash_calls"]] == [str(follower.id)]
    for row in said["cash_calls"]:
        status, said = ask(maker, f"{place}/cash-calls/{row['id']}/receipt", on="2026-03-05")
        assert status == 200
    assert said["held"] == {"fen": 16_500_000, "yuan": "165000.00"} and said["missing"]["fen"] == 13_500_000
    assert ask(checker, f"{place}/payment-from-pool", on="2026-03-06")[0] == 409
    assert ask(maker, f"{place}/funding", on="2026-03-06", amount_fen=13_500_001)[0] == 422
    assert ask(maker, f"{place}/funding", on="2026-03-06", amount_fen=13_500_000)[1]["missing"]["fen"] == 0
    assert ask(checker, f"{place}/payment-from-pool", on="2026-03-06")[1]["paid_on"] == "2026-03-06"
    (cost,) = ask(maker, f"{place}/costs", on="2026-03-07", amount_fen=100_000)[1]["costs"]
    assert cost["stage"] == "approved" and cost["paid_on"] is None
    (cost,) = ask(checker, f"{place}/costs/{cost['id']}/payment", on="2026-03-08")[1]["costs"]
    assert cost["paid_on"] == "2026-03-08"
    said = ask(maker, f"{place}/recoveries", on="2026-03-09", amount_fen=100, kind="salvage")[1]
    assert said["recovered"]["fen"] == 100
    assert said["recoveries"] == [
        {"kind": "salvage", "amount": {"fen": 100, "yuan": "1.00"}, "received_on": "2026-03-09"}
    ]


def test_a_small_claim_is_paid_by_the_lead_and_once(engine: Engine, visitors: Visitors) -> None:
    """5,000 元由首席直接支付；再付一次、由随从支付、日期在后，都被拒绝且什么都不入账。"""
    quarter, place = made(engine, 500_000)
    lead, follower = quarter.made.members[:2]
    checker = visitors.login_as(Role.FINANCE_CHECKER, lead)
    other = visitors.login_as(Role.FINANCE_CHECKER, follower)
    maker = visitors.login_as(Role.FINANCE_MAKER, lead)
    assert ask(other, f"{place}/payment", on="2026-03-03")[1]["code"] == "lead_only"
    assert ask(maker, f"{place}/cash-calls", on="2026-03-03")[1]["code"] == "below_cash_call"
    assert ask(checker, f"{place}/payment", on="2999-01-01")[1]["code"] == "day_to_come"
    assert ask(checker, f"{place}/payment", on="2026-03-01")[1]["code"] == "day_before_step"
    assert checker.get(f"{place}/money").json["paid_on"] is None
    status, said = ask(checker, f"{place}/payment", on="2026-03-03")
    assert (status, said["stage"], said["paid_on"]) == (200, "paid", "2026-03-03")
    assert ask(checker, f"{place}/payment", on="2026-03-03")[0] == 409
    nothing = f"{place}/costs/{quarter.made.members[0].id}/payment"
    assert ask(checker, nothing, on="2026-03-04")[1]["code"] == "cost_not_found"
    call = f"{place}/cash-calls/{quarter.made.members[0].id}/receipt"
    assert ask(maker, call, on="2026-03-04")[1]["code"] == "cash_call_unknown"


@pytest.mark.parametrize("fen", [500_000, 30_000_000])
def test_the_approver_pays_nothing_of_it(engine: Engine, visitors: Visitors, fen: int) -> None:
    """核准人另有付款岗位时，首席直接支付和以共保资金支付都被拒绝；换一个人就能付。"""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
    lead = quarter.made.members[0]
    own = visitors.account(Role.FINANCE_CHECKER, lead)
    approver, other = visitors.seated(own), visitors.login_as(Role.FINANCE_CHECKER, lead)
    place = claimed(engine, quarter, fen, own.person_id)
    payment, day = f"{place}/payment", "2026-03-03"
    if fen > 500_000:
        maker = visitors.login_as(Role.FINANCE_MAKER, lead)
        for call in ask(maker, f"{place}/cash-calls", on=day)[1]["cash_calls"]:
            assert ask(maker, f"{place}/cash-calls/{call['id']}/receipt", on=day)[0] == 200
        assert ask(maker, f"{place}/funding", on=day, amount_fen=13_500_000)[1]["missing"]["fen"] == 0
        payment = f"{place}/payment-from-pool"
    status, said = ask(approver, payment, on=day)
    assert (status, said["code"]) == (403, "second_person_needed")
    assert approver.get(f"{place}/money").json["paid_on"] is None
    assert ask(other, payment, on=day)[1]["paid_on"] == day


def test_who_entered_a_fee_does_not_pay_it(engine: Engine, visitors: Visitors) -> None:
    """录入公估费的人另有付款岗位时，付这笔费被拒绝；换一个人就能付。"""
    quarter, place = made(engine, 500_000)
    lead = quarter.made.members[0]
    own = visitors.account(Role.FINANCE_MAKER, lead)
    with unit_of_work(engine, SYSTEM) as session:
        person, day = session.get_one(Person, own.person_id), date(2020, 1, 1)
        paying = give_mandate(session, person, lead, Role.FINANCE_CHECKER, day, by=SYSTEM, at=AT)
    (cost,) = ask(visitors.seated(own), f"{place}/costs", on="2026-03-07", amount_fen=100_000)[1]["costs"]
    payment = f"{place}/costs/{cost['id']}/payment"
    status, said = ask(visitors.seated(own, paying), payment, on="2026-03-08")
    assert (status, said["code"]) == (403, "second_person_needed")
    (cost,) = ask(visitors.login_as(Role.FINANCE_CHECKER, lead), payment, on="2026-03-08")[1]["costs"]
    assert cost["paid_on"] == "2026-03-08"


def test_a_follower_books_nothing_of_a_claim(engine: Engine, visitors: Visitors) -> None:
    """收摊回款、补足、公估费、追偿，都只有首席能记；随从被拒绝，什么都没有记下。"""
    quarter, place = made(engine, 30_000_000)
    lead, follower = quarter.made.members[:2]
    maker, other = (visitors.login_as(Role.FINANCE_MAKER, one) for one in (lead, follower))
    calls = ask(maker, f"{place}/cash-calls", on="2026-03-03")[1]["cash_calls"]
    before = maker.get(f"{place}/money").json
    (own,) = (call["id"] for call in calls if call["organisation_id"] == str(follower.id))
    for step, body in (
        (f"cash-calls/{own}/receipt", {}),
        ("funding", {"amount_fen": 100}),
        ("costs", {"amount_fen": 100}),
        ("recoveries", {"amount_fen": 100, "kind": "salvage"}),
    ):
        status, said = ask(other, f"{place}/{step}", on="2026-03-05", **body)
        assert (status, said["code"]) == (403, "lead_only"), step
    assert maker.get(f"{place}/money").json == before
