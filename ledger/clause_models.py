"""The rows of what an agreement's clauses bring about: items settled on their own, and shortfalls stepped up for."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class ApartItem(Model):
    """What one line of a member's statement came to in a period, taken out of the statement and paid on its own.

    Positive fen = the pool owes the member. It stands on 1220 or 2220 until it is paid.
    """

    __tablename__ = "apart_item"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    period_id: Mapped[int]
    organisation_id: Mapped[uuid.UUID]
    line: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    amount_fen: Mapped[int]
    entry_id: Mapped[int]
    due_on: Mapped[date]
    stage: Mapped[str]
    taken_at: Mapped[datetime]
    paid_on: Mapped[date | None]
    paid_by: Mapped[uuid.UUID | None]
    paid_entry_id: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
        UniqueConstraint("pool_id", "period_id", "organisation_id", "line"),
        CheckConstraint("amount_fen <> 0", name="amount"),
        CheckConstraint("stage IN ('open', 'paid')", name="stage"),
        CheckConstraint(
            "(stage = 'paid') = (paid_on IS NOT NULL) AND (paid_on IS NULL) = (paid_entry_id IS NULL)", name="paid"
        ),
    )


class StepUp(Model):
    """The shortfall of a member in default, borne by the others of a share version; cured once the member has paid.

    `parts_fen` are in the version's member order, nothing for the member itself; the carries are in units of 1/whole,
    the whole being the weights of the others.
    """

    __tablename__ = "step_up"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    number: Mapped[int]
    statement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("statement.id"), unique=True)
    organisation_id: Mapped[uuid.UUID]
    amount_fen: Mapped[int]
    parts_fen: Mapped[list[int]]
    carry_before: Mapped[list[int]]
    carry_after: Mapped[list[int]]
    stage: Mapped[str]
    reason: Mapped[str]
    entry_id: Mapped[int]
    declared_on: Mapped[date]
    declared_at: Mapped[datetime]
    declared_by: Mapped[uuid.UUID | None]
    cured_on: Mapped[date | None]
    cured_by: Mapped[uuid.UUID | None]
    cured_entry_id: Mapped[int | None]
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "number"], ["share_version.pool_id", "share_version.number"]),
        CheckConstraint("amount_fen > 0 AND parts_sum(parts_fen) = amount_fen", name="parts"),
        CheckConstraint("parts_sum(carry_before) = 0 AND parts_sum(carry_after) = 0", name="carry_zero"),
        CheckConstraint("stage IN ('declared', 'cured')", name="stage"),
        CheckConstraint("length(btrim(reason)) > 0 AND length(reason) <= 500", name="reason"),
        CheckConstraint(
            "(stage = 'cured') = (cured_on IS NOT NULL) AND (cured_on IS NULL) = (cured_entry_id IS NULL)"
            " AND (cured_on IS NULL OR cured_on >= declared_on)",
            name="cured",
        ),
    )


class PoolClosing(Model):
    """That a pool was closed for good: its run-off is over, and nothing is booked in it any more. Never changed."""

    __tablename__ = "pool_closing"
    pool_id: Mapped[int] = mapped_column(ForeignKey("book.pool_id"), primary_key=True, autoincrement=False)
    stage: Mapped[str]
    closed_on: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[uuid.UUID | None]
    __table_args__ = (CheckConstraint("stage IN ('closed')", name="stage"),)
