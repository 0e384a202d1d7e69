"""The API of faults, claims, estates and policies: the same verbs and the same permissions as the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from claims import handling
from claims.models import Claim
from core import clock
from core.permits import Role
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, make_city
from underwriting.rating import months_after

V1 = "/api/v1"


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def post(browser: Browser, path: str, key: str = "", **body: Any) -> TestResponse:
    """Post JSON with the form token, as a page of ours would."""
    headers = {"X-CSRFToken": browser.token(), **({"Idempotency-Key": key} if key else {})}
    return browser.post(f"{V1}{path}", json=body, headers=headers)


def test_a_fault_is_reported_once_under_one_key_and_worked(city: City) -> None:
    """The same key gives the same fault; the steps move it on; the clocks come with it."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    told = {"lift": "L00002", "description": "停住不动", "is_trapped": True}
    first, second = post(manager, "/faults", "k1", **told), post(manager, "/faults", "k1", **told)
    assert first.status_code == 201 and second.json == first.json
    fault = first.json
    assert {clock["measure"] for clock in fault["clocks"]} == {"response", "arrival", "half_day", "longest"}
    repairer = city.visitors.login_as(Role.REPAIRER)
    for step, stage in (("acknowledge", "acknowledged"), ("arrive", "on_site"), ("repair", "repaired")):
        answer = post(repairer, f"/faults/{fault['id']}/{step}")
        assert answer.json["stage"] == stage
    assert post(repairer, f"/faults/{fault['id']}/accept").status_code == 403
    assert post(manager, f"/faults/{fault['id']}/accept").json["stage"] == "accepted"
    assert post(manager, f"/faults/{fault['id']}/accept").status_code == 409


