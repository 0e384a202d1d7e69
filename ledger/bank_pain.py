"""A payment order as banks read it: ISO 20022 pain.001.001.09, and the same rows as CSV. Pure: rows in, bytes out.

Elements stand in the order of the standard's schema (Customer Credit Transfer Initiation V09). One order, one debtor,
one day; each payment names the statement that it pays as its end-to-end reference, so that the bank's own statement
names it again. Every text fits the standard's field or is refused: a name that is cut is another name.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.clock import CITY
from core.errors import Finding, Invalid
from ledger.bank_codes import AccountDetails
from ledger.money import plain_fen

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
#: The clearing system of an agent's code, of the external code set.
CLEARING = "CNAPS"

#: What a reference is made of (Max35Text; the letters that every bank takes).
_REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,34}", re.ASCII)
#: Max140Text of the remittance information.
_TOLD_MOST = 140


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an order: to whom, how much in fen, by which reference, and what it says it is for."""

    reference: str
    payee: AccountDetails
    amount_fen: int
    about: str


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """An order to one bank: its number, the instant that it was made, the day of payment, who pays, and whom."""

    number: str
    made_at: datetime
    pays_on: date
    payer: AccountDetails
    payments: Sequence[Payment]

    @property
    def total_fen(self) -> int:
        """Return the sum of the payments."""
        return sum(one.amount_fen for one in self.payments)


def check_order(order: PaymentOrder) -> None:
    """Refuse an order that a bank would not read, with every payment that is wrong.

    Invalid `payment_order_wrong` with the findings `payment_reference_wrong`, `payment_text_too_long`,
    `payment_amount_wrong`; `payment_order_empty`.
    """
    if not order.payments:
        raise Invalid("payment_order_empty")
    findings = [] if _REFERENCE.fullmatch(order.number) else [Finding("payment_reference_wrong", order.number)]
    for one in order.payments:
        if not _REFERENCE.fullmatch(one.reference):
            findings.append(Finding("payment_reference_wrong", one.reference))
        if len(one.about) > _TOLD_MOST:
            findings.append(Finding("payment_text_too_long", one.reference, {"most": _TOLD_MOST}))
        if one.amount_fen <= 0:
            findings.append(Finding("payment_amount_wrong", one.reference))
    if findings:
        raise Invalid("payment_order_wrong", findings)


def write_pain(order: PaymentOrder) -> bytes:
    """Return an order as pain.001.001.09 in UTF-8; refuses what `check_order` refuses.

    >>> them = AccountDetails("乙财险", "乙行", "103100000026", "0200000012345678")
    >>> paid = Payment("SA-1-2026Q1-02", them, 86_454, "2026Q1")
    >>> made = datetime(2026, 4, 15, 9, 0, tzinfo=CITY)
    >>> b'<InstdAmt Ccy="CNY">864.54</InstdAmt>' in write_pain(PaymentOrder("PB-1-1", made, made.date(), them, [paid]))
    True
    """
    check_order(order)
    root = ET.Element("Document", {"xmlns": NAMESPACE})
    whole = ET.SubElement(root, "CstmrCdtTrfInitn")
    head = ET.SubElement(whole, "GrpHdr")
    _text(head, "MsgId", order.number)
    _text(head, "CreDtTm", order.made_at.astimezone(CITY).isoformat(timespec="seconds"))
    _totals(head, order)
    _text(ET.SubElement(head, "InitgPty"), "Nm", order.payer.name)
    batch = ET.SubElement(whole, "PmtInf")
    _text(batch, "PmtInfId", order.number)
    _text(batch, "PmtMtd", "TRF")
    _totals(batch, order)
    _text(ET.SubElement(batch, "ReqdExctnDt"), "Dt", order.pays_on.isoformat())
    _text(ET.SubElement(batch, "Dbtr"), "Nm", order.payer.name)
    _account(batch, "DbtrAcct", order.payer, has_currency=True)
    _agent(batch, "DbtrAgt", order.payer)
    # Each side bears what its own bank charges.
    _text(batch, "ChrgBr", "SHAR")
    for one in order.payments:
        _payment(batch, one)
    ET.indent(root)
    text: str = ET.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _payment(batch: ET.Element, one: Payment) -> None:
    element = ET.SubElement(batch, "CdtTrfTxInf")
    _text(ET.SubElement(element, "PmtId"), "EndToEndId", one.reference)
    amount = ET.SubElement(ET.SubElement(element, "Amt"), "InstdAmt", {"Ccy": "CNY"})
    amount.text = plain_fen(one.amount_fen)
    _agent(element, "CdtrAgt", one.payee)
    _text(ET.SubElement(element, "Cdtr"), "Nm", one.payee.name)
    _account(element, "CdtrAcct", one.payee)
    _text(ET.SubElement(element, "RmtInf"), "Ustrd", one.about)


def _totals(element: ET.Element, order: PaymentOrder) -> None:
    _text(element, "NbOfTxs", str(len(order.payments)))
    _text(element, "CtrlSum", plain_fen(order.total_fen))


def _account(element: ET.Element, name: str, account: AccountDetails, *, has_currency: bool = False) -> None:
    place = ET.SubElement(element, name)
    _text(ET.SubElement(ET.SubElement(place, "Id"), "Othr"), "Id", account.number)
    if has_currency:
        _text(place, "Ccy", "CNY")


def _agent(element: ET.Element, name: str, account: AccountDetails) -> None:
    bank = ET.SubElement(ET.SubElement(element, name), "FinInstnId")
    member = ET.SubElement(bank, "ClrSysMmbId")
    _text(ET.SubElement(member, "ClrSysId"), "Cd", CLEARING)
    _text(member, "MmbId", account.cnaps)
    _text(bank, "Nm", account.bank)


def _text(element: ET.Element, name: str, text: str) -> None:
    ET.SubElement(element, name).text = text


#: The columns of the same order as CSV.
COLUMNS = ("序号", "付款编号", "收款户名", "收款开户行", "联行号", "收款账号", "金额（元）", "用途")


def write_csv(order: PaymentOrder) -> bytes:
    """Return the same payments as CSV (RFC 4180, UTF-8 with a mark), in the same order; refuses the same."""
    check_order(order)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for place, one in enumerate(order.payments, start=1):
        payee = one.payee
        amount = plain_fen(one.amount_fen)
        # No cell begins like a formula: references and names are checked, what a payment is for is our own sentence.
        writer.writerow([place, one.reference, payee.name, payee.bank, payee.cnaps, payee.number, amount, one.about])
    return ("\ufeff" + out.getvalue()).encode()
