"""The rows of lists of claims: a file sent, what it says row by row, what is wrong with it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class ClaimsList(Model):
    """A list of claims sent as a file: checked row by row, approved by another person, filed all at once.

    `line_count` rows were read; they are `claim_count` claims for `asked_fen` in all. `sheet` is read of a workbook
    (None: the first); `stopped_code` says why it was approved and could not be filed.
    """

    __tablename__ = "claims_list"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    on: Mapped[date]
    name: Mapped[str]
    digest: Mapped[str]
    columns: Mapped[dict[str, Any]]
    sheet: Mapped[str | None]
    stage: Mapped[str]
    line_count: Mapped[int]
    claim_count: Mapped[int]
    fault_count: Mapped[int]
    asked_fen: Mapped[int]
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None]
    posted_at: Mapped[datetime | None]
    stopped_code: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the mapper's own declaration
    __table_args__ = (
        CheckConstraint("stage IN ('reading', 'faulty', 'checked', 'approved', 'posted', 'discarded')", name="stage"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint("approved_by <> made_by", name="four_eyes"),
        CheckConstraint("(stage IN ('approved', 'posted')) = (approved_at IS NOT NULL)", name="approved"),
        CheckConstraint("(stage = 'posted') = (posted_at IS NOT NULL)", name="posted"),
        CheckConstraint("stopped_code IS NULL OR stage IN ('checked', 'discarded')", name="stopped"),
        CheckConstraint(
            "line_count >= 0 AND claim_count BETWEEN 0 AND line_count AND fault_count >= 0 AND asked_fen >= 0",
            name="counts",
        ),
        Index(
            "uq_claims_list_digest",
            "pool_id",
            "digest",
            unique=True,
            postgresql_where=text("stage NOT IN ('discarded', 'faulty')"),
        ),
    )


class ClaimsListRow(Model):
    """One row of a list: a line of the bill of the claim that `number` names. Never changed."""

    __tablename__ = "claims_list_row"
    claims_list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims_list.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str]
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy.id"))
    fault_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fault.id"))
    title: Mapped[str]
    what: Mapped[str]
    asked_fen: Mapped[int]
    allowed_fen: Mapped[int]
    reason: Mapped[str]
    __table_args__ = (CheckConstraint("asked_fen > 0 AND allowed_fen BETWEEN 0 AND asked_fen", name="amounts"),)


class ClaimsListFault(Model):
    """What is wrong with one row of a list: a code with its facts, and the field it is about. Never changed."""

    __tablename__ = "claims_list_fault"
    claims_list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("claims_list.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    field: Mapped[str]
    facts: Mapped[dict[str, Any]]
