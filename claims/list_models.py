"""The rows of lists of claims: a file sent, what it says row by row, what is wrong with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model
from underwriting.sent_models import SentFault, SentList


class ClaimsListFault(SentFault):
    """What is wrong with one row of a list. Never changed."""

    __tablename__ = "claims_list_fault"
    of = "claims_list"


class ClaimsList(SentList):
    """A list of claims, filed all at once: its rows are `claim_count` claims for `asked_fen` in all."""

    __tablename__ = kind = "claims_list"
    faults = ClaimsListFault
    claim_count: Mapped[int]
    asked_fen: Mapped[int]
    own_args = (CheckConstraint("claim_count BETWEEN 0 AND line_count AND asked_fen >= 0", name="held"),)

    @property
    def told(self) -> Mapping[str, int]:
        """Return what each of its moves tells the log of how much it holds."""
        return {"rows": self.line_count, "count": self.claim_count}


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
