"""Pure: the rows of each extract of a book, and the columns that page, CSV and XLSX all show of them.

One row type an extract; nothing here computes an amount. Money is in fen; a column that is summed is summed by the
database under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from ledger.rates import loss_ratio_bp
from web.account_words import account_words
from web.documents import labels

#: What a cell of an extract holds.
Cell = str | int | date | None


@dataclass(frozen=True, slots=True)
class Account:
    """One account in a period: opening and closing debit positive, what was debited and credited between."""

    code: str
    member: str
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer with the entry that it belongs to; an account that may not be seen has no code."""

    entry: int
    line: int
    on: date
    reason: str
    is_mirror: bool
    subject_kind: str
    document: str
    debit: str
    debit_member: str
    credit: str
    credit_member: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Premium:
    """One premium written or returned (below zero), with the members' shares of the gross."""

    entry: int
    on: date
    reason: str
    is_mirror: bool
    policy: str
    community: str
    starts_on: date
    expires_on: date
    lifts: int | None
    gross_fen: int
    net_fen: int
    vat_fen: int
    shares_fen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """One claim in a period, with the members' shares of what was borne and of what is outstanding."""

    claim: str
    policy: str
    community: str
    loss_on: date | None
    outstanding_fen: int
    approved_fen: int
    paid_fen: int
    cost_fen: int
    recovered_fen: int
    borne_fen: int
    shares_fen: tuple[int, ...]
    stocks_fen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """What one company invoices another for; below zero for what is given back."""

    entry: int
    on: date
    reason: str
    issuer: str
    issuer_uscc: str
    recipient: str
    recipient_uscc: str
    document: str
    net_fen: int
    vat_fen: int
    gross_fen: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one underwriting year came to for one member; a fee that the member paid is below zero."""

    version: int
    starts_on: date
    ends_on: date
    member: str
    weight: int
    whole: int
    written_fen: int
    earned_fen: int
    paid_fen: int
    outstanding_fen: int
    recovered_fen: int
    cost_fen: int
    fee_fen: int
    result_fen: int

    @property
    def loss_ratio_bp(self) -> int | None:
        """Return the loss ratio in basis points; None where no premium is earned yet."""
        return loss_ratio_bp(self.paid_fen + self.outstanding_fen - self.recovered_fen, self.earned_fen)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in a CSV and a query, its two words, what its cells are, how wide it is, its value."""

    key: str
    zh: str
    en: str
    kind: Literal["text", "day", "whole", "money"]
    value: Callable[[Any], Cell]
    width: int = 14
    is_summed: bool = False

    @property
    def title(self) -> str:
        """Return the two words as the head of a sheet's column."""
        return f"{self.zh} {self.en}"


@dataclass(frozen=True, slots=True)
class Layout:
    """One extract: its name in both languages, the type of its rows, its columns before the members'."""

    zh: str
    en: str
    row: type
    columns: tuple[Column, ...]
    has_shares: bool = False
    has_stocks: bool = False


def _told(key: str, zh: str, en: str, width: int = 16, value: Callable[[Any], Cell] | None = None) -> Column:
    return Column(key, zh, en, "text", value or _field(key), width)


def _field(key: str) -> Callable[[Any], Cell]:
    return lambda row: getattr(row, key)


def _money(key: str, zh: str, en: str) -> Column:
    return Column(key, zh, en, "money", _field(key), 18, is_summed=True)


def _reason(at: int) -> Callable[[Any], Cell]:
    mark = ("（冲正）", " (mirror)")[at]
    return lambda row: labels.REASONS[row.reason][at] + (mark if getattr(row, "is_mirror", False) else "")


_ENTRY = Column("entry", "分录", "Entry", "whole", _field("entry"), 10)
_ON = Column("on", "日期", "Date", "day", _field("on"), 12)
_REASONS = (
    _told("reason_zh", "事由", "Reason", 18, _reason(0)),
    _told("reason_en", "事由英文", "Reason, English", 22, _reason(1)),
)


