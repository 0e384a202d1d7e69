"""A tender from its draft to its pool: one bid late, one withdrawn, one too dear, one share damaged, two bids equal.

Seven insurers want to insure the town's 3,067 lifts from July on. Four become members, at shares and a price that
nobody types a second time.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from core.audit import AuditEvent
from core.clock import CITY
from core.db import unit_of_work
from core.errors import Conflict
from core.permits import PUBLIC, SYSTEM
from core.server import Urls
from tender import allocations, awards, bids, counter, evaluations, keys, opening, receipts, reports, tenders, unsealing
from tender.envelope import read_head
from tender.models import BidReceipt
from tests.makers_tender import (
    DEADLINE,
    EVALUATED,
    OFFERED,
    WORKED_MARKS,
    accept_all,
    collect_keys,
    envelope_of,
    finish_award,
    form_of,
    give_shares,
    hand_in,
    make_tender,
    open_bids,
    save_marks,
    seat_committee,
    sign_agreement,
    sign_report,
)
from tests.makers_town import Insurer, Town, make_town
from underwriting import pools
from underwriting.terms import terms_of

NAMES = ("甲", "乙", "丙", "丁", "戊", "己", "庚")
#: What each bids for one lift and year, in fen; 庚 is above the ceiling of 1,500.00.
PRICES = dict(zip(NAMES, (120_000, 114_000, 131_000, 114_000, 99_000, 98_000, 150_100), strict=True))


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Seven insurers, a bureau, five custodians, a committee of five."""
    return make_town(engine, place, tmp_path, NAMES)


def test_from_a_draft_to_a_pool(town: Town) -> None:
    """Late is refused, withdrawn is out, too dear is rejected, a damaged share is named, a tie is drawn by all."""
    who = dict(zip(NAMES, town.insurers, strict=True))
    tender_id = make_tender(town)

    bids_come_in(town, tender_id, who)
    the_bids_are_opened(town, tender_id, who)
    the_committee_scores(town, tender_id, who)
    numbers = shares_are_taken(town, tender_id)
    the_tie_was_drawn(town, tender_id)
    sign_agreement(town, tender_id, OFFERED)

    # The pool is what was awarded: the same members, shares, price and terms, with no figure typed again.
    with unit_of_work(town.engine, SYSTEM) as session:
        plan = pools.PoolPlan(
            name="示例市电梯共保体 2026",
            members=numbers.members,
            whole=numbers.whole,
            effective_on=numbers.starts_on,
            ends_on=numbers.ends_on,
            terms=terms_of(numbers.terms),
            service_standard=numbers.service_standard,
            award_id=numbers.award_id,
        )
        pool = pools.form(session, plan, by=town.approver, at=OFFERED)
        (agreement,) = pools.agreements(session, pool.id)
        assert pool.lead_id == who["丙"].id
        assert (agreement.lift_premium_fen, agreement.lead_fee_bp, agreement.vat_bp) == (131_000, 500, 600)
        assert pools.shares_of(session, agreement).weights.weights == (4000, 3000, 2000, 1000)
        assert (pool.award_id, pool.tender_id) == (numbers.award_id, tender_id)


def bids_come_in(town: Town, tender_id: UUID, who: dict[str, Insurer]) -> None:
    """Six seal in time and hold a receipt; 戊 takes its bid back; 己 comes a second late; nobody sees how many."""
    town.at(datetime(2026, 3, 20, 10, 0, tzinfo=CITY))
    for name in ("甲", "乙", "丙", "丁", "戊", "庚"):
        hand_in(town, tender_id, who[name], form_of(PRICES[name]))
    # 丁 seals again: only its second version stands, and counts as received now.
    assert hand_in(town, tender_id, who["丁"], form_of(PRICES["丁"])).number == 2

    withdrawn = who["戊"].bidder
    town.run(withdrawn, lambda s: bids.withdraw(s, town.tender(s, tender_id), by=withdrawn, at=DEADLINE))

    late = envelope_of(town, tender_id, who["己"], form_of(PRICES["己"]))
    town.at(DEADLINE + timedelta(seconds=1))
    with pytest.raises(Conflict, match="deadline_passed"):
        submit(town, tender_id, who["己"], late)

    for watcher in (town.officer, town.supervisor, PUBLIC):
        with unit_of_work(town.engine, watcher) as session:
            assert session.scalars(bids.visible_to(watcher)).all() == []


def submit(town: Town, tender_id: UUID, insurer: Insurer, container: io.BytesIO) -> BidReceipt:
    by = insurer.bidder
    return counter.submit(town.engine, town.store, town.receipt_key, tender_id, container, by=by, at=DEADLINE)


