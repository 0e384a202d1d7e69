"""Who and when of the book, as the log tells it: entries, periods, statements, extracts, the bank."""

from __future__ import annotations

from core.checks import Invariant
from core.log_columns import WHEN, WHO, Logged, are_logged, fact

#: The side whose words an event of a statement is.
SAID_BY = "CASE e.action WHEN 'statement.query' THEN 'member' ELSE 'lead' END"

#: Columns of the book and the events that say the same; the close of a period is held by INV-L4.
LOGGED: tuple[Logged, ...] = (
    Logged("entry", ("entry.posted",), {"person_id": WHO, "at": WHEN}, only="batch_id IS NULL"),
    Logged(
        "entry_batch",
        ("batch.posted",),
        {"person_id": WHO, "at": WHEN, "on": fact("on", "date")},
        kind="batch",
        reckoned={"on": '"on"'},
    ),
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
    Logged("statement", ("statement.interest_charged",), {"interest_until_on": fact("on", "date")}),
    Logged(
        "statement_words",
        ("statement.query", "statement.answer"),
        {"person_id": WHO},
        match={"statement_id": "e.object_id", "side": SAID_BY, "at": WHEN},
        kind="statement",
        is_one_way=True,
    ),
    Logged(
        "apart_item",
        ("apart_item.taken",),
        {"taken_at": WHEN, "due_on": fact("due_on", "date"), "amount_fen": fact("amount_fen", "bigint")},
    ),
    Logged("apart_item", ("apart_item.pay",), {"paid_by": WHO, "paid_on": fact("on", "date")}),
    Logged(
        "step_up",
        ("step_up.declared",),
        {
            "declared_by": WHO,
            "declared_at": WHEN,
            "declared_on": fact("on", "date"),
            "amount_fen": fact("amount_fen", "bigint"),
            "reason": fact("reason"),
        },
    ),
    Logged("step_up", ("step_up.cure",), {"cured_by": WHO, "cured_on": fact("on", "date")}),
    Logged(
        "pool_closing",
        ("pool.close",),
        {"closed_by": WHO, "closed_at": WHEN, "closed_on": fact("on", "date")},
        match={"pool_id": "e.object_id"},
        kind="pool",
    ),
    Logged(
        "book_extract",
        ("book_extract.asked",),
        {
            "asked_by": WHO,
            "asked_at": WHEN,
            "kind": fact("kind"),
            "form": fact("form"),
            "until_entry_id": fact("until_entry", "bigint"),
            "is_final": fact("is_final", "boolean"),
        },
    ),
    Logged(
        "book_extract",
        ("book_extract.finish",),
        {"ready_at": WHEN, "rows_done": fact("rows", "bigint")},
        only="r.stage = 'ready'",
    ),
    Logged("book_extract", ("book_extract.fetched",), {"fetched_at": WHEN}),
    Logged(
        "bank_account",
        ("bank_account.proposed",),
        {
            "proposed_by": WHO,
            "proposed_at": WHEN,
            "pool_id": fact("pool", "bigint"),
            "organisation_id": fact("member", "uuid"),
            "payee_id": fact("payee", "uuid"),
        },
    ),
    Logged(
        "payee",
        ("payee.added",),
        {"added_by": WHO, "added_at": WHEN, "kind": fact("kind"), "name": fact("name")},
    ),
    Logged(
        "payment_line",
        ("payment_line.returned",),
        {
            "returned_by": WHO,
            "returned_at": WHEN,
            "return_line_id": fact("line", "uuid"),
            "returned_why": fact("why"),
        },
        only="r.returned_at IS NOT NULL",
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
            "statement_id": fact("statement", "uuid"),
            "payment_id": fact("payment", "uuid"),
            "apart_id": fact("apart", "uuid"),
            "difference_fen": fact("left_fen", "bigint"),
        },
        # A line that was matched again has an event for each time.
        match={"line_id": "e.object_id", "matched_at": WHEN},
        kind="bank_line",
    ),
    Logged(
        "bank_match",
        ("bank_match.take_back",),
        {"undone_by": WHO, "statement_id": fact("statement", "uuid"), "undone_why": fact("why")},
        match={"line_id": "e.object_id", "undone_at": WHEN},
        kind="bank_line",
        only="r.stage = 'taken_back'",
    ),
    Logged(
        "held_receipt",
        ("held_receipt.held",),
        {
            "held_by": WHO,
            "held_at": WHEN,
            "held_on": fact("on", "date"),
            "amount_fen": fact("amount_fen", "bigint"),
            "entry_id": fact("entry", "bigint"),
        },
    ),
    Logged(
        "held_receipt",
        ("held_receipt.place", "held_receipt.return"),
        {
            "closed_by": WHO,
            "closed_at": WHEN,
            "closed_on": fact("on", "date"),
            "closed_entry_id": fact("entry", "bigint"),
            "closed_why": fact("why"),
        },
        only="r.closed_at IS NOT NULL",
    ),
    Logged(
        "bank_month",
        ("bank_month.signed",),
        {
            "signed_by": WHO,
            "signed_at": WHEN,
            "bank_fen": fact("balance_fen", "bigint"),
            "matched_fen": fact("amount_fen", "bigint"),
            "lines_fen": fact("lines_fen", "bigint"),
            "difference_fen": fact("left_fen", "bigint"),
        },
        match={"pool_id || '/' || to_char(first_on, 'YYYY-MM')": "e.object_id"},
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
    "分录、账期、结算单、单项结算、违约代担、共保体关闭、报表、收款人、收款账户、付款批次与银行流水所记的经办人、时刻与日期，和日志一致",
    "Who and when, as entries, periods, statements, items settled on their own, step-ups, closed pools, extracts, "
    "payees, the accounts to be paid to, batches of payments and bank statements have it, is what the log says",
    are_logged(LOGGED),
)
