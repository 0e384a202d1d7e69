"""What the rows of every list that is sent have alike: the file, how far it has come, what is wrong with it.

A kind of list is a table of each of these and the rows that its lists hold; `underwriting.sent_lists` works on any.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from core.db import Model, new_id


class SentFault(Model):
    """What is wrong with one row of a list's file: a code with its facts, and the field it is about. Never changed."""

    __abstract__ = True
    #: The table of the lists.
    of: ClassVar[str]
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    field: Mapped[str]
    facts: Mapped[dict[str, Any]]

    @declared_attr
    def list_id(cls) -> Mapped[uuid.UUID]:
        """Return the column of the list that the row stands in."""
        return mapped_column(ForeignKey(f"{cls.of}.id"), primary_key=True, sort_order=-1)


class SentList(Model):
    """A list sent as a file: read in the background, checked row by row, approved by another person, posted at once.

    `line_count` rows of the file were read and `fault_count` faults found. `sheet` is read of a workbook (None: the
    first); `stopped_code` says why it was approved and could not be posted, `stopped_facts` about what.
    """

    __abstract__ = True
    #: What its actions, events and refusals are called by; the name of its table.
    kind: ClassVar[str]
    #: The rows of what is wrong with it.
    faults: ClassVar[type[SentFault]]
    #: What its own kind holds to, beside what every list does.
    own_args: ClassVar[Sequence[CheckConstraint]] = ()

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
    fault_count: Mapped[int]
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None]
    posted_at: Mapped[datetime | None]
    stopped_code: Mapped[str | None]
    stopped_facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column()

    @property
    def told(self) -> Mapping[str, int]:
        """Return what each of its moves tells the log of how much it holds."""
        raise NotImplementedError

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @declared_attr.directive
    def __table_args__(cls) -> tuple[CheckConstraint | Index, ...]:
        return (
            CheckConstraint(
                "stage IN ('reading', 'faulty', 'checked', 'approved', 'posted', 'discarded')", name="stage"
            ),
            CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
            CheckConstraint("approved_by <> made_by", name="four_eyes"),
            CheckConstraint("(stage IN ('approved', 'posted')) = (approved_at IS NOT NULL)", name="approved"),
            CheckConstraint("(stage = 'posted') = (posted_at IS NOT NULL)", name="posted"),
            CheckConstraint(
                "(stopped_code IS NULL) = (stopped_facts IS NULL)"
                " AND (stopped_code IS NULL OR stage IN ('checked', 'discarded'))",
                name="stopped",
            ),
            CheckConstraint("line_count >= 0 AND fault_count >= 0", name="counts"),
            *cls.own_args,
            Index(
                f"uq_{cls.kind}_digest",
                "pool_id",
                "digest",
                unique=True,
                postgresql_where=text("stage NOT IN ('discarded', 'faulty')"),
            ),
        )
