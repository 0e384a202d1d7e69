"""Pages of claims: made from a fault, agreed to, approved by a second person, rejected with reasons."""

from __future__ import annotations

import pytest

from claims import handling
from claims.adjusting import AssessedLine
from claims.models import Claim
from core.permits import Role
from tests.visitors import Visitors
from tests.web.estate_makers import City, make_city


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def claim_of(city: City, claim: Claim) -> Claim:
    """Return a claim as it stands."""
    with city.unit() as session:
        return session.get_one(Claim, claim.id)


def test_a_claim_goes_from_fault_to_approval_by_two_people(city: City) -> None:
    """A small claim: the lead's handler makes and submits it, another person of the lead approves it."""
    maker = city.browser(Role.CLAIMS_HANDLER)
    fault = city.fault(300)
    form = maker.get(f"/claims/new?fault_id={fault.id}").text
    assert "P-1" in form
    made = maker.send(
        "/claims/new", fault_id=fault.id, policy_id=city.policy.id, title="更换编码器", estimate="4,380.00"
    )
    assert made.status_code == 303, made.text
    page = made.headers["Location"]
    assert maker.get(f"{page}/submit").status_code == 200
    assert maker.send(f"{page}/submit").status_code == 303
    told = maker.get(page).text
    assert "须由首席的另一人核准" in told and f"{page}/approve" not in told
    assert maker.get(f"{page}/approve").status_code == 403
    assert maker.send(f"{page}/approve", amount="4380.00", on=city.now.date()).status_code == 403
    second = city.browser(Role.CLAIMS_HANDLER)
    assert second.send(f"{page}/approve", amount="3,880.00", on=city.now.date()).status_code == 303
    for step, told in (("submit", "已经办理：提请同意"), ("approve", "已经办理：核准赔款"), ("revise", "现在不能办理")):
        shown = second.get(f"{page}/{step}").text
        assert told in shown and 'name="confirmed"' not in shown, step
    whole = second.get(page).text
    for part in ("1,746.00", "970.00", "776.00", "388.00", "3,880.00", "已入账"):
        assert part in whole


@pytest.mark.parametrize("hand", ["revise", "flag", "bill"])
def test_an_approval_is_offered_to_no_one_who_had_a_hand_in_it(city: City, hand: str) -> None:
    """Whoever revised or marked it, or entered its bill, finds the approval neither among the work nor on the claim."""
    hands, second = city.account(Role.CLAIMS_HANDLER), city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(438_000, by=city.account(Role.CLAIMS_HANDLER))
    actor, submitter = city.visitors.actor_of(hands), city.visitors.actor_of(city.account(Role.CLAIMS_HANDLER))
    with city.unit() as session:
        row = session.get_one(Claim, claim.id)
        handling.submit(session, row, by=submitter, at=city.now)
        if hand == "revise":
            handling.revise(session, row, 430_000, by=actor, at=city.now)
        elif hand == "flag":
            handling.flag(session, row, "ex_gratia", "按协商结果赔付", by=actor, at=city.now)
            for member in range(1, len(city.made.members)):
                handling.agree(session, row, by=city.made.actor(Role.CLAIMS_HANDLER, member), at=city.now)
        else:
            handling.enter_bill(session, row, [AssessedLine("编码器", 438_000, 438_000)], by=actor, at=city.now)
    assert claim_of(city, claim).stage == "agreed"
    page = f"/claims/{claim.id}"
    mine, others = city.visitors.signed_in(hands), city.visitors.signed_in(second)
    assert f"{page}/approve" in others.get(page).text
    assert "核准赔款：" in others.get("/").text
    assert "核准赔款：" not in mine.get("/").text
    assert f"{page}/approve" not in mine.get(page).text and "您经办过这件赔案" in mine.get(page).text
    assert mine.get(f"{page}/approve").status_code == 403


