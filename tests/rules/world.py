"""The world that the matrix visits: tenders in several stages, a pool with money in it, a stranger's pool, faults."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from claims import closing, faults, handling, settlements
from claims.models import Claim
from core import audit, parties
from core.audit import AuditEvent
from core.clock import CITY
from core.db import unit_of_work
from core.papers import keep
from core.parties import Mandate, Organisation
from core.permits import SYSTEM, Role
from core.server import Urls
from ledger import statements
from tender import allocations, awards, bids, changes, evaluations, keys, opening, p256
from tender.content import FileToSeal
from tender.drafting import TenderDraft
from tender.envelope import ONE_ENVELOPE
from tender.models import Bid, SealedBid, SigningKey
from tender.outcome_models import Objection
from tests.makers import AT, TERMS, MadePool, make_policy, make_pool, open_quarter
from tests.makers_bank import confirm_all, propose
from tests.makers_tender import (
    AWARDED,
    OFFERED,
    OPENED,
    PUBLICISED,
    PUBLISHED,
    WORKED_MARKS,
    WORKED_PRICES,
    accept_all,
    collect_keys,
    draft_of,
    finish_award,
    form_of,
    hand_in,
    make_keyed,
    make_opened,
    make_reported,
    make_tender,
    open_bids,
    render_agreement,
    seat_committee,
)
from tests.makers_town import Town, make_town, tell_time
from tests.rules.world_bank import of_the_bank
from tests.rules.world_clauses import clauses_in, item_of, proposed_in
from tests.rules.world_papers import keep_bordereau, keep_claims_list, keep_extract, keep_paper
from tests.rules.world_payees import of_the_payees
from underwriting import policies, pools, premiums
from underwriting.estates import appoint_for_community
from underwriting.models import Building, Community, Lift, Policy
from underwriting.pools import PoolPlan
from underwriting.terms import Clauses
from web import jobs

#: What the database's clock says while the matrix is walked: the day after the shares of one tender were publicised.
NOW = datetime(2026, 4, 9, 9, 0, tzinfo=CITY)
OFFER = "服务方案".encode()
TENDERS = ("draft", "published", "opening", "evaluating", "reported", "allocated", "standstill", "awarded")


@dataclass
class World:
    """What there is, by name; `ids` holds the sample of each kind of object."""

    urls: Urls
    town: Town
    tenders: dict[str, uuid.UUID]
    pool: MadePool
    stranger: MadePool
    ids: dict[str, object]
    estate: Organisation
    other_estate: Organisation
    repairers: tuple[Organisation, Organisation]
    state_dir: Path


def make_world(urls: Urls, engine: Engine, folder: Path) -> World:
    """Tell the whole story on an empty database and stop the clock's story at NOW."""
    town = make_town(engine, urls, folder / "papers", ("甲", "乙", "丙", "丁", "戊"))
    ids = _sign_the_log(engine)
    told = _tenders(town)
    with unit_of_work(engine, SYSTEM) as session:
        estates = [_organisation(session, "community", name) for name in ("示例物业", "另一物业")]
        mine, other = (_organisation(session, "repairer", name) for name in ("示例维保", "另一维保"))
        pool = _pool(session, town)
        _money(session, pool, ids)
    with unit_of_work(engine, SYSTEM) as session:
        _close(session, pool, ids)
    with unit_of_work(engine, SYSTEM) as session:
        stranger = make_pool(session, (1, 1, 1), name="第二共保体")
        make_policy(session, stranger, number="S-1")
        _faults(session, estates[0], mine, ids)
        _of_the_opened(session, ids, told["evaluating"], town.insurers[0].id)
        ids["code"] = keep_paper(session, town, "opening_record_pdf", ("tender", told["awarded"])).code
        ids["public_key"] = p256.point(p256.new_key()).hex()
        ids["organisation_id"] = town.insurers[0].id
        ids["bordereau_id"] = keep_bordereau(session, pool)
        ids["list_id"] = keep_claims_list(session, pool, session.get_one(Policy, ids["policy_id"]).id)
        ids["extract_id"] = keep_extract(session, town, pool)
        ids |= {**clauses_in(session, pool), "variation_id": proposed_in(session, pool)}
        ids["objection_id"] = session.scalars(select(Objection.id)).first()
        ids |= _of_the_administrator(session, town)
        ids["key_id"] = session.scalars(
            select(SigningKey.id).where(SigningKey.organisation_id == town.insurers[0].id)
        ).first()
    tell_time(urls, NOW)
    return World(urls, town, told, pool, stranger, ids, estates[0], estates[1], (mine, other), folder)


