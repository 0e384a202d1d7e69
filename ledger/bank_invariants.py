"""The invariants of the bank beside the book: accounts are what a member's two persons said, and stood their days."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, moved_by_table, rows
from ledger import stages

#: What the log keeps of an account in place of its number (`ledger.bank_codes.AccountDetails.digest`).
_DIGEST = "encode(sha256(convert_to(concat_ws(E'\\n', b.name, b.bank, b.cnaps, b.number), 'UTF8')), 'hex')"

ACCOUNTS_ARE_AS_PROPOSED = every(
    rows(
        "bank account {id}",
        f"""
        SELECT b.id, b.pool_id, b.organisation_id, {_DIGEST} AS sha256, e.facts ->> 'sha256' AS logged
        FROM bank_account b LEFT JOIN audit_event e ON e.action = 'bank_account.proposed'
            AND e.object_id = b.id::text AND e.organisation_id = b.organisation_id
        WHERE e.facts ->> 'sha256' IS DISTINCT FROM {_DIGEST}
        """,
    ),
    rows(
        "bank account {id}",
        """
        SELECT b.id, b.pool_id, b.organisation_id FROM bank_account b WHERE NOT EXISTS (
            SELECT FROM share s WHERE (s.pool_id, s.organisation_id) = (b.pool_id, b.organisation_id))
        """,
    ),
    moved_by_table("bank_account", stages.BANK_ACCOUNT_MOVES, "proposed"),
)

#: Confirmed accounts with the day of their confirmation, and whether the member had one before.
_CONFIRMED = """
    SELECT b.*, (b.decided_at AT TIME ZONE 'Asia/Shanghai')::date AS confirmed_on,
        EXISTS (SELECT FROM bank_account o WHERE o.stage = 'confirmed' AND o.decided_at < b.decided_at
            AND (o.pool_id, o.organisation_id) = (b.pool_id, b.organisation_id)) AS is_change
    FROM bank_account b WHERE b.stage = 'confirmed'
"""

ACCOUNTS_WAITED = every(
    rows(
        "bank account {id}",
        """
        SELECT b.id, b.pool_id, b.organisation_id, b.proposed_by, b.decided_by, e.organisation_id AS confirmed_for
        FROM bank_account b LEFT JOIN audit_event e
            ON e.action = 'bank_account.confirm' AND e.object_id = b.id::text
        WHERE b.stage = 'confirmed' AND (b.decided_by IS NOT DISTINCT FROM b.proposed_by
            OR e.organisation_id IS DISTINCT FROM b.organisation_id)
        """,
    ),
    rows(
        "bank account {id}",
        f"""
        SELECT c.id, c.pool_id, c.organisation_id, c.confirmed_on, c.effective_on, c.is_change
        FROM ({_CONFIRMED}) c
        WHERE c.effective_on < c.confirmed_on OR NOT c.is_change AND c.effective_on <> c.confirmed_on
            OR c.is_change AND c.effective_on < c.confirmed_on + 2
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-B1",
        "每个收款账户属于本共保体的成员，户名、开户行、行号与账号和提出时一致，每次状态变化均有记录且合乎规则",
        "Every account to be paid to is a member's of its pool and reads as it was proposed; it stands where its last "
        "logged move left it",
        ACCOUNTS_ARE_AS_PROPOSED,
    ),
    Invariant(
        "INV-B2",
        "收款账户由本成员的另一人确认；首个当日生效，变更在确认之后等满期限才生效",
        "An account to be paid to was confirmed by another person of its member; the first stood at once, a change "
        "only after its time",
        ACCOUNTS_WAITED,
    ),
)
