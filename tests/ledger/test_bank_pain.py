"""The payment file: the elements of pain.001.001.09 in their order, its counts and sums, and what is not written."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.bank_codes import AccountDetails
from ledger.bank_pain import COLUMNS, NAMESPACE, Payment, PaymentOrder, write_csv, write_pain
from ledger.money import parse_fen

LEAD = AccountDetails("甲财险（首席）", "示例银行甲支行", "102100099996", "0200000012345678")
PAYEES = (
    AccountDetails("乙财险&丙", "示例银行乙支行", "103100000026", "10310000000000001234"),
    AccountDetails("丁财险", "示例银行丁支行", "104100000004", "88888888"),
)
ORDER = PaymentOrder(
    "PB-1-001",
    datetime(2026, 4, 15, 1, 0, 5, tzinfo=UTC),
    date(2026, 4, 17),
    LEAD,
    [
        Payment("SA-1-2026Q1-02", PAYEES[0], 86_454, "共保结算款 2026Q1"),
        Payment("SA-1-2026Q1-03", PAYEES[1], 69_162, "共保结算款 2026Q1"),
    ],
)

#: The standard's order of what may stand in each element, as far as we write it; `*` may come again.
SCHEMA = {
    "Document": ["CstmrCdtTrfInitn"],
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf*"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": [
        *("PmtInfId", "PmtMtd", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt", "ChrgBr"),
        "CdtTrfTxInf*",
    ],
    "CdtTrfTxInf": ["PmtId", "Amt", "CdtrAgt", "Cdtr", "CdtrAcct", "RmtInf"],
    "InitgPty": ["Nm"],
    "Dbtr": ["Nm"],
    "Cdtr": ["Nm"],
    "ReqdExctnDt": ["Dt"],
    "DbtrAcct": ["Id", "Ccy"],
    "CdtrAcct": ["Id"],
    "Id": ["Othr"],
    "Othr": ["Id"],
    "DbtrAgt": ["FinInstnId"],
    "CdtrAgt": ["FinInstnId"],
    "FinInstnId": ["ClrSysMmbId", "Nm"],
    "ClrSysMmbId": ["ClrSysId", "MmbId"],
    "ClrSysId": ["Cd"],
    "PmtId": ["EndToEndId"],
    "Amt": ["InstdAmt"],
    "RmtInf": ["Ustrd"],
}
#: How long a text may be, by its element.
LENGTHS = {
    **dict.fromkeys(("MsgId", "PmtInfId", "EndToEndId", "MmbId"), 35),
    **dict.fromkeys(("Nm", "Ustrd"), 140),
    **{"Id": 34, "Cd": 5, "Ccy": 3, "ChrgBr": 4, "PmtMtd": 3, "NbOfTxs": 15, "CtrlSum": 19, "InstdAmt": 19},
    **{"CreDtTm": 25, "Dt": 10},
}


def _name(element: ET.Element) -> str:
    assert element.tag.startswith(f"{{{NAMESPACE}}}")
    return element.tag.rpartition("}")[2]


def _wrong(element: ET.Element) -> Iterator[str]:
    """Yield what does not stand as the standard has it, in an element and below it."""
    name, children = _name(element), [_name(one) for one in element]
    if not children:
        text = element.text or ""
        if not 1 <= len(text) <= LENGTHS[name] or not text.isprintable():
            yield f"{name}: {text!r}"
        return
    expected: list[str] = []
    for one in SCHEMA[name]:
        plain = one.removesuffix("*")
        expected += [plain] * (children.count(plain) if one.endswith("*") else 1)
    if children != expected:
        yield f"{name}: {children}"
    for child in element:
        yield from _wrong(child)


def _texts(root: ET.Element, path: str) -> list[str]:
    names = "/".join(f"{{{NAMESPACE}}}{one}" for one in path.split("/"))
    return [one.text or "" for one in root.iterfind(names)]


def test_the_file_is_what_the_standard_says() -> None:
    """Every element stands in its order, every text fits its field, and the namespace is that of the version."""
    made = write_pain(ORDER)
    assert made.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ET.fromstring(made)  # noqa: S314 - our own file
    assert _name(root) == "Document" and list(_wrong(root)) == []
    assert _texts(root, "CstmrCdtTrfInitn/GrpHdr/CreDtTm") == ["2026-04-15T09:00:05+08:00"]
    batch = "CstmrCdtTrfInitn/PmtInf"
    assert _texts(root, f"{batch}/ReqdExctnDt/Dt") == ["2026-04-17"]
    assert _texts(root, f"{batch}/CdtTrfTxInf/PmtId/EndToEndId") == ["SA-1-2026Q1-02", "SA-1-2026Q1-03"]
    assert _texts(root, f"{batch}/CdtTrfTxInf/Cdtr/Nm") == ["乙财险&丙", "丁财险"]
    assert _texts(root, f"{batch}/CdtTrfTxInf/CdtrAcct/Id/Othr/Id") == [one.number for one in PAYEES]
    assert _texts(root, f"{batch}/CdtTrfTxInf/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == [one.cnaps for one in PAYEES]
    assert _texts(root, f"{batch}/DbtrAgt/FinInstnId/ClrSysMmbId/ClrSysId/Cd") == ["CNAPS"]
    assert _texts(root, f"{batch}/ChrgBr") == ["SHAR"]


def test_the_check_of_the_order_sees_a_wrong_place() -> None:
    """Two elements changed about, one left out, a name too long: each is seen by the check above."""
    root = ET.fromstring(write_pain(ORDER))  # noqa: S314 - our own file
    head = root[0][0]
    head[0], head[1] = head[1], head[0]
    root[0][1][-1].remove(root[0][1][-1][1])
    head[4][0].text = "甲" * 141
    assert len(list(_wrong(root))) == 3


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=30))
def test_counts_and_sums_are_to_the_fen(amounts: list[int]) -> None:
    """Both totals are the number and the sum of the payments, whatever they are; the CSV has the same."""
    payments = [Payment(f"SA-{n}", PAYEES[n % 2], fen, "共保结算款") for n, fen in enumerate(amounts)]
    order = replace(ORDER, payments=payments)
    root = ET.fromstring(write_pain(order))  # noqa: S314 - our own file
    for place in ("GrpHdr", "PmtInf"):
        assert _texts(root, f"CstmrCdtTrfInitn/{place}/NbOfTxs") == [str(len(amounts))]
        assert [parse_fen(one) for one in _texts(root, f"CstmrCdtTrfInitn/{place}/CtrlSum")] == [sum(amounts)]
    told = _texts(root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt")
    assert [parse_fen(one) for one in told] == amounts
    rows = list(csv.DictReader(io.StringIO(write_csv(order).decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    assert [parse_fen(row["金额（元）"]) for row in rows] == amounts
    assert [row["付款编号"] for row in rows] == [one.reference for one in payments]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reference": "SA 1"}, "payment_reference_wrong"),
        ({"reference": "结算单"}, "payment_reference_wrong"),
        ({"reference": "x" * 36}, "payment_reference_wrong"),
        ({"reference": "-1"}, "payment_reference_wrong"),
        ({"about": "甲" * 141}, "payment_text_too_long"),
        ({"amount_fen": 0}, "payment_amount_wrong"),
        ({"amount_fen": -1}, "payment_amount_wrong"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_cut(change: dict[str, object], code: str) -> None:
    """A reference with other letters, a text too long, an amount of nothing: the order is not written, in no form."""
    wrong = replace(ORDER, payments=[*ORDER.payments, replace(ORDER.payments[0], **change)])  # type: ignore[arg-type]
    for write in (write_pain, write_csv):
        with pytest.raises(Invalid, match="payment_order_wrong") as refused:
            write(wrong)
        assert [one.code for one in refused.value.findings] == [code]


def test_an_empty_order_and_a_number_that_is_none_are_refused() -> None:
    """There is nothing to send without a payment, nor under a number that no bank takes."""
    with pytest.raises(Invalid, match="payment_order_empty"):
        write_pain(replace(ORDER, payments=[]))
    with pytest.raises(Invalid, match="payment_order_wrong"):
        write_pain(replace(ORDER, number="批次 1"))
