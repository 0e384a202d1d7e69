"""Sealed bids: the database takes none late, shows none early, changes none; the receipt proves each."""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from core import audit
from core.audit import AuditEvent
from core.db import run_in_unit, unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import PUBLIC, SYSTEM
from core.server import Urls
from tender import bids, changes, counter, keys, p256, receipts
from tender.content import file_from_bytes
from tender.models import Bid, BidReceipt, BidWithdrawal, SealedBid
from tests.makers_tender import DEADLINE, OPENED, PUBLISHED, envelope_of, form_of, hand_in, make_tender
from tests.makers_town import Town, make_town, tell_time

BEFORE = PUBLISHED + timedelta(days=3)


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def submit(town, tender_id, insurer, container):
    who = insurer.bidder
    return counter.submit(town.engine, town.store, town.receipt_key, tender_id, container, by=who, at=BEFORE)


def withdraw(town, tender_id, insurer):
    return town.run(insurer.bidder, lambda s: bids.withdraw(s, town.tender(s, tender_id), by=insurer.bidder, at=BEFORE))


def count(town, actor, row):
    with unit_of_work(town.engine, actor) as session:
        return session.scalar(select(func.count()).select_from(row))


def events(town):
    with unit_of_work(town.engine, SYSTEM) as session:
        return session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()


def test_a_receipt_proves_the_bid_by_itself(town):
    """The receipt states the header's hash and the instant, and anyone can follow its proof; any change breaks it."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    receipt = hand_in(town, tender_id, town.insurers[0], form_of(), [file_from_bytes("服务方案.pdf", b"plan")])
    said = json.loads(receipt.document)
    with unit_of_work(town.engine, town.insurers[0].bidder) as session:
        sealed = session.scalars(select(SealedBid)).one()
        assert said["header_sha256"] == sealed.header_sha256 == bids.head_of(sealed).sha256.hex()
        assert said["received_at"] == sealed.received_at.isoformat()
        assert abs(sealed.received_at - BEFORE) < timedelta(minutes=1)
        assert town.store.is_whole(sealed.digest)
    assert receipts.receipt_holds(receipt.document, receipt.public_key, receipt.signature)
    other = receipt.document.replace(said["received_at"], BEFORE.isoformat())
    assert not receipts.receipt_holds(other, receipt.public_key, receipt.signature)
    forged = json.dumps({**said, "header_sha256": "0" * 64}, sort_keys=True, separators=(",", ":"))
    signature = town.receipt_key.sign(forged.encode())
    assert not receipts.receipt_holds(forged, receipt.public_key, signature)


def test_a_receipt_asked_for_again_is_the_same_and_rubbish_is_none(town):
    """A receipt is issued once; what is no receipt, or no signature, proves nothing and raises nothing."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    who = town.insurers[0].bidder
    receipt = hand_in(town, tender_id, town.insurers[0], form_of())
    with unit_of_work(town.engine, who) as session:
        tender = town.tender(session, tender_id)
        (sealed,) = bids.versions_of(session, tender, town.insurers[0].id)
        again = receipts.issue_receipt(session, tender, sealed, town.receipt_key, by=who, at=BEFORE)
        assert again.document == receipt.document
    said = json.loads(receipt.document)
    for rubbish in ("", "[]", "{}", "{ }", json.dumps({**said, "proof": {**said["proof"], "path": "x"}})):
        signature = town.receipt_key.sign(rubbish.encode())
        assert not receipts.receipt_holds(rubbish, receipt.public_key, signature)
    assert not receipts.receipt_holds(receipt.document, b"", receipt.signature)