def _sign_the_log(engine: Engine) -> dict[str, object]:
    """Sign the log before any bid is in it; return an event that every reader of it may know of, and the head."""
    audit.sequence(engine)
    with unit_of_work(engine, SYSTEM) as session:
        head = audit.sign_head(session, Ed25519PrivateKey.generate(), at=AT)
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "person.added").limit(1)).one()
        return {"event_id": event.id, "size": head.size}


def _of_the_administrator(session: Session, town: Town) -> dict[str, object]:
    """Return a person with an account to be, the mandate it holds, and a job that failed."""
    person_id = town.officer.person_id
    assert person_id is not None
    held = session.scalars(select(Mandate).where(Mandate.person_id == person_id)).one()
    job_id = jobs.defer(session, "sweep")
    session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = :id"), {"id": job_id})
    return {"person_id": person_id, "held_id": held.id, "job_id": job_id}


def _tenders(town: Town) -> dict[str, uuid.UUID]:
    """Return a tender in each stage; the last to be made is the one that went furthest, because its clock did."""
    forms = {place: form_of(price) for place, price in enumerate(WORKED_PRICES)}
    numbers = iter(range(1, 20))

    def draft(**changes: object) -> object:
        return draft_of(number=f"ZB-2026-{next(numbers):03d}", **changes)

    def opened() -> uuid.UUID:
        return make_opened(town, forms, draft())  # type: ignore[arg-type]

    def up_to(stop: Callable[[Town, uuid.UUID], None]) -> uuid.UUID:
        tender_id = opened()
        stop(town, tender_id)
        return tender_id

    found = {"draft": make_keyed(town, draft())}  # type: ignore[arg-type]
    with unit_of_work(town.engine, SYSTEM) as session:
        from tender import tenders

        tenders.return_to_draft(session, town.tender(session, found["draft"]), by=town.officer, at=town.at(NOW))
    late = datetime(2026, 5, 11, 9, 0, tzinfo=CITY)
    found["published"] = make_tender(town, draft(deadline_at=late, opening_at=late))  # type: ignore[arg-type]
    with unit_of_work(town.engine, SYSTEM) as session:
        # A later deadline that waits for the approver.
        later, told = late + timedelta(days=7), town.at(PUBLISHED + timedelta(days=1))
        published = town.tender(session, found["published"])
        changes.amend(
            session, published, "延期", "平台中断", affects_bids=False, deadline_at=later, by=town.officer, at=told
        )
    found["opening"] = make_tender(town, draft())  # type: ignore[arg-type]
    for name in ("published", "opening"):
        for insurer in town.insurers[:4]:
            hand_in(town, found[name], insurer, form_of())
            with unit_of_work(town.engine, insurer.bidder) as session:
                sealed = session.scalars(select(SealedBid.id).where(SealedBid.tender_id == found[name])).one()
                keep_paper(session, town, "note", ("sealed_bid", sealed), insurer.id)
    _withdraw(town, found["published"])
    collect_keys(town, found["opening"], town.at(datetime(2026, 3, 30, 9, 20, tzinfo=CITY)), town.keepers[3:])
    _give_key(town, found["opening"])
    found["evaluating"] = _evaluating(town, draft())  # type: ignore[arg-type]
    found["reported"] = up_to(_reported)
    found["allocated"] = up_to(_allocated)
    found["standstill"] = up_to(_publicised)
    found["awarded"] = up_to(_awarded)
    return found


def _withdraw(town: Town, tender_id: uuid.UUID) -> None:
    """Let the fourth insurer take its bid back."""
    who = town.insurers[3].bidder
    town.run(who, lambda s: bids.withdraw(s, town.tender(s, tender_id), by=who, at=PUBLISHED))


