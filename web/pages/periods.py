"""Periods of a pool's book: opened, closed with everything that is charged at the close, issued, settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims.closing import close_period
from core import clock
from core.errors import Conflict, Invalid
from core.permits import may
from ledger import journal, statements
from ledger.journal import Wanted
from ledger.models import Period, Statement
from ledger.reasons import Line, Reason
from ledger.stages import PERIOD_MOVES, STATEMENT_MOVES
from underwriting import late_interest
from underwriting.models import Pool
from web.close_preview import ClosePreview, MemberSheet, preview_close, sheet_of
from web.errors import field_errors
from web.formats import line_name, reason_name, t, yuan
from web.history import history
from web.money_desk import (
    Field,
    Step,
    booked_day,
    day_field,
    leads,
    led_pool,
    member_names,
    need_day,
    pool_of,
    read_day,
    short_names,
    step_page,
    today,
    view_of,
)
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.statement_issue import issue_all
from web.step_closed import closed_words

pages = Blueprint("periods", __name__, url_prefix="/pools/<int:pool_id>/periods")


@pages.get("")
@needs("ledger.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the periods of a pool, newest first."""
    pool = pool_of(pool_id)
    rows = [
        {
            "label": row.label,
            "href": url_for(".one", pool_id=pool.id, label=row.label),
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
            "stage": row.stage,
            "closed_at": row.closed_at,
        }
        for row in statements.periods(unit(), pool.id)
    ]
    may_open = leads(pool) and may(actor(), "period.open")
    return render_template("finance/periods.html", pool=pool, places=subnav(pool), rows=rows, may_open=may_open)


