"""The opening: after the deadline, from shares that were checked, all bids at once; never with too few."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, func, select

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import PUBLIC, SYSTEM
from core.server import Urls
from tender import bids, keys, opening, unsealing
from tender.content import file_from_bytes
from tender.envelope import read_head
from tender.models import BidderKey, CustodianShare
from tender.outcome_models import OpenedBid, OpenedPart
from tests.makers_tender import (
    DEADLINE,
    OPENED,
    PUBLISHED,
    collect_keys,
    draft_of,
    form_of,
    give_shares,
    hand_in,
    make_opened,
    make_tender,
    open_bids,
)
from tests.makers_town import Town, make_town

BEFORE = PUBLISHED + timedelta(days=3)


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def make_box(town, count=3, draft=None):
    """Return a published tender with bids of the first insurers, prices 120 000, 119 000, ... fen."""
    tender_id = make_tender(town, draft)
    town.at(BEFORE)
    for place, insurer in enumerate(town.insurers[:count]):
        hand_in(town, tender_id, insurer, form_of(120_000 - 1_000 * place))
    return tender_id


def outcomes(record):
    return [(row.outcome, row.failure, row.price_fen) for row in record]


def give_bidder_key(town, tender_id, insurer, kind, key=None):
    kept = town.sealed[tender_id, insurer.id, 1]["bid"]
    who = insurer.bidder
    value = key or (kept.k1 if kind == "k1" else kept.k2)
    town.run(who, lambda s: keys.give_bidder_key(s, town.tender(s, tender_id), "bid", kind, value, by=who, at=OPENED))


def test_all_bids_open_at_once_from_three_of_five_shares(town):
    """Any three custodians open every bid; form, files and record stand for all to read in the order of receipt."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    plan = file_from_bytes("服务方案.pdf", b"thirty minutes", "application/pdf")
    hand_in(town, tender_id, town.insurers[1], form_of(119_000, line_bp=4_000, floor_bp=500, will_lead=False), [plan])
    hand_in(town, tender_id, town.insurers[0], form_of(120_000))
    hand_in(town, tender_id, town.insurers[2], form_of(118_000))
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, [town.keepers[4], town.keepers[0], town.keepers[2]])
    assert outcomes(open_bids(town, tender_id, at)) == [
        ("opened", None, 119_000),
        ("opened", None, 120_000),
        ("opened", None, 118_000),
    ]
    with unit_of_work(town.engine, PUBLIC) as session:
        record = opening.record_of(session, town.tender(session, tender_id))
        assert [row.organisation_id for row in record] == [town.insurers[place].id for place in (1, 0, 2)]
        assert (record[0].line_bp, record[0].floor_bp, record[0].is_willing_to_lead) == (4_000, 500, False)
    with unit_of_work(town.engine, town.insurers[1].bidder) as session:
        (part,) = session.scalars(select(OpenedPart)).all()
        with town.store.open(part.files["服务方案.pdf"]["digest"]) as file:
            assert file.read() == b"thirty minutes"
    with unit_of_work(town.engine, town.insurers[0].bidder) as session:
        bid = bids.own_bid(session, town.tender(session, tender_id), by=town.insurers[0].bidder)
        assert bid.stage == "opened"
        assert opening.part_of(session, bid).files == {}


def test_nothing_is_opened_before_its_time(town):
    """Neither box, nor keys, nor bids open before the deadline, and no price stands anywhere until all are open."""
    tender_id = make_box(town)
    keeper = town.keepers[0]
    with unit_of_work(town.engine, town.officer) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="opening_too_early"):
            keys.start_opening(session, tender, by=town.officer, at=BEFORE)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            opening.open_all(session, tender, town.store, by=town.officer, at=BEFORE)
        with pytest.raises(Conflict, match="bids_not_opened"):
            opening.record_of(session, tender)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            keys.share_tasks(session, tender, by=keeper.actor)
    with pytest.raises(Conflict, match="keys_too_early"), unit_of_work(town.engine, town.officer) as session:
        keys.start_opening(session, town.tender(session, tender_id), by=town.officer, at=OPENED)
    with pytest.raises(Conflict, match="keys_too_early"):
        give_bidder_key(town, tender_id, town.insurers[0], "k2")
    with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(
            "INSERT INTO opened_part (bid_id, part, tender_id, organisation_id, fields, files)"
            " SELECT id, 'bid', tender_id, organisation_id, '{}', '{}' FROM bid"
        )
    assert refused.value.sqlstate == "GB023"


