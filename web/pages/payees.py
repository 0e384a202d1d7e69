"""The payees of a pool: repairers, communities and others that claims are paid to, each with its accounts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.permits import may
from ledger import bank_accounts, bank_payees
from ledger.bank_codes import AccountDetails
from ledger.bank_matches import reads
from ledger.bank_models import BankAccount
from web import listing
from web.bank_desk import account_rows
from web.bank_words import PAYEE_KINDS
from web.formats import t
from web.history import history
from web.money_desk import Field, Step, leads, led_pool, pool_of, step_page, today
from web.pages.bank_accounts import account_fields
from web.pages.pools import subnav
from web.payee_desk import payee_rows
from web.shell import actor, at, needs, unit

pages = Blueprint("payees", __name__, url_prefix="/pools/<int:pool_id>/payees")


@pages.get("")
@needs("payee.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the payees of a pool by name, each with how its account stands."""
    pool = pool_of(pool_id)
    query = bank_payees.listed(actor(), pool.id)
    if listing.wants_csv():
        every = unit().scalars(query.limit(listing.EXPORT_MOST)).all()
        return listing.csv_of("payees", _EXPORTED, payee_rows(unit(), every, pool.id, actor(), today()))
    found = listing.of_rows(payee_rows(unit(), unit().scalars(query).all(), pool.id, actor(), today()))
    return render_template(
        "finance/payees.html",
        pool=pool,
        places=subnav(pool),
        rows=[
            {
                "name": row.name,
                "kind": row.kind_words,
                "account": row.account_words if row.account else "",
                "account_name": row.account_name,
                "account_number": row.account_number,
                "href": url_for(".one", pool_id=pool.id, payee_id=row.id),
            }
            for row in found.rows
        ],
        found=found,
        exports=listing.csv_link(),
        sees_accounts=reads(pool.id, actor()),
        may_add=leads(pool) and may(actor(), "payee.add"),
    )


_EXPORTED = [
    ("payee", lambda row: row.name),
    ("kind", lambda row: row.kind),
    ("account", lambda row: row.account),
    ("account_name", lambda row: row.account_name),
    ("account_number", lambda row: row.account_number),
]


@pages.route("/new", methods=["GET", "POST"])
@needs("payee.add")
def new(pool_id: int) -> ResponseReturnValue:
    """Add somebody whom the pool may pay claims to."""
    pool = led_pool(pool_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        kind, name = values.get("kind", ""), values.get("name", "")
        row = bank_payees.add(unit(), pool.id, kind, name, by=actor(), at=at())
        said = t("收款人已登记。下一步：提出它的收款账户。", "The payee is added. Next: propose its account.")
        return said, url_for(".one", pool_id=pool.id, payee_id=row.id)

    step = Step(
        title=t("登记收款人", "Add a payee"),
        sentence=t(
            "赔款付给谁：维保单位、社区或其他。登记之后由首席一人提出收款账户、另一人确认，然后才能付款。",
            "Whom claims are paid to: a repairer, a community or another. One person of the lead then proposes its "
            "account and another confirms it; nothing is paid before that.",
        ),
        label=t("登记收款人", "Add the payee"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(t("共保体", "Pool"), pool.name)],
        fields=[
            Field("name", t("名称", "Name"), "text", t("单位全称", "The full name")),
            Field(
                "kind", t("类别", "Kind"), "radio", options=[(kind, t(*words)) for kind, words in PAYEE_KINDS.items()]
            ),
        ],
        places={"payee_exists": "name"},
    )
    return step_page(step, work)


@pages.get("/<uuid:payee_id>")
@needs("payee.read")
def one(pool_id: int, payee_id: uuid.UUID) -> ResponseReturnValue:
    """Show a payee: what it is, its accounts with their days, what can be done now."""
    pool = pool_of(pool_id)
    payee = bank_payees.get(unit(), payee_id, actor(), pool_id=pool.id)
    query = bank_accounts.visible_to(actor()).where(BankAccount.payee_id == payee.id)
    sees = reads(pool.id, actor()) and may(actor(), "bank_account.read")
    found = account_rows(unit(), bank_accounts.standings(unit().scalars(query)), actor(), today()) if sees else []
    waits = any(row.stage == "proposed" for row in found)
    return render_template(
        "finance/payee.html",
        pool=pool,
        payee=payee,
        kind=t(*PAYEE_KINDS[payee.kind]),
        sees_accounts=sees,
        accounts=[
            {
                **{name: getattr(row, name) for name in ("name", "bank", "number", "stage", "days")},
                "href": url_for("bank_accounts.one", pool_id=pool.id, account_id=row.id),
            }
            for row in found
        ],
        may_propose=leads(pool) and not waits and may(actor(), "bank_account.propose"),
        events=history(unit(), "payee", payee.id),
    )


@pages.route("/<uuid:payee_id>/account", methods=["GET", "POST"])
@needs("bank_account.propose")
def account(pool_id: int, payee_id: uuid.UUID) -> ResponseReturnValue:
    """Propose the account that a payee is to be paid to; another person of the lead confirms it."""
    pool = led_pool(pool_id)
    payee = bank_payees.get(unit(), payee_id, actor(), pool_id=pool.id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        told = AccountDetails(*(values.get(name, "") for name in ("name", "bank", "cnaps", "number")))
        row = bank_accounts.propose(unit(), pool.id, told, by=actor(), at=at(), payee=payee)
        said = t("收款账户已提出，待另一人确认。", "The account is proposed; another person is to confirm it.")
        return said, url_for("bank_accounts.one", pool_id=pool.id, account_id=row.id)

    step = Step(
        title=t("提出收款人的收款账户", "Propose a payee’s account"),
        sentence=t(
            "请按收款人盖章的收款账户证明填写，不要按电话或邮件里的说法改。由另一人核对后确认；以后的变更在确认之后第二个工作日生效。",
            "Copy it from the payee’s own stamped paper, never from a call or a mail. Another person compares and "
            "confirms; a later change takes effect on the second working day.",
        ),
        label=t("提出", "Propose"),
        back=url_for(".one", pool_id=pool.id, payee_id=payee.id),
        facts=[(t("收款人", "Payee"), payee.name)],
        fields=account_fields(),
    )
    return step_page(step, work)
