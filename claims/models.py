"""The rows of claims: faults and what happened to them, claims, agreements to them, cash calls, recoveries, fees."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Model, new_id
from underwriting.models import Lift, Policy

FAULT_NUMBER = Sequence("fault_number", metadata=Model.metadata)
CLAIM_NUMBER = Sequence("claim_number", metadata=Model.metadata)


class Fault(Model):
    """A lift that does not do what it should, from report to acceptance. Its instants are the server's, in order."""

    __tablename__ = "fault"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(FAULT_NUMBER, server_default=FAULT_NUMBER.next_value(), unique=True)
    lift_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lift.id"))
    stage: Mapped[str]
    description: Mapped[str]
    is_trapped: Mapped[bool]
    is_built_up: Mapped[bool]
    source: Mapped[str]
    reported_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    repaired_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    reported_by: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column()
    lift: Mapped[Lift] = relationship(lazy="raise")
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        CheckConstraint(
            "stage IN ('reported', 'acknowledged', 'on_site', 'repaired', 'accepted', 'withdrawn')", name="stage"
        ),
        CheckConstraint("acknowledged_at >= reported_at", name="acknowledged"),
        CheckConstraint("arrived_at >= reported_at", name="arrived"),
        CheckConstraint("repaired_at >= reported_at AND repaired_at >= arrived_at", name="repaired"),
        CheckConstraint("accepted_at >= repaired_at", name="accepted"),
        CheckConstraint("length(description) BETWEEN 1 AND 2000", name="description"),
        Index("ix_fault_lift", "lift_id", "reported_at"),
        Index("ix_fault_reported_at", "reported_at"),
        Index("ix_fault_stage", "stage", "reported_at"),
    )


class FaultEvent(Model):
    """One step of a fault, never changed: a correction is a new step with its reason."""

    __tablename__ = "fault_event"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    fault_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fault.id"), index=True)
    verb: Mapped[str]
    at: Mapped[datetime]
    person_id: Mapped[uuid.UUID | None]
    note: Mapped[str]


class Claim(Model):
    """What a policy pays for one loss. `estimate_fen` is claimed at 100 %; `payable_fen` is what was approved.

    `needs` says who must agree to the estimate: the lead alone, or all members, whom every one of the `topics`
    (`claims.authority.Topic`) asks for. `estimated_by` put the estimate as it stands, by making or last revising the
    claim; `marked_by` are all who marked a topic; `assessed_by` entered the bill (its lines), where there is one.
    An approval keeps the loss that the lines allowed (`loss_fen`) and what was payable for other losses of the policy
    by then (`paid_before_fen`), from which the working is done again. `payee_id` is whom a batch pays it to.
    """

    __tablename__ = "claim"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy.id"), index=True)
    fault_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fault.id"))
    number: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[str]
    title: Mapped[str]
    estimate_fen: Mapped[int]
    estimate_version: Mapped[int]
    needs: Mapped[str]
    topics: Mapped[list[str]]
    payable_fen: Mapped[int | None]
    loss_fen: Mapped[int | None]
    paid_before_fen: Mapped[int | None]
    assessed_by: Mapped[uuid.UUID | None]
    estimated_by: Mapped[uuid.UUID | None]
    marked_by: Mapped[list[uuid.UUID]]
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[datetime]
    approved_by: Mapped[uuid.UUID | None]
    approved_on: Mapped[date | None]
    approved_entry_id: Mapped[int | None]
    paid_on: Mapped[date | None]
    payee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payee.id"))
    rejected_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    policy: Mapped[Policy] = relationship(lazy="raise")
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        CheckConstraint(
            "stage IN ('open', 'submitted', 'agreed', 'approved', 'called', 'paid', 'rejected')", name="stage"
        ),
        CheckConstraint("needs IN ('lead', 'all')", name="needs"),
        CheckConstraint(
            "topics <@ ARRAY['ex_gratia', 'commutation', 'rescission', 'cover_disputed', 'litigation',"
            " 'fraud_suspected', 'regulatory_breach'] AND (needs = 'all' OR topics = '{}')",
            name="topics",
        ),
        CheckConstraint("estimate_fen > 0 AND estimate_fen <= 1000000000000000", name="estimate"),
        CheckConstraint("payable_fen > 0 AND payable_fen <= estimate_fen", name="payable"),
        CheckConstraint("loss_fen >= payable_fen AND loss_fen <= estimate_fen", name="loss"),
        CheckConstraint(
            "approved_by <> made_by AND approved_by <> estimated_by AND approved_by <> assessed_by"
            " AND approved_by <> ALL (marked_by)",
            name="four_eyes",
        ),
        CheckConstraint(
            "(approved_entry_id IS NULL) = (payable_fen IS NULL) AND (paid_before_fen IS NULL) = (payable_fen IS NULL)"
            " AND (loss_fen IS NULL OR payable_fen IS NOT NULL)",
            name="approved",
        ),
        CheckConstraint("paid_on >= approved_on", name="paid"),
        Index("ix_claim_pool", "pool_id", "made_at"),
        Index("uq_claim_fault", "fault_id", unique=True, postgresql_where=text("stage <> 'rejected'")),
    )


