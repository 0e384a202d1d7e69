"""The rows of a tender, up to the closing of its box: the tender, its criteria, custodians, amendments and bids.

What comes after the opening stands in tender/outcome_models.py. Points and marks are whole hundredths of a point.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id

STAGES = (
    "'draft', 'keyed', 'approved', 'published', 'suspended', 'opening', 'opened', 'evaluating', 'reported',"
    " 'allocated', 'standstill', 'awarded', 'contracted', 'complete', 'cancelled', 'failed', 'annulled'"
)
BID_STAGES = (
    "'sealed', 'withdrawn', 'opened', 'revoked', 'withdrawn_by_fault', 'unreadable', 'qualified', 'rejected',"
    " 'scored', 'offered', 'accepted', 'declined', 'member', 'unsuccessful'"
)


class Tender(Model):
    """One tender. What bidders rely on is fixed from its publication on (trigger); the rest is its life.

    `ceiling_fen` is the highest gross premium of one lift and year that may be bid; `largest_loss_fen` the largest loss
    of one risk, where the law's cap on one risk is to be reckoned. `notice` is what was approved, as canonical JSON,
    `notice_hash` its SHA-256. `allocation` holds how shares are
    made, `agreement_terms` and `service_standard` what every member will sign. `box_closed_at`: from then on the box
    takes nothing; `opening_confirmed_at` (stamped by the database): a second person confirmed the opening, and keys are
    taken; `opened_at`: the bids were opened. `amendment` counts amendments,
    `ceremony` the key ceremonies: a new one begins with other custodians, keys or threshold, and with a return.
    """

    __tablename__ = "tender"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    profile: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    lift_count: Mapped[int]
    budget_fen: Mapped[int]
    ceiling_fen: Mapped[int]
    bond_fen: Mapped[int]
    largest_loss_fen: Mapped[int | None]
    documents_from_on: Mapped[date]
    documents_to_on: Mapped[date]
    qualifications: Mapped[list[str]]
    committee_size: Mapped[int]
    committee_experts: Mapped[int]
    bidders_min: Mapped[int]
    price_weight_hundredths: Mapped[int]
    drops_extreme_marks: Mapped[bool]
    recomputes_after_exclusion: Mapped[bool]
    tie_keys: Mapped[list[str]]
    allocation: Mapped[dict[str, Any]]
    price_rule: Mapped[str]
    agreement_terms: Mapped[dict[str, Any]]
    service_standard: Mapped[dict[str, Any]]
    answer_days: Mapped[int]
    lock: Mapped[str]
    threshold: Mapped[int]
    ceremony: Mapped[int]
    deadline_at: Mapped[datetime]
    opening_at: Mapped[datetime]
    stage: Mapped[str]
    stage_before: Mapped[str | None]
    amendment: Mapped[int]
    notice: Mapped[str | None]
    notice_hash: Mapped[str | None]
    notice_medium: Mapped[str | None]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
    rehearsed_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None]
    approved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    box_closed_at: Mapped[datetime | None]
    opening_started_by: Mapped[uuid.UUID | None]
    opening_confirmed_by: Mapped[uuid.UUID | None]
    opening_confirmed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    publicity_from_at: Mapped[datetime | None]
    publicity_ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        CheckConstraint(f"stage IN ({STAGES})", name="stage"),
        CheckConstraint("(stage = 'suspended') = (stage_before IS NOT NULL)", name="suspended"),
        CheckConstraint("starts_on < ends_on", name="window"),
        CheckConstraint("opening_at >= deadline_at", name="opening"),
        CheckConstraint(
            "(box_closed_at IS NULL) = (opening_started_by IS NULL)"
            " AND (opening_confirmed_by IS NULL) = (opening_confirmed_at IS NULL)"
            " AND (opening_confirmed_at IS NULL OR box_closed_at IS NOT NULL)"
            " AND (opened_at IS NULL OR opening_confirmed_at IS NOT NULL)",
            name="opening_confirmed",
        ),
        CheckConstraint("opening_confirmed_by <> opening_started_by", name="opening_two_persons"),
        CheckConstraint(
            "lift_count > 0 AND budget_fen > 0 AND ceiling_fen > 0 AND bond_fen >= 0 AND bidders_min >= 1"
            " AND answer_days BETWEEN 1 AND 30 AND amendment >= 0",
            name="figures",
        ),
        CheckConstraint("profile IN ('B', 'Bm', 'G')", name="profile"),
        CheckConstraint("committee_experts BETWEEN 0 AND committee_size AND largest_loss_fen > 0", name="committee"),
        CheckConstraint("price_weight_hundredths BETWEEN 0 AND 10000", name="price_weight"),
        CheckConstraint("threshold BETWEEN 2 AND 16", name="threshold"),
        CheckConstraint("lock IN ('custodians', 'both')", name="lock"),
        CheckConstraint("price_rule IN ('lead', 'lowest', 'weighted')", name="price_rule"),
        CheckConstraint("notice_hash ~ '^[0-9a-f]{64}$'", name="notice_hash"),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="four_eyes"),
        CheckConstraint("published_at IS NULL OR (approved_at IS NOT NULL AND notice_hash IS NOT NULL)", name="notice"),
        CheckConstraint("box_closed_at IS NULL OR box_closed_at >= deadline_at", name="box_closed"),
        CheckConstraint("opened_at IS NULL OR opened_at >= box_closed_at", name="opened"),
        CheckConstraint(
            "(stage <> 'draft' OR rehearsed_at IS NULL) AND (stage NOT IN ('keyed', 'approved') AND approved_at IS NULL"
            " AND published_at IS NULL OR rehearsed_at IS NOT NULL)",
            name="rehearsed",
        ),
        CheckConstraint("length(number) BETWEEN 1 AND 40 AND length(title) BETWEEN 1 AND 200", name="names"),
    )


class Criterion(Model):
    """One scored item: `weight_hundredths` of a point in the total, marked from 0 to `mark_max_hundredths`."""

    __tablename__ = "criterion"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    weight_hundredths: Mapped[int]
    mark_max_hundredths: Mapped[int]
    mark_step_hundredths: Mapped[int]
    is_objective: Mapped[bool]
    __table_args__ = (
        UniqueConstraint("tender_id", "name"),
        CheckConstraint("weight_hundredths BETWEEN 1 AND 10000", name="weight"),
        CheckConstraint("mark_max_hundredths BETWEEN 1 AND 100000", name="mark_max"),
        CheckConstraint("mark_step_hundredths BETWEEN 1 AND mark_max_hundredths", name="mark_step"),
    )


class TenderSide(Model):
    """The one side of a tender that a person stands on."""

    __tablename__ = "tender_side"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    side: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    __table_args__ = (CheckConstraint("side IN ('bureau', 'custodian', 'committee', 'bidder')", name="side"),)


class Custodian(Model):
    """One key custodian: `place` counts from 0 and numbers the share. The private key never reaches the server."""

    __tablename__ = "custodian"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    public_key: Mapped[bytes | None]
    fingerprint: Mapped[str | None]
    given_at: Mapped[datetime | None]
    challenge: Mapped[bytes | None]
    answer_sha256: Mapped[bytes | None]
    proved_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("tender_id", "person_id"),
        UniqueConstraint("tender_id", "fingerprint"),
        CheckConstraint("place BETWEEN 0 AND 15", name="place"),
        CheckConstraint("proved_at IS NULL OR public_key IS NOT NULL", name="proved"),
        CheckConstraint("(public_key IS NULL) = (fingerprint IS NULL)", name="fingerprint"),
    )


class Rehearsal(Model):
    """A dummy bid sealed to the custodians' keys, to be opened before the tender may be published.

    It counts for the `ceremony` in which it was made, with the keys (`fingerprints`) and the `threshold` of then.
    """

    __tablename__ = "rehearsal"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ceremony: Mapped[int]
    threshold: Mapped[int]
    fingerprints: Mapped[list[str]]
    container: Mapped[bytes]
    content_sha256: Mapped[str]
    made_at: Mapped[datetime]


class RehearsalShare(Model):
    """One custodian's share of a rehearsal's key: the proof that this custodian holds the private key."""

    __tablename__ = "rehearsal_share"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    share: Mapped[bytes]
    given_at: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tender_id", "number"], ["rehearsal.tender_id", "rehearsal.number"]),)


class Amendment(Model):
    """A published change of a tender, numbered from 1; `affects_bids` keeps 15 days to the deadline. Never changed.

    One that moves the deadline was confirmed by a second person, or gives back the time of a halt (`cause`).
    """

    __tablename__ = "amendment"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    reason: Mapped[str]
    cause: Mapped[str]
    affects_bids: Mapped[bool]
    deadline_before: Mapped[datetime]
    deadline_after: Mapped[datetime]
    issued_by: Mapped[uuid.UUID | None]
    confirmed_by: Mapped[uuid.UUID | None]
    issued_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("deadline_after >= deadline_before", name="deadline"),
        CheckConstraint("length(reason) > 0 AND cause IN ('change', 'halt')", name="why"),
        CheckConstraint("deadline_after = deadline_before OR cause = 'halt' OR confirmed_by IS NOT NULL", name="moved"),
        CheckConstraint("confirmed_by <> issued_by", name="two_persons"),
    )


class SigningKey(Model):
    """A public key that an insurer has registered to sign its bids with, until it is revoked."""

    __tablename__ = "signing_key"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    public_key: Mapped[bytes]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    registered_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    registered_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Bid(Model):
    """One insurer's bid: its latest sealed version and its stage. `withdrawn` until it is sealed anew."""

    __tablename__ = "bid"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    current: Mapped[int]
    stage: Mapped[str]
    rejected_for: Mapped[str | None]
    reject_note: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        UniqueConstraint("tender_id", "organisation_id"),
        CheckConstraint(f"stage IN ({BID_STAGES})", name="stage"),
        CheckConstraint("current >= 1", name="current"),
        CheckConstraint("(stage = 'rejected') = (rejected_for IS NOT NULL)", name="rejected"),
    )