def the_bids_are_opened(town: Town, tender_id: UUID, who: dict[str, Insurer]) -> None:
    """Two custodians give good shares, the third a damaged one; nothing opens until a fourth gives its own."""
    at = town.at(DEADLINE + timedelta(minutes=5))
    collect_keys(town, tender_id, at, town.keepers[:2])
    third = town.keepers[2]
    with unit_of_work(town.engine, third.actor) as session:
        tender = town.tender(session, tender_id)
        tasks = keys.share_tasks(session, tender, by=third.actor)
        assert len(tasks) == 5
        given = []
        for task in tasks:
            share = bytearray(unsealing.open_share(third.key, read_head(io.BytesIO(task.header)), task.part))
            share[7] ^= 0x20
            given.append(keys.GivenShare(task.organisation_id, task.number, task.part, bytes(share)))
        found = keys.give_shares(session, tender, given, by=third.actor, at=at)
    assert {(finding.code, finding.facts["custodian"]) for finding in found} == {("share_wrong", 3)}

    with pytest.raises(Conflict, match="keys_still_collected") as waiting:
        open_bids(town, tender_id, at)
    assert waiting.value.facts["missing"] == 5
    assert give_shares(town, tender_id, town.keepers[3], at) == []
    open_bids(town, tender_id, at)

    # Every insurer reads the same form at the same moment, in the order of receipt.
    with unit_of_work(town.engine, who["己"].bidder) as session:
        record = opening.record_of(session, tenders.get(session, tender_id, by=who["己"].bidder))
        name_of = {insurer.id: name for name, insurer in who.items()}
        assert [(name_of[row.organisation_id], row.price_fen) for row in record] == [
            ("甲", 120_000),
            ("乙", 114_000),
            ("丙", 131_000),
            ("庚", 150_100),
            ("丁", 114_000),
        ]


def the_committee_scores(town: Town, tender_id: UUID, who: dict[str, Insurer]) -> None:
    """庚 is above the published ceiling; the others are marked by five people, and the report adds up."""
    at = town.at(EVALUATED)
    seat_committee(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        evaluations.qualify(session, tender, {}, by=town.chair, at=at)
        (out,) = evaluations.bids_of(session, tender, "rejected")
        assert (out.organisation_id, out.rejected_for) == (who["庚"].id, "price_above_ceiling")
    save_marks(town, tender_id, dict(enumerate(WORKED_MARKS)), at)
    sign_report(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        document = reports.latest(session, town.tender(session, tender_id)).document
    # 丙: (90+91+89+92+88)/5 x 0.9 = 81.00, and 1140/1310 x 10 = 8.70; 甲: 87 x 0.9 = 78.30, and 9.50.
    assert [(each["technical"], each["price_points"], each["total"]) for each in document["bids"]] == [
        ("81.00", "8.70", "89.70"),
        ("78.30", "9.50", "87.80"),
        ("73.26", "10.00", "83.26"),
        ("73.26", "10.00", "83.26"),
    ]


def the_tie_was_drawn(town: Town, tender_id: UUID) -> None:
    """乙 and 丁 are equal on everything: the lot is made of the notice and of what every bidder sealed, by SHA-256."""
    with unit_of_work(town.engine, PUBLIC) as session:
        tender = tenders.get(session, tender_id, by=PUBLIC)
        record = opening.record_of(session, tender)
        document = reports.latest(session, tender).document
    nonces = ",".join(sorted(row.nonce for row in record))
    seed = sha256(f"notice:{tender.notice_hash}|nonces:{nonces}".encode()).hexdigest()
    equal = [each["bid"] for each in document["bids"] if each["rank"] == 3]
    assert len(equal) == 2
    assert document["order"][2:] == sorted(equal, key=lambda bid: sha256(f"{seed}|{bid}".encode()).hexdigest())


def shares_are_taken(town: Town, tender_id: UUID) -> awards.AwardedNumbers:
    """The ladder gives 40, 30, 20 and 10 %; all four accept; after three days' publicity the award is decided."""
    at = town.at(OFFERED)
    town.run(town.officer, lambda s: allocations.allocate(s, town.tender(s, tender_id), by=town.officer, at=at))
    accept_all(town, tender_id, at)
    numbers = finish_award(town, tender_id)
    assert [share for _, share in numbers.members] == [4000, 3000, 2000, 1000]
    assert numbers.terms["lift_premium_fen"] == 131_000

    # Each receipt still proves its bid, and the log tells the whole story.
    with unit_of_work(town.engine, SYSTEM) as session:
        held = session.scalars(select(BidReceipt)).all()
        assert len(held) == 7
        assert all(receipts.receipt_holds(row.document, row.public_key, row.signature) for row in held)
        told = set(session.scalars(select(AuditEvent.action)))
        assert {"bid.refused_late", "bid.withdrawn", "key.share_rejected", "opening.record", "award.decided"} <= told
    return numbers
