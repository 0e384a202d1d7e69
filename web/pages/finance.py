"""The first pages of the finance desks: the lead's maker and checker, a follower's, the bureau's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from claims.models import CashCall
from core.permits import Role
from ledger import journal, statements
from ledger.models import Entry, Period, Statement
from ledger.reasons import Reason
from underwriting.models import Pool
from web import bank_desk, charts, extract_desk, finance_work, payee_desk, sent_desk
from web.bordereau_desk import BORDEREAUX
from web.finance_work import NoPeriod, Work, by_due
from web.formats import money, t
from web.money_desk import pools_seen, today
from web.shell import actor, at, unit
from web.statement_due import left_to_checker, payments_due

pages = Blueprint("finance", __name__)


def _desk() -> ResponseReturnValue:
    """Show an insurer's finance desk: as lead of a pool where it leads one, and as a member."""
    who, session = actor(), unit()
    work = [*payments_due(session, who, today()), *finance_work.member_work(session, who, today())]
    work += [*bank_desk.accounts_to_confirm(session, who), *bank_desk.batches_to_release(session, who)]
    work += [*sent_desk.lists_to_do(session, BORDEREAUX, who), *payee_desk.payouts_to_do(session, who, today())]
    others = left_to_checker(session, who, today())
    pools = pools_seen(session, who)
    if who.led_pools:
        work = by_due([*finance_work.lead_work(session, who, today()), *work])
        led = sorted(who.led_pools)
        title = t("首席财务", "Finance desk of the lead")
        shut = finance_work.no_period_open(session, who, today())
        return _home(title, work, _pool_figures(led), _year(led), pools, others=others, shut=shut)
    title = t("成员财务", "Finance desk of a member")
    return _home(title, by_due(work), _member_figures(), _balances(), pools, others=others)


def _bureau() -> ResponseReturnValue:
    """Show the bureau's finance desk: all money, nothing to post."""
    session = unit()
    pools = pools_seen(session, actor())
    ids = [pool.id for pool in pools]
    late = [*finance_work.overdue_calls(session, today()), *finance_work.overdue_statements(session, today())]
    watched = [*late, *finance_work.bureau_work(session, today())]
    title = t("主管单位财务", "Finance desk of the bureau")
    return _home(title, [], _pool_figures(ids), _year(ids), pools, watched=watched)


def _home(
    title: str,
    work: Sequence[Work],
    figures: Sequence[dict[str, object]],
    picture: dict[str, object] | None,
    pools: Sequence[Pool],
    *,
    watched: Sequence[Work] | None = None,
    others: Sequence[Work] = (),
    shut: Sequence[NoPeriod] = (),
) -> str:
    return render_template(
        "finance/home.html",
        title=title,
        work=work,
        watched=watched,
        others=others,
        shut=shut,
        figures=figures,
        picture=picture,
        pools=pools,
        ready=extract_desk.ready_links(unit(), actor()),
        posted=sent_desk.posted_links(unit(), BORDEREAUX, actor(), at()),
        now=None,
    )


def _pool_figures(ids: Sequence[int]) -> list[dict[str, object]]:
    """Return the four figures of those who keep or watch a whole book."""
    only = ids[0] if len(ids) == 1 else None

    def tile(label: str, code: str, sign: int, change: str = "") -> dict[str, object]:
        value = sign * finance_work.standing(unit(), ids, code)
        href = url_for("pools.entries", pool_id=only, account=code) if only is not None else ""
        return {"label": label, "value": money(value), "unit": t("元", "CNY"), "href": href, "change": change}

    overdue = (
        unit()
        .execute(
            select(func.count(), func.coalesce(func.sum(CashCall.amount_fen), 0)).where(
                CashCall.pool_id.in_(ids), CashCall.stage == "issued", CashCall.due_on < today()
            )
        )
        .one()
    )
    late = (
        t("其中逾期 {sum}", "of it overdue {sum}", sum=money(int(overdue[1])))
        if overdue[0]
        else t("无逾期", "None overdue")
    )
    return [
        tile(t("共保资金", "Pool money"), "1010", 1),
        tile(t("应收保费", "Premium receivable"), "1110", 1),
        tile(t("应收摊回", "Cash calls due"), "1210", 1, late),
        tile(t("应付赔款", "Claims payable"), "2110", -1),
    ]