def test_a_damaged_share_is_named_and_the_others_open_the_bids(town):
    """A share that is not what the bid commits to is refused by its custodian's number, and three others suffice."""
    tender_id = make_box(town)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, town.keepers[:2])
    broken, whole = town.keepers[2], town.keepers[3]
    with unit_of_work(town.engine, broken.actor) as session:
        tender = town.tender(session, tender_id)
        tasks = keys.share_tasks(session, tender, by=broken.actor)
        opened = [unsealing.open_share(broken.key, read_head(io.BytesIO(task.header)), "bid") for task in tasks]
        damaged = opened[0][:-1] + bytes([opened[0][-1] ^ 1])
        given = [
            keys.GivenShare(tasks[0].organisation_id, 1, "bid", damaged),
            keys.GivenShare(tasks[1].organisation_id, 1, "bid", opened[2]),
            keys.GivenShare(tasks[2].organisation_id, 1, "bid", opened[2]),
            keys.GivenShare(town.insurers[3].id, 1, "bid", opened[2]),
        ]
        found = keys.give_shares(session, tender, given, by=broken.actor, at=at)
        assert [(finding.code, finding.facts["custodian"]) for finding in found] == [
            ("share_wrong", 3),
            ("share_wrong", 3),
            ("share_not_asked_for", 3),
        ]
    with pytest.raises(Conflict, match="keys_still_collected") as waiting:
        open_bids(town, tender_id, at)
    assert waiting.value.facts["missing"] == 2
    assert give_shares(town, tender_id, whole, at) == []
    assert [outcome for outcome, _, _ in outcomes(open_bids(town, tender_id, at))] == ["opened"] * 3
    with unit_of_work(town.engine, SYSTEM) as session:
        query = select(func.count()).where(AuditEvent.action == "key.share_rejected")
        assert session.scalar(query) == 3


def test_no_custodian_gives_anothers_share(town):
    """A share counts only from the custodian whose it is, and only custodians of this tender see what to open."""
    tender_id = make_box(town)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, [])
    first, second = town.keepers[:2]
    with unit_of_work(town.engine, first.actor) as session:
        tender = town.tender(session, tender_id)
        (task, *_) = keys.share_tasks(session, tender, by=first.actor)
        foreign = unsealing.open_share(second.key, read_head(io.BytesIO(task.header)), "bid")
        given = [keys.GivenShare(task.organisation_id, 1, "bid", foreign)]
        (found,) = keys.give_shares(session, tender, given, by=first.actor, at=at)
        assert found.code == "share_foreign"
        with pytest.raises(Forbidden, match="role_may_not"):
            keys.share_tasks(session, tender, by=town.officer)
        with pytest.raises(Forbidden, match="not_custodian"):
            stranger = type(first.actor)(town.chair.person_id, town.chair.organisation_id, first.actor.role)
            keys.share_tasks(session, tender, by=stranger)
        assert session.scalar(select(func.count()).select_from(CustodianShare)) == 0


def test_too_few_bids_are_never_opened(town):
    """With two bids where three are asked for no key is given, nothing opens, and the tender has failed."""
    tender_id = make_box(town, count=2)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, [])
    with pytest.raises(Conflict, match="too_few_bids"):
        give_shares(town, tender_id, town.keepers[0], at)
    assert open_bids(town, tender_id, at) == []
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        assert (tender.stage, tender.end_reason, tender.opened_at) == ("failed", "too_few_bids", None)
        assert session.scalar(select(func.count()).select_from(OpenedBid)) == 0


def test_a_bidder_opens_its_own_bid_where_custodians_fail(town):
    """With too few shares left, bids open by their bidders' own keys; one without is deemed withdrawn by fault."""
    tender_id = make_box(town, count=4)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at, town.keepers[:2])
    for insurer in town.insurers[:3]:
        give_bidder_key(town, tender_id, insurer, "k2")
    with pytest.raises(Invalid, match="custodian_key_wrong"):
        give_bidder_key(town, tender_id, town.insurers[3], "k2", bytes(32))
    with pytest.raises(Invalid, match="key_kind_wrong"):
        give_bidder_key(town, tender_id, town.insurers[3], "k3")
    with pytest.raises(Conflict, match="keys_still_collected"):
        open_bids(town, tender_id, at)
    # The time runs from the confirmation, which the database stamped a moment after it was told the hour.
    after = town.at(OPENED + opening.COLLECTED_FOR + timedelta(minutes=1))
    with pytest.raises(Forbidden, match="supervisor_opens"):
        open_bids(town, tender_id, after)
    record = open_bids(town, tender_id, after, by=town.supervisor)
    assert outcomes(record)[2:] == [("opened", None, 118_000), ("withdrawn_by_fault", "shares_too_few", None)]


