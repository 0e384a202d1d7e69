"""The accounts that the members of a pool are paid to: proposed, confirmed by a second person, with their days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.permits import may
from ledger import bank_accounts
from ledger.bank_codes import AccountDetails
from ledger.bank_models import BankAccount
from ledger.stages import BANK_ACCOUNT_MOVES
from underwriting.models import Pool
from web import listing
from web.bank_desk import account_rows
from web.formats import date_words, t
from web.history import history
from web.money_desk import Field, Step, member_names, pool_of, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("bank_accounts", __name__, url_prefix="/pools/<int:pool_id>/bank-accounts")


@pages.get("")
@needs("bank_account.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the accounts of a pool that the actor may see, those in force marked; one's own with what waits."""
    pool = pool_of(pool_id)
    query = bank_accounts.visible_to(actor()).where(BankAccount.pool_id == pool.id, BankAccount.payee_id.is_(None))
    rows = account_rows(unit(), bank_accounts.standings(unit().scalars(query)), actor(), today())
    if listing.wants_csv():
        return listing.csv_of("bank-accounts", _EXPORTED, rows)
    names = member_names(unit(), [pool.id])
    has_waiting = any(row.is_own and row.stage == "proposed" for row in rows)
    is_member = actor().organisation_id in names
    paid_to = bank_accounts.in_force(unit(), pool.id, today())
    sees_all_members = actor().sees_all or pool.id in actor().led_pools
    found = listing.of_rows(rows)
    return render_template(
        "finance/bank_accounts.html",
        pool=pool,
        places=subnav(pool),
        rows=[{**_shown(row), "href": url_for(".one", pool_id=pool.id, account_id=row.id)} for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_propose=is_member and not has_waiting and may(actor(), "bank_account.propose"),
        missing=[name for key, name in names.items() if key not in paid_to] if sees_all_members else [],
    )


def _shown(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("member", "name", "bank", "number", "stage", "days")}


_EXPORTED = [
    ("member", lambda row: row.member),
    ("account_name", lambda row: row.name),
    ("bank", lambda row: row.bank),
    ("cnaps", lambda row: row.cnaps),
    ("account_number", lambda row: row.number),
    ("stage", lambda row: row.stage),
    ("proposed_at", lambda row: row.proposed_at),
    ("decided_at", lambda row: row.decided_at),
    ("effective_on", lambda row: row.effective_on),
    ("until_on", lambda row: row.until_on),
]


@pages.route("/new", methods=["GET", "POST"])
@needs("bank_account.propose")
def new(pool_id: int) -> ResponseReturnValue:
    """Propose the account that one's own organisation is to be paid to."""
    pool = pool_of(pool_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        told = AccountDetails(*(values.get(name, "") for name in ("name", "bank", "cnaps", "number")))
        row = bank_accounts.propose(unit(), pool.id, told, by=actor(), at=at())
        said = t(
            "收款账户已提出，待本公司财务复核确认。", "The account is proposed; your finance checker is to confirm it."
        )
        return said, url_for(".one", pool_id=pool.id, account_id=row.id)

    step = Step(
        title=t("提出收款账户", "Propose an account to be paid to"),
        sentence=t(
            "提出后由本公司另一人确认。第一个收款账户确认当日生效；以后的变更在确认之后第二个工作日生效，其间仍付往原收款账户。",
            "Another person of your company confirms it. The first stands at once; a change takes effect on the "
            "second working day after its confirmation, and the old account is used meanwhile.",
        ),
        label=t("提出", "Propose"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(t("共保体", "Pool"), pool.name)],
        fields=account_fields(),
    )
    return step_page(step, work)


def account_fields() -> list[Field]:
    """Return the fields that name an account at a bank."""
    return [
        Field("name", t("户名", "Account name"), "text", t("与开户银行所记一致", "As the bank has it")),
        Field("bank", t("开户行", "Bank"), "text", t("写到支行", "With its branch")),
        Field(
            "cnaps",
            t("联行号", "CNAPS code"),
            "text",
            t("12 位，末位为校验位", "Twelve digits, the last of which checks the others"),
        ),
        Field("number", t("银行账号", "Account number"), "text", t("8 至 34 位数字", "8 to 34 digits")),
    ]


def _account(pool_id: int, account_id: uuid.UUID) -> tuple[Pool, BankAccount]:
    """Return a pool and an account of it; NotFound for whoever may not know of it."""
    pool = pool_of(pool_id)
    return pool, bank_accounts.get(unit(), account_id, actor(), pool_id=pool.id)


def _list_of(pool: Pool, account: BankAccount) -> tuple[str, str]:
    """Return where the accounts of the same owner are listed: those of the members, or the payee's page."""
    if account.payee_id is not None:
        return t("收款人", "Payee"), url_for("payees.one", pool_id=pool.id, payee_id=account.payee_id)
    return t("收款账户", "Accounts to be paid to"), url_for(".index", pool_id=pool.id)


@pages.get("/<uuid:account_id>")
@needs("bank_account.read")
def one(pool_id: int, account_id: uuid.UUID) -> ResponseReturnValue:
    """Show one account: what it is, from when until when it stands, what can be done now."""
    pool, account = _account(pool_id, account_id)
    of_it = (BankAccount.organisation_id == account.owner_id) | (BankAccount.payee_id == account.owner_id)
    query = bank_accounts.visible_to(actor()).where(BankAccount.pool_id == pool.id, of_it)
    rows = account_rows(unit(), bank_accounts.standings(unit().scalars(query)), actor(), today())
    row = next(one for one in rows if one.id == account.id)
    is_open = row.is_own and row.stage == "proposed"
    return render_template(
        "finance/bank_account.html",
        pool=pool,
        row=row,
        crumb=_list_of(pool, account),
        may_confirm=is_open and may(actor(), "bank_account.confirm") and account.proposed_by != actor().person_id,
        may_reject=is_open and may(actor(), "bank_account.reject"),
        events=history(unit(), "bank_account", account.id),
    )


@pages.route("/<uuid:account_id>/confirm", methods=["GET", "POST"])
@needs("bank_account.confirm")
def confirm(pool_id: int, account_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm an account that another person of one's organisation proposed."""
    pool, account = _account(pool_id, account_id)

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        bank_accounts.confirm_account(unit(), account, by=actor(), at=at())
        said = t(
            "收款账户已确认，自 {day} 起使用。",
            "Confirmed; in use from {day} on.",
            day=date_words(account.effective_on),
        )
        return said, url_for(".one", pool_id=pool.id, account_id=account.id)

    sentence = t(
        "请与开户行的凭证逐字核对。确认后，共保体的应付款即付往这个收款账户；变更在确认之后第二个工作日生效。",
        "Compare every character with what the bank has given you. What the pool owes is then paid to this account; a "
        "change takes effect on the second working day.",
    )
    return step_page(_deciding(pool, account, "confirm", t("确认收款账户", "Confirm the account"), sentence), work)


@pages.route("/<uuid:account_id>/reject", methods=["GET", "POST"])
@needs("bank_account.reject")
def reject(pool_id: int, account_id: uuid.UUID) -> ResponseReturnValue:
    """Let a proposed account of one's own organisation fall."""
    pool, account = _account(pool_id, account_id)

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        bank_accounts.reject(unit(), account, by=actor(), at=at())
        return t("已退回，现用收款账户不变。", "Rejected; nothing changes."), _list_of(pool, account)[1]

    sentence = t("这一提议作废，现用收款账户不变。", "The proposal falls; the account in use stays.")
    return step_page(_deciding(pool, account, "reject", t("退回提议", "Reject the proposal"), sentence), work)


def _deciding(pool: Pool, account: BankAccount, verb: str, title: str, sentence: str) -> Step:
    return Step(
        title=title,
        sentence=sentence,
        label=title,
        back=url_for(".one", pool_id=pool.id, account_id=account.id),
        facts=[
            (t("收款人", "Paid to"), bank_accounts.names_of(unit(), [account.owner_id])[account.owner_id]),
            (t("户名", "Account name"), account.name),
            (t("开户行", "Bank"), account.bank),
            (t("联行号", "CNAPS code"), account.cnaps),
            (t("银行账号", "Account number"), account.number),
        ],
        is_danger=verb == "reject",
        closed=closed_words(BANK_ACCOUNT_MOVES, "bank_account", verb, account.stage, account.id),
    )