def test_a_receipt_waits_for_the_place_of_its_bid(town):
    """While another gives places the bid goes in and the receipt waits its turn; it comes with the same proof."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    container = envelope_of(town, tender_id, insurer, form_of())
    with psycopg.connect(town.place.app, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (audit.SEQUENCER_LOCK,))
        release = threading.Timer(1.5, lambda: other.execute("SELECT pg_advisory_unlock_all()"))
        release.start()
        receipt = submit(town, tender_id, insurer, container)
        release.join()
    assert receipts.receipt_holds(receipt.document, receipt.public_key, receipt.signature)
    assert count(town, insurer.bidder, BidReceipt) == 1


def test_a_bid_whose_receipt_must_wait_is_told_to_be_in_the_box(town, monkeypatch):
    """Where the place does not come in time the bidder is told that the bid is in; the receipt is issued when asked."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    who, container = insurer.bidder, envelope_of(town, tender_id, insurer, form_of())

    def stuck(*_, **__):
        raise OperationalError("", {}, Exception("lock timeout"))

    with monkeypatch.context() as broken:
        broken.setattr(audit, "_place", stuck)
        with pytest.raises(Conflict, match="receipt_later"):
            submit(town, tender_id, insurer, container)
    assert (count(town, who, SealedBid), count(town, who, BidReceipt)) == (1, 0)
    assert "bid.refused" not in events(town)
    audit.sequence(town.engine)
    with unit_of_work(town.engine, who) as session:
        tender = town.tender(session, tender_id)
        (sealed,) = bids.versions_of(session, tender, insurer.id)
        row = receipts.issue_receipt(session, tender, sealed, town.receipt_key, by=who, at=BEFORE)
    assert receipts.receipt_holds(row.document, row.public_key, row.signature)


def test_a_bid_is_replaced_and_withdrawn_until_the_deadline(town):
    """A later version stands for the earlier; a withdrawn bid may be sealed anew; all versions stay on record."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    with pytest.raises(NotFound, match="bid_not_found"):
        withdraw(town, tender_id, insurer)
    hand_in(town, tender_id, insurer, form_of())
    hand_in(town, tender_id, insurer, form_of(119_000))
    withdraw(town, tender_id, insurer)
    with pytest.raises(Conflict, match="stage_refuses"):
        withdraw(town, tender_id, insurer)
    hand_in(town, tender_id, insurer, form_of(118_000))
    with unit_of_work(town.engine, insurer.bidder) as session:
        bid = bids.own_bid(session, town.tender(session, tender_id), by=insurer.bidder)
        assert (bid.stage, bid.current) == ("sealed", 3)
        versions = bids.versions_of(session, town.tender(session, tender_id), insurer.id)
        assert [version.number for version in versions] == [1, 2, 3]
    told = [event for event in events(town) if event.startswith("bid.") and event != "bid.receipt_issued"]
    assert told == ["bid.sealed", "bid.replaced", "bid.withdrawn", "bid.sealed"]


def test_a_late_bid_is_refused_and_on_record(town):
    """At the very instant of the deadline nothing is taken any more, and the attempt is noted."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    hand_in(town, tender_id, insurer, form_of())
    container = envelope_of(town, tender_id, insurer, form_of(100_000))
    tell_time(town.place, DEADLINE)
    with pytest.raises(Conflict, match="deadline_passed"):
        submit(town, tender_id, insurer, container)
    with pytest.raises(Conflict, match="deadline_passed"):
        withdraw(town, tender_id, insurer)
    assert count(town, insurer.bidder, SealedBid) == 1
    assert count(town, insurer.bidder, BidWithdrawal) == 0
    assert events(town)[-1] == "bid.refused_late"


