"""Two tenders of the story: last year's, finished, from which the pool is formed; next year's, open for bids now."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core import clock
from core.db import run_in_unit, unit_of_work
from core.permits import SYSTEM, Actor, Role
from core.working_time import add_workdays
from tender import (
    agreements,
    allocation,
    allocations,
    awards,
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
from tender.content import Content, file_from_bytes
from tender.drafting import DraftCriterion, TenderDraft
from tender.envelope import ONE_ENVELOPE, read_head
from tender.form import BidForm, new_nonce
from tender.models import Tender
from tender.rules.plan import Profile
from underwriting import pools
from underwriting.pools import PoolPlan
from underwriting.terms import terms_of
from web.demo.people import Cast, Firm
from web.demo.standing import tell_time
from web.demo.telling import Telling, at
from web.tender_drafts import USUAL_TERMS
from web.tender_papers import agreement_of

MEDIUM = "示范市公共资源交易网"

#: The cover of the told pool: limits, and no deductible.
COVER: Mapping[str, Any] = {"limit_fen": 500_000_00, "aggregate_limit_fen": 2_000_000_00}

SERVICE_STANDARD: Mapping[str, Any] = {
    "response_min": 30,
    "arrival_min": 30,
    "arrival_outside_min": 60,
    "half_day_min": 240,
    "half_day_ratio_bp": 6000,
    "longest_days": 3,
}

CRITERIA = (
    DraftCriterion("服务方案", 4_000),
    DraftCriterion("故障响应与理赔", 3_000),
    DraftCriterion("应急与安全管理", 2_000),
)


@dataclass(frozen=True, slots=True)
class Offered:
    """What an insurer bids in the finished tender, and the mark around which the committee's marks of it lie."""

    price_fen: int
    line_bp: int
    floor_bp: int
    will_lead: bool
    mark: int


#: In the order of the insurers: four win, by the ladder of the tender; the lowest price is not among them.
OFFERED = (
    Offered(128_600, 6_000, 2_000, True, 92),
    Offered(129_800, 4_000, 1_000, True, 89),
    Offered(126_900, 3_500, 1_000, False, 86),
    Offered(131_500, 3_000, 500, False, 84),
    Offered(139_000, 4_000, 1_000, True, 79),
    Offered(119_900, 2_500, 500, False, 75),
    Offered(145_000, 5_000, 1_000, True, 72),
)


