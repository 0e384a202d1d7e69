"""Corruptions of what an agreement's clauses bring about: items of their own, step-ups, closed pools."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_ITEM = "(SELECT id FROM apart_item WHERE stage = 'open' ORDER BY number LIMIT 1)"
_PAID = "(SELECT id FROM apart_item WHERE stage = 'paid' ORDER BY number LIMIT 1)"
_STANDING = "(SELECT id FROM step_up WHERE stage = 'declared' LIMIT 1)"
_CURED = "(SELECT id FROM step_up WHERE stage = 'cured' LIMIT 1)"
_CLOSED = "(SELECT pool_id FROM pool_closing LIMIT 1)"


APART: tuple[Plant, ...] = (
    plant("INV-N1", "a fen more", f"UPDATE apart_item SET amount_fen = amount_fen - 1 WHERE id = {_ITEM}"),
    plant("INV-N1", "an item gone", f"DELETE FROM apart_item WHERE id = {_ITEM}"),
    plant("INV-N1", "of another line", f"UPDATE apart_item SET line = 'recoveries' WHERE id = {_ITEM}"),
    plant(
        "INV-N1",
        "paid without an entry",
        f"UPDATE apart_item SET stage = 'paid', paid_on = due_on, paid_entry_id = entry_id WHERE id = {_ITEM}",
    ),
    plant(
        "INV-N1",
        "two kinds less in the agreement",
        "UPDATE agreement_clauses SET settled_apart = ARRAY['claims'] WHERE 'claims' = ANY (settled_apart)",
    ),
    plant(
        "INV-A10-ledger",
        "due another day",
        f"UPDATE apart_item SET due_on = due_on + 1 WHERE id = {_ITEM}",
    ),
    plant("INV-A10-ledger", "paid by another", f"UPDATE apart_item SET paid_by = gen_random_uuid() WHERE id = {_PAID}"),
    plant(
        "INV-L3",
        "an item that nobody owes any more",
        f"UPDATE apart_item SET stage = 'paid', paid_on = due_on, paid_entry_id = entry_id WHERE id = {_ITEM}",
    ),
)

STEP_UPS: tuple[Plant, ...] = (
    plant(
        "INV-N2",
        "a fen from one to another",
        "UPDATE step_up SET parts_fen = ARRAY[parts_fen[1] + 1, parts_fen[2] - 1, parts_fen[3], parts_fen[4]]"
        f" WHERE id = {_STANDING}",
    ),
    plant(
        "INV-N2",
        "a carry from nowhere",
        f"UPDATE step_up SET carry_after = ARRAY[1, -1, 0, 0]::bigint[] WHERE id = {_STANDING}",
    ),
    plant(
        "INV-N2",
        "more than the statement owes",
        drop("step_up", "ck_step_up_parts"),
        f"UPDATE step_up SET amount_fen = amount_fen + 100 WHERE id = {_STANDING}",
    ),
    plant(
        "INV-N2",
        "cured and nothing paid",
        f"UPDATE step_up SET stage = 'cured', cured_on = declared_on, cured_entry_id = entry_id WHERE id = {_STANDING}",
    ),
    plant("INV-N2", "a step-up gone", f"DELETE FROM step_up WHERE id = {_CURED}"),
    plant(
        "INV-N2",
        "without the clause",
        drop("agreement_clauses", "ck_agreement_clauses_said"),
        "UPDATE agreement_clauses SET is_step_up = false WHERE is_step_up",
    ),
    plant(
        "INV-N2",
        "the lead declared by itself",
        f"UPDATE pool SET lead_id = u.organisation_id FROM step_up u WHERE u.pool_id = pool.id AND u.id = {_STANDING}",
    ),
    plant(
        "INV-N2",
        "the lead's cure booked by itself",
        "UPDATE audit_event SET role = 'finance_checker' WHERE action = 'step_up.cure' AND role = 'supervisor'",
    ),
    plant(
        "INV-N2",
        "before it was due",
        f"UPDATE step_up SET declared_on = '2026-04-01' WHERE id = {_STANDING}",
    ),
    plant("INV-A10-ledger", "another reason", f"UPDATE step_up SET reason = '别的理由' WHERE id = {_STANDING}"),
    plant("INV-A10-ledger", "cured by another", f"UPDATE step_up SET cured_by = gen_random_uuid() WHERE id = {_CURED}"),
)

CLOSED: tuple[Plant, ...] = (
    plant(
        "INV-A10-underwriting",
        "another clause than was agreed",
        "UPDATE agreement_clauses SET is_step_up = true, settled_apart = ARRAY['interest']",
    ),
    plant(
        "INV-N3",
        "a period opened again",
        "UPDATE period SET stage = 'open', closed_at = NULL, closed_by = NULL, last_entry_id = NULL"
        f" WHERE pool_id = {_CLOSED}",
    ),
    plant("INV-N3", "a statement not settled", f"UPDATE statement SET stage = 'agreed' WHERE pool_id = {_CLOSED}"),
    plant("INV-N3", "before its agreement was over", "UPDATE pool_closing SET closed_on = '2026-12-31'"),
    plant("INV-N3", "another pool said to be closed", "UPDATE pool_closing SET pool_id = (SELECT min(id) FROM pool)"),
    plant("INV-A10-ledger", "closed by another", "UPDATE pool_closing SET closed_by = gen_random_uuid()"),
)

_MADE = "(SELECT id FROM variation WHERE stage = 'concluded')"
_ASKED = "(SELECT id FROM variation WHERE stage = 'proposed')"

VARIATIONS: tuple[Plant, ...] = (
    plant(
        "INV-N4",
        "a consent gone",
        f"DELETE FROM variation_consent WHERE variation_id = {_MADE} AND said_by <> (SELECT proposed_by FROM variation"
        " WHERE stage = 'concluded')",
    ),
    plant(
        "INV-N4",
        "a consent of nobody who is asked",
        "INSERT INTO variation_consent (variation_id, organisation_id, said_by, said_at)"
        f" SELECT {_ASKED}, o.id, gen_random_uuid(), now() FROM organisation o WHERE o.kind = 'bureau' LIMIT 1",
    ),
    plant(
        "INV-N4",
        "another clause in the version",
        "UPDATE agreement_clauses SET settled_apart = ARRAY['claims'] WHERE agreement_id"
        " = (SELECT agreement_id FROM variation WHERE stage = 'concluded')",
    ),
    plant(
        "INV-N4",
        "another fee in the version",
        "UPDATE agreement SET lead_fee_bp = lead_fee_bp + 1 WHERE id"
        " = (SELECT agreement_id FROM variation WHERE stage = 'concluded')",
    ),
    plant(
        "INV-N4",
        "other shares in the version",
        "UPDATE share s SET weight = weight + CASE position WHEN 0 THEN -1 ELSE 1 END FROM variation v"
        " WHERE v.stage = 'concluded' AND (s.pool_id, s.number) = (v.pool_id, v.base_number + 1) AND position < 2",
    ),
    plant(
        "INV-N4",
        "lapsed while it could be concluded",
        f"UPDATE variation SET stage = 'lapsed', decided_at = proposed_at WHERE id = {_ASKED}",
    ),
    plant(
        "INV-N4",
        "concluded without a version",
        drop("variation", "ck_variation_made"),
        f"UPDATE variation SET stage = 'concluded', decided_at = now() WHERE id = {_ASKED}",
    ),
    plant(
        "INV-A10-underwriting",
        "another day than was proposed",
        f"UPDATE variation SET effective_on = effective_on + 1 WHERE id = {_ASKED}",
    ),
    plant(
        "INV-A10-underwriting",
        "declined for another reason",
        "UPDATE variation SET declined_why = '别的理由' WHERE stage = 'declined'",
    ),
    plant(
        "INV-A10-underwriting",
        "consented by another person",
        f"UPDATE variation_consent SET said_by = gen_random_uuid() WHERE variation_id = {_MADE}",
    ),
)

PLANTS: tuple[Plant, ...] = (*APART, *STEP_UPS, *CLOSED, *VARIATIONS)
