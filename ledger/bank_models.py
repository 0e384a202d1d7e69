"""The rows of the bank beside the book: where each member of a pool is paid to."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class BankAccount(Model):
    """An account that one member of a pool is paid to, proposed by one person and confirmed by another.

    Only the columns of its stage are ever written again. It is the member's account from `effective_on` on, until a
    later one takes effect: the first at once, a change two working days after it was confirmed (trigger).
    """

    __tablename__ = "bank_account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    bank: Mapped[str]
    cnaps: Mapped[str]
    number: Mapped[str]
    stage: Mapped[str]
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    effective_on: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("stage IN ('proposed', 'confirmed', 'rejected')", name="stage"),
        CheckConstraint("length(name) BETWEEN 1 AND 140 AND length(bank) BETWEEN 1 AND 140", name="names"),
        CheckConstraint("cnaps ~ '^[0-9]{12}$' AND number ~ '^[0-9]{8,34}$'", name="numbers"),
        CheckConstraint(
            "(stage = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (stage = 'confirmed') = (effective_on IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint("stage <> 'confirmed' OR decided_by <> proposed_by", name="four_eyes"),
        Index(
            "ux_bank_account_proposed",
            "pool_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("stage = 'proposed'"),
        ),
        Index("ix_bank_account_member", "pool_id", "organisation_id", "effective_on"),
    )
