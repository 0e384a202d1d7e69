"""The rows of a tender after its opening: what came out of the bids, marks, the report, shares offered, the award."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class OpenedBid(Model):
    """One line of the opening record: the form of a bid that opened, or why it did not. Never changed.

    `line_bp` is the written line, `floor_bp` the least share the insurer takes, `nonce` its lot for the public draw.
    """

    __tablename__ = "opened_bid"
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), index=True)
    organisation_id: Mapped[uuid.UUID]
    number: Mapped[int]
    header_sha256: Mapped[str]
    received_at: Mapped[datetime]
    outcome: Mapped[str]
    failure: Mapped[str | None]
    price_fen: Mapped[int | None]
    line_bp: Mapped[int | None]
    floor_bp: Mapped[int | None]
    is_willing_to_lead: Mapped[bool | None]
    nonce: Mapped[str | None]
    opened_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(
            ["tender_id", "organisation_id", "number"],
            ["sealed_bid.tender_id", "sealed_bid.organisation_id", "sealed_bid.number"],
        ),
        CheckConstraint("outcome IN ('opened', 'revoked', 'withdrawn_by_fault', 'unreadable')", name="outcome"),
        CheckConstraint("(outcome = 'opened') = (failure IS NULL)", name="failure"),
        CheckConstraint(
            "outcome <> 'opened' OR (price_fen > 0 AND line_bp BETWEEN 1 AND 10000 AND floor_bp BETWEEN 0 AND line_bp"
            " AND nonce ~ '^([0-9a-f]{2}){1,64}$' AND is_willing_to_lead IS NOT NULL)",
            name="form",
        ),
    )


class OpenedPart(Model):
    """What one part of an opened bid held: its fields, and its files as they stand in the store. Never changed."""

    __tablename__ = "opened_part"
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"))
    organisation_id: Mapped[uuid.UUID]
    fields: Mapped[dict[str, Any]]
    files: Mapped[dict[str, Any]]


class CommitteeMember(Model):
    """One member of the committee. `conflict` is what was declared after the bidders were known; "" = none."""

    __tablename__ = "committee_member"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    is_expert: Mapped[bool]
    is_chair: Mapped[bool]
    declared_at: Mapped[datetime | None]
    conflict: Mapped[str | None]
    replaced_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("(declared_at IS NULL) = (conflict IS NULL)", name="declared"),
        CheckConstraint("locked_at IS NULL OR conflict = ''", name="locked"),
    )


class Mark(Model):
    """One expert's mark for one bid on one criterion, in hundredths; fixed once its sheet is locked (trigger)."""

    __tablename__ = "mark"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    mark_hundredths: Mapped[int]
    saved_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tender_id", "person_id"], ["committee_member.tender_id", "committee_member.person_id"]),
        ForeignKeyConstraint(["tender_id", "place"], ["criterion.tender_id", "criterion.place"]),
        CheckConstraint("mark_hundredths >= 0", name="mark"),
    )


class Report(Model):
    """An evaluation report: scores and ranking with their working, the draw, and their hash. Never changed.

    A recount makes a new one; the one with the highest `number` stands.
    """

    __tablename__ = "report"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    digest: Mapped[str]
    made_at: Mapped[datetime]


class ReportSignature(Model):
    """That a member of the committee signed a report; `dissent` is what it holds against it, "" = nothing."""

    __tablename__ = "report_signature"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    dissent: Mapped[str]
    signed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["tender_id", "number"], ["report.tender_id", "report.number"]),
        ForeignKeyConstraint(["tender_id", "person_id"], ["committee_member.tender_id", "committee_member.person_id"]),
    )


class AllocationRun(Model):
    """One run of the declared allocation: what went in, what came out, the hash of both. Never changed."""

    __tablename__ = "allocation_run"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    inputs: Mapped[dict[str, Any]]
    outputs: Mapped[dict[str, Any]]
    digest: Mapped[str]
    made_at: Mapped[datetime]


class ShareOffer(Model):
    """A share of one run offered to one insurer, which answers by `answer_due_at` or is taken to decline."""

    __tablename__ = "share_offer"
    tender_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    bid_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bid.id"))
    place: Mapped[int]
    share_bp: Mapped[int]
    is_lead: Mapped[bool]
    answer_due_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[uuid.UUID | None]
    __table_args__ = (
        ForeignKeyConstraint(["tender_id", "number"], ["allocation_run.tender_id", "allocation_run.number"]),
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"),
        CheckConstraint("answer IN ('accepted', 'declined', 'lapsed')", name="answer"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    )


class Objection(Model):
    """An objection to the result, filed in the publicity; it holds up the award until it is answered."""

    __tablename__ = "objection"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    text: Mapped[str]
    filed_at: Mapped[datetime]
    answer: Mapped[str | None]
    is_upheld: Mapped[bool | None]
    answered_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),)


class Award(Model):
    """The award decision: lead, price, terms and the hash over all of it with the shares. Never changed."""

    __tablename__ = "award"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"))
    number: Mapped[int]
    run: Mapped[int]
    lead_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    lift_premium_fen: Mapped[int]
    terms: Mapped[dict[str, Any]]
    service_standard: Mapped[dict[str, Any]]
    digest: Mapped[str]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("tender_id", "number"),
        UniqueConstraint("id", "tender_id"),
        ForeignKeyConstraint(["tender_id", "run"], ["allocation_run.tender_id", "allocation_run.number"]),
        CheckConstraint("lift_premium_fen > 0", name="price"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    )


class AwardMember(Model):
    """One member of the awarded pool and its share; place 0 is the lead. The shares sum to 10 000 (trigger)."""

    __tablename__ = "award_member"
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    share_bp: Mapped[int]
    __table_args__ = (
        UniqueConstraint("award_id", "organisation_id"),
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"),
    )


class AwardAgreement(Model):
    """The agreement of an award as it was rendered: `digest` is the SHA-256 of the kept paper. Never changed."""

    __tablename__ = "award_agreement"
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    digest: Mapped[str]
    rendered_by: Mapped[uuid.UUID | None]
    rendered_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("award_id", "digest"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    )


class AgreementSignature(Model):
    """That a member, or last the bureau, signed the very paper with this digest. Never changed."""

    __tablename__ = "agreement_signature"
    award_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str]
    signed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["award_id", "digest"], ["award_agreement.award_id", "award_agreement.digest"]),
    )


class AgreementRefusal(Model):
    """That a member will not sign the agreement of an award, in its own words or as the officer noted it."""

    __tablename__ = "agreement_refusal"
    award_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    refused_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(
            ["award_id", "organisation_id"], ["award_member.award_id", "award_member.organisation_id"]
        ),
        CheckConstraint("reason <> ''", name="reason"),
    )
