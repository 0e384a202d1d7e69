"""Policies: bound for insurable lifts, premium to the fen in the members' accounts, received and remitted once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import PUBLIC, SYSTEM, Actor, Role
from ledger import books
from ledger.books import AccountRef
from tests.makers import AT, ON, TERMS, make_lifts, make_organisation, make_policy, make_pool
from underwriting import policies, pools
from underwriting.models import Lift, PolicyLift

LATER = ON + timedelta(days=365)


def test_the_premium_of_a_batch(session: Session) -> None:
    """48 lifts at 1,286.00 are 61,728.00: the parts of net and VAT that the oracle quarter gives."""
    made = make_pool(session)
    policy = make_policy(session, made, lifts=make_lifts(session, 48))
    assert (policy.gross_fen, policy.net_fen, policy.vat_fen) == (6_172_800, 5_823_396, 349_404)
    due = dict(policies.due_parts(session, policy))
    assert [due[member.id] for member in made.members] == [2_777_760, 1_543_200, 1_234_560, 617_280]
    assert books.balance(session, made.pool.id, AccountRef("1110"), subject_id=policy.id) == 6_172_800


def test_every_lift_that_cannot_be_insured_is_named(session: Session) -> None:
    """Unknown, too young, and covered already are told for all lifts at once; the policy is not bound."""
    made = make_pool(session)
    covered, young, good = make_lifts(session, 3)
    young.in_service_on = date(2021, 6, 1)
    make_policy(session, made, lifts=[covered])
    ids = [covered.id, young.id, good.id, uuid.uuid4()]
    with pytest.raises(Invalid, match="policy_lifts_refused") as caught:
        policies.bind(session, made.pool, "P-2", ids, ON, LATER, on=ON, by=SYSTEM, at=AT)
    assert sorted(finding.code for finding in caught.value.findings) == [
        "lift_already_covered",
        "lift_not_found",
        "lift_too_young",
    ]


def test_a_batch_is_of_one_community(session: Session) -> None:
    """A policy is for one community's lifts, and for at least one."""
    made = make_pool(session)
    mixed = [*make_lifts(session, 1), *make_lifts(session, 1, community="别苑", prefix="M")]
    ids = [lift.id for lift in mixed]
    with pytest.raises(Invalid, match="policy_one_community"):
        policies.bind(session, made.pool, "P-2", ids, ON, LATER, on=ON, by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match="policy_needs_lifts"):
        policies.bind(session, made.pool, "P-2", [], ON, LATER, on=ON, by=SYSTEM, at=AT)