@dataclass
class TenderStory:
    """Plays both tenders; `pool_id` is the pool's that the first one led to."""

    telling: Telling
    cast: Cast
    finished_id: UUID | None = None
    open_id: UUID | None = None
    pool_id: int = 0

    # ---- when ------------------------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Put both tenders into the queue."""
        telling, solo = self.telling, self.telling.plan_solo
        first = telling.year_starts_on
        drafted, keyed, published, closes = (telling.workday(first - timedelta(days=days)) for days in (86, 80, 76, 48))
        deadline = at(closes, 9, 30)
        draft = self._finished_draft(published, published + timedelta(days=16), deadline)
        solo(at(drafted, 10), partial(self._draft, draft))
        solo(at(keyed, 14), lambda when: self._hold_ceremony(self.finished_id, when))
        solo(at(published, 9), lambda when: self._publish(self.finished_id, when))
        for place in range(len(OFFERED)):
            handed_in = at(closes - timedelta(days=8 - place), 10 + place % 6, 7 * place)
            solo(handed_in, partial(self._bid, place))
        solo(deadline + timedelta(minutes=10), self._open)
        for workdays, act in (
            (1, self._evaluate),
            (3, self._allocate),
            (5, self._accept),
            (6, self._publicise),
            (12, self._award),
            (15, self._contract),
        ):
            solo(at(self._after(closes, workdays), 9), act)
        telling.plan(at(self._after(closes, 16), 9), self._form_pool)
        telling.plan(at(telling.workday(first), 10), self._complete)
        self._plan_open_tender()

    def _after(self, day: date, workdays: int) -> date:
        return add_workdays(self.telling.days, day, workdays).on

    def _plan_open_tender(self) -> None:
        today = clock.on(self.telling.now)
        published, deadline = today - timedelta(days=14), at(self.telling.workday(today + timedelta(days=9)), 9, 30)
        solo = self.telling.plan_solo
        draft = self._open_draft(published, today + timedelta(days=6), deadline)
        solo(at(today - timedelta(days=21), 10), partial(self._draft, draft))
        solo(at(today - timedelta(days=18), 14), lambda when: self._hold_ceremony(self.open_id, when))
        solo(at(published, 9), lambda when: self._publish(self.open_id, when))
        for place, days in ((1, 3), (5, 1)):
            when = self.telling.now - timedelta(days=days)
            solo(when, partial(self._bid_again, place))

    # ---- what --------------------------------------------------------------------------------------------------

    def _finished_draft(self, from_on: date, to_on: date, deadline: datetime) -> TenderDraft:
        starts_on = self.telling.year_starts_on
        year = starts_on.year
        title = f"示范市住宅电梯综合保险共保体招标（{year}年度）"
        return self._draft_of(f"SFZB-{year}-01", title, starts_on, from_on, to_on, deadline)

    def _open_draft(self, from_on: date, to_on: date, deadline: datetime) -> TenderDraft:
        starts_on = self.telling.year_ends_on
        title = f"示范市住宅电梯综合保险共保体招标（{starts_on.year}年度）"
        return self._draft_of(f"SFZB-{starts_on.year}-01", title, starts_on, from_on, to_on, deadline)

    def _draft_of(
        self, number: str, title: str, starts_on: date, from_on: date, to_on: date, deadline: datetime
    ) -> TenderDraft:
        """Return a draft that the rules let pass: shares by the ladder 45, 25, 20, 10."""
        return TenderDraft(
            number=number,
            title=title,
            profile=Profile.TENDER,
            starts_on=starts_on,
            ends_on=starts_on.replace(year=starts_on.year + 1),
            lift_count=self.telling.scale.lifts,
            budget_fen=self.telling.scale.lifts * 150_000,
            ceiling_fen=150_000,
            documents_from_on=from_on,
            documents_to_on=to_on,
            deadline_at=deadline,
            opening_at=deadline,
            price_weight_hundredths=1_000,
            criteria=CRITERIA,
            allocation=allocation.Terms(
                method=allocation.Method.LADDER, ladder_bp=(4500, 2500, 2000, 1000), winners_max=4, cap_bp=6000
            ),
            agreement_terms={**USUAL_TERMS, **COVER},
            service_standard=SERVICE_STANDARD,
            threshold=3,
        )

    def _draft(self, draft: TenderDraft, when: datetime) -> None:
        officer = self.cast.of(Role.OFFICER)
        with unit_of_work(self.telling.engine, officer) as session:
            made = tenders.draft(session, draft, by=officer, at=when).id
        if self.finished_id is None:
            self.finished_id = made
        else:
            self.open_id = made

    def _hold_ceremony(self, tender_id: UUID | None, when: datetime) -> None:
        """Let the custodians give and prove their keys, and open a dummy bid together."""
        officer = self.cast.of(Role.OFFICER)
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            tender = _tender(session, tender_id)
            people = [custody.Keeper(*_person(keeper.actor)) for keeper in self.cast.keepers]
            custody.name_custodians(session, tender, people, tender.threshold, by=officer, at=when)
            for keeper in self.cast.keepers:
                row = custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=when)
                answer = keyfiles.answer_possession(keeper.key, str(tender.id), row.challenge or b"")
                custody.prove(session, tender, answer, by=keeper.actor, at=when)
            head = custody.rehearsal_head(custody.rehearse(session, tender, by=officer, at=when))
            for keeper in self.cast.keepers:
                share = unsealing.open_share(keeper.key, head, ONE_ENVELOPE[0])
                custody.give_rehearsal_share(session, tender, share, by=keeper.actor, at=when)
            custody.finish_ceremony(session, tender, by=officer, at=when)

    def _publish(self, tender_id: UUID | None, when: datetime) -> None:
        """Let the approver approve and the officer publish, with the committee drawn."""
        officer, approver = self.cast.of(Role.OFFICER), self.cast.of(Role.APPROVER)
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            tenders.approve(session, _tender(session, tender_id), by=approver, at=when)
            tenders.publish(session, _tender(session, tender_id), medium=MEDIUM, by=officer, at=when)

    def _bid(self, place: int, when: datetime) -> None:
        offered = OFFERED[place]
        form = BidForm(offered.price_fen, offered.line_bp, offered.floor_bp, offered.will_lead, new_nonce())
        self._hand_in(self.finished_id, self.cast.firms[place], form, when)

    def _bid_again(self, place: int, when: datetime) -> None:
        offered = OFFERED[place]
        form = BidForm(offered.price_fen - 1_500, offered.line_bp, offered.floor_bp, offered.will_lead, new_nonce())
        self._hand_in(self.open_id, self.cast.firms[place], form, when)

    def _hand_in(self, tender_id: UUID | None, firm: Firm, form: BidForm, when: datetime) -> None:
        """Seal a bid where the insurer would, and hand it in; the database's clock stamps it."""
        bidder = firm.actors[Role.BIDDER]
        with unit_of_work(self.telling.engine, bidder) as session:
            terms = tenders.terms_of(session, _tender(session, tender_id))
        plan = file_from_bytes("服务方案.txt", f"{firm.company.name}（虚构）服务方案。\n".encode(), "text/plain")
        container = io.BytesIO()
        content = {ONE_ENVELOPE[0]: Content(form.fields(), [plan])}
        sealing.seal(terms, str(firm.id), 1, content, sealing.key_signer(firm.key), container)
        container.seek(0)
        tell_time(self.telling.place, when)
        telling = self.telling
        counter.submit(
            telling.engine, telling.store, telling.receipt_key, UUID(terms.tender), container, by=bidder, at=when
        )
        tell_time(self.telling.place, None)

    def _open(self, when: datetime) -> None:
        """Close the box, have it confirmed, let every custodian give its shares, and open all bids at once."""
        engine, officer = self.telling.engine, self.cast.of(Role.OFFICER)
        tell_time(self.telling.place, when)
        run_in_unit(engine, officer, lambda s: keys.start_opening(s, _tender(s, self.finished_id), by=officer, at=when))
        second = self.cast.of(Role.SUPERVISOR)
        run_in_unit(engine, second, lambda s: keys.confirm_opening(s, _tender(s, self.finished_id), by=second, at=when))
        given_at = when + timedelta(minutes=5)
        tell_time(self.telling.place, given_at)
        for keeper in self.cast.keepers:
            with unit_of_work(engine, keeper.actor) as session:
                tender = _tender(session, self.finished_id)
                given = [
                    keys.GivenShare(task.organisation_id, task.number, task.part, _share(keeper.key, task))
                    for task in keys.share_tasks(session, tender, by=keeper.actor)
                ]
                keys.give_shares(session, tender, given, by=keeper.actor, at=given_at)
        tell_time(self.telling.place, None)
        store, opened_at = self.telling.store, when + timedelta(minutes=20)
        run_in_unit(
            engine,
            officer,
            lambda s: opening.open_all(s, _tender(s, self.finished_id), store, by=officer, at=opened_at),
        )

    def _evaluate(self, when: datetime) -> None:
        """Let the committee declare, qualify, mark, lock and sign."""
        chair, officer = self.cast.of(Role.CHAIR), self.cast.of(Role.OFFICER)
        people = [chair, *self.cast.all_of(Role.EXPERT)]
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            tender = _tender(session, self.finished_id)
            seats = [committee.Seat(*_person(one), is_expert=one != chair, is_chair=one == chair) for one in people]
            committee.appoint(session, tender, seats, by=officer, at=when)
            for one in people:
                committee.declare(session, tender, "", by=one, at=when)
            committee.start_evaluation(session, tender, by=chair, at=when)
            evaluations.qualify(session, tender, {}, by=chair, at=when + timedelta(hours=1))
            self._mark(session, tender, people, when + timedelta(hours=5))
            report = reports.draw_up(session, tender, by=chair, at=when + timedelta(hours=6))
            for one in people:
                reports.sign(session, tender, report.digest, by=one, at=when + timedelta(hours=7))

    def _mark(self, session: Session, tender: Tender, people: list[Actor], when: datetime) -> None:
        """Let every member mark every bid on every criterion, in whole points around the bid's own."""
        places = {firm.id: place for place, firm in enumerate(self.cast.firms)}
        for one in people:
            sheet = {
                (bid.id, number): (OFFERED[places[bid.organisation_id]].mark + self.telling.rng.randint(-2, 2)) * 100
                for bid in sorted(
                    evaluations.bids_of(session, tender, "qualified"), key=lambda bid: places[bid.organisation_id]
                )
                for number in range(len(CRITERIA))
            }
            evaluations.save_marks(session, tender, sheet, by=one, at=when)
            evaluations.lock_sheet(session, tender, by=one, at=when)

    def _allocate(self, when: datetime) -> None:
        officer = self.cast.of(Role.OFFICER)
        with unit_of_work(self.telling.engine, officer) as session:
            allocations.allocate(session, _tender(session, self.finished_id), by=officer, at=when)

    def _accept(self, when: datetime) -> None:
        """Let every insurer that was offered a share accept it."""
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            tender = _tender(session, self.finished_id)
            asked = [
                offer.organisation_id for offer in allocations.offers_of(session, allocations.last_run(session, tender))
            ]
        for firm in self.cast.firms:
            if firm.id in asked:
                signatory = firm.actors[Role.SIGNATORY]
                with unit_of_work(self.telling.engine, signatory) as session:
                    tender = _tender(session, self.finished_id)
                    allocations.answer(session, tender, is_accepted=True, by=signatory, at=when)

    def _publicise(self, when: datetime) -> None:
        officer = self.cast.of(Role.OFFICER)
        with unit_of_work(self.telling.engine, officer) as session:
            awards.publicise(session, _tender(session, self.finished_id), by=officer, at=when)

    def _award(self, when: datetime) -> None:
        approver = self.cast.of(Role.APPROVER)
        with unit_of_work(self.telling.engine, approver) as session:
            row = awards.award(session, _tender(session, self.finished_id), by=approver, at=when)
            shares = "、".join(f"{member.share_bp // 100}%" for member in awards.members_of(session, row))
        self.telling.say(f"招标完成：{len(OFFERED)} 家投标，份额 {shares} tender awarded, bids and shares")

    def _contract(self, when: datetime) -> None:
        """Make the agreement, let every member sign it, and last the bureau."""
        officer, approver = self.cast.of(Role.OFFICER), self.cast.of(Role.APPROVER)
        with unit_of_work(self.telling.engine, SYSTEM) as session:
            tender = _tender(session, self.finished_id)
            award = awards.award_of(session, tender)
            paper = agreement_of(session, tender, award, self.telling.settings, at=when)
            digest = agreements.render(session, tender, paper, by=officer, at=when).digest
            members = set(agreements.unsigned_members(session, award))
            for firm in self.cast.firms:
                if firm.id in members:
                    signatory = firm.actors[Role.SIGNATORY]
                    agreements.sign(session, tender, digest, by=signatory, at=when + timedelta(hours=3))
            agreements.contract(session, tender, digest, by=approver, at=when + timedelta(hours=6))

    def _form_pool(self, session: Session, when: datetime) -> None:
        """Form the pool from the awarded numbers as they stand."""
        numbers = awards.numbers_of(session, awards.award_of(session, _tender(session, self.finished_id)))
        plan = PoolPlan(
            name=f"示范市电梯综合保险共保体（{numbers.starts_on.year}年度）",
            members=numbers.members,
            whole=numbers.whole,
            effective_on=numbers.starts_on,
            ends_on=numbers.ends_on,
            terms=terms_of(numbers.terms),
            service_standard=numbers.service_standard,
            award_id=numbers.award_id,
        )
        self.pool_id = pools.form(session, plan, by=self.cast.of(Role.APPROVER), at=when).id

    def _complete(self, session: Session, when: datetime) -> None:
        """End the finished tender: its agreement is in force from this day on."""
        awards.complete(session, _tender(session, self.finished_id), by=self.cast.of(Role.APPROVER), at=when)


def _tender(session: Session, tender_id: UUID | None) -> Tender:
    """Return a tender as it stands."""
    return session.get_one(Tender, tender_id, populate_existing=True)


def _person(actor: Actor) -> tuple[UUID, UUID]:
    """Return a person and the organisation it acts for."""
    if actor.person_id is None or actor.organisation_id is None:
        raise LookupError("an actor of the story is a person of an organisation")
    return actor.person_id, actor.organisation_id


def _share(key: p256.PrivateKey, task: keys.ShareTask) -> bytes:
    """Return a custodian's share of a bid, opened where the custodian sits."""
    return unsealing.open_share(key, read_head(io.BytesIO(task.header)), task.part)
