"""Receipts that nobody can place yet: set to 2310, aged, placed, returned."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.errors import Invalid
from core.permits import may
from ledger import bank_receipts
from ledger.bank_models import HeldReceipt
from ledger.bank_receipts import Held
from ledger.stages import HELD_RECEIPT_MOVES
from underwriting.models import Pool
from web import listing
from web.formats import date_words, t, yuan
from web.history import history
from web.money_desk import Field, Step, booked_day, day_field, leads, led_pool, pool_of, read_id, step_page, today
from web.pages.pools import subnav
from web.receipt_ages import BAND_WORDS, BANDS, aged
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("bank_receipts", __name__, url_prefix="/pools/<int:pool_id>/bank/receipts")


@pages.get("")
@needs("bank_report.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the receipts that stand on 2310, the oldest money first, and how old they are."""
    pool = pool_of(pool_id)
    held = bank_receipts.held(unit(), pool.id, actor())
    if listing.wants_csv():
        return listing.csv_of("unmatched-receipts", _EXPORTED, held)
    found = listing.of_rows(held, sum_fen=sum(one.receipt.amount_fen for one in held))
    ages = aged(held, today())
    return render_template(
        "finance/bank_receipts.html",
        pool=pool,
        places=subnav(pool),
        bands=[(t(*BAND_WORDS[band]), ages[band]) for band in BANDS],
        rows=[_row(pool, one) for one in found.rows],
        found=found,
        exports=listing.csv_link(),
    )


def _row(pool: Pool, one: Held) -> dict[str, object]:
    return {
        "booked_on": one.line.booked_on,
        "days": one.days_on(today()),
        "amount_fen": one.receipt.amount_fen,
        "name": one.line.name,
        "about": one.line.about,
        "reference": one.line.reference,
        "href": url_for(".one", pool_id=pool.id, receipt_id=one.receipt.id),
    }


_EXPORTED = [
    ("booked_on", lambda one: one.line.booked_on),
    ("days", lambda one: one.days_on(today())),
    ("amount_cny", lambda one: one.receipt.amount_fen),
    ("reference", lambda one: one.line.reference),
    ("other_side", lambda one: one.line.name),
    ("its_account", lambda one: one.line.number),
    ("remittance", lambda one: one.line.about),
    ("held_on", lambda one: one.receipt.held_on),
    ("entry", lambda one: one.receipt.entry_id),
]


def _receipt(pool_id: int, receipt_id: uuid.UUID) -> tuple[Pool, Held]:
    pool = pool_of(pool_id)
    return pool, bank_receipts.get(unit(), receipt_id, actor(), pool_id=pool.id)


@pages.get("/<uuid:receipt_id>")
@needs("bank_report.read")
def one(pool_id: int, receipt_id: uuid.UUID) -> ResponseReturnValue:
    """Show one receipt: the bank's line, its entries, what became of it."""
    pool, held = _receipt(pool_id, receipt_id)
    row = held.receipt
    is_own = leads(pool)
    return render_template(
        "finance/bank_receipt.html",
        pool=pool,
        row=row,
        line=held.line,
        days=held.days_on(today()),
        may_place=is_own and row.stage == "held" and may(actor(), "receipt.place"),
        may_return=is_own
        and row.stage == "held"
        and row.held_by != actor().person_id
        and may(actor(), "receipt.return"),
        may_reopen=is_own and row.stage == "placed" and row.match_id is None and may(actor(), "receipt.place"),
        events=history(unit(), ("held_receipt", row.id), ("bank_line", held.line.id)),
    )


def _facts(held: Held) -> list[tuple[str, object]]:
    return [
        (t("银行日期", "Bank’s date"), date_words(held.line.booked_on)),
        (t("金额", "Sum"), yuan(held.line.amount_fen)),
        (t("对方户名", "Other side"), held.line.name),
        (t("附言", "Remittance"), held.line.about),
        (t("流水号", "Reference"), held.line.reference),
    ]