def _year(ids: Sequence[int]) -> dict[str, object] | None:
    """Return the picture of a book's year: premium received and claims approved, added up month by month."""
    last = unit().scalar(select(func.max(Entry.on)).where(Entry.pool_id.in_(ids)))
    if last is None:
        return None
    year = date(last.year, 1, 1), date(last.year, 12, 31)
    received = journal.by_month(unit(), ids, "1010", Reason.PREMIUM_RECEIVED, *year)
    approved = journal.by_month(unit(), ids, "2110", Reason.CLAIM_APPROVED, *year)
    months = range(1, last.month + 1)
    lines = [_added_up(received, months, 1), _added_up(approved, months, -1)]
    names = (t("已收保费", "Premium received"), t("核定赔款", "Claims approved"))
    return {
        "title": t("{y} 年累计", "{y} so far", y=last.year),
        "drawing": charts.lines(
            [t("{m} 月", "{m}", m=month) for month in months],
            [charts.Line(name, values) for name, values in zip(names, lines, strict=True)],
            t("{y} 年累计已收保费与核定赔款", "Premium received and claims approved in {y}", y=last.year),
            words=_in_ten_thousands,
        ),
        "heads": names,
        "rows": [
            {"name": t("{m} 月", "Month {m}", m=month), "a": lines[0][month - 1], "b": lines[1][month - 1]}
            for month in months
        ],
    }


def _added_up(by_month: dict[int, int], months: range, sign: int) -> list[int]:
    total, values = 0, []
    for month in months:
        total += sign * by_month.get(month, 0)
        values.append(total)
    return values


def _in_ten_thousands(fen: int) -> str:
    """Return fen in ten thousand yuan (thousands in English), cut to one decimal: for the marks of a picture."""
    zh, en = abs(fen) // 100_000, abs(fen) // 10_000
    sign = "\N{MINUS SIGN}" if fen < 0 else ""
    return t("{s}{a}.{b} 万", "{s}{c}.{d}k", s=sign, a=f"{zh // 10:,}", b=zh % 10, c=f"{en // 10:,}", d=en % 10)


def _member_figures() -> list[dict[str, object]]:
    """Return a member's own figures: what stands on its accounts."""
    who = actor()
    ids = [pool.id for pool in pools_seen(unit(), who)]

    def standing(code: str, sign: int) -> str:
        return money(sign * finance_work.standing(unit(), ids, code, who.organisation_id))

    unit_words = t("元", "CNY")
    return [
        {
            "label": t("本期往来（共保体欠贵公司）", "Current account (owed to you)"),
            "value": standing("2210", -1),
            "unit": unit_words,
        },
        {"label": t("待付摊回款", "Cash calls to pay"), "value": standing("1210", 1), "unit": unit_words},
        {"label": t("待收结算款", "Statements due to you"), "value": standing("2220", -1), "unit": unit_words},
        {"label": t("待付结算款", "Statements due from you"), "value": standing("1220", 1), "unit": unit_words},
    ]


def _balances() -> dict[str, object] | None:
    """Return the picture of a member's balances, statement by statement."""
    query = (
        statements.visible_to(actor())
        .join(Period, Period.id == Statement.period_id)
        .where(Statement.organisation_id == actor().organisation_id)
        .with_only_columns(Period.label, Statement.balance_fen)
        .order_by(Period.ends_on.desc())
        .limit(8)
    )
    found = [(str(label), int(fen)) for label, fen in reversed(unit().execute(query).all())]
    if not found:
        return None
    label = t("各期结算净额", "Net of each statement")
    return {
        "title": label,
        "drawing": charts.bars(found, words=money),
        "heads": (t("净额", "Net"),),
        "rows": [{"name": name, "a": fen} for name, fen in found],
    }


HOMES = {Role.FINANCE_MAKER: _desk, Role.FINANCE_CHECKER: _desk, Role.BUREAU_FINANCE: _bureau}
