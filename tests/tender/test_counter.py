"""The counter: an envelope handed in again is no second bid, and no bid that was taken stays without its receipt."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Refusal
from core.permits import SYSTEM
from core.server import Urls
from tender import bids, counter, opening, receipts
from tender.models import BidReceipt
from tests.makers_tender import (
    DEADLINE,
    OPENED,
    PUBLISHED,
    collect_keys,
    envelope_of,
    form_of,
    hand_in,
    make_tender,
    open_bids,
)
from tests.makers_town import Insurer, Town, make_town

BEFORE = PUBLISHED + timedelta(days=3)


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Everybody whom a tender needs."""
    return make_town(engine, place, tmp_path)


def _submit(town: Town, tender_id: uuid.UUID, insurer: Insurer, raw: bytes) -> BidReceipt:
    return counter.submit(
        town.engine, town.store, town.receipt_key, tender_id, io.BytesIO(raw), by=insurer.bidder, at=BEFORE
    )


def _lose_the_receipt(town: Town, tender_id: uuid.UUID, insurer: Insurer, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Hand a bid in to a counter that dies before the receipt, and return the envelope."""
    raw = envelope_of(town, tender_id, insurer, form_of(90_000)).getvalue()

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(receipts, "issue_receipt", die)
        _submit(town, tender_id, insurer, raw)
    return raw


def _told(town: Town) -> list[str]:
    with unit_of_work(town.engine, SYSTEM) as session:
        query = select(AuditEvent.action).where(AuditEvent.action.startswith("bid.")).order_by(AuditEvent.id)
        return list(session.scalars(query))


def test_the_same_envelope_again_gets_the_same_receipt(town: Town) -> None:
    """A bidder whose answer was lost hands the file in again, even after the deadline, and is given its receipt."""
    tender_id, insurer = make_tender(town), town.insurers[0]
    town.at(BEFORE)
    raw = envelope_of(town, tender_id, insurer, form_of()).getvalue()
    first = _submit(town, tender_id, insurer, raw)
    again = _submit(town, tender_id, insurer, raw)
    town.at(DEADLINE + timedelta(minutes=1))
    late = _submit(town, tender_id, insurer, raw)
    assert first.document == again.document == late.document
    assert _told(town) == ["bid.sealed", "bid.receipt_issued"]


def test_an_envelope_that_stands_no_more_is_refused(town: Town) -> None:
    """An older version, one that was taken back, or another insurer's, is not answered with a receipt."""
    tender_id, insurer = make_tender(town), town.insurers[0]
    town.at(BEFORE)
    raw = envelope_of(town, tender_id, insurer, form_of()).getvalue()
    _submit(town, tender_id, insurer, raw)
    with pytest.raises(Refusal, match=r"envelope_|signer_unknown"):
        _submit(town, tender_id, town.insurers[1], raw)
    newer = envelope_of(town, tender_id, insurer, form_of(110_000)).getvalue()
    _submit(town, tender_id, insurer, newer)
    with pytest.raises(Refusal, match="envelope_"):
        _submit(town, tender_id, insurer, raw)
    who = insurer.bidder
    town.run(who, lambda s: bids.withdraw(s, town.tender(s, tender_id), by=who, at=BEFORE))
    with pytest.raises(Refusal, match="envelope_"):
        _submit(town, tender_id, insurer, newer)


def test_a_receipt_that_was_lost_is_issued_on_the_next_try(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between the bid and its receipt: the bid stands once, and the retry brings the receipt."""
    tender_id, insurer = make_tender(town), town.insurers[0]
    town.at(BEFORE)
    raw = _lose_the_receipt(town, tender_id, insurer, monkeypatch)
    receipt = _submit(town, tender_id, insurer, raw)
    assert receipts.receipt_holds(receipt.document, receipt.public_key, receipt.signature)
    assert _told(town) == ["bid.sealed", "bid.receipt_issued"]


def test_no_bid_is_opened_without_its_receipt(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the platform took it owes a receipt for: issued by who opens, once the box is closed."""
    tender_id = make_tender(town)
    town.at(BEFORE)
    for place in (0, 1):
        hand_in(town, tender_id, town.insurers[place], form_of(100_000 + place))
    _lose_the_receipt(town, tender_id, town.insurers[2], monkeypatch)
    with pytest.raises(Conflict, match="keys_too_early"), unit_of_work(town.engine, town.officer) as session:
        receipts.issue_missing(session, town.tender(session, tender_id), town.receipt_key, by=town.officer, at=BEFORE)
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    with pytest.raises(Conflict, match="receipts_missing"), unit_of_work(town.engine, town.officer) as session:
        opening.open_all(session, town.tender(session, tender_id), town.store, by=town.officer, at=at)
    assert [row.outcome for row in open_bids(town, tender_id, at)] == ["opened"] * 3
    with unit_of_work(town.engine, SYSTEM) as session:
        given = session.scalars(select(BidReceipt)).all()
        assert len(given) == 3
        assert all(receipts.receipt_holds(one.document, one.public_key, one.signature) for one in given)
        last = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "bid.receipt_issued").order_by(AuditEvent.id.desc())
        ).first()
        assert last is not None and last.person_id == town.officer.person_id and last.at >= OPENED