def _account(side: str, at: int) -> Callable[[Any], Cell]:
    """Return the code and the words of an account; one that may not be seen says so."""

    def words(row: Any) -> str:
        code = getattr(row, side)
        return f"{code} {account_words(code)[at]}" if code else ("另一成员的科目", "Another member's account")[at]

    return words


def _balance_name(at: int) -> Callable[[Any], Cell]:
    others = ("其他成员合计", "The other members together")
    return lambda row: account_words(row.code)[at] if row.code else others[at]


#: What an entry is about -> (中文, English).
SUBJECTS: Mapping[str, tuple[str, str]] = {
    "policy": ("保单", "policy"),
    "refund": ("退费", "refund"),
    "claim": ("赔案", "claim"),
    "agreement": ("协议", "agreement"),
    "period": ("账期", "period"),
    "statement": ("结算单", "statement"),
    "apart_item": ("单项结算", "item settled on its own"),
    "step_up": ("违约代担", "step-up"),
    "bank_line": ("银行收支", "line of the bank"),
}


def _subject(at: int) -> Callable[[Any], Cell]:
    return lambda row: SUBJECTS.get(row.subject_kind, (row.subject_kind, row.subject_kind))[at]


#: Every extract of a book by its kind, in the order they are offered.
LAYOUTS: Mapping[str, Layout] = {
    "trial_balance": Layout(
        "科目余额表",
        "Trial balance",
        Account,
        (
            _told("code", "科目", "Account", 10),
            _told("name_zh", "名称", "Name", 22, _balance_name(0)),
            _told("name_en", "名称英文", "Name, English", 32, _balance_name(1)),
            _told("member", "成员", "Member", 30),
            _money("opening_fen", "期初余额（借为正）", "Opening, debit +"),
            _money("debit_fen", "本期借方", "Debit"),
            _money("credit_fen", "本期贷方", "Credit"),
            _money("closing_fen", "期末余额（借为正）", "Closing, debit +"),
        ),
    ),
    "journal": Layout(
        "分录清单",
        "Journal",
        Leg,
        (
            _ENTRY,
            Column("line", "行", "Line", "whole", _field("line"), 6),
            _ON,
            *_REASONS,
            _told("subject_zh", "关于", "Subject", 10, _subject(0)),
            _told("subject_en", "关于英文", "Subject, English", 14, _subject(1)),
            _told("document", "单据", "Document", 22),
            _told("debit_zh", "借方科目", "Debit", 26, _account("debit", 0)),
            _told("debit_en", "借方科目英文", "Debit, English", 34, _account("debit", 1)),
            _told("debit_member", "借方成员", "Debit, member", 26),
            _told("credit_zh", "贷方科目", "Credit", 26, _account("credit", 0)),
            _told("credit_en", "贷方科目英文", "Credit, English", 34, _account("credit", 1)),
            _told("credit_member", "贷方成员", "Credit, member", 26),
            _money("amount_fen", "金额", "Amount"),
        ),
    ),
    "premiums": Layout(
        "保费清单",
        "Premium bordereau",
        Premium,
        (
            _ENTRY,
            _ON,
            *_REASONS,
            _told("policy", "保单", "Policy", 22),
            _told("community", "小区", "Community", 24),
            Column("starts_on", "自", "From", "day", _field("starts_on"), 12),
            Column("expires_on", "至（零时止）", "Until", "day", _field("expires_on"), 14),
            Column("lifts", "电梯台数", "Lifts", "whole", _field("lifts"), 10),
            _money("gross_fen", "含税保费", "Gross"),
            _money("net_fen", "不含税保费", "Net"),
            _money("vat_fen", "增值税", "VAT"),
        ),
        has_shares=True,
    ),
    "claims": Layout(
        "赔款清单",
        "Claims bordereau",
        Loss,
        (
            _told("claim", "赔案", "Claim", 20),
            _told("policy", "保单", "Policy", 22),
            _told("community", "小区", "Community", 24),
            Column("loss_on", "出险日", "Loss day", "day", _field("loss_on"), 12),
            _money("outstanding_fen", "期末未决", "Outstanding at the end"),
            _money("approved_fen", "本期核定", "Approved"),
            _money("paid_fen", "本期已付", "Paid"),
            _money("cost_fen", "公估费", "Adjusters"),
            _money("recovered_fen", "追偿与残值", "Recovered"),
            _money("borne_fen", "各家承担合计", "Borne by all"),
        ),
        has_shares=True,
        has_stocks=True,
    ),
    "invoices": Layout(
        "开票清单",
        "Tax invoice list",
        Invoice,
        (
            _ENTRY,
            _ON,
            _told("issuer", "开票方", "Issuer", 30),
            _told("issuer_uscc", "开票方税号", "Issuer's tax number", 22),
            _told("recipient", "受票方", "Recipient", 30),
            _told("recipient_uscc", "受票方税号", "Recipient's tax number", 22),
            *_REASONS,
            _told("document", "单据", "Document", 22),
            _money("net_fen", "不含税金额", "Net"),
            _money("vat_fen", "税额", "VAT"),
            _money("gross_fen", "价税合计", "Gross"),
        ),
    ),
    "results": Layout(
        "承保年度业绩",
        "Underwriting-year results",
        Result,
        (
            Column("version", "协议版本", "Agreement version", "whole", _field("version"), 10),
            Column("starts_on", "起保日自", "Policies from", "day", _field("starts_on"), 12),
            Column("ends_on", "至", "Until", "day", _field("ends_on"), 12),
            _told("member", "成员", "Member", 30),
            Column("weight", "份额权重", "Weight", "whole", _field("weight"), 10),
            Column("whole", "权重合计", "of", "whole", _field("whole"), 10),
            _money("written_fen", "签单净保费", "Net written premium"),
            _money("earned_fen", "已赚净保费", "Net earned premium"),
            _money("paid_fen", "已决赔款", "Paid losses"),
            _money("outstanding_fen", "未决赔款", "Outstanding losses"),
            _money("recovered_fen", "追偿与残值", "Recovered"),
            _money("cost_fen", "公估费", "Adjusters"),
            _money("fee_fen", "首席管理费（收为正）", "Lead's fee, received +"),
            _money("result_fen", "承保结果", "Result"),
            Column("loss_ratio_bp", "赔付率（万分之一）", "Loss ratio, bp", "whole", _field("loss_ratio_bp"), 16),
        ),
    ),
}