def test_a_bidder_that_keeps_its_own_lock_shut_has_revoked(town):
    """Where the tender asks for the bidder's lock, all custodians together open nothing without it."""
    tender_id = make_box(town, count=4, draft=draft_of(lock="both"))
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    for insurer in town.insurers[:3]:
        give_bidder_key(town, tender_id, insurer, "k1")
        give_bidder_key(town, tender_id, insurer, "k1")
    with pytest.raises(Invalid, match="bidder_key_wrong"):
        give_bidder_key(town, tender_id, town.insurers[3], "k1", bytes(32))
    with pytest.raises(Conflict, match="keys_still_collected"):
        open_bids(town, tender_id, at)
    record = open_bids(town, tender_id, at + opening.COLLECTED_FOR + timedelta(minutes=1))
    assert outcomes(record)[3] == ("revoked", "bidder_key_missing", None)
    with unit_of_work(town.engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(BidderKey)) == 3


def test_a_bid_that_cannot_be_read_says_whose_fault_it_is(town):
    """A form with no price is the bidder's fault, a lost file the platform's; with too few left the tender fails."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    for insurer, price in zip(town.insurers, (120_000, 0, 118_000, 117_000), strict=True):
        hand_in(town, tender_id, insurer, form_of(price))
    with unit_of_work(town.engine, town.insurers[2].bidder) as session:
        (sealed,) = bids.versions_of(session, town.tender(session, tender_id), town.insurers[2].id)
    (town.store.folder / sealed.digest[:2] / sealed.digest).unlink()
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    assert outcomes(open_bids(town, tender_id, at)) == [
        ("opened", None, 120_000),
        ("unreadable", "form_wrong", None),
        ("withdrawn_by_fault", "file_not_found", None),
        ("opened", None, 117_000),
    ]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        assert (tender.stage, tender.end_reason) == ("failed", "too_few_readable")
        bid = bids.get(session, record_bid(session, town.insurers[1].id), by=SYSTEM)
        with pytest.raises(NotFound, match="bid_not_opened"):
            opening.part_of(session, bid)


def record_bid(session, organisation_id):
    return session.scalars(select(OpenedBid.bid_id).where(OpenedBid.organisation_id == organisation_id)).one()


def test_an_opening_happens_once(town):
    """What is open is not opened again, takes no key and cannot be undone in the database."""
    tender_id = make_opened(town, {place: form_of(120_000) for place in range(3)})
    with pytest.raises(Conflict, match="tender_in_other_stage"):
        open_bids(town, tender_id, OPENED)
    with pytest.raises(NotFound, match="bid_not_found"):
        give_bidder_key(town, tender_id, town.insurers[0], "k2")
    for change in ("box_closed_at = NULL, opened_at = NULL", f"deadline_at = '{DEADLINE + timedelta(days=9)}'"):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error):
            connection.execute(f"UPDATE tender SET {change}")


def test_an_opening_takes_two_people(town):
    """经办关箱、监督人员确认，二者不能是同一人；确认之前不收份额、不收钥匙、不开标，数据库也不收。"""
    tender_id = make_box(town, count=3)
    at = town.at(OPENED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            keys.confirm_opening(session, tender, by=town.supervisor, at=at)
        with pytest.raises(Forbidden, match="role_may_not"):
            keys.start_opening(session, tender, by=town.supervisor, at=at)
        keys.start_opening(session, tender, by=town.officer, at=at)
        with pytest.raises(Conflict, match="opening_unconfirmed"):
            keys.share_tasks(session, tender, by=town.keepers[0].actor)
        with pytest.raises(Conflict, match="opening_unconfirmed"):
            opening.open_all(session, tender, town.store, by=town.officer, at=at)
        with pytest.raises(Forbidden, match="role_may_not"):
            keys.confirm_opening(session, tender, by=town.officer, at=at)
        same = type(town.supervisor)(town.officer.person_id, town.officer.organisation_id, town.supervisor.role)
        with pytest.raises(Forbidden, match="second_person_needed"):
            keys.confirm_opening(session, tender, by=same, at=at)
    with pytest.raises(Conflict, match="opening_unconfirmed"):
        give_bidder_key(town, tender_id, town.insurers[0], "k2")
    for statement, state in (
        ("UPDATE tender SET opening_confirmed_by = opening_started_by", "23514"),
        ("UPDATE tender SET opened_at = now(), stage = 'opened'", "23514"),
        ("UPDATE tender SET opening_started_by = approved_by", "GB022"),
        (
            "INSERT INTO custodian_share (tender_id, organisation_id, number, part, place, share, given_at)"
            " SELECT tender_id, organisation_id, number, 'bid', 0, '\\x00', now() FROM sealed_bid",
            "GB029",
        ),
    ):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
        assert refused.value.sqlstate == state
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        keys.confirm_opening(session, tender, by=town.supervisor, at=at)
        with pytest.raises(Conflict, match="opening_confirmed"):
            keys.confirm_opening(session, tender, by=town.supervisor, at=at)
    for keeper in town.keepers[:3]:
        assert give_shares(town, tender_id, keeper, at) == []
    assert {row.outcome for row in open_bids(town, tender_id, at)} == {"opened"}
