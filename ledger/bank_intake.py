"""Taking in a bank's own statement: of the lead's account, whole, once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Conflict, Finding, Invalid, NotFound
from core.permits import Actor, require
from ledger.bank_models import BankAccount, BankLine, BankMonth, BankReport
from ledger.bank_reports import Report, checked
from ledger.books import latest_shares, require_lead


def visible_to(actor: Actor) -> Select[BankReport]:
    """Return the query of the reports an actor may see: those of the pools that it leads, or all."""
    query = select(BankReport)
    return query if actor.sees_all else query.where(BankReport.pool_id.in_(actor.led_pools))


def get(session: Session, report_id: uuid.UUID, actor: Actor, *, pool_id: int) -> BankReport:
    """Return a report of a pool that the actor may know of; NotFound `bank_report_not_found`."""
    wanted = BankReport.id == report_id, BankReport.pool_id == pool_id
    row = session.scalar(visible_to(actor).where(*wanted))
    if row is None:
        raise NotFound("bank_report_not_found")
    return row


def take(
    session: Session,
    pool_id: int,
    report: Report,
    *,
    name: str,
    digest: str,
    columns: Mapping[str, str] | None = None,
    by: Actor,
    at: datetime,
) -> BankReport:
    """Return a bank's statement as it was taken in, with its lines; `name` and `digest` are the file's.

    `columns` is field -> header of a list, kept for the next one of the account.

    Refuses Forbidden `role_may_not`, `lead_only`; Invalid `bank_report_wrong` with everything that is wrong in itself,
    `bank_report_future` (day, today) where it runs beyond today, `bank_report_other_account` where it is not of an
    account of the lead, `bank_lines_known` with a finding
    `bank_line_known` for each line that was taken in before; Conflict `bank_report_taken` for the same file, or the
    same statement, again; `bank_month_signed` (month) where a line is of a month whose reconciliation is signed.
    """
    require(by, "bank_report.take")
    require_lead(session, pool_id, by)
    account = check(session, pool_id, report, digest, on=clock.on(at))
    row = BankReport(
        pool_id=pool_id,
        account_id=account.id,
        reference=report.reference,
        name=name,
        digest=digest,
        from_on=report.from_on,
        until_on=report.until_on,
        opening_fen=report.opening_fen,
        closing_fen=report.closing_fen,
        items=len(report.lines),
        columns=dict(columns) if columns is not None else None,
        taken_by=by.person_id,
        taken_at=at,
    )
    session.add(row)
    session.flush()
    _add_lines(session, row, report)
    facts = {"pool": pool_id, "sha256": digest, "items": row.items, "number": report.reference}
    facts |= {"balance_fen": row.closing_fen, "on": row.until_on.isoformat(), "starts_on": row.from_on.isoformat()}
    audit.record(session, "bank_report.taken", by=by, at=at, of=("bank_report", row.id), facts=facts)
    return row


def check(session: Session, pool_id: int, report: Report, digest: str, *, on: date) -> BankAccount:
    """Return the lead's account that a statement may be taken in for on a day; refuses what `take` refuses of it."""
    checked(report)
    if report.until_on > on:
        raise Invalid("bank_report_future", day=report.until_on, today=on)
    account = _account(session, pool_id, report.account_number)
    _require_new(session, pool_id, report, account, digest)
    return account


def _add_lines(session: Session, row: BankReport, report: Report) -> None:
    session.add_all(
        BankLine(
            report_id=row.id,
            position=place,
            pool_id=row.pool_id,
            booked_on=line.booked_on,
            amount_fen=line.amount_fen,
            reference=line.reference,
            name=line.name,
            number=line.number,
            about=line.about,
        )
        for place, line in enumerate(report.lines, start=1)
    )
    session.flush()


def _account(session: Session, pool_id: int, number: str) -> BankAccount:
    """Return the lead's confirmed account of a number, the newest; Invalid `bank_report_other_account`."""
    query = select(BankAccount).where(
        BankAccount.pool_id == pool_id,
        BankAccount.organisation_id == latest_shares(session, pool_id).lead,
        BankAccount.stage == "confirmed",
        BankAccount.number == number,
    )
    found = session.scalar(query.order_by(BankAccount.decided_at.desc()).limit(1))
    if found is None:
        raise Invalid("bank_report_other_account", number=number)
    return found


def _require_new(session: Session, pool_id: int, report: Report, account: BankAccount, digest: str) -> None:
    same = (BankReport.digest == digest) | (
        (BankReport.account_id == account.id) & (BankReport.reference == report.reference)
    )
    known = session.scalar(select(BankReport).where(BankReport.pool_id == pool_id, same).limit(1))
    if known is not None:
        raise Conflict("bank_report_taken", name=known.name, taken_at=known.taken_at)
    references = [line.reference for line in report.lines]
    query = select(BankLine.reference).where(BankLine.pool_id == pool_id, BankLine.reference.in_(references))
    taken = set(session.scalars(query))
    if taken:
        findings = [
            Finding("bank_line_known", line.place, {"reference": line.reference})
            for line in report.lines
            if line.reference in taken
        ]
        raise Invalid("bank_lines_known", findings)
    months = {line.booked_on.replace(day=1) for line in report.lines}
    signed = select(BankMonth.first_on).where(BankMonth.pool_id == pool_id, BankMonth.first_on.in_(months))
    first_on = session.scalar(signed.order_by(BankMonth.first_on).limit(1))
    if first_on is not None:
        raise Conflict("bank_month_signed", month=f"{first_on:%Y-%m}")
