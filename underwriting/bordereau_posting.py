"""Bordereaux of premiums posted: all rows of one in one transaction, laid out in columns and copied.

What a posted bordereau leaves behind is what `policies.write` leaves for the same rows in the same order, to the fen
and the row; only the log tells of it once, with digests over its entries and its policies, and not row by row.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.db import new_ids
from core.permits import Actor, Role
from ledger import entries
from ledger.binary import Column, moment
from ledger.books import AccountRef, MemberShares
from ledger.bulk import Bulk, BulkStream, Rows, Same, laid_ahead, rows_of
from ledger.columns import (
    Days,
    Ids,
    Numbers,
    Texts,
    days_in,
    digits,
    fields_in,
    hexed,
    hyphened,
    joined,
    numbers_in,
    spelled,
)
from ledger.models import EntryBatch
from ledger.rates import WHOLE_BP
from ledger.reasons import Reason
from underwriting import pools, stages
from underwriting.models import Agreement, Bordereau, BordereauPiece


def post(session: Session, row: Bordereau, *, by: Actor, at: datetime) -> EntryBatch:
    """Post an approved bordereau: all its policies and premiums in this one transaction, by the hand that approved it.

    Returns the batch of its entries.

    Refuses Conflict `stage_refuses`, and what `entries.open_period_on` refuses.
    """
    stages.require_list(row, "post")
    period = entries.open_period_on(session, row.pool_id, row.on)
    same = Same(row.pool_id, period.id, Reason.PREMIUM_WRITTEN, row.on, "policy", at)
    approver = Actor(row.approved_by, row.organisation_id, Role.FINANCE_CHECKER, "insurer", frozenset({row.pool_id}))
    bulk = Bulk(session, same, by=approver)
    posting = _Posting(bulk, _versions(session, row, bulk), row.approved_by)
    for made in laid_ahead(posting.lay_out, _waiting(session, row, bulk)):
        bulk.write(made)
    for version in posting.versions.values():
        version.net.keep(session)
        version.vat.keep(session)
    batch, digest = bulk.close(), posting.digest.hexdigest()
    row.batch_id, row.policies_digest, row.posted_at = batch.id, digest, at
    facts = {"batch": str(batch.id), "sha256": digest}
    stages.move_list(session, row, "post", by=by, at=at, facts=facts)
    return batch


@dataclass(slots=True)
class _Version:
    """One agreement version a bordereau falls under, with its streams held and its accounts in member order."""

    agreement: Agreement
    shares: MemberShares
    net: BulkStream
    vat: BulkStream
    debits: Numbers
    credits: Numbers


def _versions(session: Session, row: Bordereau, bulk: Bulk) -> dict[int, _Version]:
    """Return the agreement versions of a bordereau's rows by number, their streams locked in that order."""
    number = func.unnest(BordereauPiece.agreement_numbers)
    wanted = set(session.scalars(select(number).where(BordereauPiece.bordereau_id == row.id).distinct()))
    found = {}
    for agreement in pools.agreements(session, row.pool_id):
        if agreement.number in wanted:
            shares = pools.shares_of(session, agreement)
            net, vat = (BulkStream(session, shares, kind) for kind in ("premium_net", "premium_vat"))
            debits = bulk.accounts([AccountRef("1110")] * len(shares.members))
            credits_ = bulk.accounts([AccountRef("2305", member) for member in shares.members])
            found[agreement.number] = _Version(agreement, shares, net, vat, debits, credits_)
    return found


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A piece of a bordereau as it is posted: its rows' columns, and a number for each row's entry."""

    numbers: Texts
    community_ids: Texts
    inceptions: Days
    expiries: Days
    lift_counts: Numbers
    gross_fens: Numbers
    agreement_numbers: Numbers
    entry_ids: Numbers


def _waiting(session: Session, row: Bordereau, bulk: Bulk) -> Iterator[_Waiting]:
    """Yield the pieces of a bordereau in their order."""
    piece = BordereauPiece
    texts = (piece.numbers, piece.community_ids)
    days = (piece.inceptions, piece.expiries)
    whole = (piece.lift_counts, piece.gross_fens, piece.agreement_numbers)
    # The lists as the database has them: each would be thousands of objects of this program's.
    lists = select(piece.place, *map(func.array_send, (*texts, *days, *whole)))
    lists = lists.where(piece.bordereau_id == row.id).order_by(piece.place).limit(1)
    last = -1
    while (found := session.execute(lists.where(piece.place > last)).one_or_none()) is not None:
        last, number, community, inception, expiry, lifts, gross, version = found
        yield _Waiting(
            fields_in(number),
            fields_in(community),
            days_in(inception),
            days_in(expiry),
            numbers_in(lifts),
            numbers_in(gross),
            agreements := numbers_in(version),
            bulk.numbers(len(agreements)),
        )


def vat_inside(gross_fen: Numbers, vat_bp: int) -> Numbers:
    """Return the VAT inside each gross price: `ledger.rates.vat_inside` for whole columns of prices above zero."""
    whole = WHOLE_BP + vat_bp
    return (2 * gross_fen * vat_bp + whole) // (2 * whole)


@dataclass(slots=True)
class _Posting:
    """Makes rows of the pieces that wait: policies, their entries, items and transfers; takes the policies' digest."""

    bulk: Bulk
    versions: Mapping[int, _Version]
    person_id: uuid.UUID | None
    digest: Any = field(default_factory=hashlib.sha256)

    def lay_out(self, piece: _Waiting) -> list[Rows]:
        """Return a piece's rows as they are written, entries first."""
        entry_ids, gross, number = piece.entry_ids, piece.gross_fens, piece.agreement_numbers
        ids: Ids = np.frombuffer(new_ids(len(entry_ids)), dtype="V16")
        rows = [self.bulk.entries(entry_ids, ids, piece.numbers, gross)]
        vat = np.zeros_like(gross)
        under: Ids = np.zeros(len(gross), dtype="V16")
        for version in self.versions.values():
            mine = number == version.agreement.number
            if mine.any():
                under[mine] = np.void(version.agreement.id.bytes)
                vat[mine] = vat_inside(gross[mine], version.agreement.vat_bp)
                taken = [version.net.take((gross - vat)[mine]), version.vat.take(vat[mine])]
                rows += self.bulk.splits(version.shares, entry_ids[mine], taken, version.debits, version.credits)
        return [*rows, self._policies(piece, ids, under, vat)]

    def _policies(self, piece: _Waiting, ids: Ids, under: Ids, vat: Numbers) -> Rows:
        self.digest.update(_digest(piece, under))
        person_id = self.person_id
        columns: dict[str, Column] = {
            "id": ids,
            "pool_id": self.bulk.same.pool_id,
            "agreement_id": under,
            "community_id": piece.community_ids,
            "number": piece.numbers,
            "inception_on": piece.inceptions,
            "expires_on": piece.expiries,
            "lift_count": piece.lift_counts,
            "gross_fen": piece.gross_fens,
            "net_fen": piece.gross_fens - vat,
            "vat_fen": vat,
            "stage": "bound",
            "written_entry_id": piece.entry_ids,
            "bound_at": moment(self.bulk.same.at),
            "bound_by": person_id.bytes if person_id else None,
            "version": 1,
        }
        return rows_of("policy", len(ids), columns)


#: A policy's line in the digest over a batch's policies, of columns of `policy`; its number last, for it is free text.
POLICY_LINE = (
    "concat_ws('|', inception_on, expires_on, lift_count, gross_fen, encode(uuid_send(agreement_id), 'hex'),"
    " coalesce(community_id::text, ''), number)"
)


def _digest(piece: _Waiting, under: Ids) -> bytes:
    """Return the digest over a piece's policies, a line each as `POLICY_LINE` has it."""
    told = joined(
        [
            spelled(piece.inceptions),
            spelled(piece.expiries),
            digits(piece.lift_counts),
            digits(piece.gross_fens),
            hexed(under),
            hyphened(piece.community_ids),
            piece.numbers,
        ]
    )
    return hashlib.sha256(told).digest()
