"""The rows of extracts: what was asked to be written out of a book, and how far it is."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, new_id


class BookExtract(Model):
    """One list of a pool's book and period, written out for one organisation as one file.

    `is_whole` says whether it holds every member's share or the organisation's own alone. `is_final` is an extract of
    a closed period, which never comes out otherwise; another one says how the book stood after entry `until_entry_id`.
    The same extract is never asked for twice: its file is made once and kept (`paper_id`).
    """

    __tablename__ = "book_extract"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[int]
    period_id: Mapped[int]
    kind: Mapped[str]
    form: Mapped[str]
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    is_whole: Mapped[bool]
    is_final: Mapped[bool]
    until_entry_id: Mapped[int]
    stage: Mapped[str]
    rows_total: Mapped[int | None]
    rows_done: Mapped[int]
    refused_code: Mapped[str | None]
    asked_by: Mapped[uuid.UUID | None]
    asked_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    paper_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("paper.id"), unique=True)
    __table_args__ = (
        ForeignKeyConstraint(["pool_id", "period_id"], ["period.pool_id", "period.id"]),
        UniqueConstraint(
            *("pool_id", "period_id", "kind", "form", "organisation_id", "is_final", "until_entry_id"),
            name="uq_book_extract_wish",
        ),
        CheckConstraint(
            "kind IN ('trial_balance', 'journal', 'premiums', 'claims', 'invoices', 'results')", name="kind"
        ),
        CheckConstraint("form IN ('xlsx', 'csv')", name="form"),
        CheckConstraint("stage IN ('waiting', 'making', 'ready', 'failed')", name="stage"),
        CheckConstraint("until_entry_id >= 0", name="until"),
        CheckConstraint("rows_done >= 0 AND (rows_total IS NULL OR rows_done <= rows_total)", name="rows"),
        CheckConstraint(
            "(stage = 'ready') = (paper_id IS NOT NULL) AND (stage = 'ready') = (ready_at IS NOT NULL)"
            " AND (stage <> 'ready' OR (rows_total IS NOT NULL AND rows_done = rows_total))"
            " AND (fetched_at IS NULL OR stage = 'ready')",
            name="ready",
        ),
        CheckConstraint("(stage = 'failed') = (refused_code IS NOT NULL)", name="failed"),
        Index("ix_book_extract_asked", "organisation_id", "asked_at"),
    )