def columns_of(kind: str, members: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of an extract, with one for each of these members where it has their shares.

    >>> [column.key for column in columns_of("premiums", ["甲", "乙"])][-3:]
    ['vat_fen', 'share_0', 'share_1']
    """
    layout = LAYOUTS[kind]
    shares = [_share(place, name) for place, name in enumerate(members)] if layout.has_shares else []
    stocks = [_stock(place, name) for place, name in enumerate(members)] if layout.has_stocks else []
    return (*layout.columns, *shares, *stocks)


def _share(place: int, name: str) -> Column:
    return Column(f"share_{place}", name, "share", "money", lambda row: row.shares_fen[place], 18, is_summed=True)


def _stock(place: int, name: str) -> Column:
    return Column(
        *(f"stock_{place}", f"期末未决：{name}", "share of outstanding", "money"),
        lambda row: row.stocks_fen[place],
        22,
        is_summed=True,
    )


def row_of(kind: str, found: Mapping[str, Any], members: int) -> Any:
    """Return a row of an extract's query as its type; `members` is how many shares it carries."""
    layout = LAYOUTS[kind]
    of_members = {"shares_fen": "share", "stocks_fen": "stock"}
    values = {one.name: found[one.name] for one in fields(layout.row) if one.name not in of_members}
    for name, key in of_members.items():
        if name in {one.name for one in fields(layout.row)}:
            values[name] = tuple(int(found[f"{key}_{place}"]) for place in range(members))
    return layout.row(**values)