def _give_key(town: Town, tender_id: uuid.UUID) -> None:
    """Let the second insurer give the fallback key of its bid."""
    insurer, at = town.insurers[1], OPENED
    part = ONE_ENVELOPE[0]
    key = town.sealed[tender_id, insurer.id, 1][part].k2
    who = insurer.bidder
    town.run(who, lambda s: keys.give_bidder_key(s, town.tender(s, tender_id), part, "k2", key, by=who, at=at))


def _evaluating(town: Town, draft: TenderDraft) -> uuid.UUID:
    """Return a tender whose committee sits; the first bid has a document."""
    tender_id = make_tender(town, draft)
    town.at(PUBLISHED + timedelta(days=10))
    for place, price in enumerate(WORKED_PRICES):
        files = [FileToSeal("服务方案.txt", len(OFFER), lambda: io.BytesIO(OFFER))] if place == 0 else []
        hand_in(town, tender_id, town.insurers[place], form_of(price), files)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    open_bids(town, tender_id, at)
    at = town.at(OFFERED)
    seat_committee(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        evaluations.qualify(session, town.tender(session, tender_id), {}, by=town.chair, at=at)
    return tender_id


def _of_the_opened(session: Session, world_ids: dict[str, object], tender_id: uuid.UUID, owner: uuid.UUID) -> None:
    """Note the first insurer's bid on an opened tender, and the document in it."""
    bid = session.scalars(select(Bid).where(Bid.tender_id == tender_id, Bid.organisation_id == owner)).one()
    files = opening.part_of(session, bid).files
    world_ids |= {"bid_id": bid.id, "digest": next(iter(files.values()))["digest"]}


def _reported(town: Town, tender_id: uuid.UUID) -> None:
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))


def _allocated(town: Town, tender_id: uuid.UUID) -> None:
    _reported(town, tender_id)
    at = town.at(NOW)
    town.run(town.officer, lambda s: allocations.allocate(s, town.tender(s, tender_id), by=town.officer, at=at))


def _publicised(town: Town, tender_id: uuid.UUID) -> None:
    _allocated(town, tender_id)
    accept_all(town, tender_id, town.at(NOW))
    at = town.at(PUBLICISED)
    who = town.insurers[0].signatory
    with unit_of_work(town.engine, SYSTEM) as session:
        awards.publicise(session, town.tender(session, tender_id), by=town.officer, at=at)
        awards.object_to_result(session, town.tender(session, tender_id), "请复核评分", by=who, at=at)


def _awarded(town: Town, tender_id: uuid.UUID) -> None:
    _allocated(town, tender_id)
    accept_all(town, tender_id, town.at(NOW))
    finish_award(town, tender_id)
    render_agreement(town, tender_id, town.at(AWARDED))


def _organisation(session: Session, kind: str, name: str) -> Organisation:
    return parties.add_organisation(session, kind, name, by=SYSTEM, at=AT)


def _pool(session: Session, town: Town) -> MadePool:
    """Return the pool of four of the town's insurers, its first quarter open."""
    members = tuple(session.get_one(Organisation, insurer.id) for insurer in town.insurers[:4])
    plan = PoolPlan(
        name="示例共保体",
        members=tuple(zip([member.id for member in members], (4500, 2500, 2000, 1000), strict=True)),
        whole=10_000,
        effective_on=date(2026, 1, 1),
        ends_on=date(2027, 1, 1),
        terms=replace(TERMS),
        clauses=Clauses(("adjuster", "recoveries"), is_step_up=True),
    )
    pool = pools.form(session, plan, by=SYSTEM, at=AT)
    period = statements.open_period(session, pool.id, "2026Q1", date(2026, 1, 1), date(2026, 3, 31), by=SYSTEM, at=AT)
    return MadePool(pool, members, period)


