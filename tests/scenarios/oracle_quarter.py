"""The oracle quarter: one pool of four members through January to March 2026, as an event file and its figures.

Worked by hand from the agreement's terms and checked by an independent program; every figure is in fen.
"""

from __future__ import annotations

from typing import Any

AGREEMENT: dict[str, Any] = {
    "members": ["A", "B", "C", "D"],
    "lead": "A",
    "shares_bp": [4500, 2500, 2000, 1000],
    "remittance": "gross",
    "collection": "lead",
    "lead_fee_bp": 500,
    "vat_bp": 600,
    "lead_alone_limit_fen": 10_000_000,
    "cash_call_from_fen": 20_000_000,
    "cash_call_due_days": 10,
    "late_interest_bp": 600,
    "day_count": 365,
    "year": 2026,
}


def _event(number: str, on: str, event: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "on": on, "event": event, **fields}


EVENTS: list[dict[str, Any]] = [
    _event("P1", "2026-01-12", "premium_written", gross_fen=6_172_800, lifts=48),
    _event("P1", "2026-01-15", "premium_received"),
    _event("P1", "2026-01-29", "premium_remitted"),
    _event("C1", "2026-01-30", "claim_approved", by="lead", policy="P1", amount_fen=438_000),
    _event("C1", "2026-02-02", "claim_paid_by_lead"),
    _event("P2", "2026-02-03", "premium_written", gross_fen=13_374_400, lifts=104),
    _event("P2", "2026-02-10", "premium_received"),
    _event("C2", "2026-03-02", "claim_approved", by="lead", policy="P2", amount_fen=1_265_050),
    _event("C2", "2026-03-03", "claim_paid_by_lead"),
    _event("P2", "2026-03-06", "premium_remitted"),
    _event("P3", "2026-03-09", "premium_written", gross_fen=899_999, lifts=7),
    _event("C3", "2026-03-13", "claim_approved", by="all", policy="P2", amount_fen=26_840_000),
    _event("C3", "2026-03-16", "cash_call_issued", due_on="2026-03-26"),
    _event(
        "E1",
        "2026-03-20",
        "premium_refund_agreed",
        policy="P2",
        lift_gross_fen=128_600,
        days_left=320,
        days_total=365,
        refund_fen=112_745,
    ),
    _event("C3", "2026-03-20", "cash_call_received", **{"from": ["B", "C"]}),
    _event("C3", "2026-03-23", "lead_funds_own_share_and_shortfall", amount_fen=14_762_000),
    _event("C3", "2026-03-23", "claim_paid_from_pool_money"),
    _event("C3", "2026-03-23", "adjuster_approved", amount_fen=300_001),
    _event("C3", "2026-03-23", "adjuster_paid_by_lead"),
    _event("E1", "2026-03-25", "refund_paid_by_lead"),
    _event("C3", "2026-03-27", "recovery_received_by_lead", kind="subrogation", amount_fen=3_333_333),
    _event("C3", "2026-03-30", "recovery_received_by_lead", kind="salvage", amount_fen=100_000),
    _event("Q1", "2026-03-31", "period_closed"),
    _event("Q1", "2026-04-17", "statement_settled"),
]

SPLITS: dict[str, Any] = {
    "P1": {"net": [2620528, 1455849, 1164679, 582340], "vat": [157232, 87351, 69881, 34940]},
    "P2": {"net": [5677811, 3154340, 2523472, 1261735], "vat": [340669, 189260, 151408, 75705]},
    "P3": {"net": [382075, 212264, 169811, 84906], "vat": [22924, 12736, 10189, 5094]},
    "E1": {"net": [-47863, -26591, -21273, -10636], "vat": [-2872, -1595, -1277, -638]},
    "C1": [197100, 109500, 87600, 43800],
    "C2": [569273, 316262, 253010, 126505],
    "C3": [12078000, 6710000, 5368000, 2684000],
    "C3-adjuster": [135001, 75000, 60000, 30000],
    "C3-subrogation": [1500000, 833333, 666667, 333333],
    "C3-salvage": [45000, 25000, 20000, 10000],
}

STATEMENT: dict[str, list[int | None]] = {
    "return_premium": [None, -28186, -22550, -11274],
    "claims": [None, -425762, -340610, -170305],
    "adjuster": [None, -75000, -60000, -30000],
    "recoveries": [None, 858333, 686667, 343333],
    "lead_fee_and_vat": [None, -242931, -194345, -97172],
    "unpaid_cash_call": [None, 0, 0, -2684000],
    "interest": [None, 0, 0, -2206],
    "balance": [2496008, 86454, 69162, -2651624],
}

REMITTED_GROSS: list[int | None] = [None, 4886800, 3909440, 1954720]

#: What stays open after the settlement: the premium of P3, written and not yet collected.
AFTER_SETTLEMENT = {"1110": 899999, "2305:A": -404999, "2305:B": -225000, "2305:C": -180000, "2305:D": -90000}

AFTER_CLOSE = {
    **AFTER_SETTLEMENT,
    "1220:D": 2651624,
    "2220:A": -2496008,
    "2220:B": -86454,
    "2220:C": -69162,
}

CARRIES = {
    "premium_net": [1500, -2500, 4000, -3000],
    "premium_vat": [1500, -2500, 4000, -3000],
    "claim": [-5000, 5000, 0, 0],
    "adjusting_expense": [-5500, 2500, 2000, 1000],
    "recovery": [-1500, 2500, -4000, 3000],
}

FILE = {"agreement": AGREEMENT, "events": EVENTS}
