"""A policy's premium: how it is split among the members, and the rows of a policy as it is written."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from core.db import Writing, new_id
from core.permits import Actor
from ledger import entries, streams
from ledger.books import MemberShares
from ledger.entries import Event, Move, Posted
from ledger.models import Period
from ledger.rates import vat_inside
from underwriting.models import Agreement, Policy

_COLUMNS = [column.key for column in inspect(Policy).column_attrs]
_INSERT_POLICY = (
    "INSERT INTO policy (id, pool_id, agreement_id, community_id, number, inception_on, expires_on, lift_count,"
    " gross_fen, net_fen, vat_fen, stage, written_entry_id, received_on, remitted_on, bound_at, bound_by, version)"
    " VALUES (:id, :pool_id, :agreement_id, :community_id, :number, :inception_on, :expires_on, :lift_count,"
    " :gross_fen, :net_fen, :vat_fen, :stage, :written_entry_id, :received_on, :remitted_on, :bound_at, :bound_by,"
    " :version)"
)
_INSERT_LIFTS = (
    "INSERT INTO policy_lift (policy_id, lift_id, gross_fen, covered_from, covered_to)"
    " SELECT :policy_id, lift_id, :gross_fen, :covered_from, :covered_to"
    " FROM unnest(CAST(:lift_ids AS uuid[])) AS lift_id"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount's net and VAT parts by member, in member order, in fen."""

    members: tuple[uuid.UUID, ...]
    net_fen: tuple[int, ...]
    vat_fen: tuple[int, ...]

    def gross(self) -> list[tuple[uuid.UUID, int]]:
        """Return (member, net + VAT): gross is their sum and is never split by itself."""
        return [(m, n + v) for m, n, v in zip(self.members, self.net_fen, self.vat_fen, strict=True)]


@dataclass(frozen=True, slots=True)
class Written:
    """A premium to write: the policy's number, term, gross premium in fen and count of lifts."""

    number: str
    inception_on: date
    expires_on: date
    gross_fen: int
    lift_count: int
    community_id: uuid.UUID | None = None


def made(agreement: Agreement, written: Written, *, by: Actor, at: datetime) -> Policy:
    """Return a policy as it is bound, of no session and not written yet."""
    net, vat = vat_inside(written.gross_fen, agreement.vat_bp)
    return Policy(
        id=new_id(),
        pool_id=agreement.pool_id,
        agreement_id=agreement.id,
        community_id=written.community_id,
        number=written.number,
        inception_on=written.inception_on,
        expires_on=written.expires_on,
        lift_count=written.lift_count,
        gross_fen=written.gross_fen,
        net_fen=net,
        vat_fen=vat,
        stage="bound",
        written_entry_id=None,
        received_on=None,
        remitted_on=None,
        bound_at=at,
        bound_by=by.person_id,
        version=1,
    )


def add_policy(writing: Writing, policy: Policy, lift_ids: Sequence[uuid.UUID]) -> None:
    """Add a policy to a writing, and each of its lifts at an equal part of the premium for the whole term."""
    writing.add(_INSERT_POLICY, {name: getattr(policy, name) for name in _COLUMNS})
    if lift_ids:
        covered = {"covered_from": policy.inception_on, "covered_to": policy.expires_on}
        part = {"lift_ids": list(lift_ids), "gross_fen": policy.gross_fen // len(lift_ids)}
        writing.add(_INSERT_LIFTS, {"policy_id": policy.id, **part, **covered})


def post_split(
    session: Session,
    shares: MemberShares,
    event: Event,
    net_and_vat_fen: tuple[int, int],
    move: Callable[[uuid.UUID, int], Move],
    *,
    period: Period | None = None,
    writing: Writing | None = None,
    by: Actor,
    at: datetime,
) -> Posted:
    """Split net and VAT in their streams and post one move a member for their sum, as `entries.post` does."""
    amounts = dict(zip(("premium_net", "premium_vat"), net_and_vat_fen, strict=True))
    net, vat = streams.take_all(session, shares, amounts)
    moves = [move(member, fen) for member, fen in Parts(shares.members, net.parts_fen, vat.parts_fen).gross()]
    splits, pool_id = [net, vat], shares.pool_id
    return entries.post(session, pool_id, event, moves, by=by, at=at, splits=splits, period=period, writing=writing)
