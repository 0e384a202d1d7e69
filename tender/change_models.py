"""Rows of what two people decide on a published tender: a later deadline, and its halt and resumption."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model


class Extension(Model):
    """An amendment that would move the deadline to `deadline_at`, proposed by one person and answered by another.

    `answer`: confirmed (then it was published as that amendment), refused, or replaced by the officer's next proposal;
    none while it waits. Changed only by its one answer.
    """

    __tablename__ = "extension"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    reason: Mapped[str]
    affects_bids: Mapped[bool]
    deadline_at: Mapped[datetime]
    proposed_by: Mapped[uuid.UUID | None]
    proposed_at: Mapped[datetime]
    answer: Mapped[str | None]
    answer_reason: Mapped[str | None]
    answered_by: Mapped[uuid.UUID | None]
    answered_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("number >= 1 AND length(text) > 0 AND length(reason) > 0", name="words"),
        CheckConstraint("answer IN ('confirmed', 'refused', 'replaced')", name="answer"),
        CheckConstraint(
            "(answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)", name="answered"
        ),
        CheckConstraint("answer = 'replaced' OR answered_by <> proposed_by", name="two_persons"),
        CheckConstraint("answer <> 'refused' OR length(answer_reason) > 0", name="refused"),
        Index("ix_extension_waiting", "tender_id", unique=True, postgresql_where=sql("answer IS NULL")),
    )


class Halt(Model):
    """A tender's suspension: by whose order and why, and by whom and why it was lifted; at most one stands.

    What the supervisor halted only the supervisor lifts; what an officer halted, another person. Changed only by its
    lifting.
    """

    __tablename__ = "halt"
    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str]
    ordered_as: Mapped[str]
    ordered_by: Mapped[uuid.UUID | None]
    ordered_at: Mapped[datetime]
    lift_reason: Mapped[str | None]
    lifted_as: Mapped[str | None]
    lifted_by: Mapped[uuid.UUID | None]
    lifted_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("number >= 1 AND length(reason) > 0", name="words"),
        CheckConstraint("ordered_as IN ('officer', 'supervisor')", name="ordered_as"),
        CheckConstraint("lifted_as IN ('approver', 'supervisor')", name="lifted_as"),
        CheckConstraint("ordered_as <> 'supervisor' OR lifted_as = 'supervisor'", name="supervisor"),
        CheckConstraint("ordered_as = 'supervisor' OR lifted_by <> ordered_by", name="two_persons"),
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lifted_as IS NULL)"
            " AND (lifted_at IS NULL) = (lift_reason IS NULL) AND length(lift_reason) > 0 AND lifted_at >= ordered_at",
            name="lifted",
        ),
        Index("ix_halt_standing", "tender_id", unique=True, postgresql_where=sql("lifted_at IS NULL")),
    )