def test_a_closed_box_takes_nothing_even_by_hand(town):
    """Once the box is closed the database refuses a bid, whatever its clock says and whoever asks."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    container = envelope_of(town, tender_id, insurer, form_of())
    expected = run_in_unit(
        town.engine, insurer.bidder, lambda s: bids.expect(s, town.tender(s, tender_id), by=insurer.bidder)
    )
    accepted = bids.accept(town.store, container, expected)
    at = town.at(OPENED)
    town.run(town.officer, lambda s: keys.start_opening(s, town.tender(s, tender_id), by=town.officer, at=at))
    town.at(BEFORE)
    with pytest.raises(Conflict, match="tender_opened"), unit_of_work(town.engine, insurer.bidder) as session:
        bids.seal(session, town.tender(session, tender_id), accepted, by=insurer.bidder, at=BEFORE)
    with unit_of_work(town.engine, town.officer) as session:
        assert keys.standing_bids(session, town.tender(session, tender_id)) == []


def test_only_what_is_sealed_for_this_place_is_taken(town):
    """Another's envelope, an old version, an unknown signer and an old amendment are refused before the box."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    first, second = town.insurers[:2]
    with pytest.raises(Invalid, match="signer_unknown"):
        submit(town, tender_id, second, envelope_of(town, tender_id, first, form_of()))
    stranger = type(first)(first.name, first.bidder, first.signatory, p256.new_key())
    with pytest.raises(Invalid, match="signer_unknown"):
        hand_in(town, tender_id, stranger, form_of())
    old = envelope_of(town, tender_id, first, form_of())
    hand_in(town, tender_id, first, form_of())
    with pytest.raises(Invalid, match="envelope_not_of_this"):
        submit(town, tender_id, first, old)
    with pytest.raises(Invalid, match="envelope_unrecognised"):
        submit(town, tender_id, first, io.BytesIO(b"price: 118000" * 9))
    before = envelope_of(town, tender_id, first, form_of())
    town.run(
        town.officer,
        lambda s: changes.amend(
            s, town.tender(s, tender_id), "澄清", "理由", affects_bids=False, by=town.officer, at=BEFORE
        ),
    )
    with pytest.raises(Invalid, match="envelope_not_of_this"):
        submit(town, tender_id, first, before)
    assert count(town, first.bidder, SealedBid) == 1


def test_an_amendment_while_a_file_is_checked_is_noticed(town):
    """What was checked against the terms of yesterday does not go into the box of today."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    who = town.insurers[0].bidder
    container = envelope_of(town, tender_id, town.insurers[0], form_of())
    with unit_of_work(town.engine, who) as session:
        expected = bids.expect(session, town.tender(session, tender_id), by=who)
    accepted = bids.accept(town.store, container, expected)
    town.run(
        town.officer,
        lambda s: changes.amend(
            s, town.tender(s, tender_id), "澄清", "理由", affects_bids=False, by=town.officer, at=BEFORE
        ),
    )
    with pytest.raises(Conflict, match="terms_changed"), unit_of_work(town.engine, who) as session:
        bids.seal(session, town.tender(session, tender_id), accepted, by=who, at=BEFORE)
    with pytest.raises(Invalid), unit_of_work(town.engine, town.insurers[1].bidder) as session:
        bids.seal(session, town.tender(session, tender_id), accepted, by=town.insurers[1].bidder, at=BEFORE)


@pytest.mark.parametrize("row", [SealedBid, Bid, BidReceipt])
def test_nobody_sees_that_there_are_bids_before_the_box_is_closed(town, row):
    """An insurer sees its own; bureau, supervisor, custodians and public not even how many; then all but the public."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    for insurer in town.insurers[:3]:
        hand_in(town, tender_id, insurer, form_of())
    watchers = [town.officer, town.supervisor, town.chair, SYSTEM, town.keepers[0].actor, PUBLIC]
    assert [count(town, watcher, row) for watcher in watchers] == [0] * 6
    assert [count(town, insurer.bidder, row) for insurer in town.insurers] == [1, 1, 1, 0]
    at = town.at(OPENED)
    town.run(town.officer, lambda s: keys.start_opening(s, town.tender(s, tender_id), by=town.officer, at=at))
    assert [count(town, watcher, row) for watcher in watchers] == [3, 3, 3, 3, 3, 0]
    assert [count(town, insurer.bidder, row) for insurer in town.insurers] == [1, 1, 1, 0]


