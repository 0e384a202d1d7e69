"""The rows of underwriting: pools, agreements, communities, buildings, lifts, policies, refunds, bordereaux."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Model, new_id
from core.parties import Organisation
from underwriting.sent_models import SentFault, SentList


class Pool(Model):
    """A co-insurance pool; its number is its book's.

    `award_id` and `tender_id` are empty for a pool formed without a tender; a tender leads to one pool at most.
    """

    __tablename__ = "pool"
    id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"), primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(unique=True)
    lead_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    award_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    tender_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    formed_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["award_id", "tender_id"], ["award.id", "award.tender_id"]),
        CheckConstraint("(award_id IS NULL) = (tender_id IS NULL)", name="award"),
    )


class Agreement(Model):
    """One version of a pool's agreement: a share version and the terms that go with it. Never changed."""

    __tablename__ = "agreement"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    number: Mapped[int]
    effective_on: Mapped[date]
    ends_on: Mapped[date]
    remittance: Mapped[str]
    collection: Mapped[str]
    lead_fee_bp: Mapped[int]
    vat_bp: Mapped[int]
    lead_alone_limit_fen: Mapped[int]
    cash_call_from_fen: Mapped[int]
    cash_call_due_days: Mapped[int]
    settlement_days: Mapped[int]
    late_interest_bp: Mapped[int]
    day_count: Mapped[int]
    lift_premium_fen: Mapped[int]
    deductible_fen: Mapped[int]
    deductible_bp: Mapped[int]
    limit_fen: Mapped[int]
    aggregate_limit_fen: Mapped[int]
    service_standard: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "number"], ["share_version.pool_id", "share_version.number"]),
        UniqueConstraint("pool_id", "number"),
        CheckConstraint("remittance IN ('gross', 'net')", name="remittance"),
        CheckConstraint("collection IN ('lead', 'each')", name="collection"),
        CheckConstraint("effective_on < ends_on", name="window"),
        CheckConstraint(
            "lead_fee_bp >= 0 AND vat_bp >= 0 AND lead_alone_limit_fen >= 0 AND cash_call_from_fen >= 0"
            " AND cash_call_due_days > 0 AND settlement_days > 0 AND late_interest_bp >= 0 AND day_count > 0"
            " AND lift_premium_fen >= 0",
            name="terms",
        ),
        CheckConstraint(
            "deductible_fen >= 0 AND deductible_bp BETWEEN 0 AND 10000 AND limit_fen >= 0 AND aggregate_limit_fen >= 0",
            name="cover",
        ),
    )


class AgreementClauses(Model):
    """Clauses that a version of an agreement has beyond its terms; one without has no row. Never changed.

    `settled_apart`: the lines of a statement that are paid on their own; `is_step_up`: a member's shortfall is borne by
    the others.
    """

    __tablename__ = "agreement_clauses"
    agreement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("agreement.id"), primary_key=True)
    settled_apart: Mapped[list[str]]
    is_step_up: Mapped[bool]
    __table_args__ = (CheckConstraint("is_step_up OR cardinality(settled_apart) > 0", name="said"),)


class Community(Model):
    """A residential estate."""

    __tablename__ = "community"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    district: Mapped[str]
    sort_key: Mapped[str]
    households: Mapped[int]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    __table_args__ = (
        UniqueConstraint("district", "name"),
        CheckConstraint("households >= 0", name="households"),
        Index("ix_community_sort_key", "sort_key"),
    )


class EstateCount(Model):
    """How many buildings and lifts a community has; the database counts them as they come in, nobody else writes it."""

    __tablename__ = "estate_count"
    community_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("community.id"), primary_key=True)
    buildings: Mapped[int]
    lifts: Mapped[int]
    __table_args__ = (CheckConstraint("buildings >= 0 AND lifts >= 0", name="counts"),)


class Building(Model):
    """One building of a community; its fund account pays for its lifts."""

    __tablename__ = "building"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    community_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("community.id"))
    name: Mapped[str]
    community: Mapped[Community] = relationship(lazy="raise")
    __table_args__ = (UniqueConstraint("community_id", "name"),)