def test_the_database_refuses_a_second_cover(engine: Engine) -> None:
    """A lift on two policies at once is refused by the database where the verb is left out."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        first = make_policy(session, made)
        second = make_policy(session, made, number="P-2")
        lift = session.scalars(
            PolicyLift.__table__.select().with_only_columns(PolicyLift.lift_id).where(PolicyLift.policy_id == first.id)
        ).first()
        values = {"policy": second.id, "lift": lift, "since": ON, "until": LATER}
    with pytest.raises(DBAPIError, match="on another policy"), unit_of_work(engine, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO policy_lift (policy_id, lift_id, gross_fen, covered_from, covered_to)"
                " VALUES (:policy, :lift, 1, :since, :until)"
            ),
            values,
        )


def test_a_premium_is_received_and_remitted_once(session: Session) -> None:
    """What came in for others goes out whole, to each its part; each step once and in its order."""
    made = make_pool(session)
    policy = make_policy(session, made)
    desk = made.actor(Role.FINANCE_MAKER)
    with pytest.raises(Conflict, match="stage_refuses"):
        policies.remit(session, policy, on=ON, by=desk, at=AT)
    policies.receive(session, policy, on=ON, by=desk, at=AT)
    assert books.balance(session, made.pool.id, AccountRef("1010")) == policy.gross_fen
    with pytest.raises(Forbidden, match="second_person_needed"):
        policies.remit(session, policy, on=ON, by=desk, at=AT)
    policies.remit(session, policy, on=ON, by=made.actor(Role.FINANCE_CHECKER), at=AT)
    assert books.balances(session, made.pool.id) == {}
    for verb in (policies.receive, policies.remit):
        with pytest.raises(Conflict, match="stage_refuses"):
            verb(session, policy, on=ON, by=made.actor(Role.FINANCE_CHECKER), at=AT)


def test_each_member_collects_its_own(session: Session) -> None:
    """Where each collects its share no money passes through the pool."""
    made = make_pool(session, terms=replace(TERMS, collection="each"))
    policy = make_policy(session, made)
    policies.receive(session, policy, on=ON, by=SYSTEM, at=AT)
    assert policy.stage == "collected"
    assert books.balances(session, made.pool.id) == {}
    with pytest.raises(Conflict, match="stage_refuses"):
        policies.remit(session, policy, on=ON, by=SYSTEM, at=AT)


def test_a_net_agreement_remits_nothing(session: Session) -> None:
    """Where premium is settled net it stays in the current accounts until the statement."""
    made = make_pool(session, terms=replace(TERMS, remittance="net"))
    policy = make_policy(session, made)
    policies.receive(session, policy, on=ON, by=SYSTEM, at=AT)
    with pytest.raises(Conflict, match="agreement_settles_net"):
        policies.remit(session, policy, on=ON, by=SYSTEM, at=AT)


def test_no_more_is_given_back_than_was_written(session: Session) -> None:
    """Refunds on a policy never exceed its premium."""
    made = make_pool(session)
    policy = make_policy(session, made)
    policies.refund(session, policy, 385_000, ON, on=ON, by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match="refund_too_large") as caught:
        policies.refund(session, policy, 801, ON, on=ON, by=SYSTEM, at=AT)
    assert caught.value.facts["left_fen"] == 800
    with pytest.raises(Invalid, match="refund_too_large"):
        policies.refund(session, policy, 0, ON, on=ON, by=SYSTEM, at=AT)


def test_an_outsider_knows_nothing_of_a_policy(session: Session) -> None:
    """An insurer outside the pool is told that there is no such policy; a member finds it."""
    made = make_pool(session)
    policy = make_policy(session, made)
    other = make_pool(session, name="别的共保体")
    with pytest.raises(NotFound, match="policy_not_found"):
        policies.get(session, policy.id, other.actor(Role.CLAIMS_HANDLER))
    assert policies.get(session, policy.id, made.actor(Role.CLAIMS_HANDLER, 3)).id == policy.id
    nobody = Actor(None, None, Role.PUBLIC)
    assert session.scalars(pools.visible_to(nobody)).all() == []


def test_new_shares_are_for_new_policies(session: Session) -> None:
    """A policy keeps the shares of its inception; a later version is for later policies only."""
    made = make_pool(session)
    old = make_policy(session, made)
    plan = pools.PoolPlan(
        name=made.pool.name,
        members=((made.members[0].id, 6000), (made.members[1].id, 4000)),
        whole=10_000,
        effective_on=date(2026, 3, 10),
        ends_on=date(2027, 1, 1),
        terms=TERMS,
    )
    pools.add_version(session, made.pool, plan, by=SYSTEM, at=AT)
    new = make_policy(session, made, number="P-2", on=date(2026, 3, 10))
    assert len(policies.due_parts(session, old)) == 4
    assert [fen for _, fen in policies.due_parts(session, new)] == [231_480, 154_320]
    back = replace(plan, effective_on=date(2026, 3, 9))
    with pytest.raises(Invalid, match="shares_go_back"):
        pools.add_version(session, made.pool, back, by=SYSTEM, at=AT)
    other_lead = replace(plan, members=plan.members[::-1], effective_on=date(2026, 4, 1))
    with pytest.raises(Invalid, match="lead_changed"):
        pools.add_version(session, made.pool, other_lead, by=SYSTEM, at=AT)


def test_lifts_of_a_policy(session: Session) -> None:
    """A policy lists its lifts with their buildings, by number."""
    made = make_pool(session)
    policy = make_policy(session, made)
    assert [lift.number for _, lift, _ in policies.lifts_of(session, policy)] == ["P-1-00001", "P-1-00002", "P-1-00003"]
    assert isinstance(policies.lifts_of(session, policy)[0][1], Lift)


def test_numbers_and_names_are_given_once(session: Session) -> None:
    """Two policies never share a number, two pools never a name; a pool is of two insurers or more."""
    made = make_pool(session)
    make_policy(session, made)
    lifts = make_lifts(session, 1, prefix="N")
    with pytest.raises(Conflict, match="policy_number_taken"):
        make_policy(session, made, lifts=lifts)
    plan = pools.PoolPlan(
        name=made.pool.name,
        members=((made.members[0].id, 1), (made.members[1].id, 1)),
        whole=2,
        effective_on=date(2026, 1, 1),
        ends_on=date(2027, 1, 1),
        terms=TERMS,
    )
    with pytest.raises(Conflict, match="pool_name_taken"):
        pools.form(session, plan, by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match="pool_needs_two"):
        pools.form(session, replace(plan, name="一家", members=plan.members[:1], whole=1), by=SYSTEM, at=AT)


def test_what_a_pool_does_not_have(session: Session) -> None:
    """No agreement covers the day, none of its shares, no premium was agreed: each is told as such."""
    made = make_pool(session, terms=replace(TERMS, lift_premium_fen=0))
    lifts = make_lifts(session, 1)
    with pytest.raises(Conflict, match="premium_not_set"):
        policies.bind(session, made.pool, "P-1", [lifts[0].id], ON, LATER, on=ON, by=SYSTEM, at=AT)
    with pytest.raises(NotFound, match="agreement_not_found"):
        pools.agreement_on(session, made.pool.id, date(2027, 1, 1))
    with pytest.raises(NotFound, match="shares_not_found"):
        books.shares_on(session, made.pool.id, date(2025, 12, 31))
    with pytest.raises(NotFound, match="pool_not_found"):
        pools.get(session, made.pool.id, Actor(None, None, Role.PUBLIC))


def test_what_a_policy_does_not_have(session: Session) -> None:
    """A lift that is not on the policy is not taken off it; a refund that nobody agreed is not found."""
    made = make_pool(session)
    policy = make_policy(session, made)
    desk = made.actor(Role.FINANCE_MAKER)
    with pytest.raises(NotFound, match="lift_not_on_policy"):
        policies.remove_lift(session, policy, uuid.uuid4(), ON, on=ON, by=desk, at=AT)
    with pytest.raises(NotFound, match="refund_not_found"):
        policies.get_refund(session, uuid.uuid4(), desk)


def test_terms_are_checked_all_at_once() -> None:
    """Every wrong term of an agreement is named in one refusal."""
    with pytest.raises(Invalid, match="terms_invalid") as caught:
        replace(TERMS, lead_fee_bp=5000, remittance="half")
    assert {(finding.where, finding.code) for finding in caught.value.findings} == {
        ("remittance", "not_one_of"),
        ("lead_fee_bp", "out_of_range"),
    }


def test_the_money_of_a_policy_is_booked_by_the_lead_alone(session: Session) -> None:
    """Receipt, remittance and refund are the lead's to book: a follower and a bureau's officer are refused."""
    made = make_pool(session)
    policy = make_policy(session, made)
    lead, officer = made.actor(Role.FINANCE_MAKER), Actor(uuid.uuid4(), uuid.uuid4(), Role.OFFICER, "bureau")
    others = (made.actor(Role.FINANCE_MAKER, 1), officer, PUBLIC)
    for verb, desk in ((policies.receive, lead), (policies.remit, made.actor(Role.FINANCE_CHECKER))):
        for other in others:
            with pytest.raises(Forbidden, match="lead_only"):
                verb(session, policy, on=ON, by=other, at=AT)
        verb(session, policy, on=ON, by=desk, at=AT)
    refund = policies.refund(session, policy, 100, ON, on=ON, by=lead, at=AT)
    for other in others:
        with pytest.raises(Forbidden, match="lead_only"):
            policies.pay_refund(session, refund, on=ON, by=other, at=AT)
    with pytest.raises(Forbidden, match="second_person_needed"):
        policies.pay_refund(session, refund, on=ON, by=lead, at=AT)
    second = made.actor(Role.FINANCE_CHECKER)
    with pytest.raises(Invalid, match="day_before_step"):
        policies.pay_refund(session, refund, on=ON - timedelta(days=1), by=second, at=AT)
    policies.pay_refund(session, refund, on=ON, by=second, at=AT)
    assert (policy.stage, refund.stage) == ("remitted", "paid")


def test_a_policy_is_written_and_changed_by_the_officer_or_the_lead(session: Session) -> None:
    """The bureau's officer enrols and takes lifts off, and the lead may; a follower and another insurer are refused."""
    made = make_pool(session)
    stranger = Actor(uuid.uuid4(), make_organisation(session, "局外财险").id, Role.FINANCE_MAKER, "insurer")
    officer = Actor(uuid.uuid4(), uuid.uuid4(), Role.OFFICER, "bureau")
    ids = [lift.id for lift in make_lifts(session, 2)]
    for other in (made.actor(Role.FINANCE_MAKER, 1), stranger):
        with pytest.raises(Forbidden, match="lead_only"):
            policies.bind(session, made.pool, "P-9", ids, ON, LATER, on=ON, by=other, at=AT)
    policy = policies.bind(session, made.pool, "P-9", ids, ON, LATER, on=ON, by=officer, at=AT)
    for other in (made.actor(Role.FINANCE_MAKER, 1), stranger):
        with pytest.raises(Forbidden, match="lead_only"):
            policies.remove_lift(session, policy, ids[0], ON, on=ON, by=other, at=AT)
        with pytest.raises(Forbidden, match="lead_only"):
            policies.refund(session, policy, 100, ON, on=ON, by=other, at=AT)
    policies.remove_lift(session, policy, ids[0], ON, on=ON, by=officer, at=AT)
    policies.remove_lift(session, policy, ids[1], ON + timedelta(days=1), on=ON, by=made.actor(Role.SIGNATORY), at=AT)
    assert len(policies.refunds_of(session, policy)) == 2


def test_the_premium_is_that_of_one_year(session: Session) -> None:
    """A policy runs for one year to the day; another term would not be worth the agreed premium."""
    made = make_pool(session)
    ids = [lift.id for lift in make_lifts(session, 1)]
    for expires_on in (LATER - timedelta(days=1), LATER + timedelta(days=1), date(2036, 3, 2)):
        with pytest.raises(Invalid, match="policy_term_not_a_year") as caught:
            policies.bind(session, made.pool, "P-1", ids, ON, expires_on, on=ON, by=SYSTEM, at=AT)
        assert caught.value.facts["expires_on"] == LATER
