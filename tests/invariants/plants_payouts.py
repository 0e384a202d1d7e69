"""Corruptions of payees and of what the bank pays one by one: claims, items settled on their own."""

from __future__ import annotations

from tests.invariants.planting import Plant, plant

_CLAIMS = "(SELECT id FROM payment_batch WHERE kind = 'claim' AND stage = 'released')"
_APART = "(SELECT id FROM payment_batch WHERE kind = 'apart')"
_AGAIN = "(SELECT id FROM payment_batch WHERE kind = 'again' AND stage = 'prepared')"
_SHOWN = f"batch_id = {_CLAIMS} AND return_line_id IS NULL"
_BACK = f"batch_id = {_CLAIMS} AND return_line_id IS NOT NULL"
_OTHER = "(SELECT id FROM payee WHERE NOT EXISTS (SELECT FROM claim WHERE payee_id = payee.id) LIMIT 1)"

PLANTS: tuple[Plant, ...] = (
    plant("INV-B12", "another name", "UPDATE payee SET name = name || 'x'"),
    plant(
        "INV-B12",
        "a payee gone",
        f"DELETE FROM bank_account WHERE payee_id = {_OTHER}",
        f"DELETE FROM payee WHERE id = {_OTHER}",
    ),
    plant(
        "INV-B12",
        "of another pool",
        "UPDATE payee SET pool_id = (SELECT max(pool_id) FROM book) WHERE id IN (SELECT payee_id FROM claim)",
    ),
    plant("INV-B13", "a fen more", f"UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE {_SHOWN}"),
    plant(
        "INV-B13",
        "a claim in two batches",
        "DROP INDEX ux_payment_line_subject",
        "UPDATE payment_batch SET stage = 'prepared', decided_by = NULL, decided_at = NULL"
        " WHERE kind = 'claim' AND stage = 'rejected'",
    ),
    plant(
        "INV-B13",
        "come back by another line",
        f"UPDATE payment_line SET return_line_id = (SELECT id FROM bank_line WHERE reference = 'R-1') WHERE {_BACK}",
    ),
    plant(
        "INV-B13",
        "come back by who prepared",
        "UPDATE payment_line l SET returned_by = b.prepared_by FROM payment_batch b"
        " WHERE b.id = l.batch_id AND l.return_line_id IS NOT NULL",
    ),
    plant(
        "INV-B13",
        "an account that nobody confirmed",
        "UPDATE payment_line SET account_id = (SELECT id FROM bank_account WHERE stage = 'proposed' LIMIT 1)"
        f" WHERE {_SHOWN}",
    ),
    plant("INV-B14", "a fen more", f"UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE batch_id = {_APART}"),
    plant(
        "INV-B14",
        "booked before the bank shows it",
        f"DELETE FROM bank_match WHERE payment_id IN (SELECT id FROM payment_line WHERE batch_id = {_APART})",
    ),
    plant(
        "INV-B14",
        "another difference",
        "UPDATE bank_match SET difference_fen = difference_fen + 1 WHERE apart_id IS NOT NULL",
    ),
    plant(
        "INV-B14",
        "a line for what is owed to the member",
        "UPDATE bank_match SET apart_id = (SELECT id FROM apart_item WHERE amount_fen > 0 LIMIT 1)"
        " WHERE apart_id IS NOT NULL",
    ),
    plant(
        "INV-B15",
        "to another payee",
        f"UPDATE claim SET payee_id = {_OTHER} WHERE id = (SELECT subject_id FROM payment_line WHERE {_SHOWN})",
    ),
    plant(
        "INV-B15",
        "paid, and nothing shows it",
        f"DELETE FROM bank_match WHERE payment_id = (SELECT id FROM payment_line WHERE {_SHOWN})",
    ),
    plant(
        "INV-B15",
        "another number",
        f"UPDATE payment_line SET document = 'x' WHERE {_SHOWN}",
    ),
    plant(
        "INV-B15",
        "shown, and not paid",
        "UPDATE claim SET stage = 'approved', paid_on = NULL"
        f" WHERE id = (SELECT subject_id FROM payment_line WHERE {_SHOWN})",
    ),
    plant(
        "INV-C2",
        "paid twice, and nothing came back",
        "UPDATE claim_payment SET instalment = 2 WHERE claim_id = (SELECT id FROM claim WHERE number = 'C-1')",
    ),
    plant("INV-B16", "a fen more", f"UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE batch_id = {_AGAIN}"),
    plant(
        "INV-B16",
        "to another member",
        "UPDATE payment_line l SET account_id = (SELECT a.id FROM bank_account a JOIN bank_account o"
        " ON o.id = l.account_id WHERE a.stage = 'confirmed' AND a.pool_id = o.pool_id"
        f" AND a.organisation_id <> o.organisation_id LIMIT 1) WHERE batch_id = {_AGAIN}",
    ),
    plant(
        "INV-B16",
        "paid again twice",
        "DROP INDEX ux_payment_line_again",
        "UPDATE payment_batch SET stage = 'prepared', decided_by = NULL, decided_at = NULL"
        " WHERE kind = 'again' AND stage = 'rejected'",
    ),
    plant(
        "INV-B16",
        "paid again, and nothing came back",
        "UPDATE payment_line SET return_line_id = NULL, returned_by = NULL, returned_at = NULL, returned_why = NULL"
        f" WHERE id = (SELECT again_id FROM payment_line WHERE batch_id = {_AGAIN})",
    ),
    plant("INV-A10-ledger", "added by another", "UPDATE payee SET added_by = gen_random_uuid()"),
    plant(
        "INV-A10-ledger", "come back for another reason", f"UPDATE payment_line SET returned_why = 'x' WHERE {_BACK}"
    ),
    plant(
        "INV-A10-claims",
        "named by nobody",
        f"UPDATE claim SET payee_id = {_OTHER} WHERE id = (SELECT subject_id FROM payment_line WHERE {_SHOWN})",
    ),
    plant(
        "INV-B2",
        "a payee's change at once",
        "UPDATE bank_account b SET effective_on = effective_on - 2"
        " WHERE payee_id IS NOT NULL AND EXISTS (SELECT FROM bank_account o WHERE o.payee_id = b.payee_id"
        " AND o.effective_on < b.effective_on)",
    ),
    plant(
        "INV-B9",
        "a line that came back and was matched",
        "DROP INDEX ux_bank_match_line",
        "UPDATE bank_match SET line_id = (SELECT id FROM bank_line WHERE reference = 'R-23') WHERE stage = 'matched'"
        " AND apart_id IS NOT NULL",
    ),
)
