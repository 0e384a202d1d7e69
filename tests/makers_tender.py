"""Makers of a tender: the people, a published tender, sealed bids, an opened, evaluated and awarded tender."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from core import papers
from core.clock import CITY
from core.db import unit_of_work
from core.permits import SYSTEM, Actor
from tender import (
    agreements,
    allocation,
    allocations,
    awards,
    bids,
    committee,
    counter,
    custody,
    evaluations,
    keyfiles,
    keys,
    opening,
    p256,
    reports,
    sealing,
    tenders,
    unsealing,
)
from tender.content import Content, FileToSeal
from tender.drafting import DraftCriterion, TenderDraft
from tender.envelope import ONE_ENVELOPE, read_head
from tender.form import BidForm, new_nonce
from tender.models import BidReceipt
from tender.rules.plan import Profile
from tests.makers_town import DRAFTED, Insurer, Keeper, Town

#: When the story of a made tender happens, in the city's time.
PUBLISHED = datetime(2026, 3, 4, 9, 0, tzinfo=CITY)
DEADLINE = datetime(2026, 3, 30, 9, 0, tzinfo=CITY)
OPENED = DEADLINE + timedelta(minutes=20)

EVALUATED = datetime(2026, 3, 31, 14, 0, tzinfo=CITY)
OFFERED = datetime(2026, 4, 1, 10, 0, tzinfo=CITY)
PUBLICISED = datetime(2026, 4, 8, 9, 0, tzinfo=CITY)
AWARDED = datetime(2026, 4, 14, 9, 0, tzinfo=CITY)

#: Prices and marks whose result was reckoned by hand: 丙 89.70, 甲 87.80, 乙 and 丁 83.26 and equal on everything.
WORKED_PRICES = (120_000, 114_000, 131_000, 114_000)
WORKED_MARKS = ((86, 88, 84, 90, 87), (80, 82, 79, 85, 81), (90, 91, 89, 92, 88), (78, 84, 80, 83, 82))

AGREEMENT_TERMS: Mapping[str, Any] = {
    "remittance": "gross",
    "collection": "lead",
    "lead_fee_bp": 500,
    "vat_bp": 600,
    "lead_alone_limit_fen": 100_000_00,
    "cash_call_from_fen": 200_000_00,
    "cash_call_due_days": 10,
    "late_interest_bp": 600,
    "day_count": 365,
}


def draft_of(**changes: Any) -> TenderDraft:
    """Return a draft that the rules let pass, with what a test wants otherwise."""
    draft = TenderDraft(
        number="ZB-2026-001",
        title="示例市住宅电梯综合保险共保体招标",
        profile=Profile.TENDER,
        starts_on=date(2026, 7, 1),
        ends_on=date(2027, 7, 1),
        lift_count=3067,
        budget_fen=400_000_000,
        ceiling_fen=150_000,
        documents_from_on=date(2026, 3, 4),
        documents_to_on=date(2026, 3, 20),
        deadline_at=DEADLINE,
        opening_at=DEADLINE,
        price_weight_hundredths=1_000,
        criteria=(DraftCriterion("服务方案", 9_000),),
        allocation=allocation.Terms(
            method=allocation.Method.LADDER, ladder_bp=(4000, 3000, 2000, 1000), winners_max=4, cap_bp=6000
        ),
        agreement_terms=AGREEMENT_TERMS,
        service_standard={"arrive_min": 30},
        threshold=3,
    )
    return replace(draft, **changes)


def make_keyed(town: Town, draft: TenderDraft | None = None) -> uuid.UUID:
    """Return a drafted tender whose key ceremony is done."""
    at = town.at(DRAFTED)
    tender_id: uuid.UUID = town.run(
        town.officer, lambda session: tenders.draft(session, draft or draft_of(), by=town.officer, at=at).id
    )
    keep_keys(town, tender_id, at)
    return tender_id


def keep_keys(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Hold the key ceremony of a drafted tender."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        people = [custody.Keeper(k.actor.person_id, k.actor.organisation_id) for k in town.keepers]  # type: ignore[arg-type]
        custody.name_custodians(session, tender, people, tender.threshold, by=town.officer, at=at)
        for keeper in town.keepers:
            row = custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=at)
            assert row.challenge is not None
            answer = keyfiles.answer_possession(keeper.key, str(tender.id), row.challenge)
            custody.prove(session, tender, answer, by=keeper.actor, at=at)
        head = custody.rehearsal_head(custody.rehearse(session, tender, by=town.officer, at=at))
        for keeper in town.keepers:
            share = unsealing.open_share(keeper.key, head, ONE_ENVELOPE[0])
            custody.give_rehearsal_share(session, tender, share, by=keeper.actor, at=at)
        custody.finish_ceremony(session, tender, by=town.officer, at=at)


def make_tender(town: Town, draft: TenderDraft | None = None) -> uuid.UUID:
    """Return a published tender that takes bids."""
    tender_id = make_keyed(town, draft)
    with unit_of_work(town.engine, SYSTEM) as session:
        at = town.at(PUBLISHED)
        tenders.approve(session, town.tender(session, tender_id), by=town.approver, at=at)
        tenders.publish(session, town.tender(session, tender_id), medium="示例市政府采购网", by=town.officer, at=at)
    return tender_id


def form_of(price_fen: int = 120_000, **changes: Any) -> BidForm:
    """Return a form with this price, the widest line and a fresh nonce."""
    form = BidForm(price_fen=price_fen, line_bp=10_000, floor_bp=0, will_lead=True, nonce=new_nonce())
    return replace(form, **changes)


def envelope_of(
    town: Town, tender_id: uuid.UUID, insurer: Insurer, form: BidForm, files: Sequence[FileToSeal] = ()
) -> io.BytesIO:
    """Return the sealed envelope of an insurer's next version, as its browser would make it."""
    with unit_of_work(town.engine, insurer.bidder) as session:
        tender = tenders.get(session, tender_id, by=insurer.bidder)
        terms = tenders.terms_of(session, tender)
        number = len(bids.versions_of(session, tender, insurer.id)) + 1
    out = io.BytesIO()
    content = {ONE_ENVELOPE[0]: Content(form.fields(), files)}
    made = sealing.seal(terms, str(insurer.id), number, content, sealing.key_signer(insurer.key), out)
    town.sealed[tender_id, insurer.id, number] = made.keys
    out.seek(0)
    return out


