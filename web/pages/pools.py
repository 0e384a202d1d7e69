"""A pool and its book: members and terms, the trial balance, the journal down to each transfer, the carries."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import NotFound
from core.permits import Role, may
from ledger import books, journal, statements
from ledger.journal import JournalRow, Wanted
from ledger.models import Period, Statement
from ledger.reasons import Reason
from underwriting import pools as pool_verbs
from underwriting.models import Pool
from web import clause_desk, listing, pool_book
from web.formats import reason_name, t
from web.listing import Asked
from web.money_desk import leads, member_names, pool_of, pools_seen, read_id, short_names, today, view_of
from web.pages import MenuItem
from web.shell import actor, needs, unit
from web.statement_paper import subject_words

pages = Blueprint("pools", __name__, url_prefix="/pools")

_READERS = frozenset(
    {Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.SIGNATORY}
)
MENU = [MenuItem(60, "共保体账簿", "Pool book", "pools.index", _READERS)]


@pages.get("")
@needs("pool.read")
def index() -> ResponseReturnValue:
    """List the pools that the actor may know of; where there is one, go to it."""
    found = pools_seen(unit(), actor())
    if len(found) == 1 and not request.args:
        return redirect(url_for(".one", pool_id=found[0].id))
    names = member_names(unit(), [pool.id for pool in found])
    rows = [
        {
            "id": pool.id,
            "name": pool.name,
            "lead": names.get(pool.lead_id, ""),
            "formed_at": pool.formed_at,
            "href": url_for(".one", pool_id=pool.id),
        }
        for pool in found
    ]
    return render_template("finance/pools.html", rows=rows)


def subnav(pool: Pool) -> list[tuple[str, str, bool]]:
    """Return the pages of a pool as the `subnav` macro takes them, those that the actor may read."""
    places = [(t("概况", "Overview"), ".one")]
    if may(actor(), "ledger.read"):
        places += [
            (t("科目余额", "Trial balance"), "pools.balance"),
            (t("分录", "Journal"), "pools.entries"),
            (t("报表", "Extracts"), "extracts.listed"),
            (t("年度业绩", "Results"), "results.index"),
            (t("账期", "Periods"), "periods.index"),
            (t("分摊余数", "Carries"), "pools.carries"),
        ]
        places += [(t(*words), name) for words, name in clause_desk.places(unit(), pool)]
    if may(actor(), "variation.read"):
        places.append((t("协议变更", "Changes of the agreement"), "variations.index"))
    if may(actor(), "bank_account.read"):
        places.append((t("收款账户", "Accounts to be paid to"), "bank_accounts.index"))
    if may(actor(), "payee.read"):
        places.append((t("收款人", "Payees"), "payees.index"))
    if may(actor(), "claims_list.read") and (leads(pool) or actor().sees_all):
        places.append((t("赔案名单", "Lists of claims"), "claims_lists.index"))
    if may(actor(), "payment.read") and (leads(pool) or actor().sees_all):
        places += [
            (t("保费清单", "Premium bordereaux"), "bordereaux.index"),
            (t("付款", "Payments"), "payment_batches.index"),
            (t("银行流水", "Bank statements"), "bank_reports.index"),
            (t("核对到账", "Match the bank"), "bank_matching.index"),
        ]
    places = [(words, endpoint.replace(".one", "pools.one")) for words, endpoint in places]
    return [(words, url_for(name, pool_id=pool.id), request.endpoint == name) for words, name in places]


@pages.get("/<int:pool_id>")
@needs("pool.read")
def one(pool_id: int) -> ResponseReturnValue:
    """Show a pool: members and their lines, the terms in force, versions, periods."""
    pool = pool_of(pool_id)
    shares = books.latest_shares(unit(), pool.id)
    names = member_names(unit(), [pool.id])
    has_book = may(actor(), "ledger.read")
    parts = pool_book.premium_parts(unit(), shares) if has_book else []
    versions = pool_verbs.agreements(unit(), pool.id)
    return render_template(
        "finance/pool.html",
        pool=pool,
        places=subnav(pool),
        members=pool_book.members_of(shares, names, parts),
        whole=shares.weights.whole,
        total_fen=sum(parts) if has_book else None,
        agreement=versions[-1],
        versions=versions,
        clauses=clause_desk.clause_facts(unit(), versions[-1]),
        end=clause_desk.end_of(unit(), pool, actor(), today()),
        periods=statements.periods(unit(), pool.id) if has_book else [],
        lead_name=names.get(pool.lead_id, ""),
        is_lead=leads(pool),
    )


@pages.get("/<int:pool_id>/balance")
@needs("ledger.read")
def balance(pool_id: int) -> ResponseReturnValue:
    """Show the trial balance, now or as it stood at the end of a closed period; each balance leads to its entries."""
    pool = pool_of(pool_id)
    asked = Asked()
    every = statements.periods(unit(), pool.id)
    closed = [period for period in every if period.stage == "closed"]
    chosen = _period(closed, asked.choice("period", [str(period.id) for period in closed]))
    names = member_names(unit(), [pool.id])
    until_on = chosen.ends_on if chosen else None
    shown = pool_book.trial_balance(unit(), pool.id, names, only=view_of(pool.id, actor()), until_on=until_on)
    rows = [
        {
            "name": row.name,
            "member_name": row.member_name,
            "debit_fen": row.debit_fen,
            "credit_fen": row.credit_fen,
            "href": url_for(".entries", pool_id=pool.id, account=row.code, member=row.member) if row.is_link else "",
        }
        for row in shown.rows
    ]
    if listing.wants_csv():
        columns = [
            ("account", lambda row: row.code),
            ("name", lambda row: row.name),
            ("member", lambda row: row.member_name),
            ("debit_cny", lambda row: row.debit_fen),
            ("credit_cny", lambda row: row.credit_fen),
        ]
        return listing.csv_of(f"balance-{pool.id}", columns, shown.rows)
    options = [
        ("", t("现在", "Now")),
        *((str(one.id), t("{p} 结账时", "At the close of {p}", p=one.label)) for one in closed),
    ]
    return render_template(
        "finance/balance.html",
        pool=pool,
        places=subnav(pool),
        rows=rows,
        shown=shown,
        values=asked.values,
        options=options,
        is_own=view_of(pool.id, actor()) is not None,
    )


def _period(periods: list[Period], chosen: str) -> Period | None:
    return next((period for period in periods if str(period.id) == chosen), None)


def _asked(pool: Pool, names: Mapping[uuid.UUID, str], every: list[Period]) -> tuple[Asked, Wanted]:
    """Return the filters of a journal as its address has them."""
    asked = Asked()
    period = _period(every, asked.choice("period", [str(one.id) for one in every]))
    member = read_id(asked.choice("member", [str(one) for one in names]))
    wanted = Wanted(
        only=view_of(pool.id, actor()),
        reason=asked.choice("reason", [reason.value for reason in Reason]),
        period_id=period.id if period else None,
        code=asked.choice("account", _CODES),
        member=member,
        subject_id=read_id(asked.text("subject")),
        starts_on=asked.day("from"),
        ends_on=asked.day("to"),
        document=asked.text("document"),
    )
    return asked, wanted


_CODES = ("1010", "1110", "1120", "1210", "1220", "2110", "2120", "2130", "2210", "2220", "2305", "2310")


@pages.get("/<int:pool_id>/entries")
@needs("ledger.read")
def entries(pool_id: int) -> ResponseReturnValue:
    """List the entries of a pool's book by period, reason, account, member, day and document, newest first."""
    pool = pool_of(pool_id)
    names = member_names(unit(), [pool.id])
    every = list(statements.periods(unit(), pool.id))
    asked, wanted = _asked(pool, names, every)
    if listing.wants_csv():
        found = journal.page(unit(), pool.id, wanted, limit=listing.EXPORT_MOST)
        return listing.csv_of(f"entries-{pool.id}", _EXPORTED, found)
    count, sum_fen = journal.count_and_sum(unit(), pool.id, wanted)
    pages_in_all = max(1, -(-count // listing.PAGE_ROWS))
    page = min(listing.page_asked(), pages_in_all)
    rows = [
        {**_row(row), "href": url_for(".entry", pool_id=pool.id, entry_id=row.id)}
        for row in pool_book.journal_page(unit(), pool.id, wanted, page, listing.PAGE_ROWS)
    ]
    return render_template(
        "finance/entries.html",
        pool=pool,
        places=subnav(pool),
        rows=rows,
        count=count,
        sum_fen=sum_fen,
        page=page,
        pages=pages_in_all,
        values=asked.values,
        errors=asked.errors,
        exports=listing.csv_link(),
        periods=pool_book.period_options(every),
        reasons=[("", t("全部事由", "All reasons")), *((one.value, reason_name(one.value)) for one in Reason)],
        accounts=_CODES,
        members=[] if wanted.only else list(names.items()),
        is_signed=bool(wanted.code),
        is_own=wanted.only is not None,
    )


_EXPORTED = [
    ("entry", lambda row: row.id),
    ("period", lambda row: row.period),
    ("on", lambda row: row.on),
    ("reason", lambda row: row.reason.value),
    ("document", lambda row: row.document),
    ("amount_cny", lambda row: row.amount_fen),
    ("reverses", lambda row: row.reverses_id),
]


def _row(row: JournalRow) -> dict[str, object]:
    return {
        "id": row.id,
        "on": row.on,
        "period": row.period,
        "reason": reason_name(row.reason.value) + (t("（冲正）", " (mirror)") if row.reverses_id else ""),
        "document": row.document,
        "amount_fen": row.amount_fen,
    }


@pages.get("/<int:pool_id>/entries/<int:entry_id>")
@needs("ledger.read")
def entry(pool_id: int, entry_id: int) -> ResponseReturnValue:
    """Show one entry: its transfers, how its sums were split, what it is about, what took it back."""
    pool = pool_of(pool_id)
    only = view_of(pool.id, actor())
    row = journal.entry_of(unit(), pool.id, entry_id, only=only)
    if row is None:
        raise NotFound("entry_not_found", entry_id=entry_id)
    names = member_names(unit(), [pool.id])
    legs = pool_book.leg_rows(journal.legs_of(unit(), pool.id, row, only=only), names)
    return render_template(
        "finance/entry.html",
        pool=pool,
        row=row,
        legs=legs,
        total_fen=sum(leg.amount_fen for leg in legs),
        splits=pool_book.splits_shown(unit(), pool.id, journal.splits_of(unit(), pool.id, row.id), names),
        about=subject_words(unit(), {(row.subject_kind, row.subject_id)}).get(row.subject_id, ""),
        about_href=subject_href(pool.id, row),
        mirror=journal.mirror_of(unit(), pool.id, row.id),
        is_own=only is not None,
    )


def subject_href(pool_id: int, row: JournalRow) -> str:
    """Return the page of what an entry is about."""
    if row.subject_kind == "policy":
        return url_for("premiums.one", policy_id=row.subject_id)
    if row.subject_kind == "refund":
        return url_for("premiums.refund", refund_id=row.subject_id)
    if row.subject_kind == "claim":
        return url_for("payments.claim", claim_id=row.subject_id)
    if row.subject_kind == "statement" and _sees_statement(row.subject_id):
        return url_for("statements.one", statement_id=row.subject_id)
    if row.subject_kind in ("apart_item", "step_up"):
        return url_for("apart.index" if row.subject_kind == "apart_item" else "step_ups.index", pool_id=pool_id)
    if row.subject_kind == "bank_line":
        return url_for("bank_matching.index", pool_id=pool_id)
    if row.subject_kind == "period":
        return url_for("periods.one", pool_id=pool_id, label=row.document)
    return url_for("pools.one", pool_id=pool_id)


def _sees_statement(statement_id: uuid.UUID) -> bool:
    """Say whether the actor may see a statement: who has another's late interest sees the entry, not its statement."""
    return unit().scalar(statements.visible_to(actor()).where(Statement.id == statement_id)) is not None


@pages.get("/<int:pool_id>/carries")
@needs("ledger.read")
def carries(pool_id: int) -> ResponseReturnValue:
    """Show what each stream of sums stands at: the carry of every member, and the most it can come to."""
    pool = pool_of(pool_id)
    shares = books.latest_shares(unit(), pool.id)
    names = short_names(unit(), [pool.id])
    return render_template(
        "finance/carries.html",
        pool=pool,
        places=subnav(pool),
        rows=pool_book.carry_rows(unit(), pool.id),
        members=[names.get(member, "") for member in shares.members],
        drift=pool_book.drift_words(shares),
        on=today(),
    )
