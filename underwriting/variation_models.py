"""The rows of a change of a pool's agreement that is proposed to its parties, and of their consents."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class Variation(Model):
    """A change of a pool's clauses and of its end, proposed on the version `base_number`; concluded it is the next.

    `settled_apart` and `is_step_up` are what the new version says of both, not what is added.
    """

    __tablename__ = "variation"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    base_number: Mapped[int]
    effective_on: Mapped[date]
    ends_on: Mapped[date]
    settled_apart: Mapped[list[str]]
    is_step_up: Mapped[bool]
    reason: Mapped[str]
    stage: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    declined_why: Mapped[str | None]
    agreement_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("agreement.id"), unique=True)
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "base_number"], ["agreement.pool_id", "agreement.number"]),
        Index("uq_variation_open", "pool_id", unique=True, postgresql_where=text("stage = 'proposed'")),
        CheckConstraint("stage IN ('proposed', 'concluded', 'declined', 'withdrawn', 'lapsed')", name="stage"),
        CheckConstraint("ends_on - effective_on BETWEEN 1 AND 3653", name="window"),
        CheckConstraint("length(btrim(reason)) > 0 AND length(reason) <= 500", name="reason"),
        CheckConstraint("(stage = 'proposed') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "(stage = 'declined') = (declined_why IS NOT NULL) AND length(declined_why) BETWEEN 1 AND 500",
            name="declined",
        ),
        CheckConstraint("(stage = 'concluded') = (agreement_id IS NOT NULL)", name="made"),
    )


class VariationConsent(Model):
    """That a party consents to a proposed change. Never changed."""

    __tablename__ = "variation_consent"
    variation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variation.id"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    said_by: Mapped[uuid.UUID]
    said_at: Mapped[datetime]
