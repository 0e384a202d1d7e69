"""What waits at a finance desk, and the figures of its first page: counted and summed by the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import url_for
from sqlalchemy import ColumnElement, SQLColumnExpression, false, func, or_, select
from sqlalchemy.orm import Session

from claims import payouts
from claims.models import CashCall, Claim, ClaimCost
from core.clock import CITY
from core.permits import Actor, may
from ledger import statements, threads
from ledger.models import Account, Period, Statement, Transfer
from underwriting import policies
from underwriting.models import Agreement, Policy, Pool, Refund
from web.formats import date_words, number, t, yuan
from web.overdue import is_overdue, overdue_days, overdue_words


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do, as the `work_list` macro takes it; without a due time its state is shown.

    `late` says in words for how many days it is overdue: told in the place of the time that has passed.
    """

    title: str
    href: str
    note: str = ""
    due_at: datetime | None = None
    kind: str = ""
    stage: str = ""
    late: str = ""


def by_due(work: Iterable[Work]) -> list[Work]:
    """Return things to do with the one due first at the head, those without a due time last."""
    return sorted(work, key=lambda one: (one.due_at is None, one.due_at or datetime.max.replace(tzinfo=CITY)))


def end_of(day: date) -> datetime:
    """Return the last minute of a day in the city: when something due on that day is due."""
    return datetime.combine(day, time(23, 59), CITY)


def _count_and_sum(session: Session, fen: SQLColumnExpression[int], *where: ColumnElement[bool]) -> tuple[int, int]:
    """Return (rows, sum in fen) of what a table holds under these conditions."""
    count, total = session.execute(select(func.count(), func.coalesce(func.sum(fen), 0)).where(*where)).one()
    return int(count), int(total)


def _note(count: int, fen: int) -> str:
    return t("{n} 笔，合计 {sum}", "{n}, {sum} in all", n=number(count), sum=yuan(fen))


def lead_work(session: Session, who: Actor, today: date) -> list[Work]:
    """Return what waits for the finance desk of a lead."""
    pools = who.led_pools
    found: list[Work] = []
    if may(who, "premium.receive"):
        count, fen = _count_and_sum(session, policies.due_fen(), Policy.pool_id.in_(pools), Policy.stage == "bound")
        if count:
            title = t("登记保费到账", "Book premiums as received")
            found.append(
                Work(title, url_for("premiums.index", stage="bound"), _note(count, fen), None, "policy", "bound")
            )
    if may(who, "premium.remit"):
        found += _to_remit(session, pools)
    if may(who, "cash_call.receive"):
        found += _calls(session, pools, today)
    found += _claims(session, who)
    if may(who, "refund.pay"):
        refunds = (Refund.stage == "agreed", Refund.policy_id.in_(select(Policy.id).where(Policy.pool_id.in_(pools))))
        count, fen = _count_and_sum(session, Refund.gross_fen, *refunds)
        if count:
            first = session.scalars(select(Refund.policy_id).where(*refunds).order_by(Refund.id).limit(1)).one()
            href = url_for("premiums.one", policy_id=first)
            found.append(Work(t("支付退费", "Pay refunds"), href, _note(count, fen), None, "refund", "agreed"))
    found += _periods(session, who, today)
    return found


def _to_remit(session: Session, pools: frozenset[int]) -> list[Work]:
    gross = select(Agreement.id).where(Agreement.remittance == "gross", Agreement.pool_id.in_(pools))
    where = (Policy.pool_id.in_(pools), Policy.stage == "received", Policy.agreement_id.in_(gross))
    count, fen = _count_and_sum(session, policies.due_fen(), *where)
    if not count:
        return []
    title = t("划付已收保费", "Remit premiums received")
    return [Work(title, url_for("premiums.index", stage="received"), _note(count, fen), None, "policy", "received")]