def test_above_the_leads_limit_every_member_agrees(city: City) -> None:
    """Over 100,000.00 all members must agree; the page says who has and who is awaited."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(26_840_000, by=handler)
    lead = city.visitors.signed_in(handler)
    lead.send(f"/claims/{claim.id}/submit")
    for member in (1, 2):
        follower = city.browser(Role.CLAIMS_HANDLER, member)
        assert follower.get(f"/claims/{claim.id}/agree").status_code == 200
        assert follower.send(f"/claims/{claim.id}/agree", version="1").status_code == 303
        assert follower.send(f"/claims/{claim.id}/agree", version="1").status_code == 409
        assert "已经办理：表示同意" in follower.get(f"/claims/{claim.id}/agree").text
    page = lead.get(f"/claims/{claim.id}").text
    assert "正在等 示例共保体丁财险 表示同意" in page
    assert claim_of(city, claim).stage == "submitted"
    city.browser(Role.SIGNATORY, 3).send(f"/claims/{claim.id}/agree", version="1")
    assert claim_of(city, claim).stage == "agreed"


def test_an_agreement_is_to_the_version_that_was_seen(city: City) -> None:
    """Whoever looked at the first estimate does not agree to the second by it."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(26_840_000, by=handler)
    lead = city.visitors.signed_in(handler)
    lead.send(f"/claims/{claim.id}/submit")
    assert lead.send(f"/claims/{claim.id}/revise", amount="300,000.00").status_code == 303
    answer = city.browser(Role.CLAIMS_HANDLER, 1).send(f"/claims/{claim.id}/agree", version="1")
    assert answer.status_code == 409 and "刚刚修改过" in answer.text
    assert claim_of(city, claim).estimate_fen == 30_000_000


def test_a_rejection_needs_its_reasons_and_shows_them(city: City) -> None:
    """Without reasons nothing is rejected; with them they stand on the page."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(by=handler)
    lead = city.visitors.signed_in(handler)
    refused = lead.send(f"/claims/{claim.id}/reject", reason=" ")
    assert refused.status_code == 422 and 'id="f-reason-wrong"' in refused.text
    assert claim_of(city, claim).stage == "open"
    assert lead.send(f"/claims/{claim.id}/reject", reason="人为损坏，不属于保险责任").status_code == 303
    assert "人为损坏，不属于保险责任" in lead.get(f"/claims/{claim.id}").text


@pytest.mark.parametrize("amount", ["", "1.234", "-5", "0", "５", "1,23", "abc", "99999999999999999999"])
def test_a_wrong_amount_is_told_beside_its_field_and_kept(city: City, amount: str) -> None:
    """An estimate that is no amount above zero makes no claim, and what was typed stays."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    fault = city.fault(300)
    answer = browser.send("/claims/new", fault_id=fault.id, policy_id=city.policy.id, title="换门机", estimate=amount)
    assert answer.status_code == 422
    assert 'id="f-estimate-wrong"' in answer.text and "换门机" in answer.text
    assert "共 0 行" in browser.get("/claims").text