def hand_in(
    town: Town, tender_id: uuid.UUID, insurer: Insurer, form: BidForm, files: Sequence[FileToSeal] = ()
) -> BidReceipt:
    """Return the receipt of a bid that was sealed and handed in now."""
    container = envelope_of(town, tender_id, insurer, form, files)
    return counter.submit(
        town.engine, town.store, town.receipt_key, tender_id, container, by=insurer.bidder, at=PUBLISHED
    )


def collect_keys(town: Town, tender_id: uuid.UUID, at: datetime, keepers: Sequence[Keeper] | None = None) -> None:
    """Close the box, have the opening confirmed, and let custodians give their shares."""
    start_opening(town, tender_id, at)
    for keeper in town.keepers if keepers is None else keepers:
        assert give_shares(town, tender_id, keeper, at) == []


def start_opening(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Close the box as the officer and confirm the opening as the supervisor."""
    town.run(town.officer, lambda s: keys.start_opening(s, town.tender(s, tender_id), by=town.officer, at=at))
    second = town.supervisor
    town.run(second, lambda s: keys.confirm_opening(s, town.tender(s, tender_id), by=second, at=at))


def give_shares(town: Town, tender_id: uuid.UUID, keeper: Keeper, at: datetime) -> list[Any]:
    """Let one custodian open and give all its shares; return what was refused."""
    with unit_of_work(town.engine, keeper.actor) as session:
        tender = town.tender(session, tender_id)
        given = [
            keys.GivenShare(
                task.organisation_id,
                task.number,
                task.part,
                unsealing.open_share(keeper.key, read_head(io.BytesIO(task.header)), task.part),
            )
            for task in keys.share_tasks(session, tender, by=keeper.actor)
        ]
        return keys.give_shares(session, tender, given, by=keeper.actor, at=at)


def open_bids(town: Town, tender_id: uuid.UUID, at: datetime, by: Actor | None = None) -> list[opening.OpenedBid]:
    """Open all bids, the officer where nobody else is told, and return the record."""
    actor = by or town.officer

    record: list[opening.OpenedBid] = town.run(
        actor, lambda s: counter.open_box(s, town.tender(s, tender_id), town.store, town.receipt_key, by=actor, at=at)
    )
    return record


def make_opened(town: Town, prices: Mapping[int, BidForm], draft: TenderDraft | None = None) -> uuid.UUID:
    """Return an opened tender with a bid for each insurer named by its place in the town."""
    tender_id = make_tender(town, draft)
    town.at(PUBLISHED + timedelta(days=10))
    for place, form in prices.items():
        hand_in(town, tender_id, town.insurers[place], form)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    open_bids(town, tender_id, at)
    return tender_id


def seat_committee(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Appoint the committee, let every member declare that nothing ties it to a bidder, and begin."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        people = [town.chair, *town.experts]
        seats = [
            committee.Seat(one.person_id, one.organisation_id, is_expert=one != town.chair, is_chair=one == town.chair)  # type: ignore[arg-type]
            for one in people
        ]
        committee.appoint(session, tender, seats, by=town.officer, at=at)
        for one in people:
            committee.declare(session, tender, "", by=one, at=at)
        committee.start_evaluation(session, tender, by=town.chair, at=at)


def save_marks(town: Town, tender_id: uuid.UUID, marks: Mapping[int, Sequence[int]], at: datetime) -> None:
    """Let every member mark the first criterion: whole points by the insurer's place in the town, one per member."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        bid_of = {bid.organisation_id: bid.id for bid in evaluations.bids_of(session, tender, "qualified")}
        for number, one in enumerate([town.chair, *town.experts]):
            sheet = {(bid_of[town.insurers[place].id], 0): row[number] * 100 for place, row in marks.items()}
            evaluations.save_marks(session, tender, sheet, by=one, at=at)


def make_reported(
    town: Town, tender_id: uuid.UUID, marks: Mapping[int, Sequence[int]], at: datetime = EVALUATED
) -> None:
    """Evaluate an opened tender up to the signed report."""
    at = town.at(at)
    seat_committee(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        evaluations.qualify(session, town.tender(session, tender_id), {}, by=town.chair, at=at)
    save_marks(town, tender_id, marks, at)
    sign_report(town, tender_id, at)


def sign_report(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Lock every sheet that is open, draw the report up and let every member sign it."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        for one in [town.chair, *town.experts]:
            if committee.own_seat(session, tender, by=one).locked_at is None:
                evaluations.lock_sheet(session, tender, by=one, at=at)
        report = reports.draw_up(session, tender, by=town.chair, at=at)
        for one in [town.chair, *town.experts]:
            reports.sign(session, tender, report.digest, by=one, at=at)


def answer(town: Town, tender_id: uuid.UUID, insurer: Insurer, is_accepted: bool, at: datetime) -> None:
    """Let an insurer answer its offer."""
    who = insurer.signatory
    town.run(who, lambda s: allocations.answer(s, town.tender(s, tender_id), is_accepted=is_accepted, by=who, at=at))


def accept_all(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Let every insurer that has an open offer accept it."""
    with unit_of_work(town.engine, SYSTEM) as session:
        run = allocations.last_run(session, town.tender(session, tender_id))
        asked = {offer.organisation_id for offer in allocations.offers_of(session, run) if offer.answer is None}
    for insurer in town.insurers:
        if insurer.id in asked:
            answer(town, tender_id, insurer, True, at)


def finish_award(town: Town, tender_id: uuid.UUID) -> awards.AwardedNumbers:
    """Publicise an accepted allocation, wait, decide, and return the awarded numbers."""
    with unit_of_work(town.engine, SYSTEM) as session:
        at = town.at(PUBLICISED)
        awards.publicise(session, town.tender(session, tender_id), by=town.officer, at=at)
        at = town.at(AWARDED)
        row = awards.award(session, town.tender(session, tender_id), by=town.approver, at=at)
        return awards.numbers_of(session, row)


def render_agreement(town: Town, tender_id: uuid.UUID, at: datetime) -> str:
    """Keep a paper for the award that stands and fix it as the agreement to be signed; return its SHA-256."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        award = awards.award_of(session, tender)
        digest, size = town.store.put(io.BytesIO(f"agreement of award {award.digest}".encode()), limit=1000)
        paper = papers.keep(
            session,
            agreements.AGREEMENT,
            ("award", award.id),
            name=f"XY-{tender.number}.pdf",
            media_type="application/pdf",
            digest=digest,
            size=size,
            at=at,
        )
        return agreements.render(session, tender, paper, by=town.officer, at=at).digest


def sign_agreement(town: Town, tender_id: uuid.UUID, at: datetime) -> None:
    """Render the agreement of the award that stands, let every member sign it and last the bureau."""
    digest = render_agreement(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        members = set(agreements.unsigned_members(session, awards.award_of(session, tender)))
        for insurer in town.insurers:
            if insurer.id in members:
                agreements.sign(session, tender, digest, by=insurer.signatory, at=at)
        agreements.contract(session, tender, digest, by=town.approver, at=at)


def make_contracted(town: Town, draft: TenderDraft | None = None) -> awards.AwardedNumbers:
    """Return the numbers of an awarded tender whose agreement all have signed."""
    numbers = make_awarded(town, draft)
    sign_agreement(town, numbers.tender_id, AWARDED)
    return numbers


def make_awarded(town: Town, draft: TenderDraft | None = None) -> awards.AwardedNumbers:
    """Return the numbers of an awarded tender with the worked prices and marks: 丙 leads, 甲 second, the tie drawn."""
    forms = {place: form_of(price) for place, price in enumerate(WORKED_PRICES)}
    tender_id = make_opened(town, forms, draft)
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    at = town.at(OFFERED)
    town.run(town.officer, lambda s: allocations.allocate(s, town.tender(s, tender_id), by=town.officer, at=at))
    accept_all(town, tender_id, at)
    return finish_award(town, tender_id)
