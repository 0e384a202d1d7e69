"""How each writing route of a tender comes to its work: ceremony, box, committee, result, agreement."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import CITY
from core.permits import Actor, Role
from tender import (
    agreements,
    allocations,
    awards,
    changes,
    committee,
    custody,
    evaluations,
    keyfiles,
    keys,
    opening,
    p256,
    reports,
    tenders,
    unsealing,
)
from tender.envelope import ONE_ENVELOPE, read_head
from tender.models import Tender
from tender.outcome_models import Objection
from tender.sharefiles import write_shares
from tests.makers_tender import AGREEMENT_TERMS, AWARDED, draft_of
from tests.makers_town import Keeper
from tests.rules.reaching import DESKS, MONEY, Before, Reach, both, saying
from tests.rules.seats import Seat
from tests.rules.world import NOW, World
from web.draft_sections import BY_NAME
from web.tender_drafts import draft_now, values_of

#: After the deadline of the world's published tender; and a day after the result was decided.
LATE = datetime(2026, 5, 11, 9, 5, tzinfo=CITY)
SIGNED = AWARDED + timedelta(days=1)
#: When what is drafted here comes to its end.
_DEADLINE = datetime(2026, 5, 8, 9, 0, tzinfo=CITY)

#: Plays verbs on a tender, in its stage of the world's.
Step = Callable[[Session, World, Tender], Any]


def on_tender(name: str, *steps: Step, **values: Any) -> Before:
    """Return what plays steps on a tender of the world; what the last one returns is sent beside the values."""

    def before(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
        tender = session.get_one(Tender, world.tenders[name], populate_existing=True)
        said: Mapping[str, Any] = {}
        for step in steps:
            said = step(session, world, tender) or {}
        return {"tender_id": tender.id, **values, **said}

    return before


def on_draft(*steps: Step, **values: Any) -> Before:
    """Return what plays steps on a tender drafted today."""

    def before(session: Session, world: World, seat: Seat) -> Mapping[str, Any]:
        days = {"documents_from_on": NOW.date(), "documents_to_on": (NOW + timedelta(days=12)).date()}
        what = draft_of(number="ZB-2026-099", deadline_at=_DEADLINE, opening_at=_DEADLINE, **days)
        tender = tenders.draft(session, what, by=world.town.officer, at=NOW)
        said: Mapping[str, Any] = {}
        for step in steps:
            said = step(session, world, tender) or {}
        return {"tender_id": tender.id, **values, **said}

    return before


# ---- The ceremony --------------------------------------------------------------------------------------------------


def name_keepers(session: Session, world: World, tender: Tender) -> None:
    """Name the town's custodians."""
    people = [custody.Keeper(k.actor.person_id, k.actor.organisation_id) for k in world.town.keepers]  # type: ignore[arg-type]
    custody.name_custodians(session, tender, people, tender.threshold, by=world.town.officer, at=NOW)


def _answer(session: Session, tender: Tender, keeper: Keeper) -> bytes:
    row = custody.give_key(session, tender, p256.point(keeper.key), by=keeper.actor, at=NOW)
    assert row.challenge is not None
    return keyfiles.answer_possession(keeper.key, str(tender.id), row.challenge)


