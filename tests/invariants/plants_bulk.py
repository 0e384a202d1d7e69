"""Corruptions of what was posted in bulk: batches, their entries, bordereaux and the policies that they have made."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_ENTRY = "(SELECT min(id) FROM entry WHERE batch_id IS NOT NULL)"
_POLICY = f"(SELECT subject_id FROM entry WHERE id = {_ENTRY})"
_STRANGER = "gen_random_uuid()"

PLANTS: tuple[Plant, ...] = (
    plant("INV-A2-ledger", "an entry of no batch", f"UPDATE entry SET batch_id = {_STRANGER} WHERE id = {_ENTRY}"),
    plant("INV-A2-ledger", "an entry taken out of its batch", f"UPDATE entry SET batch_id = NULL WHERE id = {_ENTRY}"),
    plant("INV-A2-ledger", "an entry of another day", f'UPDATE entry SET "on" = "on" + 1 WHERE id = {_ENTRY}'),
    plant("INV-A2-ledger", "an entry by another", f"UPDATE entry SET person_id = {_STRANGER} WHERE id = {_ENTRY}"),
    plant("INV-A2-ledger", "an entry of another document", f"UPDATE entry SET document = 'X' WHERE id = {_ENTRY}"),
    plant(
        "INV-A2-ledger", "another sum of an entry", f"UPDATE entry SET amount_fen = amount_fen + 1 WHERE id = {_ENTRY}"
    ),
    plant("INV-A2-ledger", "an entry gone", f"DELETE FROM entry WHERE id = {_ENTRY}"),
    plant("INV-A2-ledger", "a batch with another digest", "UPDATE entry_batch SET digest = repeat('0', 64)"),
    plant(
        "INV-A2-ledger", "a batch that the log does not know", "DELETE FROM audit_event WHERE action = 'batch.posted'"
    ),
    plant("INV-A10-ledger", "a batch at another instant", "UPDATE entry_batch SET at = at + interval '1 second'"),
    plant("INV-A10-ledger", "a batch by another", f"UPDATE entry_batch SET person_id = {_STRANGER}"),
    plant(
        "INV-P7",
        "a policy of a list with another number",
        f"UPDATE policy SET number = number || 'x' WHERE id = {_POLICY}",
    ),
    plant(
        "INV-P7",
        "a policy of a list that begins on another day",
        f"UPDATE policy SET inception_on = inception_on + 1 WHERE id = {_POLICY}",
    ),
    plant("INV-P7", "more lifts", f"UPDATE policy SET lift_count = lift_count + 1 WHERE id = {_POLICY}"),
    plant("INV-P7", "a policy of a list gone", f"DELETE FROM policy WHERE id = {_POLICY}"),
    plant(
        "INV-P7",
        "a list with another digest",
        "UPDATE bordereau SET policies_digest = repeat('0', 64) WHERE stage = 'posted'",
    ),
    plant("INV-P7", "a list of more rows", "UPDATE bordereau SET row_count = row_count + 1"),
    plant(
        "INV-P8",
        "approved by who sent it",
        drop("bordereau", "ck_bordereau_four_eyes"),
        "UPDATE bordereau SET approved_by = made_by",
    ),
    plant("INV-P8", "a list of another than the lead", f"UPDATE bordereau SET organisation_id = {_STRANGER}"),
    plant("INV-P8", "booked on another day", 'UPDATE bordereau SET "on" = "on" + 1'),
    plant("INV-P8", "posted without being approved", "DELETE FROM audit_event WHERE action = 'bordereau.approve'"),
    plant(
        "INV-P8",
        "a list moved by hand",
        "UPDATE audit_event SET facts = facts || '{\"stage\": \"faulty\"}' WHERE action = 'bordereau.check'",
    ),
    plant("INV-A10-underwriting", "stopped by hand", "UPDATE bordereau SET stopped_code = 'x' WHERE stage = 'checked'"),
    plant("INV-A10-underwriting", "a reason gone", "UPDATE bordereau SET stopped_code = NULL, stopped_facts = NULL"),
    plant(
        "INV-A10-underwriting",
        "another reason",
        "UPDATE bordereau SET stopped_code = 'busy' WHERE stopped_code IS NOT NULL",
    ),
    plant("INV-A10-underwriting", "sent by another", f"UPDATE bordereau SET made_by = {_STRANGER}"),
    plant("INV-A10-underwriting", "sent at another hour", "UPDATE bordereau SET made_at = made_at + interval '1 hour'"),
    plant(
        "INV-A10-underwriting", "another file", "UPDATE bordereau SET digest = repeat('1', 64) WHERE stage = 'posted'"
    ),
    plant(
        "INV-A10-underwriting",
        "posted at another hour",
        "UPDATE bordereau SET posted_at = posted_at + interval '1 hour'",
    ),
    plant("INV-A10-underwriting", "approved by another", f"UPDATE bordereau SET approved_by = {_STRANGER}"),
)