def _calls(session: Session, pools: frozenset[int], today: date) -> list[Work]:
    where = (CashCall.pool_id.in_(pools), CashCall.stage == "issued")
    count, fen = _count_and_sum(session, CashCall.amount_fen, *where)
    if not count:
        return []
    due_on = session.scalars(select(func.min(CashCall.due_on)).where(*where)).one()
    title = t("跟进摊回款", "Follow up cash calls")
    return [Work(title, url_for("cash_calls.index", stage="issued"), _note(count, fen), end_of(due_on))]


def _claims(session: Session, who: Actor) -> list[Work]:
    """Return the claims to pay, to call for or to fund, and the adjusters to pay; not what a batch pays."""
    pools = who.led_pools
    free = ~payouts.is_in_batch()
    short = or_(false(), *((Claim.pool_id == one) & payouts.is_short(one) for one in pools))
    called = (Agreement.cash_call_from_fen > 0) & (Claim.payable_fen >= Agreement.cash_call_from_fen)
    base = (
        select(Claim.id).join(Policy, Policy.id == Claim.policy_id).join(Agreement, Agreement.id == Policy.agreement_id)
    )
    base = base.where(Claim.pool_id.in_(pools))
    kinds = (
        ("cash_call.issue", "approved", called, t("发出摊回通知", "Call for cash")),
        ("claim.pay", "approved", ~called & free, t("支付赔款", "Pay claims")),
        ("cash_call.fund", "called", called & short, t("收齐或补足摊回款", "Collect or fund the calls")),
        ("claim.pay", "called", called & ~short & free, t("用共保资金付款", "Pay from pool money")),
    )
    found = []
    for action, stage, which, title in kinds:
        if not may(who, action):
            continue
        ids = base.where(Claim.stage == stage, which)
        count, fen = _count_and_sum(session, func.coalesce(Claim.payable_fen, 0), Claim.id.in_(ids))
        if count:
            found.append(Work(title, url_for("payments.index", stage=stage), _note(count, fen), None, "claim", stage))
    if may(who, "cost.pay"):
        costs = (
            ClaimCost.stage == "approved",
            ClaimCost.claim_id.in_(select(Claim.id).where(Claim.pool_id.in_(pools))),
        )
        count, fen = _count_and_sum(session, ClaimCost.amount_fen, *costs)
        if count:
            first = session.scalars(select(ClaimCost.claim_id).where(*costs).order_by(ClaimCost.id).limit(1)).one()
            href = url_for("payments.claim", claim_id=first)
            found.append(
                Work(t("支付公估费", "Pay adjusters"), href, _note(count, fen), None, "claim_cost", "approved")
            )
    return found


def _periods(session: Session, who: Actor, today: date) -> list[Work]:
    """Return the periods to open, to close, to issue, to answer for, to settle."""
    found: list[Work] = []
    query = select(Period).where(Period.pool_id.in_(who.led_pools)).order_by(Period.starts_on)
    every = session.scalars(query).all()
    stages = _stages_by_period(session, who)
    for period in every:
        href = url_for("periods.one", pool_id=period.pool_id, label=period.label)
        have = stages.get(period.id, {})
        if period.stage == "open" and period.ends_on <= today and may(who, "period.close"):
            title = t("账期 {p} 结账", "Close period {p}", p=period.label)
            found.append(Work(title, href, due_at=end_of(period.ends_on + timedelta(days=10))))
        if have.get("draft") and may(who, "statement.issue"):
            title = t("签发 {p} 结算单", "Issue the statements of {p}", p=period.label)
            found.append(Work(title, href, kind="statement", stage="draft"))
        if have.get("queried") and may(who, "statement.reply"):
            title = t("答复 {p} 结算单的疑问", "Answer queries on {p}", p=period.label)
            found.append(Work(title, url_for("statements.index", stage="queried"), kind="statement", stage="queried"))
        if set(have) == {"agreed"} and may(who, "statement.settle"):
            title = t("结清 {p} 结算单", "Settle the statements of {p}", p=period.label)
            due_on = session.scalar(select(func.max(Statement.due_on)).where(Statement.period_id == period.id))
            found.append(Work(title, href, "", end_of(due_on) if due_on else None, "statement", "agreed"))
    for pool_id in who.led_pools if may(who, "period.open") else ():
        if not any(one.pool_id == pool_id and one.starts_on <= today <= one.ends_on for one in every):
            title = t("开立当前账期", "Open the current period")
            found.append(Work(title, url_for("periods.new", pool_id=pool_id), due_at=end_of(today)))
    return found