def ask_first(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Take the first custodian's key and return what proves that it holds it."""
    return {"answer": _answer(session, tender, world.town.keepers[0]).hex()}


def rehearse(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Take every key with its proof, seal the dummy bid, and return the first custodian's share of it."""
    for keeper in world.town.keepers:
        custody.prove(session, tender, _answer(session, tender, keeper), by=keeper.actor, at=NOW)
    custody.rehearse(session, tender, by=world.town.officer, at=NOW)
    return {"share": _rehearsal_share(session, tender, world.town.keepers[0]).hex()}


def _rehearsal_share(session: Session, tender: Tender, keeper: Keeper) -> bytes:
    head = custody.rehearsal_head(custody.latest_rehearsal(session, tender))
    return unsealing.open_share(keeper.key, head, ONE_ENVELOPE[0])


def open_dummy(session: Session, world: World, tender: Tender) -> None:
    """Take every share of the dummy bid."""
    for keeper in world.town.keepers:
        share = _rehearsal_share(session, tender, keeper)
        custody.give_rehearsal_share(session, tender, share, by=keeper.actor, at=NOW)


def finish(session: Session, world: World, tender: Tender) -> None:
    """End the ceremony."""
    custody.finish_ceremony(session, tender, by=world.town.officer, at=NOW)


def approve(session: Session, world: World, tender: Tender) -> None:
    """Approve the tender."""
    tenders.approve(session, tender, by=world.town.approver, at=NOW)


def suspend(session: Session, world: World, tender: Tender) -> None:
    """Suspend the tender."""
    changes.suspend(session, tender, "收到投诉", by=world.town.officer, at=NOW)


_KEYED = (name_keepers, rehearse, open_dummy, finish)


def _keepers_named(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    return {"people": [str(keeper.actor.person_id) for keeper in world.town.keepers], "threshold": "3"}


def _section(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    return {**values_of(draft_now(session, tender), BY_NAME["basics"]), "name": "basics"}


# ---- The box and the committee ---------------------------------------------------------------------------------------


def _shares_of(session: Session, tender: Tender, keeper: Keeper) -> list[tuple[keys.ShareTask, bytes]]:
    tasks = keys.share_tasks(session, tender, by=keeper.actor)
    return [(task, unsealing.open_share(keeper.key, read_head(io.BytesIO(task.header)), task.part)) for task in tasks]


def close(session: Session, world: World, tender: Tender) -> None:
    """Close the box, as the officer."""
    keys.start_opening(session, tender, by=world.town.officer, at=LATE)


def share_file(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Return the first custodian's opened shares as its file."""
    opened = _shares_of(session, tender, world.town.keepers[0])
    pairs = [(read_head(io.BytesIO(task.header)), share) for task, share in opened]
    return {"shares": write_shares(str(tender.id), ONE_ENVELOPE[0], pairs).decode()}


def give_all(session: Session, world: World, tender: Tender) -> None:
    """Take the shares of every custodian that has not given any."""
    for keeper in world.town.keepers:
        given = [
            keys.GivenShare(task.organisation_id, task.number, task.part, share)
            for task, share in _shares_of(session, tender, keeper)
        ]
        assert keys.give_shares(session, tender, given, by=keeper.actor, at=NOW) == []


def open_all(session: Session, world: World, tender: Tender) -> None:
    """Open every bid."""
    opening.open_all(session, tender, world.town.store, by=world.town.officer, at=NOW)


def own_key(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Return the fallback key of the first insurer's bid."""
    made = world.town.sealed[tender.id, world.town.insurers[0].id, 1][ONE_ENVELOPE[0]]
    return {"kind": "k2", "key": made.k2.hex()}


def _sitting(world: World) -> list[Actor]:
    return [world.town.chair, *world.town.experts]


def appoint(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Seat the committee."""
    chair = world.town.chair
    seats = [
        committee.Seat(one.person_id, one.organisation_id, is_expert=one != chair, is_chair=one == chair)  # type: ignore[arg-type]
        for one in _sitting(world)
    ]
    committee.appoint(session, tender, seats, by=world.town.officer, at=NOW)
    return {"person_id": world.town.experts[0].person_id}


def declare(session: Session, world: World, tender: Tender) -> None:
    """Let every member declare that nothing ties it."""
    for one in _sitting(world):
        committee.declare(session, tender, "", by=one, at=NOW)


def mark(session: Session, world: World, tender: Tender) -> None:
    """Let every member mark every bid."""
    bids = evaluations.bids_of(session, tender, "qualified")
    for one in _sitting(world):
        evaluations.save_marks(session, tender, {(bid.id, 0): 8_000 for bid in bids}, by=one, at=NOW)


def lock(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Lock every sheet."""
    for one in _sitting(world):
        evaluations.lock_sheet(session, tender, by=one, at=NOW)
    member = world.town.experts[0].person_id
    return {"member": str(member), "person_id": member, "reason": "打分有误"}


def draw_up(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Draw the report up."""
    return {"sha256": reports.draw_up(session, tender, by=world.town.chair, at=NOW).digest}


def _first_bid(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    return {"bid": str(evaluations.bids_of(session, tender, "qualified")[0].id)}


def _marks(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    return {"marks": [{**_first_bid(session, world, tender), "place": 0, "mark_hundredths": 8_500}]}


def _to_seat(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    return {"people": [str(one.person_id) for one in _sitting(world)]}


# ---- The result and the agreement ------------------------------------------------------------------------------------


def accept(session: Session, world: World, tender: Tender) -> None:
    """Let every insurer that was offered a share accept it."""
    asked = {offer.organisation_id for offer in allocations.offers_of(session, allocations.last_run(session, tender))}
    for insurer in world.town.insurers:
        if insurer.id in asked:
            allocations.answer(session, tender, is_accepted=True, by=insurer.signatory, at=NOW)


def dismiss(session: Session, world: World, tender: Tender) -> None:
    """Answer the objection to the result: it is not upheld."""
    row = session.query(Objection).filter_by(tender_id=tender.id).one()
    awards.answer_objection(session, row, "复核无误", is_upheld=False, by=world.town.officer, at=NOW)


def award(session: Session, world: World, tender: Tender) -> None:
    """Decide the award."""
    awards.award(session, tender, by=world.town.approver, at=AWARDED)


def _digest(session: Session, tender: Tender) -> str:
    fixed = agreements.rendered(session, awards.award_of(session, tender))
    assert fixed is not None
    return fixed.digest


def read(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Return the digest of the agreement that stands."""
    digest = _digest(session, tender)
    return {"digest": digest, "sha256": digest}


def members_sign(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Let every member sign."""
    left = set(agreements.unsigned_members(session, awards.award_of(session, tender)))
    for insurer in world.town.insurers:
        if insurer.id in left:
            agreements.sign(session, tender, _digest(session, tender), by=insurer.signatory, at=SIGNED)
    return read(session, world, tender)


def contract(session: Session, world: World, tender: Tender) -> Mapping[str, Any]:
    """Let the bureau sign last."""
    agreements.contract(session, tender, _digest(session, tender), by=world.town.approver, at=SIGNED)
    return {"name": "新共保体"}


_DRAFT: Mapping[str, Any] = {
    "number": "ZB-API-1",
    "title": "示例招标",
    "profile": "B",
    "starts_on": "2026-07-01",
    "ends_on": "2027-07-01",
    "lift_count": 3067,
    "budget_fen": 400_000_000,
    "ceiling_fen": 150_000,
    "documents_from_on": "2026-04-09",
    "documents_to_on": "2026-04-20",
    "deadline_at": "2026-05-08T09:00:00+08:00",
    "opening_at": "2026-05-08T09:00:00+08:00",
    "price_weight_hundredths": 1000,
    "criteria": [{"name": "服务方案", "weight_hundredths": 9000}],
    "allocation": {"method": "ladder", "ladder_bp": [4000, 3000, 2000, 1000], "cap_bp": 6000},
    "agreement_terms": dict(AGREEMENT_TERMS),
}
_SEATED = (give_all, open_all, appoint)

#: Method and route -> how it comes to its work, up to the opening.
BEFORE_OPENING: Mapping[str, Reach] = {
    "POST tender_draft.new": Reach(Role.OFFICER, saying(number="ZB-2026-050", title="示例招标", profile="B")),
    "POST tender_draft.copy": Reach(Role.OFFICER, saying(number="ZB-2026-051"), "published"),
    "POST tender_draft.section": Reach(Role.OFFICER, on_draft(_section)),
    "POST api_tenders.draft": Reach(Role.OFFICER, saying(**_DRAFT)),
    "PUT api_tenders.edit": Reach(Role.OFFICER, on_draft(**_DRAFT)),
    "POST ceremony.name": Reach(Role.OFFICER, on_draft(_keepers_named)),
    "POST ceremony.finish": Reach(Role.OFFICER, on_draft(name_keepers, rehearse, open_dummy)),
    **both("custody.prove", "api_custody.prove", Role.CUSTODIAN, on_draft(name_keepers, ask_first)),
    **both("custody.rehearse", "api_custody.rehearse", Role.CUSTODIAN, on_draft(name_keepers, rehearse)),
    **both("tender_steps.approve", "api_tenders.approve", Role.APPROVER, on_draft(*_KEYED)),
    **both("tender_steps.publish", "api_tenders.publish", Role.OFFICER, on_draft(*_KEYED, approve, medium="示例网")),
    **both("tender_steps.give_back", "api_tenders.give_back", Role.OFFICER, on_draft(*_KEYED)),
    **both(
        "tender_steps.resume", "api_tenders.resume", Role.APPROVER, on_tender("published", suspend, reason="投诉已处理")
    ),
    **both("opening.start", "api_tenders.close_box", Role.OFFICER, on_tender("published"), at=LATE),
    **both("opening.confirm", "api_tenders.confirm_opening", Role.SUPERVISOR, on_tender("published", close), at=LATE),
    "POST custody.give": Reach(Role.CUSTODIAN, on_tender("opening", share_file)),
    **both("bidding.give_key", "api_bids.give_key", Role.BIDDER, on_tender("opening", own_key)),
    **both("opening.open_bids", "api_tenders.open_bids", Role.OFFICER, on_tender("opening", give_all)),
}

_REJECTED = {"reason": "not_signed", "note": "未签章"}

#: The same from the committee on.
AFTER_OPENING: Mapping[str, Reach] = {
    **both("committee_desk.seats", "api_committees.appoint", Role.OFFICER, on_tender("published", _to_seat)),
    **both(
        "committee_desk.replacement",
        "api_committees.replace",
        Role.OFFICER,
        on_tender("published", appoint, reason="临时有事"),
    ),
    **both("committee_desk.start", "api_committees.start", Role.CHAIR, on_tender("opening", *_SEATED, declare)),
    **both("committee_desk.draw_up", "api_committees.draw_up", Role.CHAIR, on_tender("evaluating", mark, lock)),
    **both(
        "committee_desk.reject", "api_committees.reject", Role.CHAIR, on_tender("evaluating", _first_bid, **_REJECTED)
    ),
    **both("committee_desk.sheets", "api_committees.unlock", Role.CHAIR, on_tender("evaluating", mark, lock)),
    **both(
        "evaluation.declare",
        "api_committees.declare",
        Role.EXPERT,
        on_tender("opening", *_SEATED, has_conflict="no", conflict=""),
    ),
    **both("evaluation.lock", "api_committees.lock", Role.EXPERT, on_tender("evaluating", mark)),
    "POST evaluation.sheet": Reach(Role.EXPERT, on_tender("evaluating", mark_0="85")),
    "PUT api_committees.mark": Reach(Role.EXPERT, on_tender("evaluating", _marks)),
    **both(
        "evaluation.sign",
        "api_committees.sign",
        Role.EXPERT,
        on_tender("evaluating", mark, lock, draw_up, sure="yes", dissent=""),
    ),
    "POST tender_steps.annul": Reach(Role.SUPERVISOR, on_tender("evaluating", reason="投诉成立")),
    **both("award.publicise", "api_tenders.publicise", Role.OFFICER, on_tender("allocated", accept)),
    "POST award.objections": Reach(Role.OFFICER, on_tender("standstill", upheld="no", answer="复核无误")),
    **both("tender_steps.award", "api_tenders.award", Role.APPROVER, on_tender("standstill", dismiss), at=AWARDED),
    **both(
        "agreement.render", "api_agreements.render", Role.OFFICER, on_tender("standstill", dismiss, award), at=SIGNED
    ),
    **both("agreement.sign", "api_agreements.sign", Role.SIGNATORY, on_tender("awarded", read), at=SIGNED),
    **both(
        "agreement.contract", "api_agreements.contract", Role.APPROVER, on_tender("awarded", members_sign), at=SIGNED
    ),
    **both(
        "agreement.form_pool",
        "api_agreements.form_pool",
        Role.APPROVER,
        on_tender("awarded", members_sign, contract),
        at=SIGNED,
    ),
    "POST tender_steps.complete": Reach(Role.APPROVER, on_tender("awarded", members_sign, contract), at=SIGNED),
}

#: Method and route -> why its work is not come to here.
ELSEWHERE: Mapping[str, str] = {
    "POST bidding.submit": "an envelope is kept by units of its own; tests/web/test_pages_bidding.py hands one in",
    "POST api_bids.submit": "the same; tests/web/test_api_tenders.py hands one in",
    "POST api_bank_reports.take": "its body is a file; tests/web/test_pages_bank_reports.py takes one in",
    "POST api_bordereaux.send": "its body is a file; tests/web/test_pages_bordereaux.py sends one",
    "POST api_claims_lists.send": "the same; tests/web/test_claims_lists.py sends one",
    "POST account.act": "it changes the sign-in itself; tests/web/test_accounts.py acts in another role",
}

REACHES: Mapping[str, Reach] = {**MONEY, **DESKS, **BEFORE_OPENING, **AFTER_OPENING}
