"""A bank's statement as a list: its columns matched, every bad row named, taken in whole; columns kept for the next."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from core.errors import Conflict, Finding, Invalid
from core.papers import Paper
from ledger import bank_intake
from ledger.bank_accounts import in_force
from ledger.bank_models import BankAccount
from underwriting.models import Pool
from web import list_upload
from web.bank_columns import BANK_LINES
from web.bank_files import PURPOSE, ListTerms, ReadList, columns_of, fitting, read_list, report_of
from web.errors import field_errors, words
from web.formats import number, t, yuan
from web.list_walk import Walk, answers, column_errors, review_rows
from web.money_desk import led_pool, today
from web.shell import actor, at, needs, unit

pages = Blueprint("bank_lists", __name__, url_prefix="/pools/<int:pool_id>/bank/lists")


def _walk(pool: Pool) -> Walk:
    return Walk(
        t("读入银行流水", "Take in a bank statement"),
        [
            (pool.name, url_for("pools.one", pool_id=pool.id)),
            (t("银行流水", "Bank statements"), url_for("bank_reports.index", pool_id=pool.id)),
        ],
        "bank_lists",
        {"pool_id": pool.id},
        "bank_upload_id",
    )


def _paper(bank_upload_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), bank_upload_id, PURPOSE, actor())


def _account(pool: Pool) -> BankAccount | None:
    return in_force(unit(), pool.id, today()).get(pool.lead_id)


def _terms(pool: Pool, values: MultiDict[str, str]) -> ListTerms:
    own = _account(pool)
    return ListTerms(
        own.number if own else "",
        values.get("opening", "").strip(),
        values.get("closing", "").strip(),
        list_upload.columns_asked(BANK_LINES, values),
    )


@pages.get("")
@needs("bank_report.take")
def upload(pool_id: int) -> ResponseReturnValue:
    """Begin anew, with another file."""
    return redirect(url_for("bank_reports.new", pool_id=led_pool(pool_id).id), 303)


@pages.get("/<uuid:bank_upload_id>/columns")
@needs("bank_report.take")
def columns(pool_id: int, bank_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the last list of the account and the headers suggest, and the balances."""
    return _columns(led_pool(pool_id), _paper(bank_upload_id), {}), 200


def _columns(pool: Pool, paper: Paper, errors: Mapping[str, str]) -> str:
    look = list_upload.look(paper, request.args.get("sheet") or None)
    own = _account(pool)
    known = fitting(columns_of(unit(), own), look.headers) if own else {}
    kept = {list_upload.field_name(name): header for name, header in known.items()}
    asked = {**kept, **answers()}
    values = {**list_upload.suggested(BANK_LINES, look.headers, asked), **asked}
    words_of = {
        "opening": (t("期初余额", "Opening balance"), t("表格第一笔之前", "Before the first line")),
        "closing": (t("期末余额", "Closing balance"), t("表格最后一笔之后", "After the last line")),
    }
    balances = [{"name": name, "label": label, "hint": hint} for name, (label, hint) in words_of.items()]
    return _walk(pool).columns(BANK_LINES, paper, look, values, errors, balances=balances)


@pages.get("/<uuid:bank_upload_id>/review")
@needs("bank_report.take")
def review(pool_id: int, bank_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Show what would be taken in, and everything that is wrong with it."""
    pool, paper, terms = led_pool(pool_id), _paper(bank_upload_id), _terms(led_pool(pool_id), request.args)
    try:
        read = _read(paper, terms, request.args)
        findings, blocked = _wrong(pool, paper, read, terms)
    except Invalid as refusal:
        at_balance = refusal.code in ("invalid_amount", "amount_too_large")
        errors = field_errors(refusal, "closing") if at_balance else column_errors(BANK_LINES, refusal)
        return _columns(pool, paper, errors), 422
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.code] = counts.get(one.code, 0) + 1
    found = review_rows(findings, counts, lambda _: t("不读入", "kept out"))
    if found.as_file is not None:
        return found.as_file
    return render_template(
        "lists/review.html",
        **_walk(pool).frame(paper),
        tiles=_tiles(read, len(findings)),
        notes=[],
        kinds=found.kinds,
        found=found.listed,
        exports=found.exports,
        taking=None if blocked else _taking(pool, paper, read),
        blocked=blocked,
    )


def _read(paper: Paper, terms: ListTerms, values: MultiDict[str, str]) -> ReadList:
    with list_upload.opened(paper) as stream:
        return read_list(stream, paper.name, terms, sheet=values.get("sheet") or None)


def _wrong(pool: Pool, paper: Paper, read: ReadList, terms: ListTerms) -> tuple[Sequence[Finding], str]:
    """Return everything that keeps a list out, row by row, and in a sentence; nothing and "" where it can be taken."""
    try:
        bank_intake.check(unit(), pool.id, report_of(read, paper.digest, terms), paper.digest, on=today())
    except Invalid as refusal:
        if refusal.code in ("invalid_amount", "amount_too_large"):
            raise
        return refusal.findings, words(refusal)
    except Conflict as refusal:
        return [], words(refusal)
    return [], ""


def _tiles(read: ReadList, wrong: int) -> list[dict[str, Any]]:
    came = sum(one.amount_fen for one in read.lines if one.amount_fen > 0)
    went = sum(one.amount_fen for one in read.lines if one.amount_fen < 0)
    return [
        {"label": t("读到", "Read"), "value": number(len(read.lines)), "unit": t("笔", "lines")},
        {"label": t("收入", "Came in"), "value": yuan(came), "unit": ""},
        {"label": t("支出", "Went out"), "value": yuan(-went), "unit": ""},
        {"label": t("有误", "Wrong"), "value": number(max(wrong, read.wrong)), "unit": t("处", "places")},
    ]


def _taking(pool: Pool, paper: Paper, read: ReadList) -> dict[str, Any]:
    count = number(len(read.lines))
    return {
        "sentence": t(
            "现在读入 {n} 笔，期初加各笔等于期末。列的对应记在这个收款账户下，下一份照用。",
            "Take in {n} lines now; opening and lines are the closing balance. The columns are kept for the next list "
            "of the account.",
            n=count,
        ),
        "label": t("读入 {n} 笔", "Take in {n} lines", n=count),
        "action": url_for(".take", pool_id=pool.id, bank_upload_id=paper.id),
        "fields": answers(),
    }


@pages.post("/<uuid:bank_upload_id>/take")
@needs("bank_report.take")
def take(pool_id: int, bank_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Take the list in, whole or not at all."""
    pool, paper = led_pool(pool_id), _paper(bank_upload_id)
    terms = _terms(pool, request.form)
    read = _read(paper, terms, request.form)
    row = bank_intake.take(
        unit(),
        pool.id,
        report_of(read, paper.digest, terms),
        name=paper.name,
        digest=paper.digest,
        columns=read.columns,
        by=actor(),
        at=at(),
    )
    flash(t("已读入 {n} 笔。", "{n} lines are taken in.", n=row.items), "success")
    return redirect(url_for("bank_reports.one", pool_id=pool.id, report_id=row.id), 303)
