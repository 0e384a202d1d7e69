"""Pure: the rows of one member's statement, from which page, PDF, XLSX, CSV and JSON are all made.

Whoever fills them (the statement verb) reads the ledger once; nothing here or after computes an amount again, it
only checks that what was given adds up. Signs: positive = the pool owes the member.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from core.errors import Invalid
from ledger.money import in_words


@dataclass(frozen=True, slots=True)
class StatementHead:
    """Who issues what to whom, for which period. `due_on` is when the balance is to be paid, where that is agreed."""

    issuer: str
    number: str
    period_label: str
    period_starts_on: date
    period_ends_on: date
    issued_on: date
    member_name: str
    member_credit_code: str
    lead_name: str
    title_zh: str = "共保结算单"
    title_en: str = "Statement of account"
    currency: str = "CNY"
    due_on: date | None = None
    until_entry_number: int | None = None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of the short table: the sum of the period's movements of one kind, and how many there were."""

    kind: str
    label_zh: str
    label_en: str
    amount_fen: int
    count: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the member's account, a row of the annex. `subject` is the policy or claim it is about."""

    on: date
    entry_number: int
    reason: str
    reason_zh: str
    reason_en: str
    subject: str
    description: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class StreamSplit:
    """What one stream split in the period, the member's part of it, and the carry it leaves.

    `carry` is in units of 1/`whole` fen; positive = the member has been given too little so far.
    """

    stream: str
    label_zh: str
    label_en: str
    total_fen: int
    part_fen: int
    weight: int
    whole: int
    carry: int


@dataclass(frozen=True, slots=True)
class Share:
    """One member's signed line: `weight` of `whole`, in rank order. `is_own`: the member the paper is for."""

    rank: int
    name: str
    weight: int
    whole: int
    is_lead: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """Where and with which code anyone can check a paper."""

    url: str
    code: str


@dataclass(frozen=True, slots=True)
class PayInto:
    """The account of the lead that a member pays its balance into."""

    name: str
    bank: str
    cnaps: str
    number: str


@dataclass(frozen=True, slots=True)
class NetDue:
    """The answer of a statement: who owes, how much (never negative), in words, and to or by whom it is paid.

    `pay_zh` and `pay_en` name the lead, which keeps the pool's money; they are empty where nothing is due. `pay_into`
    is the lead's account, where the member owes and the lead had one.
    """

    label_zh: str
    label_en: str
    amount_fen: int
    words: str
    pay_zh: str
    pay_en: str
    pay_into: PayInto | None = None


@dataclass(frozen=True, slots=True)
class StatementRows:
    """One member's statement for one period, complete.

    Refuses `statement_not_adding_up` when the lines or the movements do not add up to the balance, and
    `shares_not_whole` when the shares do not: a paper that contradicts itself is never made.
    """

    head: StatementHead
    lines: tuple[StatementLine, ...]
    balance_fen: int
    movements: tuple[Movement, ...]
    streams: tuple[StreamSplit, ...]
    shares: tuple[Share, ...]
    verification: Verification
    pay_into: PayInto | None = None

    def __post_init__(self) -> None:
        for part, found_fen in (
            ("lines", sum(line.amount_fen for line in self.lines)),
            ("movements", sum(movement.amount_fen for movement in self.movements)),
        ):
            if found_fen != self.balance_fen:
                raise Invalid(
                    "statement_not_adding_up",
                    number=self.head.number,
                    part=part,
                    balance_fen=self.balance_fen,
                    found_fen=found_fen,
                )
        check_shares(self.shares)


@dataclass(frozen=True, slots=True)
class DoneBy:
    """Who did a step, and when."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmationRows:
    """The confirmation of a statement: the statement itself, who issued it and who agreed to it, where to verify."""

    statement: StatementRows
    issued: DoneBy
    agreed: DoneBy
    verification: Verification

    @property
    def issuer(self) -> str:
        """Return who the paper is from: the statement's issuer."""
        return self.statement.head.issuer


def check_shares(shares: tuple[Share, ...]) -> None:
    """Refuse `shares_not_whole` unless the shares are of one whole and add up to exactly that."""
    wholes = {share.whole for share in shares}
    found = sum(share.weight for share in shares)
    if len(wholes) != 1 or found not in wholes:
        raise Invalid("shares_not_whole", found=found, whole=", ".join(map(str, sorted(wholes))))


def net_due(rows: StatementRows) -> NetDue:
    """Return the answer that stands first on page and paper: the direction in words, the amount without a sign."""
    if rows.balance_fen > 0:
        zh, en = "共保体应付贵公司", "Due to you from the pool"
    elif rows.balance_fen < 0:
        zh, en = "贵公司应付共保体", "Due from you to the pool"
    else:
        zh, en = "本期两不相欠", "Nothing is due either way"
    amount_fen = abs(rows.balance_fen)
    return NetDue(zh, en, amount_fen, f"人民币{in_words(amount_fen)}", *_payment(rows), rows.pay_into)


def _payment(rows: StatementRows) -> tuple[str, str]:
    """Return to whom a balance is paid, or who pays it: the lead, as the desk of the pool."""
    lead = rows.head.lead_name
    if not rows.balance_fen:
        return "", ""
    if any(share.is_own and share.is_lead for share in rows.shares):
        return (
            "首席自己的余额，随各成员的收付结清",
            "Own balance of the lead, settled with what the members pay and are paid",
        )
    if rows.balance_fen < 0:
        return (
            f"收款方：{lead}（首席，代管共保资金）",
            f"Payable to {lead}, the lead, which keeps the money of the pool",
        )
    return f"付款方：{lead}（首席，代管共保资金）", f"Paid by {lead}, the lead, which keeps the money of the pool"


def as_data(rows: StatementRows) -> dict[str, object]:
    """Return the rows as plain JSON values: whole fen, ISO dates, the order of the rows kept."""
    data: dict[str, object] = json.loads(_canonical(rows))
    return data


def canonical_bytes(rows: StatementRows) -> bytes:
    """Return the one way to write what a statement says: UTF-8 JSON, keys sorted, no spaces, whole numbers only.

    The place where it can be verified is left out, so that the digest does not change when the site moves, and so is
    the account to pay into, which is no part of what is owed.
    """
    data = _plain(rows)
    del data["verification"], data["pay_into"]
    return _canonical(data)


def rows_digest(rows: StatementRows) -> str:
    """Return the SHA-256 of the canonical bytes, in hex: the number under which PDF, sheet and page agree."""
    return sha256(canonical_bytes(rows)).hexdigest()


def _canonical(data: object) -> bytes:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_json_of)
    return text.encode()


def _json_of(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else _plain(value)


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}