@pages.route("/of/<uuid:line_id>", methods=["GET", "POST"])
@needs("receipt.hold")
def hold(pool_id: int, line_id: uuid.UUID) -> ResponseReturnValue:
    """Set a line that nobody can place to the unmatched receipts."""
    pool = led_pool(pool_id)
    line = bank_receipts.line_of_pool(unit(), pool.id, line_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        row = bank_receipts.hold(unit(), pool.id, line.id, on=booked_day(values), by=actor(), at=at())
        said = t("已转入待认领收款。", "It stands on the unmatched receipts.")
        return said, url_for(".one", pool_id=pool.id, receipt_id=row.id)

    step = Step(
        title=t("转入待认领收款", "Set to the unmatched receipts"),
        sentence=t(
            "{sum} 记入共保资金（1010）与待认领收款（2310）。查明之后认领，或退回付款人。",
            "{sum} is booked to pool money (1010) against unmatched receipts (2310), until it is placed or returned.",
            sum=yuan(line.amount_fen),
        ),
        label=t("转入待认领收款", "Set to the unmatched receipts"),
        back=url_for("bank_matching.index", pool_id=pool.id),
        facts=[
            (t("银行日期", "Bank’s date"), date_words(line.booked_on)),
            (t("对方户名", "Other side"), line.name),
            (t("附言", "Remittance"), line.about),
            (t("流水号", "Reference"), line.reference),
        ],
        fields=[day_field()],
    )
    return step_page(step, work)


def _why(label: str, hint: str) -> Field:
    return Field("why", label, "textarea", hint=hint)


_PLACES = {"receipt_needs_words": "why", "bank_words_too_long": "why", "receipt_return_line_wrong": "line_id"}


@pages.route("/<uuid:receipt_id>/place", methods=["GET", "POST"])
@needs("receipt.place")
def place(pool_id: int, receipt_id: uuid.UUID) -> ResponseReturnValue:
    """Take a receipt off 2310, because it is known what it is."""
    pool, held = _receipt(led_pool(pool_id).id, receipt_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        why, on = values.get("why", ""), booked_day(values)
        bank_receipts.place(unit(), held.receipt, why, on=on, by=actor(), at=at())
        said = t("已认领，请按查明的事由入账。", "Placed. Book the event that it is, where there is one.")
        return said, _of(pool, held.receipt)

    step = Step(
        title=t("认领收款", "Place the receipt"),
        sentence=t(
            "待认领收款的分录冲正，{sum} 离开科目 2310。款项属于保费、摊回赔款等的，随后在相应页面登记到账；"
            "属于结算单的，请改在“核对到账”核对。",
            "The entry is mirrored and {sum} leaves 2310. Where it is a premium, a cash call or the like, book it as "
            "received on that page next; where it pays a statement, match it instead.",
            sum=yuan(held.line.amount_fen),
        ),
        label=t("认领", "Place"),
        back=_of(pool, held.receipt),
        facts=_facts(held),
        fields=[
            _why(
                t("这是什么款", "What it is"),
                t(
                    "例如：保单 P-12 的保费；首席自有资金的利息",
                    "For example: the premium of policy P-12; interest of the lead’s own",
                ),
            ),
            day_field(),
        ],
        places=_PLACES,
        closed=closed_words(HELD_RECEIPT_MOVES, "held_receipt", "place", held.receipt.stage, held.receipt.id),
    )
    return step_page(step, work)


@pages.route("/<uuid:receipt_id>/return", methods=["GET", "POST"])
@needs("receipt.return")
def give_back(pool_id: int, receipt_id: uuid.UUID) -> ResponseReturnValue:
    """Book that a receipt went back to its payer, as a line of the bank shows."""
    pool, held = _receipt(led_pool(pool_id).id, receipt_id)
    lines = bank_receipts.returns_of(unit(), held.receipt) if held.receipt.stage == "held" else []

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        line_id = read_id(values.get("line_id"))
        if line_id is None:
            raise Invalid("choice_unreadable")
        why, on = values.get("why", ""), booked_day(values)
        bank_receipts.give_back(unit(), held.receipt, line_id, why, on=on, by=actor(), at=at())
        return t("已登记退回。", "Booked as returned."), _of(pool, held.receipt)

    missing = t(
        "银行流水里还没有同样金额的支出。在网银退款并读入流水之后再登记。",
        "No line of the bank shows money of this sum going out yet. Pay it back at the bank and take its statement in "
        "first.",
    )
    closed = closed_words(HELD_RECEIPT_MOVES, "held_receipt", "return", held.receipt.stage, held.receipt.id)
    step = Step(
        title=t("登记退回", "Book as returned"),
        sentence=t(
            "{sum} 已退回付款人：从待认领收款（2310）与共保资金（1010）转出，以银行的一笔支出为证。",
            "{sum} went back to its payer: it leaves 2310 and 1010, as a line of the bank shows.",
            sum=yuan(held.line.amount_fen),
        ),
        label=t("登记退回", "Book as returned"),
        back=_of(pool, held.receipt),
        facts=_facts(held),
        fields=[
            Field(
                "line_id",
                t("银行的支出", "Line of the bank"),
                "select",
                options=[(str(one.id), f"{one.booked_on.isoformat()} {one.reference} {one.name}") for one in lines],
            ),
            _why(
                t("为什么退回", "Why it went back"),
                t("例如：付款人汇错账号", "For example: the payer took the wrong account"),
            ),
            day_field(),
        ],
        places=_PLACES,
        closed=closed or ("" if lines else missing),
    )
    return step_page(step, work)


@pages.route("/<uuid:receipt_id>/reopen", methods=["GET", "POST"])
@needs("receipt.place")
def reopen(pool_id: int, receipt_id: uuid.UUID) -> ResponseReturnValue:
    """Take a placing back: the money stands on 2310 again."""
    pool, held = _receipt(led_pool(pool_id).id, receipt_id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        row = bank_receipts.reopen(unit(), held.receipt, on=booked_day(values), by=actor(), at=at())
        return t("已撤销认领，金额转回待认领收款。", "It stands on the unmatched receipts again."), _of(pool, row)

    step = Step(
        title=t("撤销认领", "Take the placing back"),
        sentence=t(
            "{sum} 重新记入待认领收款（2310）。",
            "{sum} is booked to the unmatched receipts (2310) again.",
            sum=yuan(held.line.amount_fen),
        ),
        label=t("撤销认领", "Take the placing back"),
        back=_of(pool, held.receipt),
        facts=[*_facts(held), (t("认领时所写", "What was said"), held.receipt.closed_why)],
        fields=[day_field()],
        is_danger=True,
        closed=closed_words(HELD_RECEIPT_MOVES, "held_receipt", "reopen", held.receipt.stage, held.receipt.id),
    )
    return step_page(step, work)


def _of(pool: Pool, row: HeldReceipt) -> str:
    return url_for(".one", pool_id=pool.id, receipt_id=row.id)
