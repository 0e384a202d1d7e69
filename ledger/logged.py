"""Who and when of the book, as the log tells it: entries, periods, statements, the accounts of members."""

from __future__ import annotations

from core.checks import Invariant
from core.log_columns import WHEN, WHO, Logged, are_logged, fact

#: Columns of the book and the events that say the same; the close of a period is held by INV-L4.
LOGGED: tuple[Logged, ...] = (
    Logged("entry", ("entry.posted",), {"person_id": WHO, "at": WHEN}),
    Logged(
        "period",
        ("period.opened",),
        {
            "pool_id": fact("pool", "bigint"),
            "label": fact("label"),
            "starts_on": fact("starts_on", "date"),
            "ends_on": fact("ends_on", "date"),
        },
    ),
    Logged(
        "statement",
        ("period.closed",),
        {"made_at": WHEN},
        match={"period_id": "e.object_id"},
        kind="period",
        is_one_way=True,
    ),
    Logged("statement", ("statement.issue",), {"issued_at": WHEN, "due_on": fact("due_on", "date")}),
    Logged(
        "statement",
        ("statement.acknowledge", "statement.query", "statement.agree"),
        {"answered_at": WHEN, "answered_by": WHO},
    ),
    Logged("statement", ("statement.settle",), {"settled_on": fact("on", "date")}),
    Logged(
        "bank_account",
        ("bank_account.proposed",),
        {
            "proposed_by": WHO,
            "proposed_at": WHEN,
            "pool_id": fact("pool", "bigint"),
            "organisation_id": fact("member", "uuid"),
        },
    ),
    Logged(
        "payment_batch",
        ("payment_batch.prepared",),
        {
            "prepared_by": WHO,
            "prepared_at": WHEN,
            "pays_on": fact("pays_on", "date"),
            "total_fen": fact("amount_fen", "bigint"),
            "items": fact("items", "bigint"),
        },
    ),
    Logged(
        "payment_batch",
        ("payment_batch.release", "payment_batch.reject"),
        {"decided_by": WHO, "decided_at": WHEN},
    ),
    Logged(
        "bank_match",
        ("bank_match.accepted",),
        {
            "matched_by": WHO,
            "matched_at": WHEN,
            "statement_id": fact("statement", "uuid"),
            "difference_fen": fact("left_fen", "bigint"),
        },
        match={"line_id": "e.object_id"},
        kind="bank_line",
    ),
    Logged(
        "bank_report",
        ("bank_report.taken",),
        {
            "taken_by": WHO,
            "taken_at": WHEN,
            "digest": fact("sha256"),
            "items": fact("items", "bigint"),
            "closing_fen": fact("balance_fen", "bigint"),
            "until_on": fact("on", "date"),
            "from_on": fact("starts_on", "date"),
        },
    ),
    Logged(
        "bank_account",
        ("bank_account.confirm", "bank_account.reject"),
        {"decided_by": WHO, "decided_at": WHEN, "effective_on": fact("effective_on", "date")},
    ),
)

INVARIANT = Invariant(
    "INV-A10-ledger",
    "分录、账期、结算单、收款账户、付款批次与银行流水所记的经办人、时刻与日期，和日志一致",
    "Who and when, as entries, periods, statements, the members' accounts, batches of payments and bank statements "
    "have it, is what the log says",
    are_logged(LOGGED),
)
