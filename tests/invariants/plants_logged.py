"""Corruptions of who, when and how much, which the log tells too; of fees, interest and the days of cash calls."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_STRANGER = "gen_random_uuid()"
_DONE = "(SELECT tender_id FROM award LIMIT 1)"

CORE: tuple[Plant, ...] = (
    plant("INV-A10-core", "another person's mandate", "UPDATE mandate SET person_id = gen_random_uuid()"),
    plant("INV-A10-core", "a mandate from earlier on", "UPDATE mandate SET valid_from = valid_from - 1"),
    plant("INV-A10-core", "another role", "UPDATE mandate SET role = 'auditor' WHERE role <> 'auditor'"),
    plant("INV-A10-core", "a mandate ended by nobody", "UPDATE mandate SET valid_to = valid_from + 1"),
    plant(
        "INV-A10-core",
        "a mandate given by nobody",
        "INSERT INTO mandate (id, person_id, organisation_id, role, valid_from) SELECT gen_random_uuid(), person_id,"
        " organisation_id, role, valid_from - 9 FROM mandate LIMIT 1",
    ),
    plant(
        "INV-A10-accounts",
        "an account that nobody made",
        _ACCOUNT := (
            "INSERT INTO user_account (id, person_id, email, password, active, fs_uniquifier, made_at)"
            f" VALUES (gen_random_uuid(), {_STRANGER}, 'a@b.test', 'x', true, 'x', now())"
        ),
    ),
    plant(
        "INV-A10-accounts",
        "a token that nobody made",
        "INSERT INTO api_token (id, user_id, mandate_id, name, token_hash, made_at, expires_at) SELECT"
        " gen_random_uuid(), gen_random_uuid(), min(id::text)::uuid, 'x', 'x', now(), now() + interval '1 day'"
        " FROM mandate",
    ),
    plant(
        "INV-A10-accounts",
        "a token revoked by nobody",
        "UPDATE api_token SET revoked_at = made_at + interval '1 hour' WHERE revoked_at IS NULL",
    ),
    plant("INV-A10-accounts", "a token that holds again", "UPDATE api_token SET revoked_at = NULL"),
    plant(
        "INV-A10-accounts",
        "an account of another person",
        _ACCOUNT,
        "INSERT INTO audit_event SELECT gen_random_uuid(), u.made_at, 'account.created', e.person_id,"
        " e.organisation_id, e.role, 'account', u.id::text, '{\"person\": \"00000000-0000-0000-0000-000000000000\"}'"
        " FROM user_account u, (SELECT * FROM audit_event LIMIT 1) e WHERE u.email = 'a@b.test'",
    ),
)

BOOK: tuple[Plant, ...] = (
    plant("INV-A10-ledger", "words of another", f"UPDATE statement_words SET person_id = {_STRANGER}"),
    plant("INV-A10-ledger", "another author", f"UPDATE entry SET person_id = {_STRANGER} WHERE reason = 'lead_fee'"),
    plant(
        "INV-A10-ledger",
        "posted at another instant",
        "UPDATE entry SET at = at - interval '1 day' WHERE id = (SELECT min(id) FROM entry)",
    ),
    plant("INV-A10-ledger", "a longer period", "UPDATE period SET ends_on = ends_on + 1 WHERE label = '2026Q3'"),
    plant(
        "INV-A10-ledger",
        "agreed by another",
        f"UPDATE statement SET answered_by = {_STRANGER} WHERE answered_at IS NOT NULL",
    ),
    plant("INV-A10-ledger", "answered earlier", "UPDATE statement SET answered_at = answered_at - interval '1 hour'"),
    plant("INV-A10-ledger", "issued earlier", "UPDATE statement SET issued_at = issued_at - interval '1 hour'"),
    plant(
        "INV-A10-ledger",
        "a later due day",
        "UPDATE statement SET due_on = due_on + 30 WHERE due_on IS NOT NULL AND interest_until_on IS NULL",
    ),
    plant("INV-A10-ledger", "made later", "UPDATE statement SET made_at = made_at + interval '1 hour'"),
    plant("INV-A10-ledger", "settled on another day", "UPDATE statement SET settled_on = settled_on - 1"),
)

INSURANCE: tuple[Plant, ...] = (
    plant("INV-A10-underwriting", "another rate of interest", "UPDATE agreement SET late_interest_bp = 1"),
    plant("INV-A10-underwriting", "a lower limit of the lead", "UPDATE agreement SET lead_alone_limit_fen = 1"),
    plant("INV-A10-underwriting", "an agreement that ends later", "UPDATE agreement SET ends_on = ends_on + 1"),
    plant("INV-A10-underwriting", "formed earlier", "UPDATE pool SET formed_at = formed_at - interval '1 day'"),
    plant("INV-A10-underwriting", "bound by another", f"UPDATE policy SET bound_by = {_STRANGER}"),
    plant(
        "INV-A10-underwriting",
        "a longer term",
        "UPDATE policy SET expires_on = expires_on + 1 WHERE number = 'P-5'",
    ),
    plant("INV-A10-underwriting", "paid by another", f"UPDATE refund SET paid_by = {_STRANGER} WHERE stage = 'paid'"),
    plant("INV-A10-underwriting", "agreed by nobody", "UPDATE refund SET agreed_by = NULL"),
    plant(
        "INV-M12-premium",
        "received on another day",
        "UPDATE policy SET received_on = received_on - 1 WHERE received_on IS NOT NULL",
    ),
    plant(
        "INV-M12-premium",
        "a refund paid on another day",
        "UPDATE refund SET paid_on = paid_on + 1 WHERE paid_on IS NOT NULL",
    ),
)

CLAIMS: tuple[Plant, ...] = (
    plant("INV-A10-claims", "made by another", f"UPDATE claim SET made_by = {_STRANGER} WHERE number = 'C-5'"),
    plant("INV-A10-claims", "a topic taken off", "UPDATE claim SET topics = '{}' WHERE number = 'C-2'"),
    plant("INV-A10-claims", "revised by another", f"UPDATE claim SET estimated_by = {_STRANGER} WHERE number = 'C-5'"),
    plant("INV-A10-claims", "marked by nobody", "UPDATE claim SET marked_by = '{}' WHERE number = 'C-2'"),
    plant("INV-A10-claims", "made by nobody", "UPDATE claim SET made_by = NULL WHERE number = 'C-1'"),
    plant("INV-A10-claims", "another's bill", f"UPDATE claim SET assessed_by = {_STRANGER} WHERE number = 'C-1'"),
    plant("INV-A10-claims", "approved by another", f"UPDATE claim SET approved_by = {_STRANGER} WHERE number = 'C-1'"),
    plant("INV-A10-claims", "claimed at more", "UPDATE claim SET estimate_fen = estimate_fen + 1 WHERE number = 'C-5'"),
    plant("INV-A10-claims", "agreed by another person", f"UPDATE claim_agreement SET person_id = {_STRANGER}"),
    plant("INV-A10-claims", "agreed at another hour", "UPDATE claim_agreement SET at = at + interval '1 hour'"),
    plant("INV-A10-claims", "paid by another person", f"UPDATE claim_payment SET paid_by = {_STRANGER}"),
    plant(
        "INV-A10-claims",
        "a cost approved by another",
        f"UPDATE claim_cost SET approved_by = {_STRANGER} WHERE stage = 'approved'",
    ),
    plant("INV-A10-claims", "a cost paid later", "UPDATE claim_cost SET paid_on = paid_on + 1 WHERE stage = 'paid'"),
    plant("INV-A10-claims", "a recovery gone", "DELETE FROM recovery WHERE kind = 'salvage'"),
    plant("INV-A10-claims", "a due day put off", "UPDATE cash_call SET due_on = due_on + 9"),
    plant("INV-A10-claims", "reported by another", f"UPDATE fault SET reported_by = {_STRANGER}"),
    plant(
        "INV-A10-claims",
        "a step by another",
        f"UPDATE fault_event SET person_id = {_STRANGER} WHERE verb = 'accept'",
    ),
    plant("INV-C3", "approved on another day", "UPDATE claim SET approved_on = approved_on + 1 WHERE number = 'C-7'"),
    plant(
        "INV-C8", "a fee that was not booked", "UPDATE fee_charge SET fee_fen = fee_fen + 1, base_fen = base_fen + 20"
    ),
    plant("INV-C8", "VAT that was not booked", "UPDATE fee_charge SET vat_fen = vat_fen + 1"),
    plant("INV-C8", "a fee on more than was collected", "UPDATE fee_charge SET base_fen = base_fen + 1"),
    plant(
        "INV-C8", "a charge gone", "DELETE FROM fee_charge WHERE period_id = (SELECT min(period_id) FROM fee_charge)"
    ),
    plant(
        "INV-C8",
        "no fee of a follower",
        "DELETE FROM fee_charge WHERE (fee_fen, vat_fen) = (0, 0)",
    ),
    plant(
        "INV-C8", "a fee at another rate", "UPDATE agreement SET lead_fee_bp = lead_fee_bp + 1 WHERE lead_fee_bp > 0"
    ),
    plant(
        "INV-C8",
        "a fee booked to the wrong side",
        "UPDATE transfer t SET debit_id = t.credit_id, credit_id = t.debit_id FROM entry e"
        " WHERE e.id = t.entry_id AND e.reason = 'lead_fee'",
    ),
    plant("INV-C8", "interest on another day", "UPDATE cash_call SET received_on = received_on + 1"),
    plant(
        "INV-C8",
        "interest that was not booked",
        "DELETE FROM entry WHERE reason = 'late_interest'",
    ),
    plant("INV-C9", "received on another day", "UPDATE cash_call SET received_on = received_on + 1"),
    plant("INV-C9", "issued on another day", "UPDATE cash_call SET issued_on = issued_on - 1"),
    plant("INV-C9", "taken on another day", "UPDATE cash_call SET taken_on = taken_on + 1"),
    plant(
        "INV-C9",
        "due before it was issued",
        drop("cash_call", "ck_cash_call_due"),
        "UPDATE cash_call SET due_on = issued_on - 1",
    ),
)

_LATE = "e.reason = 'late_interest' AND e.subject_kind = 'statement'"
_CHARGE = f"(SELECT min(e.id) FROM entry e WHERE {_LATE})"

LATE: tuple[Plant, ...] = (
    plant("INV-S5", "a day that was not charged", "UPDATE statement SET interest_until_on = interest_until_on + 1"),
    plant("INV-S5", "charged up to no day", "UPDATE statement SET interest_until_on = NULL"),
    plant("INV-S5", "interest that was not booked", f"DELETE FROM entry e WHERE {_LATE}"),
    plant(
        "INV-S5",
        "a fen more",
        f"UPDATE transfer SET amount_fen = amount_fen + 1 WHERE entry_id = {_CHARGE} AND line = 0",
    ),
    plant(
        "INV-S5",
        "to somebody else",
        "UPDATE transfer SET credit_id = (SELECT max(a.id) FROM account a WHERE a.code = '2210' AND a.id <> debit_id"
        f" AND a.pool_id = transfer.pool_id AND a.id <> credit_id) WHERE entry_id = {_CHARGE} AND line = 0",
    ),
    plant(
        "INV-S5",
        "charged twice for the same days",
        'INSERT INTO entry (pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen)'
        ' SELECT pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen FROM entry'
        f" WHERE id = {_CHARGE}",
        "INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen) SELECT pool_id,"
        f" period_id, (SELECT max(id) FROM entry), line, debit_id, credit_id, amount_fen FROM transfer"
        f" WHERE entry_id = {_CHARGE}",
    ),
    plant(
        "INV-A10-ledger",
        "interest up to another day",
        "UPDATE statement SET interest_until_on = settled_on + 1 WHERE interest_until_on > due_on",
    ),
)

TENDER: tuple[Plant, ...] = tuple(
    plant("INV-A10-tender", name, deed)
    for name, deed in (
        ("drafted by another", f"UPDATE tender SET created_by = {_STRANGER} WHERE id = {_DONE}"),
        ("approved by another", f"UPDATE tender SET approved_by = {_STRANGER} WHERE id = {_DONE}"),
        ("published earlier", "UPDATE tender SET published_at = published_at - interval '1 day'"),
        ("publicity cut short", "UPDATE tender SET publicity_ends_at = publicity_ends_at - interval '1 day'"),
        ("reported earlier", "UPDATE tender SET reported_at = reported_at - interval '1 day'"),
        ("another custodian's key", "UPDATE custodian SET person_id = gen_random_uuid() WHERE place = 0"),
        ("proved later", "UPDATE custodian SET proved_at = proved_at + interval '1 day'"),
        ("a signing key back in force", "UPDATE signing_key SET revoked_at = registered_at"),
        ("sealed by another", "UPDATE sealed_bid SET person_id = gen_random_uuid()"),
        ("an amendment in other words", "UPDATE amendment SET text = '别的意思'"),
        ("an answer at another instant", "UPDATE extension SET answered_at = answered_at + interval '1 hour'"),
        ("declared later", "UPDATE committee_member SET declared_at = declared_at + interval '1 hour'"),
        ("a sheet unlocked", "UPDATE committee_member SET locked_at = NULL WHERE locked_at IS NOT NULL"),
        ("marks of another hour", "UPDATE mark SET saved_at = saved_at + interval '1 hour'"),
        ("signed at another hour", "UPDATE report_signature SET signed_at = signed_at + interval '1 hour'"),
        ("more time to answer", "UPDATE share_offer SET answer_due_at = answer_due_at + interval '1 day'"),
        ("answered by another", f"UPDATE share_offer SET answered_by = {_STRANGER}"),
        ("awarded by another", f"UPDATE award SET decided_by = {_STRANGER}"),
        ("rendered by another", f"UPDATE award_agreement SET rendered_by = {_STRANGER}"),
        ("a signature of another hour", "UPDATE agreement_signature SET signed_at = signed_at + interval '1 hour'"),
    )
)

PLANTS = (*CORE, *BOOK, *INSURANCE, *CLAIMS, *LATE, *TENDER)
