"""The rows of an invented member's statement with any number of movements, for papers and workbooks."""

from __future__ import annotations

import random
from datetime import date, timedelta

from web.documents.rows import (
    Movement,
    Share,
    StatementHead,
    StatementLine,
    StatementRows,
    StreamSplit,
    Verification,
)

_NAMES = ("示例甲财产保险公司", "示例乙财产保险公司", "示例丙财产保险公司", "示例丁财产保险公司")
_WEIGHTS = (4500, 2500, 2000, 1000)
_PARTS = ("曳引轮", "门机皮带", "控制柜主板", "钢丝绳", "限速器")


def movements(count: int) -> tuple[Movement, ...]:
    """Return so many movements of a quarter, in the order of the book."""
    dice = random.Random(1286)
    return tuple(
        Movement(
            date(2026, 1, 1) + timedelta(days=number * 90 // count),
            number + 1,
            "claim_approved",
            "赔款核定",
            "Claim approved",
            f"C2026{number:06d}",
            f"更换 {number % 9 + 1} 号梯{_PARTS[number % 5]}",
            dice.randrange(-900_000, 100_000) or 1,
        )
        for number in range(count)
    )


def statement(count: int) -> StatementRows:
    """Return a member's statement with so many movements."""
    moved = movements(count)
    balance_fen = sum(one.amount_fen for one in moved)
    return StatementRows(
        StatementHead(
            issuer="示例市电梯综合保险共保体",
            number="SA-1-2026Q1-02",
            period_label="2026Q1",
            period_starts_on=date(2026, 1, 1),
            period_ends_on=date(2026, 3, 31),
            issued_on=date(2026, 4, 10),
            member_name=_NAMES[1],
            member_credit_code="",
            lead_name=_NAMES[0],
            due_on=date(2026, 4, 20),
        ),
        (StatementLine("claims", "分摊赔款", "Claims", balance_fen, count),),
        balance_fen,
        moved,
        (StreamSplit("claim", "赔款", "Claims", balance_fen * 4, balance_fen, 2500, 10_000, 0),),
        tuple(
            Share(place, name, weight, sum(_WEIGHTS), is_lead=place == 1, is_own=place == 2)
            for place, (name, weight) in enumerate(zip(_NAMES, _WEIGHTS, strict=True), start=1)
        ),
        Verification("https://gongbao.example/verify/7Q2M-9KXA-41TD", "7Q2M-9KXA-41TD"),
    )
