"""Invented values for the page that shows every piece of the pages: long names, no rows, many rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from web import charts, formats
from web.columns import Column
from web.formats import t
from web.states import STATES

LONG = "示例财产保险股份有限公司长株潭一体化示范区中心支公司石峰营业服务部（共保业务管理中心）"
NAMES = (LONG, "乙示例财产保险股份有限公司", "丙示例保险", "丁示例财产保险有限公司")
WEIGHTS = (4500, 2500, 2000, 1000)


def samples(now: datetime) -> dict[str, object]:
    """Return the context of `styleguide.html` as seen at `now`."""
    return {
        "now": now,
        "members": _members(),
        "seven": [{"name": f"{name}示例财险", "weight": weight} for name, weight in _seven()],
        "statement_columns": _statement_columns(),
        "statement_rows": _statement_rows(),
        "claim_columns": _claim_columns(),
        "claims": [_claim(number, now) for number in range(1, 13)],
        "work": _work(now),
        "events": _events(now),
        "dues": [now + timedelta(days=9, minutes=5), now + timedelta(minutes=42), now - timedelta(hours=5)],
        "kinds": list(STATES.items()),
        "drawings": _drawings(),
        "digest": "9f2c41d07ab35e8866c1f0b7d4ea2933518cc0b1f6a7e29d04735bb8c1d2e6fa",
    }


def _members() -> list[dict[str, object]]:
    amounts = (12_078_000, 6_710_000, 5_368_000, 2_684_000)
    return [
        {"name": name, "weight": weight, "amount_fen": amount, "is_lead": index == 0}
        for index, (name, weight, amount) in enumerate(zip(NAMES, WEIGHTS, amounts, strict=True))
    ]


def _seven() -> list[tuple[str, int]]:
    return list(zip("甲乙丙丁戊己庚", (2857, 2143, 1429, 1429, 1000, 714, 428), strict=True))


def _statement_columns() -> list[Column]:
    return [
        Column("line", t("项目", "Item"), is_head=True),
        *(Column(key, f"{key} {t('从承保方', 'follower')}", "money") for key in "BCD"),
    ]


def _statement_rows() -> list[dict[str, object]]:
    table = (
        (t("退还保费", "Return premium"), -28186, -22550, -11274),
        (t("赔款", "Claims"), -425762, -340610, -170305),
        (t("公估费", "Adjuster"), -75000, -60000, -30000),
        (t("追偿与残值", "Recoveries"), 858333, 686667, 343333),
        (t("首席管理费及税", "Lead's fee and VAT"), -242931, -194345, -97172),
        (t("未付摊回赔款", "Unpaid cash call"), None, None, -2684000),
    )
    return [dict(zip(("line", "B", "C", "D"), row, strict=True)) for row in table]


def _claim_columns() -> list[Column]:
    return [
        Column("number", t("赔案号", "Claim"), "code", href="href", is_head=True, is_sortable=True),
        Column("community", t("小区", "Community")),
        Column("stage", t("状态", "State"), "chip", of="claim"),
        Column(
            "reported_at", t("报修时间", "Reported"), "instant", note=t("北京时间", "Beijing time"), is_sortable=True
        ),
        Column("repaired_in_min", t("修复用时", "Repaired in"), "span"),
        Column("estimate_fen", t("估损", "Estimate"), "money", is_sortable=True),
        Column("paid_fen", t("已付", "Paid"), "money"),
    ]


def _claim(number: int, now: datetime) -> dict[str, object]:
    stages = ("open", "submitted", "agreed", "approved", "called", "paid", "rejected")
    stage = stages[number % len(stages)]
    return {
        "id": number,
        "number": f"C-2026-{number:04d}",
        "href": "#record",
        "community": LONG if number == 4 else f"示例花园{number}期",
        "stage": stage,
        "reported_at": now - timedelta(hours=number * 7, minutes=13),
        "repaired_in_min": None if number % 3 == 0 else number * 61,
        "estimate_fen": number * number * 123_457,
        "paid_fen": number * 98_765 if stage == "paid" else None,
        "is_marked": number == 2,
    }


def _work(now: datetime) -> list[dict[str, object]]:
    return [
        {
            "title": t("核准赔案 C-2026-0131", "Approve claim C-2026-0131"),
            "href": "#record",
            "note": t("示例花园 3 栋 2 单元，主机更换", "Example Gardens 3-2, machine replaced"),
            "due_at": now + timedelta(minutes=35),
        },
        {
            "title": t("确认第三季度结算单", "Agree the statement of the third quarter"),
            "href": "#record",
            "note": LONG,
            "due_at": now + timedelta(days=3, hours=2),
        },
        {
            "title": t("答复招标澄清", "Answer a question on the tender"),
            "href": "#record",
            "due_at": now - timedelta(hours=3),
        },
        {"title": t("补传发票", "Add the invoice"), "href": "#record", "kind": "section", "stage": "error"},
    ]


def _events(now: datetime) -> list[dict[str, object]]:
    return [
        {
            "at": now - timedelta(hours=1),
            "what": t("已核准赔款 4,380.00 元", "Payment of CNY 4,380.00 approved"),
            "who": f"林知夏，{LONG}",
            "shape": "tick",
        },
        {
            "at": now - timedelta(hours=26),
            "what": t("已到场", "On site"),
            "who": t("示例维保", "Example Lifts"),
            "note": t("报修后 13 分钟", "13 minutes after the report"),
        },
        {"at": now - timedelta(hours=26, minutes=13), "what": t("已报修", "Reported"), "shape": "ring"},
    ]


def _drawings() -> dict[str, object]:
    months = [t(f"{month}月", "JFMAMJJASOND"[month - 1]) for month in range(1, 13)]
    faults = (41, 38, 52, 47, 55, 61, 78, 74, 60, 49, 44, 39)
    premium = (0, 61728, 195472, 204472, 204472, 263000, 263000, 311400, 402100, 402100, 455000, 512000)
    paid = (0, 4380, 4380, 285431, 285431, 290000, 297700, 297700, 310020, 322400, 322400, 341000)
    return {
        "columns": charts.columns(
            list(zip(months[:6], (864, 692, -265, 338, 120, 990), strict=True)), t("各月净额", "Net by month")
        ),
        "many": charts.columns(
            list(zip(months, faults, strict=True)),
            t("各月故障", "Faults by month"),
            limit=70,
            limit_name=t("上限 70", "limit 70"),
        ),
        "lines": charts.lines(
            months,
            [charts.Line(t("保费", "Premium"), premium), charts.Line(t("赔款", "Claims"), paid)],
            t("累计保费与赔款", "Premium and claims to date"),
        ),
        "steps": charts.lines(
            months,
            [charts.Line(t("未决", "Reserve"), paid[::-1])],
            t("未决赔款准备", "Reserve"),
            height=120,
            is_stepped=True,
        ),
        "histogram": charts.histogram(
            [str(hour) for hour in range(0, 11)],
            (12, 48, 130, 96, 61, 33, 20, 11, 6, 3),
            t("修复小时数", "Hours to repair"),
        ),
        "bars": charts.bars(
            [
                (LONG, 12_078_000),
                ("乙示例财产保险股份有限公司", 6_710_000),
                ("丙示例保险", 5_368_000),
                ("丁示例", -268_400),
            ],
            words=formats.money,
        ),
        "spark": charts.sparkline(faults, t("全年故障", "Faults of the year")),
    }