class ClaimLine(Model):
    """One line of a claim's repair bill: what, asked for, allowed, and the reason where less is allowed.

    The bill is replaced whole until the claim is decided, and never after.
    """

    __tablename__ = "claim_line"
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    what: Mapped[str]
    asked_fen: Mapped[int]
    allowed_fen: Mapped[int]
    reason: Mapped[str]
    __table_args__ = (
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("length(what) BETWEEN 1 AND 200", name="what"),
        CheckConstraint(
            "asked_fen BETWEEN 1 AND 1000000000000000 AND allowed_fen BETWEEN 0 AND asked_fen", name="amounts"
        ),
        CheckConstraint(
            "length(reason) <= 500 AND (allowed_fen = asked_fen OR length(btrim(reason)) > 0)", name="reason"
        ),
    )


class ClaimAgreement(Model):
    """A member agreed to one version of a claim's estimate. Never changed."""

    __tablename__ = "claim_agreement"
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    estimate_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    person_id: Mapped[uuid.UUID | None]
    at: Mapped[datetime]


class ClaimPayment(Model):
    """A claim paid, by the lead or from pool money: once for each instalment, one entry each. Never changed."""

    __tablename__ = "claim_payment"
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    instalment: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pool_id: Mapped[int]
    entry_id: Mapped[int]
    amount_fen: Mapped[int]
    source: Mapped[str]
    paid_on: Mapped[date]
    paid_by: Mapped[uuid.UUID | None]
    __table_args__ = (
        UniqueConstraint("pool_id", "entry_id"),
        CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name="amount"),
        CheckConstraint("source IN ('lead', 'pool')", name="source"),
    )


class CashCall(Model):
    """What one follower was asked for on a large claim; received, or taken into a statement when it fell overdue."""

    __tablename__ = "cash_call"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    amount_fen: Mapped[int]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    stage: Mapped[str]
    received_on: Mapped[date | None]
    taken_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        UniqueConstraint("claim_id", "organisation_id"),
        CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name="amount"),
        CheckConstraint("due_on >= issued_on", name="due"),
        CheckConstraint("received_on >= issued_on", name="received"),
        CheckConstraint("stage IN ('issued', 'received', 'taken')", name="stage"),
        Index("ix_cash_call_pool", "pool_id", "stage"),
    )


class ClaimCost(Model):
    """A loss adjuster's fee on a claim: approved, then paid by the lead."""

    __tablename__ = "claim_cost"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"), index=True)
    amount_fen: Mapped[int]
    approved_entry_id: Mapped[int | None]
    approved_on: Mapped[date]
    approved_by: Mapped[uuid.UUID | None]
    paid_on: Mapped[date | None]
    paid_by: Mapped[uuid.UUID | None]
    stage: Mapped[str]
    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name="amount"),
        CheckConstraint("paid_by <> approved_by", name="four_eyes"),
        CheckConstraint("paid_on >= approved_on", name="paid"),
        CheckConstraint("stage IN ('approved', 'paid')", name="stage"),
    )


class Recovery(Model):
    """Subrogation or salvage received by the lead on a claim and shared by all. Never changed."""

    __tablename__ = "recovery"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claim.id"), index=True)
    kind: Mapped[str]
    amount_fen: Mapped[int]
    received_on: Mapped[date]
    entry_id: Mapped[int]
    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND amount_fen <= 1000000000000000", name="amount"),
        CheckConstraint("kind IN ('subrogation', 'salvage')", name="kind"),
    )


class FeeCharge(Model):
    """The lead's fee charged to one follower at one close, with the cumulative base it follows from. Never changed."""

    __tablename__ = "fee_charge"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    period_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    base_fen: Mapped[int]
    fee_fen: Mapped[int]
    vat_fen: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "number"], ["share_version.pool_id", "share_version.number"]),
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
    )
