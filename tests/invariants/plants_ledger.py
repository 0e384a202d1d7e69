"""Corruptions of the pool book: entries, transfers, periods, reversals, statements, shares, streams."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

#: One entry each of the first pool: a written premium (four members), a claim in the closed quarter, the first close.
_WRITTEN = "(SELECT min(id) FROM entry WHERE reason = 'premium_written')"
_CLAIM = "(SELECT min(id) FROM entry WHERE reason = 'claim_approved')"
_CLOSE = "(SELECT min(id) FROM entry WHERE reason = 'period_closed')"
_POOL = f"(SELECT pool_id FROM entry WHERE id = {_WRITTEN})"
_QUARTER = f"(SELECT period_id FROM entry WHERE id = {_WRITTEN})"
_MIRROR = (
    "(SELECT min(id) FROM entry WHERE reverses_id IS NOT NULL AND reason NOT IN ('receipt_held', 'claim_paid_by_lead'))"
)
_DRAFT = "(SELECT min(number) FROM statement WHERE stage = 'draft' AND balance_fen <> 0)"
_ISSUED = "(SELECT min(number) FROM statement WHERE stage = 'issued')"


def _account(code: str, place: int | None = None) -> str:
    """Return the query of an account of the first pool; `place` counts its members, the lead first."""
    member = "organisation_id IS NULL"
    if place is not None:
        member = (
            f"organisation_id = (SELECT organisation_id FROM share WHERE (pool_id, number, position)"
            f" = ({_POOL}, 1, {place}))"
        )
    return f"(SELECT id FROM account WHERE pool_id = {_POOL} AND code = '{code}' AND {member})"


def _transfer(entry: str, line: int, debit: str, credit: str, fen: int = 100) -> str:
    """Return the statement that slips a transfer into an entry."""
    return (
        "INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen)"
        f" SELECT pool_id, period_id, id, {line}, {debit}, {credit}, {fen} FROM entry WHERE id = {entry}"
    )


def _entry(of: str, period: str = "period_id", **changes: str) -> str:
    """Return the statement that posts a copy of an entry, with changes."""
    columns = ("reason", '"on"', "at", "subject_kind", "subject_id", "document", "person_id", "amount_fen")
    values = ", ".join(changes.get(name, name) for name in (*columns, "reverses_id"))
    return (
        f"INSERT INTO entry (pool_id, period_id, {', '.join(columns)}, reverses_id)"
        f" SELECT pool_id, {period}, {values} FROM entry WHERE id = {of}"
    )


BOOK: tuple[Plant, ...] = (
    plant("INV-L1", "an entry without transfers", f"DELETE FROM transfer WHERE entry_id = {_CLAIM}"),
    plant("INV-L1", "transfers without an entry", f"DELETE FROM entry WHERE id = {_CLAIM}"),
    plant(
        "INV-L1",
        "a transfer on another pool's account",
        f"UPDATE transfer SET debit_id = (SELECT min(id) FROM account WHERE pool_id <> {_POOL})"
        f" WHERE entry_id = {_CLAIM} AND line = 0",
    ),
    plant(
        "INV-L1",
        "an amount below nothing",
        drop("transfer", "ck_transfer_amount"),
        f"UPDATE transfer SET amount_fen = -amount_fen WHERE entry_id = {_CLAIM} AND line = 0",
    ),
    plant(
        "INV-L1",
        "an account against itself",
        drop("transfer", "ck_transfer_accounts"),
        f"UPDATE transfer SET credit_id = debit_id WHERE entry_id = {_CLAIM} AND line = 0",
    ),
    plant("INV-L1", "a day outside the period", f"UPDATE entry SET \"on\" = '2025-12-31' WHERE id = {_CLAIM}"),
    plant("INV-L2", "an entry's amount", f"UPDATE entry SET amount_fen = amount_fen + 1 WHERE id = {_CLAIM}"),
    plant(
        "INV-L2",
        "a transfer's amount",
        f"UPDATE transfer SET amount_fen = amount_fen + 1 WHERE entry_id = {_CLAIM} AND line = 1",
    ),
    plant("INV-L2", "a transfer gone", f"DELETE FROM transfer WHERE entry_id = {_CLAIM} AND line = 2"),
    plant("INV-L2", "a transfer slipped in", _transfer(_CLAIM, 9, _account("2210", 1), _account("2110"))),
    plant("INV-M1", "an account gone", f"DELETE FROM account WHERE id = {_account('1110')}"),
    plant(
        "INV-M1",
        "money from nowhere",
        f"UPDATE transfer SET credit_id = 999999 WHERE entry_id = {_CLAIM} AND line = 0",
    ),
    plant(
        "INV-M1",
        "money from another pool",
        f"UPDATE transfer SET credit_id = (SELECT min(id) FROM account WHERE pool_id <> {_POOL})"
        f" WHERE entry_id = {_CLAIM} AND line = 0",
    ),
    plant(
        "INV-M2",
        "premium written to another account",
        f"UPDATE transfer SET credit_id = {_account('2210', 1)} WHERE entry_id = {_WRITTEN} AND line = 1",
    ),
    plant(
        "INV-M2",
        "a receivable booked as money",
        f"UPDATE transfer SET debit_id = {_account('1010')} WHERE entry_id = {_WRITTEN} AND line = 0",
    ),
    plant("INV-M2", "a stranger on 2305", _transfer(_CLAIM, 9, _account("2305", 1), _account("2210", 1))),
    plant("INV-L4", "posted after the close", _entry(_CLAIM)),
    plant("INV-L4", "the close moved back", f"UPDATE period SET last_entry_id = {_CLAIM} WHERE id = {_QUARTER}"),
    plant("INV-L4", "the close moved on", f"UPDATE period SET last_entry_id = 999999 WHERE id = {_QUARTER}"),
    plant(
        "INV-L4",
        "opened again",
        f"UPDATE period SET stage = 'open', closed_at = NULL, last_entry_id = NULL WHERE id = {_QUARTER}",
    ),
    plant(
        "INV-L4",
        "closed at another instant",
        f"UPDATE period SET closed_at = closed_at + interval '1 microsecond' WHERE id = {_QUARTER}",
    ),
    plant("INV-L4", "closed by another", f"UPDATE period SET closed_by = gen_random_uuid() WHERE id = {_QUARTER}"),
    plant(
        "INV-L4",
        "opened, posted in, closed again and logged",
        _entry(_CLAIM),
        f"UPDATE period SET last_entry_id = (SELECT max(id) FROM entry) WHERE id = {_QUARTER}",
        f"UPDATE statement SET last_entry_id = (SELECT max(id) FROM entry) WHERE period_id = {_QUARTER}",
        "INSERT INTO audit_event (id, at, action, role, object_kind, object_id, facts) SELECT gen_random_uuid(), at,"
        " 'entry.posted', 'system', 'entry', id::text, '{}' FROM entry ORDER BY id DESC LIMIT 1",
    ),
    plant("INV-L4", "a close that nobody made", "DELETE FROM audit_event WHERE action = 'period.closed'"),
    plant("INV-L4", "an opening that nobody made", "DELETE FROM audit_event WHERE action = 'period.opened'"),
    plant("INV-L5", "a digest", "UPDATE idempotency_key SET digest = 'x' WHERE key = 'key-1'"),
    plant("INV-L5", "an outcome", "UPDATE idempotency_key SET outcome = '[]' WHERE key = 'key-1'"),
    plant("INV-L5", "a failure kept", "UPDATE idempotency_key SET outcome = '{\"status\": 500}' WHERE key = 'key-1'"),
    plant(
        "INV-L5",
        "a key twice",
        drop("idempotency_key", "pk_idempotency_key"),
        "INSERT INTO idempotency_key SELECT * FROM idempotency_key WHERE key = 'key-1'",
    ),
    plant(
        "INV-L6",
        "a mirror of another amount",
        f"UPDATE transfer SET amount_fen = amount_fen + 1 WHERE entry_id = {_MIRROR} AND line = 0",
    ),
    plant(
        "INV-L6",
        "a mirror of another member",
        f"UPDATE transfer SET credit_id = {_account('2210', 2)} WHERE entry_id = {_MIRROR} AND line = 1",
    ),
    plant("INV-L6", "a mirror of another entry", f"UPDATE entry SET reverses_id = {_CLAIM} WHERE id = {_MIRROR}"),
    plant("INV-L6", "a mirror of a mirror", _entry(_MIRROR, reverses_id=_MIRROR)),
    plant(
        "INV-L6",
        "taken back twice",
        "DROP INDEX uq_entry_reverses",
        _entry(_MIRROR),
    ),
    plant("INV-L6", "a split not undone", "DELETE FROM stream_item WHERE mirrors IS NOT NULL"),
    plant(
        "INV-L6",
        "a split undone otherwise",
        "UPDATE stream_item SET parts_fen[1] = parts_fen[1] + 1, parts_fen[2] = parts_fen[2] - 1"
        " WHERE mirrors IS NOT NULL",
    ),
    plant("INV-L8", "a column of decimals", "ALTER TABLE refund ALTER COLUMN net_fen TYPE numeric"),
    plant("INV-L8", "a column of floats", "ALTER TABLE cash_call ALTER COLUMN amount_fen TYPE double precision"),
    plant(
        "INV-L8",
        "an amount beyond the limit",
        drop("recovery", "ck_recovery_amount"),
        "UPDATE recovery SET amount_fen = 1000000000000001",
    ),
    plant(
        "INV-L8",
        "a part beyond the limit",
        drop("stream_item", "ck_stream_item_parts"),
        "UPDATE stream_item SET parts_fen[1] = -1000000000000001 WHERE sequence = 1 AND kind = 'claim'",
    ),
    plant("INV-L9", "a rehearsal's book", "INSERT INTO book (pool_id, name) VALUES (-1, 'R')"),
    plant(
        "INV-L9",
        "a rehearsal's period",
        "INSERT INTO period (id, pool_id, label, starts_on, ends_on, stage)"
        f" VALUES (-1, {_POOL}, 'R', '2030-01-01', '2030-03-31', 'open')",
    ),
    plant("INV-L9", "a rehearsal's entry", _entry(_CLAIM, period="-1")),
    plant(
        "INV-L9",
        "a rehearsal's transfer",
        f"INSERT INTO transfer SELECT pool_id, -1, entry_id, line, debit_id, credit_id, amount_fen FROM transfer"
        f" WHERE entry_id = {_CLAIM}",
    ),
    plant("INV-A2-ledger", "an entry that nobody posted", _entry(_CLAIM)),
    plant(
        "INV-A2-ledger",
        "an entry that is gone",
        f"DELETE FROM transfer WHERE entry_id = {_CLAIM}",
        f"DELETE FROM entry WHERE id = {_CLAIM}",
    ),
    plant("INV-A2-ledger", "an entry of another reason", f"UPDATE entry SET reason = 'lead_fee' WHERE id = {_CLAIM}"),
    plant(
        "INV-A2-ledger", "a statement moved by hand", f"UPDATE statement SET stage = 'agreed' WHERE number = {_ISSUED}"
    ),
    plant("INV-A2-ledger", "a statement gone", f"DELETE FROM statement WHERE number = {_ISSUED}"),
    plant(
        "INV-A2-ledger",
        "a move left out",
        "DELETE FROM audit_event WHERE action = 'statement.agree'",
    ),
)

STATEMENTS: tuple[Plant, ...] = (
    plant("INV-M3", "the closing move gone", f"DELETE FROM transfer WHERE entry_id = {_CLOSE} AND line = 0"),
    plant(
        "INV-M3",
        "the closing move short",
        f"UPDATE transfer SET amount_fen = amount_fen - 1 WHERE entry_id = {_CLOSE} AND line = 1",
    ),
    plant("INV-M3", "more after the close", _transfer(_CLAIM, 9, _account("2210", 1), _account("2110"))),
    plant(
        "INV-L3",
        "settled without money",
        drop("statement", "ck_statement_issued"),
        f"UPDATE statement SET stage = 'settled' WHERE number = {_DRAFT}",
    ),
    plant(
        "INV-L3",
        "money without settlement",
        "UPDATE statement SET stage = 'agreed' WHERE stage = 'settled' AND balance_fen <> 0",
    ),
    plant(
        "INV-L3",
        "a settlement cut",
        "UPDATE transfer SET amount_fen = amount_fen - 1 WHERE line = 0 AND entry_id = (SELECT min(id) FROM entry"
        " WHERE reason = 'statement_settled')",
    ),
    plant("INV-S1", "a balance", f"UPDATE statement SET balance_fen = balance_fen + 1 WHERE number = {_DRAFT}"),
    plant("INV-S1", "another bound", f"UPDATE statement SET last_entry_id = {_CLAIM} WHERE number = {_DRAFT}"),
    plant("INV-S1", "a member without one", f"DELETE FROM statement WHERE number = {_DRAFT}"),
    plant(
        "INV-S1",
        "a movement after the fact",
        _transfer(_CLAIM, 9, _account("2210", 1), _account("2210", 2)),
    ),
    plant("INV-S4", "other words", "UPDATE statement_words SET words = '请再说明' WHERE sequence = 1"),
    plant("INV-S4", "words unsaid", "DELETE FROM statement_words WHERE sequence = 2"),
    plant("INV-S4", "said by the other side", "UPDATE statement_words SET side = 'lead' WHERE sequence = 1"),
    plant("INV-S4", "about another entry", f"UPDATE statement_words SET entry_id = {_CLAIM} WHERE sequence = 1"),
    plant("INV-S4", "said before the issue", "UPDATE statement_words SET at = at - interval '1 day'"),
    plant(
        "INV-S4",
        "waiting for nobody",
        "UPDATE statement SET stage = 'queried' WHERE id IN (SELECT statement_id FROM statement_words)",
    ),
    plant("INV-S3", "a balance", f"UPDATE statement SET balance_fen = balance_fen - 1 WHERE number = {_DRAFT}"),
    plant("INV-S3", "a statement gone", f"DELETE FROM statement WHERE number = {_DRAFT}"),
    plant("INV-S3", "more pool money", _transfer(_CLAIM, 9, _account("1010"), _account("2210", 1))),
    plant(
        "INV-M9",
        "a stranger's account",
        f"UPDATE account SET organisation_id = gen_random_uuid() WHERE id = {_account('2210', 1)}",
    ),
    plant(
        "INV-M9",
        "a stranger's statement",
        f"UPDATE statement SET organisation_id = gen_random_uuid() WHERE number = {_DRAFT}",
    ),
    plant(
        "INV-M9",
        "a member's account that is nobody's",
        drop("account", "ck_account_member"),
        f"UPDATE account SET organisation_id = NULL WHERE id = {_account('1210', 1)}",
    ),
    plant(
        "INV-M9",
        "an account twice",
        drop("account", "uq_account_pool_id_code_organisation_id"),
        "INSERT INTO account (pool_id, code, organisation_id) SELECT pool_id, code, organisation_id FROM account"
        f" WHERE id = {_account('2210', 1)}",
    ),
    plant("INV-M10", "a movement on no line", f"UPDATE entry SET reason = 'statement_settled' WHERE id = {_CLAIM}"),
    plant("INV-M10", "a balance", f"UPDATE statement SET balance_fen = balance_fen + 1 WHERE number = {_DRAFT}"),
    plant(
        "INV-M10",
        "a movement gone",
        f"DELETE FROM transfer WHERE entry_id = {_CLAIM} AND line = 1",
    ),
)

_ITEM = f"pool_id = {_POOL} AND number = 1 AND kind = 'premium_net' AND sequence"

STREAMS: tuple[Plant, ...] = (
    plant("INV-P3", "a weight", f"UPDATE share SET weight = weight + 1 WHERE (pool_id, position) = ({_POOL}, 1)"),
    plant("INV-P3", "a member gone", f"DELETE FROM share WHERE (pool_id, position) = ({_POOL}, 3)"),
    plant("INV-P3", "another whole", f"UPDATE share_version SET whole = 9999 WHERE pool_id = {_POOL}"),
    plant("INV-P3", "a gap in the order", f"UPDATE share SET position = 7 WHERE (pool_id, position) = ({_POOL}, 3)"),
    plant("INV-P3", "a version gone", f"DELETE FROM share_version WHERE pool_id = {_POOL}"),
    plant(
        "INV-P3",
        "a version that goes back",
        f"INSERT INTO share_version VALUES ({_POOL}, 2, 10000, '2025-01-01')",
        f"INSERT INTO share SELECT pool_id, 2, position, organisation_id, weight FROM share WHERE pool_id = {_POOL}",
    ),
    plant(
        "INV-M5",
        "a fen from one member to another",
        f"UPDATE stream_item SET parts_fen[1] = parts_fen[1] + 1, parts_fen[2] = parts_fen[2] - 1 WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-M5",
        "a carry",
        "UPDATE stream_item SET carry_after[1] = carry_after[1] + 1, carry_after[2] = carry_after[2] - 1"
        f" WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-M5",
        "two items exchanged",
        f"UPDATE stream_item SET sequence = -1 WHERE {_ITEM} = 1",
        f"UPDATE stream_item SET sequence = 1 WHERE {_ITEM} = 2",
        f"UPDATE stream_item SET sequence = 2 WHERE {_ITEM} = -1",
    ),
    plant(
        "INV-M5", "a part of nobody", f"UPDATE stream_item SET parts_fen = parts_fen || NULL::bigint WHERE {_ITEM} = 2"
    ),
    plant("INV-M5", "an item gone", f"DELETE FROM stream_item WHERE {_ITEM} = 2"),
    plant(
        "INV-M5",
        "parts and carry changed together",
        "UPDATE stream_item SET parts_fen[1] = parts_fen[1] + 1, parts_fen[2] = parts_fen[2] - 1,"
        " carry_after[1] = carry_after[1] - 10000, carry_after[2] = carry_after[2] + 10000"
        f" WHERE {_ITEM} = (SELECT max(sequence) FROM stream_item WHERE pool_id = {_POOL} AND kind = 'premium_net')",
    ),
    plant("INV-M6", "a stream's carry", "UPDATE stream SET carry[1] = carry[1] + 1, carry[2] = carry[2] - 1"),
    plant("INV-M6", "a stream's count", "UPDATE stream SET last_sequence = last_sequence + 1 WHERE kind = 'claim'"),
    plant("INV-M6", "an item gone", f"DELETE FROM stream_item WHERE {_ITEM} = 2"),
    plant("INV-M6", "a stream gone", "DELETE FROM stream WHERE kind = 'recovery'"),
    plant(
        "INV-M6",
        "a member too many",
        f"UPDATE stream_item SET parts_fen = parts_fen || 0::bigint WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-M6",
        "parts that do not add up",
        drop("stream_item", "ck_stream_item_parts"),
        f"UPDATE stream_item SET parts_fen[1] = parts_fen[1] + 1 WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-M6",
        "moved otherwise than split",
        f"UPDATE transfer SET amount_fen = amount_fen + 1 WHERE entry_id = {_CLAIM} AND line = 0",
        f"UPDATE transfer SET amount_fen = amount_fen - 1 WHERE entry_id = {_CLAIM} AND line = 1",
    ),
    plant(
        "INV-P2",
        "two fen astray",
        f"UPDATE stream_item SET carry_after = '{{20000,-20000,0,0}}' WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-P2",
        "less than a fen, and more than these shares allow",
        f"UPDATE stream_item SET carry_after = '{{8001,-8001,0,0}}' WHERE {_ITEM} = 2",
    ),
    plant(
        "INV-P2",
        "astray in thirds",
        "UPDATE stream_item SET carry_after = '{3,-3,0}' WHERE sequence = 1 AND cardinality(carry_after) = 3",
    ),
)

PLANTS = (*BOOK, *STATEMENTS, *STREAMS)