def test_more_than_the_estimate_is_not_approved(city: City) -> None:
    """What was agreed to bounds what is approved."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(by=handler)
    city.visitors.signed_in(handler).send(f"/claims/{claim.id}/submit")
    second = city.browser(Role.CLAIMS_HANDLER)
    answer = second.send(f"/claims/{claim.id}/approve", amount="4380.01", on=city.now.date())
    assert answer.status_code == 422 and 'id="f-amount-wrong"' in answer.text and "4380.01" in answer.text
    assert claim_of(city, claim).payable_fen is None


def test_a_follower_decides_nothing_alone(city: City) -> None:
    """Making, revising, approving and rejecting belong to the lead."""
    claim = city.claim(by=city.account(Role.CLAIMS_HANDLER))
    follower = city.browser(Role.CLAIMS_HANDLER, 1)
    assert follower.get(f"/claims/{claim.id}").status_code == 200
    for step in ("submit", "revise", "approve", "reject"):
        assert follower.get(f"/claims/{claim.id}/{step}").status_code == 403
        answer = follower.send(f"/claims/{claim.id}/{step}", amount="1.00", on=city.now.date(), reason="x")
        assert answer.status_code == 403
    assert follower.get(f"/claims/new?fault_id={city.fault(lift=1).id}").status_code == 403
    assert claim_of(city, claim).stage == "open"


def test_an_insurer_outside_the_pool_does_not_know_of_the_claim(city: City) -> None:
    """A claim belongs to the members of its pool."""
    claim = city.claim(by=city.account(Role.CLAIMS_HANDLER))
    stranger = city.visitors.login_as(Role.CLAIMS_HANDLER, city.visitors.organisation("insurer", "外来财险"))
    for path in ("", "/submit", "/agree", "/approve"):
        assert stranger.get(f"/claims/{claim.id}{path}").status_code == 404
    assert "共 0 行" in stranger.get("/claims").text


def test_a_possible_double_is_shown_before_a_claim_is_made(city: City) -> None:
    """A claim on the same lift around the same time is pointed out."""
    first = city.claim(by=city.account(Role.CLAIMS_HANDLER), lift=0)
    page = city.browser(Role.CLAIMS_HANDLER).get(f"/claims/new?fault_id={city.fault(60, lift=0).id}").text
    assert first.number in page and "核对是否重复" in page


def test_the_list_sums_what_it_shows(city: City) -> None:
    """Count and sum are of what the filters let through; the export holds the same."""
    handler = city.account(Role.CLAIMS_HANDLER)
    city.claim(438_000, by=handler, lift=0)
    city.claim(26_840_000, by=handler, lift=1)
    browser = city.visitors.signed_in(handler)
    assert "共 2 行，合计 272,780.00 元" in browser.get("/claims").text
    assert "共 1 行，合计 268,400.00 元" in browser.get("/claims?needs=all").text
    exported = browser.get("/claims?needs=all&as=csv").text
    assert "268400.00" in exported and "4380.00" not in exported


def test_roles_without_claims_are_refused(city: City) -> None:
    """A repairer and a community see no claim."""
    claim = city.claim(by=city.account(Role.CLAIMS_HANDLER))
    for role in (Role.REPAIRER, Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER):
        assert city.visitors.login_as(role).get(f"/claims/{claim.id}").status_code == 403


def test_a_mistaken_approval_is_taken_back(city: City) -> None:
    """An approval is taken back with its reason before anything is paid; the claim is as it was agreed."""
    maker, second = city.browser(Role.CLAIMS_HANDLER), city.browser(Role.CLAIMS_HANDLER)
    fault = city.fault(300)
    made = maker.send(
        "/claims/new", fault_id=fault.id, policy_id=city.policy.id, title="更换编码器", estimate="4,380.00"
    )
    page = made.headers["Location"]
    maker.send(f"{page}/submit")
    assert "现在不能办理" in second.get(f"{page}/take-back").text
    second.send(f"{page}/approve", amount="3,880.00", on=city.now.date())
    assert f"{page}/take-back" in second.get(page).text
    assert second.send(f"{page}/take-back", reason=" ", on=city.now.date()).status_code == 422
    assert second.send(f"{page}/take-back", reason="金额有误", on=city.now.date()).status_code == 303
    told = second.get(page).text
    assert "撤回核定，冲正分录" in told and f"{page}/approve" in told


def test_a_bill_is_entered_line_by_line_and_confirmed_by_another(city: City) -> None:
    """The form keeps what was typed and names the wrong field; the approver confirms what the bill gives."""
    handler = city.account(Role.CLAIMS_HANDLER)
    maker = city.visitors.signed_in(handler)
    claim = city.claim(450_000, by=handler)
    page = f"/claims/{claim.id}"
    assert f"{page}/bill" in maker.get(page).text and "还没有清单" in maker.get(page).text
    typed = {"what_0": "门机组件", "asked_0": "3,000.00", "what_3": "人工", "asked_3": "1500", "allowed_3": "1380.00"}
    more = maker.send(f"{page}/bill", then="more", **typed)
    assert more.status_code == 200 and 'name="what_5"' in more.text and "门机组件" in more.text
    refused = maker.send(f"{page}/bill", **typed)
    assert refused.status_code == 422 and 'id="f-reason_1-wrong"' in refused.text and "1380.00" in refused.text
    wrong = maker.send(f"{page}/bill", what_0="人工", asked_0="1,5x0")
    assert wrong.status_code == 422 and 'id="f-asked_0-wrong"' in wrong.text
    assert maker.send(f"{page}/bill").status_code == 422
    kept = maker.send(f"{page}/bill", **typed, reason_3="超出当地人工价格")
    assert kept.status_code == 303, kept.text
    told = maker.get(page).text
    for part in ("门机组件", "超出当地人工价格", "4,500.00", "4,380.00", "更换清单…", "录入维修清单"):
        assert part in told
    maker.send(f"{page}/submit")
    second = city.browser(Role.SIGNATORY)
    form = second.get(f"{page}/approve").text
    assert "清单核定的损失" in form and 'name="amount" value="4380.00"' in form
    day = city.now.date()
    assert second.send(f"{page}/approve", amount="4500.00", on=day).status_code == 409
    assert second.send(f"{page}/approve", amount="4380.00", on=day).status_code == 303
    done = second.get(page).text
    assert "4,380.00" in done and f"{page}/bill" not in done
    assert maker.get(f"{page}/bill").status_code == 409
    follower = city.browser(Role.CLAIMS_HANDLER, 1)
    assert "门机组件" in follower.get(page).text and follower.get(f"{page}/bill").status_code == 403


def test_a_bill_above_the_estimate_is_not_offered_for_approval(city: City) -> None:
    """The page says that the estimate is to be revised first, and has no button that would be refused."""
    handler = city.account(Role.CLAIMS_HANDLER)
    maker = city.visitors.signed_in(handler)
    claim = city.claim(400_000, by=handler)
    page = f"/claims/{claim.id}"
    assert maker.send(f"{page}/bill", what_0="变频器", asked_0="4500.00").status_code == 303
    maker.send(f"{page}/submit")
    second = city.browser(Role.SIGNATORY)
    told = second.get(page).text
    assert "须先修改估损" in told and f"{page}/approve" not in told
    assert second.send(f"{page}/approve", amount="4500.00", on=city.now.date()).status_code == 409


def test_a_fault_is_work_for_the_lead_and_a_state_for_the_others(city: City) -> None:
    """首席的理赔人员首页列为要办的，有登记按钮；从承保方只看到别人在办。"""
    city.fault(300)
    lead, follower = city.browser(Role.CLAIMS_HANDLER).get("/").text, city.browser(Role.CLAIMS_HANDLER, 1).get("/").text
    assert "等您登记的故障" in lead and "别人在办的故障" not in lead and "现在没有需要您办的" not in lead
    assert "别人在办的故障" in follower and "等您登记的故障" not in follower and "现在没有需要您办的" in follower


def test_a_claim_stands_on_the_first_page_of_whoever_it_waits_for(city: City) -> None:
    """Submitted: with each member that has not agreed. Agreed: with a second person of the lead, never the maker."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(26_840_000, by=handler)
    lead, followers = city.visitors.signed_in(handler), [city.browser(Role.SIGNATORY, member) for member in (1, 2, 3)]
    assert "同意估损" not in followers[0].get("/").text
    assert "提请同意：更换变频器" in lead.get("/").text
    lead.send(f"/claims/{claim.id}/submit")
    for follower in followers:
        assert "同意估损：更换变频器" in follower.get("/").text
        follower.send(f"/claims/{claim.id}/agree", version="1")
        assert "同意估损" not in follower.get("/").text
    assert "提请同意：" not in lead.get("/").text and "等别人办理的赔案" in lead.get("/").text
    second = city.browser(Role.SIGNATORY)
    assert "核准赔款：更换变频器" in second.get("/").text
    assert "核准赔款：" not in lead.get("/").text and "核准赔款：" not in followers[0].get("/").text