@pages.route("/new", methods=["GET", "POST"])
@needs("period.open")
def new(pool_id: int) -> ResponseReturnValue:
    """Open a period; the next quarter after the last one is proposed."""
    pool = led_pool(pool_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        label, days = values.get("label", "").strip(), (need_day(values, "starts_on"), need_day(values, "ends_on"))
        row = statements.open_period(unit(), pool.id, label, *days, by=actor(), at=at())
        return t("账期 {p} 已开立。", "Period {p} is open.", p=row.label), _of(pool, label)

    return step_page(_opening(pool), work)


def _opening(pool: Pool) -> Step:
    known = statements.periods(unit(), pool.id)
    starts_on = known[0].ends_on + timedelta(days=1) if known else date(today().year, 1, 1)
    quarter = (starts_on.month - 1) // 3 + 1
    ends_on = date(starts_on.year + quarter // 4, quarter % 4 * 3 + 1, 1) - timedelta(days=1)
    return Step(
        title=t("开立账期", "Open a period"),
        sentence=t("开立后，日期在其中的业务才能入账。", "Business of its days can be booked once it is open."),
        label=t("开立账期", "Open the period"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(t("共保体", "Pool"), pool.name)],
        fields=[
            Field("label", t("名称", "Name"), "text", t("例如 2026Q2", "For example 2026Q2")),
            Field("starts_on", t("起始日", "From")),
            Field("ends_on", t("终止日", "To")),
        ],
        values={
            "label": f"{starts_on.year}Q{quarter}",
            "starts_on": starts_on.isoformat(),
            "ends_on": ends_on.isoformat(),
        },
    )


@pages.get("/<label>")
@needs("ledger.read")
def one(pool_id: int, label: str) -> ResponseReturnValue:
    """Show a period: what was booked in it by reason, its statements side by side, what can be done now."""
    pool = pool_of(pool_id)
    row = statements.period(unit(), pool.id, label)
    names = member_names(unit(), [pool.id])
    shown = _statements(row)
    return render_template(
        "finance/period.html",
        pool=pool,
        row=row,
        statements=shown,
        names=names,
        short_names=short_names(unit(), [pool.id]),
        matrix=matrix([sheet_of(unit(), one) for one in shown]),
        hrefs=[url_for("statements.one", statement_id=one.id) for one in shown],
        sum_fen=sum(one.balance_fen for one in shown),
        is_whole=view_of(pool.id, actor()) is None,
        booked=_booked(pool, row),
        doable=_doable(pool, row, shown),
        events=history(unit(), "period", row.id),
    )


def _statements(row: Period) -> Sequence[Statement]:
    """Return the statements of a period that the actor may see, in member order."""
    query = statements.visible_to(actor()).where(Statement.period_id == row.id, Statement.pool_id == row.pool_id)
    return unit().scalars(query.order_by(Statement.number)).all()


def matrix(sheets: Sequence[MemberSheet]) -> list[dict[str, object]]:
    """Return statements side by side: a row a line, a cell (`m0`, `m1`, ...) a member; the balance is the last row."""
    rows: list[dict[str, object]] = []
    for line in Line:
        cells = {f"m{place}": sheet.lines.get(line) for place, sheet in enumerate(sheets)}
        if any(fen is not None for fen in cells.values()):
            rows.append({"line": line_name(line.value), **cells})
    return rows


def _booked(pool: Pool, row: Period) -> list[dict[str, object]]:
    """Return how many entries of each reason stand in a period, each with the address of its list."""
    only = view_of(pool.id, actor())
    found = []
    for reason, count in journal.count_by_reason(unit(), pool.id, Wanted(only=only, period_id=row.id)).items():
        href = url_for("pools.entries", pool_id=pool.id, period=row.id, reason=reason.value)
        found.append({"reason": reason_name(reason.value), "count": count, "href": href})
    return found


def _doable(pool: Pool, row: Period, shown: Sequence[Statement]) -> dict[str, str]:
    """Return what the actor can do with a period now: step -> address."""
    found: dict[str, str] = {}
    if not leads(pool):
        return found
    if row.stage == "open" and may(actor(), "period.close"):
        found["close"] = url_for(".close", pool_id=pool.id, label=row.label)
    if any(one.stage == "draft" for one in shown) and may(actor(), "statement.issue"):
        found["issue"] = url_for(".issue", pool_id=pool.id, label=row.label)
    waiting = statements.to_settle(unit(), row)
    if waiting and all(one.stage == "agreed" for one in waiting) and may(actor(), "statement.settle"):
        found["settle"] = url_for(".settle", pool_id=pool.id, label=row.label)
    return found


@pages.route("/<label>/close", methods=["GET", "POST"])
@needs("period.close", writes=True)
def close(pool_id: int, label: str) -> ResponseReturnValue:
    """Show what closing the period would charge and the statements it would draw up; close it."""
    pool = led_pool(pool_id)
    row = statements.period(unit(), pool.id, label)
    usual = min(row.ends_on, max(row.starts_on, today()))
    if request.method == "GET":
        return _closing(pool, row, {"on": request.args.get("on") or usual.isoformat()}, {})
    try:
        on = booked_day(request.form)
        made = close_period(unit(), pool.id, label, on=on, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _closing(pool, row, request.form, field_errors(refusal, "on"), has_preview=False), refusal.status
    said = t(
        "账期 {p} 已结账，{n} 份结算单草稿待签发。",
        "Period {p} is closed; {n} draft statements wait to be issued.",
        p=label,
        n=len(made),
    )
    flash(said, "success")
    return redirect(url_for(".one", pool_id=pool.id, label=label), 303)


def _closing(
    pool: Pool, row: Period, values: Mapping[str, str], errors: Mapping[str, str], *, has_preview: bool = True
) -> str:
    preview: ClosePreview | None = None
    day = read_day(values.get("on"))
    if has_preview and day is not None and row.stage == "open":
        try:
            preview = preview_close(unit(), row, on=day, by=actor(), at=at())
        except (Invalid, Conflict) as refusal:
            errors = field_errors(refusal, "on")
    names = member_names(unit(), [pool.id])
    sheets = preview.sheets if preview else []
    return render_template(
        "finance/close.html",
        pool=pool,
        row=row,
        values=values,
        errors=errors,
        preview=preview,
        charges=[
            _charge_row(one.reason, names.get(one.member, ""), one.document, one.amount_fen) for one in preview.charges
        ]
        if preview
        else [],
        sheets=sheets,
        sum_fen=sum(one.balance_fen for one in sheets),
        short_names=short_names(unit(), [pool.id]),
        matrix=matrix(sheets),
        is_early=clock.on(at()) < row.ends_on,
        next_on=row.ends_on + timedelta(days=1),
        closed=closed_words(PERIOD_MOVES, "period", "close", row.stage, row.id, "period.closed"),
    )


def _charge_row(reason: Reason, member: str, document: str, amount_fen: int) -> dict[str, object]:
    return {"what": reason_name(reason.value), "member": member, "document": document, "amount_fen": amount_fen}


@pages.route("/<label>/issue", methods=["GET", "POST"])
@needs("statement.issue")
def issue(pool_id: int, label: str) -> ResponseReturnValue:
    """Issue the draft statements of a closed period to their members; the signed papers are made right after."""
    pool = led_pool(pool_id)
    row = statements.period(unit(), pool.id, label)
    drafts = [one for one in _statements(row) if one.stage == "draft"]
    names = member_names(unit(), [pool.id])
    facts = [(names.get(one.organisation_id, ""), yuan(one.balance_fen)) for one in drafts]

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        if not drafts:
            raise Conflict("nothing_to_issue", period=label)
        issue_all(unit(), drafts, by=actor(), at=at())
        said = t("已签发 {n} 份结算单。", "{n} statements are issued.", n=len(drafts))
        return said, url_for(".one", pool_id=pool.id, label=label)

    step = Step(
        title=t("签发 {p} 结算单", "Issue the statements of {p}", p=label),
        sentence=t(
            "签发 {n} 份结算单。签发后各成员即可看到，文件随即制作并签名，不能撤回。",
            "Issue {n} statements. Their members see them at once; the papers are made and signed; this stands.",
            n=len(drafts),
        ),
        label=t("签发结算单", "Issue the statements"),
        back=url_for(".one", pool_id=pool.id, label=label),
        facts=facts,
        note=t("正数为共保体应付成员。", "Positive: the pool owes the member."),
        closed=_closed(_statements(row), "issue") if not drafts else "",
    )
    return step_page(step, work)


@pages.route("/<label>/settle", methods=["GET", "POST"])
@needs("statement.settle")
def settle(pool_id: int, label: str) -> ResponseReturnValue:
    """Settle a period: every agreed balance netted against the others, what is left through pool money."""
    pool = led_pool(pool_id)
    row = statements.period(unit(), pool.id, label)
    names = member_names(unit(), [pool.id])
    shown = statements.to_settle(unit(), row) or _statements(row)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        posted = late_interest.settle_period(unit(), row, on=booked_day(values), by=actor(), at=at())
        if posted is None:
            return t("各家净额均为零，已结清。", "Every balance is nothing: settled."), _of(pool, label)
        address = url_for("pools.entry", pool_id=pool.id, entry_id=posted.entry_id)
        return t("账期 {p} 的结算单已结清。", "The statements of {p} are settled.", p=label), address

    owed = sum(one.balance_fen for one in shown if one.balance_fen > 0)
    step = Step(
        title=t("结清 {p} 结算单", "Settle the statements of {p}", p=label),
        sentence=t(
            "登记各成员之间的结算款已经收付：应收应付相互抵销，余额经共保资金收付。",
            "Book that the balances are paid: what is owing is netted against what is owed, the rest is pool money.",
        ),
        label=t("结清结算单", "Settle the statements"),
        back=_of(pool, label),
        facts=[(names.get(one.organisation_id, ""), yuan(one.balance_fen)) for one in shown],
        fields=[day_field(t("到账日期", "Paid on"))],
        note=t(
            "正数为共保体应付成员；应付合计 {sum}。逾期的应付方按协议利率计息到收付之日，一并入账。",
            "Positive: the pool owes the member; owed in all: {sum}. Late ones owe interest, booked too.",
            sum=yuan(owed),
        ),
        closed=_closed(shown, "settle"),
    )
    return step_page(step, work)


def _closed(shown: Sequence[Statement], verb: str) -> str:
    """Return why a step on a period's statements is not open: the first of them that it does not fit says so."""
    for one in shown:
        if words_of := closed_words(STATEMENT_MOVES, "statement", verb, one.stage, one.id):
            return f"{one.number}：{words_of}"
    return "" if shown else t("账期还没有结算单。", "The period has no statements yet.")


def _of(pool: Pool, label: str) -> str:
    return url_for(".one", pool_id=pool.id, label=label)