def test_a_list_is_paged_by_cursor(city: City) -> None:
    """Every fault comes once, newest first."""
    for minutes in (50, 40, 30, 20, 10):
        city.fault(minutes)
    browser = city.browser(Role.CLAIMS_HANDLER)
    seen, cursor = [], ""
    while True:
        page = browser.get(f"{V1}/faults?limit=2&cursor={cursor}").json
        seen += [row["number"] for row in page["data"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == sorted(seen, reverse=True) and len(seen) == 5
    assert browser.get(f"{V1}/faults?cursor=WyJ4Il0").status_code == 422
    assert browser.get(f"{V1}/faults?stage=nothing").status_code == 422


def test_a_claim_is_made_agreed_and_approved(city: City) -> None:
    """The main line of a claim by API; the parts sum to the amount."""
    maker, second = city.browser(Role.CLAIMS_HANDLER), city.browser(Role.SIGNATORY)
    fault = city.fault(300)
    told = {"fault_id": str(fault.id), "policy_id": str(city.policy.id), "title": "更换编码器", "estimate_fen": 438_000}
    made = post(maker, "/claims", **told)
    assert made.status_code == 201, made.text
    path = f"/claims/{made.json['id']}"
    assert post(maker, "/claims", **told).status_code == 409
    assert post(maker, f"{path}/submit").json["stage"] == "agreed"
    on = clock.on(city.now).isoformat()
    assert post(maker, f"{path}/approve", payable_fen=438_000, on=on).status_code == 403
    done = post(second, f"{path}/approve", payable_fen=388_000, on=on).json
    assert done["stage"] == "approved" and done["is_booked"]
    assert sum(one["amount"]["fen"] for one in done["members"]) == 388_000
    assert done["payable"] == {"fen": 388_000, "yuan": "3880.00"}
    follower = city.browser(Role.CLAIMS_HANDLER, 1)
    assert follower.get(f"{V1}{path}").json["id"] == made.json["id"]
    assert post(follower, f"{path}/reject", reason="x").status_code == 403
    stranger = city.visitors.login_as(Role.CLAIMS_HANDLER, city.visitors.organisation("insurer", "外来财险"))
    assert stranger.get(f"{V1}{path}").status_code == 404
    assert stranger.get(f"{V1}/claims").json["data"] == []


def test_a_bill_by_program_and_its_working(city: City) -> None:
    """Lines in, the working out; the amount approved is the computed one; a wrong line names itself."""
    maker, second = city.browser(Role.CLAIMS_HANDLER), city.browser(Role.SIGNATORY)
    told = {
        "fault_id": str(city.fault(300).id),
        "policy_id": str(city.policy.id),
        "title": "x",
        "estimate_fen": 450_000,
    }
    path = f"/claims/{post(maker, '/claims', **told).json['id']}"
    part = {"what": "门机组件", "asked_fen": 300_000, "allowed_fen": 300_000}
    labour = {"what": "人工", "asked_fen": 150_000, "allowed_fen": 138_000}
    refused = post(maker, f"{path}/bill", lines=[part, labour])
    assert refused.status_code == 422 and refused.json["errors"][0]["code"] == "line_cut_without_reason"
    assert post(maker, f"{path}/bill", lines=[]).status_code == 422
    assert post(maker, f"{path}/bill", lines=[{**part, "asked_fen": 1.5}]).status_code == 422
    assert post(second, f"{path}/bill", lines=[part]).status_code == 403
    whole = post(maker, f"{path}/bill", lines=[part, {**labour, "reason": "超出当地价格"}]).json
    assert [(line["position"], line["allowed"]["fen"]) for line in whole["lines"]] == [(1, 300_000), (2, 138_000)]
    adjustment = whole["adjustment"]
    assert (adjustment["loss"]["fen"], adjustment["steps"], adjustment["payable"]["fen"]) == (438_000, [], 438_000)
    post(maker, f"{path}/submit")
    on = clock.on(city.now).isoformat()
    assert post(second, f"{path}/approve", payable_fen=450_000, on=on).json["code"] == "payable_not_computed"
    assert post(second, f"{path}/approve", payable_fen=438_000, on=on).json["payable"]["fen"] == 438_000
    assert post(maker, f"{path}/bill", lines=[part]).json["code"] == "bill_stands"


@pytest.mark.parametrize("fen", [1.9, "4380", "４３８０", True, None, 0, -5, 10**30])
def test_an_estimate_is_a_whole_number_of_fen_above_zero(city: City, fen: object) -> None:
    """Anything else is refused with 422 and no claim is made."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    told = {"fault_id": str(city.fault(300).id), "policy_id": str(city.policy.id), "title": "x", "estimate_fen": fen}
    assert post(browser, "/claims", **told).status_code == 422
    assert post(browser, "/claims", **{**told, "estimate_fen": 5, "more": 1}).status_code == 422
    assert browser.get(f"{V1}/claims").json["data"] == []


def test_policies_and_lifts_are_read_and_bound(city: City) -> None:
    """An officer reads the register and binds; a lift on a policy is refused by name."""
    officer = city.visitors.login_as(Role.OFFICER)
    (estate,) = officer.get(f"{V1}/estates/communities").json["data"]
    assert (estate["lifts"], estate["insured"]) == (4, 4)
    lifts = officer.get(f"{V1}/estates/lifts?community={estate['id']}&limit=3").json
    assert [one["number"] for one in lifts["data"]] == ["L00001", "L00002", "L00003"] and lifts["next"]
    rest = officer.get(f"{V1}/estates/lifts?cursor={lifts['next']}").json
    assert [one["number"] for one in rest["data"]] == ["L00004"]
    shown = officer.get(f"{V1}/policies/{city.policy.id}").json
    assert sum(one["amount"]["fen"] for one in shown["members"]) == shown["gross"]["fen"] == 4 * 128_600
    today = clock.on(city.now)
    told = {
        "pool_id": city.made.pool.id,
        "number": "X-1",
        "lift_ids": [lifts["data"][0]["id"]],
        "inception_on": today.isoformat(),
        "expires_on": months_after(today, 12).isoformat(),
        "on": today.isoformat(),
    }
    refused = post(officer, "/policies", **told)
    assert refused.status_code == 422 and refused.json["errors"][0]["code"] == "lift_already_covered"
    removed = post(
        officer,
        f"/policies/{city.policy.id}/remove-lift",
        lift_id=told["lift_ids"][0],
        effective_on=today.isoformat(),
        on=today.isoformat(),
    )
    assert removed.status_code == 201 and removed.json["gross"]["fen"] > 0
    bound = post(officer, "/policies", **told)
    assert bound.status_code == 201, bound.text
    assert bound.json["gross"]["fen"] == 128_600
    assert officer.get(f"{V1}/policies/{bound.json['id']}").json == bound.json
    (covered,) = bound.json["lifts"]
    assert covered == {
        "lift_id": told["lift_ids"][0],
        "number": "L00001",
        "building": shown["lifts"][0]["building"],
        "gross": {"fen": 128_600, "yuan": "1286.00"},
        "covered_from": told["inception_on"],
        "covered_to": told["expires_on"],
    }
    assert [one["is_lead"] for one in bound.json["members"]].index(True) == 0
    assert sum(one["amount"]["fen"] for one in bound.json["members"]) == 128_600
    assert [one["id"] for one in bound.json["members"]] == [one["id"] for one in shown["members"]]
    assert len(officer.get(f"{V1}/policies").json["data"]) == 2
    handler = city.browser(Role.CLAIMS_HANDLER)
    assert post(handler, "/policies", **told).status_code == 403


def test_the_figures_are_open_to_everyone(city: City, client: Browser) -> None:
    """Public figures need no sign-in; one's own do; a span is bounded."""
    city.fault()
    span = "since=2026-01-01&until=2026-12-31"
    assert client.get(f"{V1}/faults/public-figures?{span}").json["open"] == 1
    assert client.get(f"{V1}/faults/figures?{span}").status_code == 401
    assert city.browser(Role.CLAIMS_HANDLER).get(f"{V1}/faults/figures?{span}").json["open"] == 1
    assert client.get(f"{V1}/faults/public-figures?since=2020-01-01&until=2026-12-31").status_code == 422


def test_nothing_is_booked_on_a_day_to_come(city: City) -> None:
    """A program names a booking day as a page does: tomorrow is refused in every route that takes one."""
    tomorrow = (clock.on(city.now) + timedelta(days=1)).isoformat()
    maker, second = city.account(Role.CLAIMS_HANDLER), city.browser(Role.SIGNATORY)
    claim = city.claim(by=maker)
    with city.unit() as session:
        handling.submit(session, session.get_one(Claim, claim.id), by=city.visitors.actor_of(maker), at=city.now)
    officer = city.visitors.login_as(Role.OFFICER)
    lift = str(city.lifts[0].id)
    term = {
        "inception_on": tomorrow,
        "expires_on": months_after(clock.on(city.now) + timedelta(days=1), 12).isoformat(),
    }
    bound = {"pool_id": city.made.pool.id, "number": "X-9", "lift_ids": [lift], **term, "on": tomorrow}
    for answer in (
        post(second, f"/claims/{claim.id}/approve", payable_fen=100, on=tomorrow),
        post(officer, "/policies", **bound),
        post(officer, f"/policies/{city.policy.id}/remove-lift", lift_id=lift, effective_on=tomorrow, on=tomorrow),
        post(city.browser(Role.FINANCE_MAKER), f"/premiums/{city.policy.id}/receipt", on=tomorrow),
    ):
        assert (answer.status_code, answer.json["code"]) == (422, "day_to_come"), answer.text


def test_a_topic_is_marked_by_a_program(city: City) -> None:
    """The claim comes back with its topics and with all members asked; an unknown topic is refused."""
    maker = city.browser(Role.CLAIMS_HANDLER)
    told = {
        "fault_id": str(city.fault(300).id),
        "policy_id": str(city.policy.id),
        "title": "x",
        "estimate_fen": 450_000,
    }
    path = f"/claims/{post(maker, '/claims', **told).json['id']}"
    assert post(maker, f"{path}/topics", topic="weather", reason="x").status_code == 422
    whole = post(maker, f"{path}/topics", topic="litigation", reason="业主已起诉").json
    assert (whole["topics"], whole["needs"], [one["must_agree"] for one in whole["members"]]) == (
        ["litigation"],
        "all",
        [True] * 4,
    )