@dataclass(frozen=True, slots=True)
class NoPeriod:
    """A led pool whose book takes nothing on a day: why, in a sentence, and where the next period is opened."""

    words: str
    href: str
    label: str


def no_period_open(session: Session, who: Actor, today: date) -> list[NoPeriod]:
    """Return the led pools that have no open period on a day; whatever is booked on it there is refused."""
    found = []
    for pool in session.scalars(select(Pool).where(Pool.id.in_(who.led_pools)).order_by(Pool.id)):
        every = session.scalars(select(Period).where(Period.pool_id == pool.id).order_by(Period.starts_on)).all()
        here = next((one for one in every if one.starts_on <= today <= one.ends_on), None)
        if here is not None and here.stage == "open":
            continue
        why = (
            t(
                "账期 {p} 已提前结账，到 {next} 之前什么都不能入账。",
                "Period {p} was closed early: nothing can be booked before {next}.",
                p=here.label,
                next=date_words(here.ends_on + timedelta(days=1)),
            )
            if here is not None
            else t(
                "没有账期包含今天，开立之前什么都不能入账。",
                "No period has this day: nothing can be booked until one does.",
            )
        )
        may_open = may(who, "period.open") and not any(one.starts_on > today for one in every)
        href = url_for("periods.new" if may_open else "periods.index", pool_id=pool.id)
        label = t("开立账期", "Open a period") if may_open else t("看账期", "See the periods")
        words = t(
            "{pool}：{why}收款、付款与核赔都会被拒绝。",
            "{pool}: {why} Receipts, payments and approvals are refused.",
            pool=pool.name,
            why=why,
        )
        found.append(NoPeriod(words, href, label))
    return found


def _stages_by_period(session: Session, who: Actor) -> dict[int, dict[str, int]]:
    """Return period -> stage -> how many of its statements stand there."""
    query = (
        select(Statement.period_id, Statement.stage, func.count())
        .where(Statement.pool_id.in_(who.led_pools))
        .group_by(Statement.period_id, Statement.stage)
    )
    found: dict[int, dict[str, int]] = {}
    for period_id, stage, count in session.execute(query):
        found.setdefault(period_id, {})[stage] = int(count)
    return found


def member_work(session: Session, who: Actor, today: date) -> list[Work]:
    """Return what waits for a member's own finance desk: statements to answer, cash calls to pay."""
    found: list[Work] = []
    if who.organisation_id is None:
        return found
    if may(who, "statement.answer"):
        found += _to_answer(session, who, today)
    calls = (
        select(CashCall, Claim.number, Claim.title)
        .join(Claim, Claim.id == CashCall.claim_id)
        .where(CashCall.organisation_id == who.organisation_id, CashCall.stage == "issued")
        .order_by(CashCall.due_on)
    )
    for call, claim_number, claim_title in session.execute(calls):
        title = t("付摊回款 {n}", "Pay the cash call on {n}", n=claim_number)
        note = f"{claim_title} · {yuan(call.amount_fen)}"
        found.append(Work(title, url_for("payments.claim", claim_id=call.claim_id), note, end_of(call.due_on)))
    return found