class Lift(Model):
    """One lift, known by its registration number; its repairer (维保单位) works its faults."""

    __tablename__ = "lift"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    building_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("building.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    in_service_on: Mapped[date]
    floors: Mapped[int]
    repairer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    building: Mapped[Building] = relationship(lazy="raise")
    repairer: Mapped[Organisation | None] = relationship(lazy="raise")
    __table_args__ = (
        CheckConstraint("floors BETWEEN 2 AND 200", name="floors"),
        CheckConstraint("length(number) BETWEEN 1 AND 40", name="number"),
    )


class Policy(Model):
    """A policy for a batch of lifts from its inception up to, not including, its expiry day.

    Claims and refunds on it use the share version of its agreement, whatever the day of payment. That its agreement is
    its pool's and its community is there, a trigger holds for every write as a whole.
    """

    __tablename__ = "policy"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    agreement_id: Mapped[uuid.UUID]
    community_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    number: Mapped[str] = mapped_column(unique=True)
    inception_on: Mapped[date]
    expires_on: Mapped[date]
    lift_count: Mapped[int]
    gross_fen: Mapped[int]
    net_fen: Mapped[int]
    vat_fen: Mapped[int]
    stage: Mapped[str]
    written_entry_id: Mapped[int | None]
    received_on: Mapped[date | None]
    remitted_on: Mapped[date | None]
    bound_at: Mapped[datetime]
    bound_by: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column()
    agreement: Mapped[Agreement] = relationship(
        lazy="raise", primaryjoin="foreign(Policy.agreement_id) == Agreement.id"
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        CheckConstraint("inception_on < expires_on", name="term"),
        CheckConstraint("remitted_on >= received_on", name="remitted"),
        CheckConstraint(
            "gross_fen BETWEEN 1 AND 1000000000000000 AND gross_fen = net_fen + vat_fen AND vat_fen >= 0",
            name="premium",
        ),
        CheckConstraint("lift_count > 0", name="lift_count"),
        CheckConstraint("stage IN ('bound', 'received', 'remitted', 'collected', 'taken')", name="stage"),
        Index("ix_policy_pool", "pool_id", "inception_on"),
        Index("ix_policy_listed", text("inception_on DESC"), "id"),
    )


class PolicyLift(Model):
    """A lift on a policy, with its part of the gross premium; off the policy from `removed_on` on."""

    __tablename__ = "policy_lift"
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy.id"), primary_key=True)
    lift_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lift.id"), primary_key=True, index=True)
    gross_fen: Mapped[int]
    covered_from: Mapped[date]
    covered_to: Mapped[date]
    __table_args__ = (
        CheckConstraint("gross_fen BETWEEN 1 AND 1000000000000000", name="gross"),
        CheckConstraint("covered_from <= covered_to", name="covered"),
    )


class CoverCount(Model):
    """How many lifts of a community a policy covers for one term; counted by the database, as `EstateCount` is."""

    __tablename__ = "cover_count"
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy.id"), primary_key=True)
    community_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("community.id"), primary_key=True)
    covered_from: Mapped[date] = mapped_column(primary_key=True)
    covered_to: Mapped[date] = mapped_column(primary_key=True)
    lifts: Mapped[int]
    __table_args__ = (
        CheckConstraint("lifts >= 0", name="lifts"),
        Index("ix_cover_count_place", "community_id", "covered_to", "covered_from", postgresql_include=["lifts"]),
    )


class Refund(Model):
    """Premium given back on a policy: agreed, then paid by the lead (or struck from what was still to be collected)."""

    __tablename__ = "refund"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy.id"), index=True)
    effective_on: Mapped[date]
    gross_fen: Mapped[int]
    net_fen: Mapped[int]
    vat_fen: Mapped[int]
    is_collected: Mapped[bool]
    stage: Mapped[str]
    agreed_entry_id: Mapped[int | None]
    agreed_on: Mapped[date]
    agreed_by: Mapped[uuid.UUID | None]
    paid_on: Mapped[date | None]
    paid_by: Mapped[uuid.UUID | None]
    __table_args__ = (
        CheckConstraint("gross_fen BETWEEN 1 AND 1000000000000000 AND gross_fen = net_fen + vat_fen", name="amount"),
        CheckConstraint("paid_by <> agreed_by", name="four_eyes"),
        CheckConstraint("paid_on >= agreed_on", name="paid"),
        CheckConstraint("stage IN ('agreed', 'paid', 'struck')", name="stage"),
    )


class BordereauFault(SentFault):
    """What is wrong with one row of a bordereau's file. Never changed."""

    __tablename__ = "bordereau_fault"
    of = "bordereau"


class Bordereau(SentList):
    """A list of premiums: read in pieces into rows that wait, posted as one batch; `row_count` rows of it wait."""

    __tablename__ = kind = "bordereau"
    faults = BordereauFault
    row_count: Mapped[int]
    gross_fen: Mapped[int]
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("entry_batch.id"))
    policies_digest: Mapped[str | None]
    own_args = (
        CheckConstraint("row_count >= 0 AND gross_fen >= 0", name="held"),
        CheckConstraint(
            "(posted_at IS NULL) = (batch_id IS NULL) AND (batch_id IS NULL) = (policies_digest IS NULL)", name="batch"
        ),
    )

    @property
    def told(self) -> Mapping[str, int]:
        """Return what each of its moves tells the log of how much it holds."""
        return {"rows": self.row_count, "gross_fen": self.gross_fen}


class BordereauPiece(Model):
    """Premiums of a bordereau that wait to be posted, a list a column; `place` counts the rows of pieces before it.

    `lines` are the rows of the file that they stand in.
    """

    __tablename__ = "bordereau_piece"
    bordereau_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lines: Mapped[list[int]]
    numbers: Mapped[list[str]]
    community_ids: Mapped[list[uuid.UUID | None]] = mapped_column(ARRAY(Uuid))
    inceptions: Mapped[list[date]]
    expiries: Mapped[list[date]]
    lift_counts: Mapped[list[int]]
    gross_fens: Mapped[list[int]]
    agreement_numbers: Mapped[list[int]]
    __table_args__ = (
        CheckConstraint(
            "cardinality(lines) > 0 AND cardinality(numbers) = cardinality(lines)"
            " AND cardinality(community_ids) = cardinality(lines) AND cardinality(inceptions) = cardinality(lines)"
            " AND cardinality(expiries) = cardinality(lines) AND cardinality(lift_counts) = cardinality(lines)"
            " AND cardinality(gross_fens) = cardinality(lines) AND cardinality(agreement_numbers) = cardinality(lines)",
            name="lengths",
        ),
    )
