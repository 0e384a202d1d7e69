"""Corruptions of the bank beside the book: accounts that nobody proposed like this, or that took effect too soon."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_STANDING = "(SELECT id FROM bank_account WHERE stage = 'confirmed' ORDER BY id LIMIT 1)"
_CHANGE = "(SELECT id FROM bank_account WHERE effective_on = (SELECT max(effective_on) FROM bank_account))"

ACCOUNTS: tuple[Plant, ...] = (
    plant("INV-B1", "another number", f"UPDATE bank_account SET number = '88888888' WHERE id = {_STANDING}"),
    plant("INV-B1", "another name", f"UPDATE bank_account SET name = '别家' WHERE id = {_STANDING}"),
    plant(
        "INV-B1",
        "a stranger's account",
        f"UPDATE bank_account SET organisation_id = gen_random_uuid() WHERE id = {_STANDING}",
    ),
    plant(
        "INV-B1",
        "confirmed by nobody",
        "UPDATE bank_account SET stage = 'confirmed', decided_by = gen_random_uuid(), decided_at = proposed_at,"
        " effective_on = CURRENT_DATE WHERE stage = 'proposed'",
    ),
    plant("INV-B1", "an account gone", f"DELETE FROM bank_account WHERE id = {_STANDING}"),
    plant(
        "INV-B2",
        "confirmed by who proposed",
        drop("bank_account", "ck_bank_account_four_eyes"),
        f"UPDATE bank_account SET decided_by = proposed_by WHERE id = {_STANDING}",
    ),
    plant(
        "INV-B2",
        "a change at once",
        f"UPDATE bank_account SET effective_on = effective_on - 2 WHERE id = {_CHANGE}",
    ),
    plant(
        "INV-B2",
        "a first that waited",
        "UPDATE bank_account SET effective_on = effective_on + 1 WHERE id = (SELECT id FROM bank_account"
        " WHERE stage = 'confirmed' ORDER BY decided_at, id LIMIT 1)",
    ),
    plant(
        "INV-B2",
        "confirmed for another",
        "UPDATE audit_event SET organisation_id = gen_random_uuid() WHERE action = 'bank_account.confirm'",
    ),
    plant(
        "INV-A10-ledger",
        "an account confirmed at another hour",
        f"UPDATE bank_account SET decided_at = decided_at + interval '1 minute' WHERE id = {_STANDING}",
    ),
    plant("INV-A10-ledger", "proposed by another", "UPDATE bank_account SET proposed_by = gen_random_uuid()"),
)

_RELEASED = "(SELECT id FROM payment_batch WHERE stage = 'released' LIMIT 1)"
_LINE = f"batch_id = {_RELEASED} AND position = 1"

PAYMENTS: tuple[Plant, ...] = (
    plant("INV-B3", "a fen more", f"UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE {_LINE}"),
    plant("INV-B3", "a payment gone", f"DELETE FROM payment_line WHERE {_LINE}"),
    plant(
        "INV-B3",
        "to another member",
        "UPDATE payment_line l SET account_id = b.payer_id FROM payment_batch b WHERE b.id = l.batch_id",
    ),
    plant(
        "INV-B3",
        "a batch that nobody let fall",
        "UPDATE payment_batch SET stage = 'released' WHERE stage = 'rejected'",
    ),
    plant(
        "INV-B4",
        "a statement paid twice",
        "DROP INDEX ux_payment_line_statement",
        "UPDATE payment_line SET batch_stage = 'prepared' WHERE batch_stage = 'rejected' AND statement_id IS NOT NULL",
        "UPDATE payment_batch SET stage = 'prepared', decided_by = NULL, decided_at = NULL"
        " WHERE stage = 'rejected' AND kind = 'statement'",
    ),
    plant(
        "INV-B4",
        "released by who prepared",
        drop("payment_batch", "ck_payment_batch_four_eyes"),
        f"UPDATE payment_batch SET decided_by = prepared_by WHERE id = {_RELEASED}",
    ),
    plant(
        "INV-B4",
        "another file",
        "UPDATE payment_file SET content = content || 'x', digest = encode(sha256(content || 'x'), 'hex')"
        " WHERE kind = 'pain001'",
    ),
    plant(
        "INV-B4",
        "a file that its digest does not fit",
        drop("payment_file", "ck_payment_file_digest"),
        "UPDATE payment_file SET content = content || 'x' WHERE kind = 'csv'",
    ),
    plant("INV-B4", "a file gone", "DELETE FROM payment_file WHERE kind = 'csv'"),
    plant(
        "INV-A10-ledger",
        "paid on another day",
        f"UPDATE payment_batch SET pays_on = pays_on + 1 WHERE id = {_RELEASED}",
    ),
)

REPORTS: tuple[Plant, ...] = (
    plant(
        "INV-B5", "a line of another sum", "UPDATE bank_line SET amount_fen = amount_fen + 1 WHERE reference = 'R-1'"
    ),
    plant("INV-B5", "a line gone", "DELETE FROM bank_line WHERE reference = 'R-2'"),
    plant("INV-B5", "another balance", "UPDATE bank_report SET closing_fen = closing_fen + 1 WHERE reference = 'S-1'"),
    plant(
        "INV-B5",
        "of days to come",
        drop("bank_report", "ck_bank_report_days"),
        "UPDATE bank_report SET until_on = (taken_at + interval '2 days')::date WHERE reference = 'S-1'",
    ),
    plant(
        "INV-B5",
        "a reference twice",
        drop("bank_line", "uq_bank_line_pool_id_reference"),
        "UPDATE bank_line SET reference = 'R-1'",
    ),
    plant(
        "INV-B5",
        "of a follower's account",
        "UPDATE bank_report SET account_id = (SELECT account_id FROM payment_line LIMIT 1)",
    ),
    plant("INV-A10-ledger", "another file", "UPDATE bank_report SET digest = 'x' WHERE reference = 'S-1'"),
    plant("INV-A10-ledger", "taken in by another", "UPDATE bank_report SET taken_by = gen_random_uuid()"),
)

MATCHES: tuple[Plant, ...] = (
    plant("INV-B6", "another difference", "UPDATE bank_match SET difference_fen = difference_fen + 1"),
    plant(
        "INV-B6",
        "another line",
        "UPDATE bank_match SET line_id = (SELECT id FROM bank_line WHERE reference = 'R-1')"
        " WHERE stage = 'matched' AND statement_id IS NOT NULL",
    ),
    plant(
        "INV-B6",
        "a statement of another pool",
        "UPDATE bank_match SET statement_id = (SELECT id FROM statement WHERE pool_id <> bank_match.pool_id LIMIT 1)"
        " WHERE statement_id IS NOT NULL",
    ),
    plant(
        "INV-B6",
        "a statement twice",
        "DROP INDEX ux_bank_match_statement",
        "INSERT INTO bank_match (id, line_id, statement_id, pool_id, stage, difference_fen, matched_by, matched_at)"
        " SELECT gen_random_uuid(), (SELECT id FROM bank_line WHERE reference = 'R-2'), statement_id, pool_id, stage,"
        " difference_fen, matched_by, matched_at FROM bank_match WHERE stage = 'matched' AND statement_id IS NOT NULL",
    ),
    plant("INV-A10-ledger", "matched by another", "UPDATE bank_match SET matched_by = gen_random_uuid()"),
)

_HELD = "(SELECT id FROM held_receipt WHERE stage = 'held' LIMIT 1)"

LIFE: tuple[Plant, ...] = (
    plant(
        "INV-B7",
        "taken back alone and without a reason",
        drop("bank_match", "ck_bank_match_why"),
        "UPDATE bank_match SET undone_why = '' WHERE stage = 'taken_back'",
    ),
    plant("INV-B7", "a match gone", "DELETE FROM bank_match WHERE stage = 'taken_back'"),
    plant(
        "INV-B7",
        "taken back after its month was signed",
        "INSERT INTO bank_month SELECT m.pool_id, '2026-04-01', 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, m.undone_by,"
        " m.undone_at - interval '1 minute' FROM bank_match m WHERE m.stage = 'taken_back' LIMIT 1",
    ),
    plant("INV-B8", "a receipt gone", f"DELETE FROM held_receipt WHERE id = {_HELD}"),
    plant("INV-B8", "a fen more", f"UPDATE held_receipt SET amount_fen = amount_fen + 1 WHERE id = {_HELD}"),
    plant(
        "INV-B8",
        "placed by no mirror",
        "UPDATE held_receipt SET closed_entry_id = -closed_entry_id WHERE stage = 'placed'",
    ),
    plant(
        "INV-B8",
        "a return that was none",
        "UPDATE held_receipt SET stage = 'placed', return_line_id = NULL WHERE stage = 'returned'",
    ),
    plant(
        "INV-B9",
        "matched and held",
        f"UPDATE bank_match SET line_id = (SELECT line_id FROM held_receipt WHERE id = {_HELD})"
        " WHERE stage = 'matched' AND statement_id IS NOT NULL",
    ),
    plant(
        "INV-B9",
        "returned by another line",
        "UPDATE held_receipt SET return_line_id = (SELECT id FROM bank_line WHERE reference = 'R-2')"
        " WHERE stage = 'returned'",
    ),
    plant(
        "INV-B9",
        "returned by who held it",
        "UPDATE held_receipt SET closed_by = held_by WHERE stage = 'returned'",
    ),
    plant("INV-B10", "a count more", "UPDATE bank_month SET lines = lines + 1"),
    plant("INV-B10", "another sum", "UPDATE bank_month SET lines_fen = lines_fen + 1"),
    plant("INV-B10", "a line of the month gone", "DELETE FROM bank_line WHERE reference = 'R-0'"),
    plant("INV-A10-ledger", "signed by another", "UPDATE bank_month SET signed_by = gen_random_uuid()"),
    plant(
        "INV-A10-ledger", "placed for another reason", "UPDATE held_receipt SET closed_why = 'x' WHERE stage = 'placed'"
    ),
    plant(
        "INV-A10-ledger",
        "taken back for another reason",
        "UPDATE bank_match SET undone_why = 'x' WHERE stage = 'taken_back'",
    ),
)

_PREMIUM = "(SELECT id FROM payment_batch WHERE kind = 'premium' AND stage = 'released')"

PREMIUMS: tuple[Plant, ...] = (
    plant(
        "INV-B11",
        "a fen more",
        f"UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE batch_id = {_PREMIUM} AND position = 1",
    ),
    plant("INV-B11", "a remittance gone", f"DELETE FROM payment_entry WHERE batch_id = {_PREMIUM}"),
    plant(
        "INV-B11",
        "an entry that remitted nothing",
        f"UPDATE payment_entry p SET (period_id, entry_id) = (SELECT e.period_id, e.id FROM entry e"
        f" WHERE e.pool_id = p.pool_id AND e.reason = 'premium_received' LIMIT 1) WHERE batch_id = {_PREMIUM}",
    ),
    plant(
        "INV-B11",
        "a remittance paid twice",
        "DROP INDEX ux_payment_entry_entry",
        "UPDATE payment_batch SET stage = 'prepared', decided_by = NULL, decided_at = NULL"
        " WHERE kind = 'premium' AND stage = 'rejected'",
    ),
    plant(
        "INV-B6",
        "a payment of another difference",
        "UPDATE bank_match SET difference_fen = 1 WHERE payment_id IS NOT NULL",
    ),
    plant(
        "INV-B6",
        "a payment that was not released",
        drop("payment_line", "ck_payment_line_returned"),
        f"UPDATE payment_line SET batch_stage = 'rejected' WHERE batch_id = {_PREMIUM}",
    ),
)

PLANTS = (*ACCOUNTS, *PAYMENTS, *REPORTS, *MATCHES, *LIFE, *PREMIUMS)