def _to_answer(session: Session, who: Actor, today: date) -> list[Work]:
    """Return the member's own statements that wait for its answer."""
    found = []
    query = statements.visible_to(who).where(
        Statement.organisation_id == who.organisation_id, Statement.stage.in_(["issued", "acknowledged"])
    )
    waiting = session.scalars(query.order_by(Statement.number)).all()
    replied = set(threads.answered(session, [one.id for one in waiting if one.stage == "issued"]))
    for statement in waiting:
        title = t("确认结算单 {n}", "Answer statement {n}", n=statement.number)
        href = url_for("statements.one", statement_id=statement.id)
        sums = (
            ("应收 {sum}，不迟于 {day}", "Due to you {sum} by {day}")
            if statement.balance_fen >= 0
            else ("应付 {sum}，不迟于 {day}", "Due from you {sum} by {day}")
        )
        note = t(*sums, sum=yuan(abs(statement.balance_fen)), day=date_words(statement.due_on))
        lead_id = session.get_one(Pool, statement.pool_id).lead_id
        if statement.id in replied:
            note = t("首席已答复您的疑问。", "The lead has answered your query. ") + note
        if late := overdue_words(overdue_days(statement, lead_id, today)):
            note += t("，", ", ") + late
        found.append(Work(title, href, note, kind="statement", stage=statement.stage))
    return found


def standing(session: Session, pools: Sequence[int], code: str, member: uuid.UUID | None = None) -> int:
    """Return what stands on an account over several pools in fen, debit positive."""
    accounts = select(Account.id).where(Account.pool_id.in_(pools), Account.code == code)
    if member is not None:
        accounts = accounts.where(Account.organisation_id == member)
    total = 0
    for side, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        query = select(func.coalesce(func.sum(Transfer.amount_fen), 0))
        total += sign * int(session.scalar(query.where(Transfer.pool_id.in_(pools), side.in_(accounts))) or 0)
    return total


def bureau_work(session: Session, today: date) -> list[Work]:
    """Return what the bureau's finance looks after: periods that have ended and are open, queried statements."""
    found: list[Work] = []
    query = (
        select(Pool.name, Period)
        .join(Period, Period.pool_id == Pool.id)
        .where(Period.stage == "open", Period.ends_on < today)
    )
    for name, period in session.execute(query.order_by(Period.ends_on)):
        title = t("{p} 待结账", "{p} is to be closed", p=period.label)
        href = url_for("periods.one", pool_id=period.pool_id, label=period.label)
        found.append(Work(title, href, name, end_of(period.ends_on + timedelta(days=10))))
    count, fen = _count_and_sum(session, Statement.balance_fen, Statement.stage == "queried")
    if count:
        title = t("有疑问的结算单", "Queried statements")
        found.append(
            Work(title, url_for("statements.index", stage="queried"), _note(count, fen), None, "statement", "queried")
        )
    return found


def overdue_statements(session: Session, today: date) -> list[Work]:
    """Return the statements of all pools that ought to be paid by now, agreed or not, as one thing to look after."""
    late = is_overdue(today)
    count, fen = _count_and_sum(session, func.abs(Statement.balance_fen), late)
    if not count:
        return []
    due_on = session.scalars(select(func.min(Statement.due_on)).where(late)).one() or today
    title, href = t("逾期未付的结算单", "Overdue statements"), url_for("statements.index", stage="overdue")
    return [Work(title, href, _note(count, fen), end_of(due_on), late=overdue_words((today - due_on).days))]


def overdue_calls(session: Session, today: date) -> list[Work]:
    """Return the cash calls of all pools that are overdue, as one thing to look after."""
    where = (CashCall.stage == "issued", CashCall.due_on < today)
    count, fen = _count_and_sum(session, CashCall.amount_fen, *where)
    if not count:
        return []
    due_on = session.scalars(select(func.min(CashCall.due_on)).where(*where)).one()
    title = t("逾期的摊回款", "Overdue cash calls")
    return [Work(title, url_for("cash_calls.index", stage="overdue"), _note(count, fen), end_of(due_on))]