def test_the_program_hides_bids_by_itself_too(town):
    """Where row security is off, `visible_to` still shows an insurer its own and nobody a bid before the opening."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    for insurer in town.insurers[:2]:
        hand_in(town, tender_id, insurer, form_of())

    def seen(actor):
        query = str(bids.visible_to(actor).compile(compile_kwargs={"literal_binds": True}))
        with psycopg.connect(town.place.admin) as connection:
            return len(connection.execute(query).fetchall())

    insurers = [insurer.bidder for insurer in town.insurers[:3]]
    assert [seen(actor) for actor in (town.officer, town.chair, PUBLIC, *insurers)] == [0, 0, 0, 1, 1, 0]


def test_a_sealed_bid_is_never_changed(town):
    """Not the program, not the owner of the tables, not even the administrator changes or removes what was sealed."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    hand_in(town, tender_id, town.insurers[0], form_of())
    changes = ("UPDATE sealed_bid SET received_at = now()", "DELETE FROM sealed_bid", "DELETE FROM bid_receipt")
    for change in (*changes, "TRUNCATE sealed_bid CASCADE"):
        with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(change)
        assert refused.value.sqlstate == "GB001"
        with pytest.raises(DBAPIError), unit_of_work(town.engine, town.insurers[0].bidder) as session:
            session.execute(text(change))
    with psycopg.connect(town.place.auditor) as connection:
        assert connection.execute("SELECT count(*) FROM sealed_bid").fetchone() == (1,)


def test_who_may_not_bid(town):
    """The officer seals nothing, and an insurer nothing without a signing key that it has shown to hold."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    insurer = town.insurers[0]
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Forbidden, match="role_may_not"):
            bids.expect(session, tender, by=town.officer)
        (key,) = bids.keys_of(session, insurer.id)
        with pytest.raises(Conflict, match="signing_key_taken"):
            proof = p256.sign(insurer.key, bids.key_statement(insurer.id, key.public_key))
            bids.register_key(session, key.public_key, proof, by=insurer.signatory, at=BEFORE)
        with pytest.raises(Invalid, match="signature_wrong"):
            bids.register_key(session, p256.point(p256.new_key()), proof, by=insurer.signatory, at=BEFORE)
        with pytest.raises(NotFound, match="signing_key_not_found"):
            bids.revoke_key(session, key, by=town.insurers[1].signatory, at=BEFORE)
        bids.revoke_key(session, key, by=insurer.signatory, at=BEFORE)
        with pytest.raises(Conflict, match="signing_key_missing"):
            bids.expect(session, tender, by=insurer.bidder)


def _close_as_soon_as_may_be(town, tender_id):
    """Ask for the box to be closed until the deadline lets it be."""
    while True:
        try:
            return town.run(
                town.officer,
                lambda s: keys.start_opening(s, town.tender(s, tender_id), by=town.officer, at=DEADLINE),
            )
        except Conflict as early:
            assert early.code == "keys_too_early"


def test_the_deadline_holds_in_a_race(town):
    """Insurers seal as fast as they can while the box is closed: none is late, none that was receipted is missing."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    acknowledged: dict[object, int] = {}
    refused: list[str] = []

    def bid(insurer):
        while True:
            try:
                receipt = hand_in(town, tender_id, insurer, form_of())
            except Conflict as no:
                refused.append(no.code)
                return
            acknowledged[insurer.id] = receipt.number

    threads = [threading.Thread(target=bid, args=(insurer,)) for insurer in town.insurers]
    for thread in threads:
        thread.start()
    while sum(list(acknowledged.values())) < 2 * len(threads):
        assert not refused
        time.sleep(0.01)
    tell_time(town.place, DEADLINE - timedelta(seconds=1))
    _close_as_soon_as_may_be(town, tender_id)
    with unit_of_work(town.engine, town.officer) as session:
        opened = {
            sealed.organisation_id: sealed.number
            for _, sealed in keys.standing_bids(session, town.tender(session, tender_id))
        }
    for thread in threads:
        thread.join()
    assert set(refused) <= {"deadline_passed", "tender_opened", "tender_takes_no_bids"}
    assert acknowledged == opened
    assert sum(opened.values()) >= 2 * len(threads)
    with unit_of_work(town.engine, town.officer) as session:
        last = session.scalar(select(func.max(SealedBid.received_at)))
        stored = dict(
            session.execute(
                select(SealedBid.organisation_id, func.max(SealedBid.number)).group_by(SealedBid.organisation_id)
            ).all()
        )
    assert last < DEADLINE
    assert stored == opened