class SealedBid(Model):
    """One sealed version of a bid. The database stamps `received_at` and takes none late; never changed.

    `header` is the signed beginning of the container, whose hash receipt and log state; `digest` names the whole
    container in the store of papers.
    """

    __tablename__ = "sealed_bid"
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=new_id)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    header: Mapped[bytes]
    header_sha256: Mapped[str]
    digest: Mapped[str]
    size: Mapped[int]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    received_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("header_sha256 ~ '^[0-9a-f]{64}$' AND digest ~ '^[0-9a-f]{64}$'", name="hashes"),
        CheckConstraint("size > 0", name="size"),
    )


class BidWithdrawal(Model):
    """That an insurer took back its bid up to and with version `number`, before the deadline. Never changed."""

    __tablename__ = "bid_withdrawal"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    received_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    __table_args__ = (
        ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
        ),
    )


class BidReceipt(Model):
    """The signed receipt of one sealed version: canonical JSON and an Ed25519 signature over it. Never changed."""

    __tablename__ = "bid_receipt"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str]
    public_key: Mapped[bytes]
    signature: Mapped[bytes]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
        ),
    )


class CustodianShare(Model):
    """One custodian's share of one bid's key, checked against its commitment; taken only after the deadline."""

    __tablename__ = "custodian_share"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    share: Mapped[bytes]
    given_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    __table_args__ = (
        ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
        ),
        ForeignKeyConstraint(["tender_id", "place"], ["custodian.tender_id", "custodian.place"]),
    )


class BidderKey(Model):
    """A key that a bidder gave for its own bid: `k1` its own lock, `k2` its fallback; only after the deadline."""

    __tablename__ = "bidder_key"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    given_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    __table_args__ = (
        ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
        ),
        CheckConstraint("kind IN ('k1', 'k2')", name="kind"),
    )