def test_a_topic_for_all_members_is_marked_and_shown(city: City) -> None:
    """The lead's handler marks a small claim as ex gratia; page and API then say that all must agree, and why."""
    handler = city.account(Role.CLAIMS_HANDLER)
    claim = city.claim(by=handler)
    lead = city.visitors.signed_in(handler)
    page = f"/claims/{claim.id}"
    assert f"{page}/flag" in lead.get(page).text and "通融赔付" in lead.get(f"{page}/flag").text
    refused = lead.send(f"{page}/flag", topic="", reason="")
    assert refused.status_code == 422 and 'id="f-topic-wrong"' in refused.text
    assert lead.send(f"{page}/flag", topic="ex_gratia", reason="业主困难，协商赔付").status_code == 303
    follower = city.browser(Role.CLAIMS_HANDLER, 1)
    shown = follower.get(page).text
    assert "赔案涉及：通融赔付" in shown and f"{page}/flag" not in shown
    assert follower.get(f"{page}/flag").status_code == 403
    assert follower.get(f"/api/v1{page}").json["topics"] == ["ex_gratia"]
    assert lead.send(f"{page}/flag", topic="ex_gratia", reason="再来一次").status_code == 409
    lead.send(f"{page}/submit")
    assert "正在等" in lead.get(page).text