def approved(
    session: Session, made: MadePool, policy: Policy, fen: int, number: str, *, on: date = date(2026, 3, 6)
) -> Claim:
    """Return a claim that every member asked has agreed to and that is approved as it was estimated."""
    maker, checker = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY)
    claim = handling.make(session, policy, f"赔案 {number}", fen, number=number, by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    if claim.needs == "all":
        for member in range(1, len(made.members)):
            handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    handling.approve(session, claim, fen, on=on, by=checker, at=AT)
    return claim


def _money(session: Session, made: MadePool, ids: dict[str, object]) -> None:
    """Policies in every state, a refund to pay, a claim that was called, its costs and cash calls."""
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    rows = [make_policy(session, made, number=f"W-{number}", on=date(2026, 3, 2 + number)) for number in range(3)]
    policies.receive(session, rows[0], on=date(2026, 3, 5), by=desk, at=AT)
    policies.remit(session, rows[0], on=date(2026, 3, 6), by=second, at=AT)
    policies.receive(session, rows[1], on=date(2026, 3, 6), by=desk, at=AT)
    lift = policies.lifts_of(session, rows[0])[0][1]
    refund = policies.remove_lift(session, rows[0], lift.id, date(2026, 4, 16), on=date(2026, 3, 20), by=desk, at=AT)
    called = approved(session, made, rows[0], 26_840_000, "W-C-1")
    calls = settlements.issue_cash_call(session, called, on=date(2026, 3, 16), by=desk, at=AT)
    cost = settlements.approve_cost(session, called, 300_001, on=date(2026, 3, 23), by=desk, at=AT)
    settlements.receive_recovery(session, called, "salvage", 100_000, on=date(2026, 3, 24), by=desk, at=AT)
    confirm_all(session, made)
    # So much that is not remitted yet that the pool owes every member at the close.
    agreement = pools.agreement_on(session, made.pool.id, date(2026, 3, 2))
    written = premiums.Written("W-8", date(2026, 3, 2), date(2027, 3, 2), 60_000_000, 400)
    large = policies.write(session, agreement, written, on=date(2026, 3, 2), by=desk, at=AT)
    policies.receive(session, large, on=date(2026, 3, 5), by=desk, at=AT)
    made_by = made.actor(Role.CLAIMS_HANDLER)
    opened = handling.make(session, rows[1], "门机更换", 438_000, number="W-C-2", by=made_by, at=AT)
    ids |= {
        "policy_id": rows[2].id,
        "refund_id": refund.id,
        "claim_id": called.id,
        "open_claim_id": opened.id,
        "cost_id": cost.id,
        "call_id": next(call.id for call in calls if call.organisation_id == made.members[1].id),
        "pool_id": made.pool.id,
        "account_id": propose(session, made, 0, again=1).id,
        "lift_id": lift.id,
    }


def _close(session: Session, made: MadePool, ids: dict[str, object]) -> None:
    second = made.actor(Role.FINANCE_CHECKER)
    rows = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
    for row in rows:
        statements.issue(session, row, due_on=AT.date(), by=second, at=AT)
        keep(
            session,
            "note",
            ("statement", row.id),
            name=f"{row.number}.txt",
            media_type="text/plain",
            digest="0" * 64,
            size=1,
            at=AT,
            organisation_id=row.organisation_id,
        )
    open_quarter(session, made.pool, 2)
    ids |= of_the_bank(session, made, rows, NOW.date())
    policy = session.get_one(Policy, ids["policy_id"])
    paid, waits = (approved(session, made, policy, 300_000, f"W-C-{place}", on=NOW.date()) for place in (6, 7))
    ids |= of_the_payees(session, made, paid, waits, NOW)
    ids |= {
        "item_id": item_of(session, made),
        "statement_id": rows[0].id,
        "label": "2026Q1",
        "entry_id": statements.period(session, made.pool.id, "2026Q1").last_entry_id,
    }


def _faults(session: Session, estate: Organisation, repairer: Organisation, ids: dict[str, object]) -> None:
    """The lifts of a policy stand in the matrix's own estate and have its own repairer; one of them has a fault."""
    policy = session.get_one(Policy, ids["policy_id"])
    lifts = [session.get_one(Lift, row[1].id) for row in policies.lifts_of(session, policy)]
    building = session.get_one(Building, lifts[0].building_id)
    community = session.get_one(Community, building.community_id)
    community.organisation_id = estate.id
    appoint_for_community(session, community, repairer, by=SYSTEM, at=AT)
    session.flush()
    told = faults.Report(lifts[0].number, "门关不上", is_trapped=False)
    fault = faults.report(session, told, by=SYSTEM, at=AT + timedelta(days=5))
    ids |= {
        "fault_id": fault.id,
        "community_id": building.community_id,
        "lift_id": lifts[1].id,
        "lift_number": lifts[1].number,
    }
