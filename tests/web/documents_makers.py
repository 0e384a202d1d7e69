"""Makers of rows for the tests of papers, and readers that get amounts back out of PDF text, XLSX and CSV."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from xml.etree import ElementTree

from hypothesis import strategies as st

from ledger.money import parse_fen
from web.documents.rows import (
    Movement,
    Share,
    StatementHead,
    StatementLine,
    StatementRows,
    StreamSplit,
    Verification,
)
from web.documents.tender_rows import (
    AgreementRows,
    AgreementTerms,
    Attendance,
    InclusionProof,
    OpenedBid,
    OpeningRecordRows,
    Party,
    ReceiptRows,
    SealedFile,
    Standard,
)

MEMBERS = ("示例财产保险股份有限公司", "江南互助财产保险公司", "北辰责任保险公司", "星河财产保险公司")
VERIFICATION = Verification("https://gongbao.example/verify/7Q2M-9KXA-41TD", "7Q2M-9KXA-41TD")
RECEIVED_AT = datetime(2026, 1, 3, 6, 29, 59, 999_999, tzinfo=UTC)
CLOSES_AT = datetime(2026, 1, 3, 6, 30, tzinfo=UTC)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def make_shares(names: Sequence[str] = MEMBERS, weights: Sequence[int] = (4500, 2500, 2000, 1000)) -> tuple[Share, ...]:
    whole = sum(weights)
    return tuple(
        Share(place + 1, name, weight, whole, is_lead=place == 0, is_own=place == 1)
        for place, (name, weight) in enumerate(zip(names, weights, strict=True))
    )


def make_movement(number: int, amount_fen: int, description: str = "更换 3 号梯曳引轮") -> Movement:
    on = date(2026, 1, 1) + timedelta(days=number % 90)
    return Movement(
        on, number, "claim_approved", "赔款核定", "Claim approved", f"C{number:05d}", description, amount_fen
    )


def make_statement(
    amounts_fen: Sequence[int] = (-28186, -425762, -75000, 858333, -242931),
    *,
    names: Sequence[str] = MEMBERS,
    description: str = "更换 3 号梯曳引轮",
    number: str = "SA-2026Q1-02",
) -> StatementRows:
    movements = tuple(make_movement(place + 1, fen, description) for place, fen in enumerate(amounts_fen))
    out_fen, in_fen = sum(f for f in amounts_fen if f < 0), sum(f for f in amounts_fen if f >= 0)
    lines = (
        StatementLine("claims", "分摊赔款", "Claims", out_fen, sum(f < 0 for f in amounts_fen)),
        StatementLine("recoveries", "追偿与残值", "Recoveries", in_fen, sum(f >= 0 for f in amounts_fen)),
    )
    head = StatementHead(
        issuer="示例市电梯综合保险共保体",
        number=number,
        period_label="2026年第一季度",
        period_starts_on=date(2026, 1, 1),
        period_ends_on=date(2026, 3, 31),
        issued_on=date(2026, 4, 10),
        member_name=names[1],
        member_credit_code="91430200MA4L00000X",
        lead_name=names[0],
        due_on=date(2026, 4, 20),
        until_entry_number=1234,
    )
    streams = (StreamSplit("claim", "赔款", "Claims", 28_543_050, 7_135_762, 2500, 10_000, -2500),)
    return StatementRows(head, lines, out_fen + in_fen, movements, streams, make_shares(names), VERIFICATION)


def make_agreement(names: Sequence[str] = MEMBERS, **changes: object) -> AgreementRows:
    facts: dict[str, object] = {
        "number": "GB-2026-001",
        "version": 1,
        "issuer": "示例市住房和城乡建设局",
        "title_zh": "电梯综合保险共保协议",
        "title_en": "Lift co-insurance agreement",
        "tender_number": "ZB-2026-007",
        "tender_title": "示例市电梯综合保险共保体招标",
        "award_digest": digest("award"),
        "agreed_on": date(2026, 1, 5),
        "starts_on": date(2026, 1, 10),
        "ends_on": date(2027, 1, 9),
        "cover_zh": "示例市住宅电梯综合保险",
        "cover_en": "Comprehensive lift insurance",
        "parties": tuple(Party(n + 1, name, f"9143020000000000{n}X") for n, name in enumerate(names)),
        "shares": make_shares(names),
        "terms": AgreementTerms("lead", "gross", 500, 600, 10_000_000, 20_000_000, 10, 600, 365),
        "clauses": (),
        "standards": (Standard("故障应答", "Response", "30 分钟内应答", "within 30 minutes"),),
        "verification": VERIFICATION,
    }
    return AgreementRows(**{**facts, **changes})  # type: ignore[arg-type]


def make_opening_record() -> OpeningRecordRows:
    bids = tuple(
        OpenedBid(
            n + 1, name, RECEIVED_AT - timedelta(hours=n), digest(name), "已开启", "opened", True, 12_860_000, 3000
        )
        for n, name in enumerate(MEMBERS)
    )
    failed = OpenedBid(5, "西岭保险公司", RECEIVED_AT, digest("x"), "撤销", "revoked", False, None, None, "未能解密")
    return OpeningRecordRows(
        "KB-2026-007",
        "示例市住房和城乡建设局",
        "ZB-2026-007",
        "示例市电梯综合保险共保体招标",
        digest("notice"),
        CLOSES_AT,
        CLOSES_AT + timedelta(minutes=3),
        (*bids, failed),
        (Attendance("示例甲", "示例市公证处", "监督人", "Supervisor"),),
        ("对第 5 号投标未能开启有异议",),
        1234,
        digest("root"),
        digest("s1") + digest("s2"),
        VERIFICATION,
    )


def make_receipt() -> ReceiptRows:
    proof = InclusionProof(
        812,
        1234,
        digest("leaf"),
        tuple(digest(f"p{n}") for n in range(11)),
        digest("root"),
        digest("sign"),
        "ed25519:01",
    )
    return ReceiptRows(
        "HZ-2026-007-0003",
        "示例市住房和城乡建设局",
        "ZB-2026-007",
        "示例市电梯综合保险共保体招标",
        digest("notice"),
        0,
        MEMBERS[0],
        "91430200MA4L00000X",
        "示例经办",
        3,
        RECEIVED_AT,
        CLOSES_AT,
        digest("header"),
        (SealedFile("商务文件", 1_048_576, digest("file")),),
        proof,
        VERIFICATION,
        replaces="HZ-2026-007-0001",
    )


def pdf_text(body: bytes, *options: str) -> str:
    """Return what a reader sees, laid out as on the page."""
    command = ["pdftotext", *(options or ("-layout",)), "-", "-"]
    return subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode()


_AMOUNT = re.compile(r"[−-]?\d{1,3}(?:,\d{3})*\.\d\d(?![\d%])")
_MOVEMENT = re.compile(r"^\s*\d{4}-\d\d-\d\d\s+(\d+)\s.*?([−-]?\d{1,3}(?:,\d{3})*\.\d\d)\s*$", re.MULTILINE)


def amounts_after(text: str, words: str) -> list[int]:
    """Return the amounts on the first line of the text that contains the words."""
    line = next(line for line in text.splitlines() if words in line)
    return [parse_fen(found) for found in _AMOUNT.findall(line.split(words, 1)[1])]


def movements_in(text: str) -> list[tuple[int, int]]:
    """Return entry number and fen of every movement that a PDF's text shows."""
    return [(int(entry), parse_fen(amount)) for entry, amount in _MOVEMENT.findall(text)]


def csv_rows(body: bytes) -> list[dict[str, str]]:
    """Return a CSV as a spreadsheet reads it."""
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


Cell = tuple[str, str, str | None]


def xlsx_cells(body: bytes, sheet: int) -> dict[str, Cell]:
    """Return place -> (kind, text, formula) as the file itself says it, no library in between."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314 - our own file
    cells: dict[str, Cell] = {}
    for cell in root.iter(f"{space}c"):
        formula = cell.find(f"{space}f")
        text = "".join(cell.itertext()) if cell.get("t") == "inlineStr" else cell.findtext(f"{space}v") or ""
        cells[cell.get("r", "")] = (cell.get("t", "n"), text, None if formula is None else formula.text)
    return cells


#: Amounts up to a billion yuan, either way, small ones often.
amounts = st.lists(st.integers(-(10**11), 10**11) | st.integers(-999, 999), min_size=0, max_size=30)
