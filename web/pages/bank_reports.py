"""The bank's own statements of the account that pool money lies on: taken in from a file, line by line."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core.errors import Conflict, Invalid
from core.permits import may
from ledger import bank_intake
from ledger.bank_models import BankAccount, BankLine, BankReport
from underwriting.models import Pool
from web import list_upload, listing
from web.bank_columns import BANK_LINES
from web.bank_files import PURPOSE, read_camt_file
from web.errors import field_errors
from web.formats import t
from web.history import history
from web.list_walk import walk_labels
from web.money_desk import leads, led_pool, pool_of
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.tables import clean_name

pages = Blueprint("bank_reports", __name__, url_prefix="/pools/<int:pool_id>/bank")


@pages.get("")
@needs("bank_report.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the bank's statements that were taken in, newest first."""
    pool = pool_of(pool_id)
    query = (
        bank_intake.visible_to(actor())
        .where(BankReport.pool_id == pool.id)
        .order_by(BankReport.until_on.desc(), BankReport.id.desc())
        .with_only_columns(*(getattr(BankReport, name) for name in _SHOWN))
    )
    if listing.wants_csv():
        return listing.csv_of("bank-statements", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query)
    return render_template(
        "finance/bank_reports.html",
        pool=pool,
        places=subnav(pool),
        rows=[{**row._mapping, "href": url_for(".one", pool_id=pool.id, report_id=row.id)} for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_take=leads(pool) and may(actor(), "bank_report.take"),
    )


_SHOWN = ("id", "reference", "name", "from_on", "until_on", "opening_fen", "closing_fen", "items", "taken_at", "digest")
_EXPORTED = [
    ("reference", lambda row: row.reference),
    ("file", lambda row: row.name),
    ("from_on", lambda row: row.from_on),
    ("until_on", lambda row: row.until_on),
    ("opening_cny", lambda row: row.opening_fen),
    ("closing_cny", lambda row: row.closing_fen),
    ("lines", lambda row: row.items),
    ("taken_at", lambda row: row.taken_at),
    ("sha256", lambda row: row.digest),
]


@pages.route("/new", methods=["GET", "POST"])
@needs("bank_report.take")
def new(pool_id: int) -> ResponseReturnValue:
    """Take in a bank's statement: a camt.053 file at once; a list is kept, and its columns are asked for next."""
    pool = led_pool(pool_id)
    if request.method == "GET":
        return _form(pool, {})
    try:
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise Invalid("upload_missing")
        if not clean_name(upload.filename).lower().endswith(".xml"):
            paper = list_upload.keep_upload(unit(), PURPOSE, by=actor(), at=at())
            return redirect(url_for("bank_lists.columns", pool_id=pool.id, bank_upload_id=paper.id), 303)
        read = read_camt_file(upload.stream, upload.filename)
        row = bank_intake.take(unit(), pool.id, read.report, name=read.name, digest=read.digest, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _form(pool, field_errors(refusal, "file")), refusal.status
    flash(t("已读入 {n} 笔。", "{n} lines are taken in.", n=row.items), "success")
    return redirect(url_for(".one", pool_id=pool.id, report_id=row.id), 303)


def _form(pool: Pool, errors: dict[str, str]) -> str:
    return render_template(
        "finance/bank_upload.html",
        pool=pool,
        errors=errors,
        walk=walk_labels(),
        columns=[(t(one.label_zh, one.label_en), not one.is_required) for one in BANK_LINES.fields],
    )


@pages.get("/<uuid:report_id>")
@needs("bank_report.read")
def one(pool_id: int, report_id: uuid.UUID) -> ResponseReturnValue:
    """Show one of the bank's statements: its balances, that they agree with the lines, and every line."""
    pool = pool_of(pool_id)
    report = bank_intake.get(unit(), report_id, actor(), pool_id=pool.id)
    query = (
        select(
            BankLine.booked_on, BankLine.amount_fen, BankLine.reference, BankLine.name, BankLine.number, BankLine.about
        )
        .where(BankLine.report_id == report.id)
        .order_by(BankLine.position)
    )
    if listing.wants_csv():
        return listing.csv_of("bank-lines", _LINES, unit().execute(query))
    found = listing.listed(unit(), query, sum_of="amount_fen")
    return render_template(
        "finance/bank_report.html",
        pool=pool,
        report=report,
        account=unit().get_one(BankAccount, report.account_id),
        rows=[dict(row._mapping) for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        events=history(unit(), "bank_report", report.id),
        difference_fen=report.closing_fen - report.opening_fen - (found.sum_fen or 0),
    )


_LINES = [
    ("booked_on", lambda row: row.booked_on),
    ("amount_cny", lambda row: row.amount_fen),
    ("reference", lambda row: row.reference),
    ("other_side", lambda row: row.name),
    ("its_account", lambda row: row.number),
    ("remittance", lambda row: row.about),
]
