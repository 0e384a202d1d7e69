"""Corruptions of lists of claims: their rows, the claims that they were filed as, who sent and approved them."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_STRANGER = "gen_random_uuid()"
_SET = "UPDATE claims_list SET"
_FILED = "stage = 'posted'"

PLANTS: tuple[Plant, ...] = (
    plant("INV-C10", "more claims than rows say", "UPDATE claims_list SET line_count = 9, claim_count = 5"),
    plant("INV-C10", "another sum", f"UPDATE claims_list SET asked_fen = asked_fen + 1 WHERE {_FILED}"),
    plant(
        "INV-C10",
        "a row of another amount",
        "ALTER TABLE claims_list_row DISABLE TRIGGER USER",
        "UPDATE claims_list_row SET asked_fen = asked_fen + 1",
    ),
    plant("INV-C10", "a claim of a list under another number", "UPDATE claim SET number = 'X' WHERE number = 'L-C-1'"),
    plant(
        "INV-C10",
        "filed at another hour",
        f"UPDATE claims_list SET posted_at = posted_at + interval '1 hour' WHERE {_FILED}",
    ),
    plant(
        "INV-C10",
        "approved by who sent it",
        drop("claims_list", "ck_claims_list_four_eyes"),
        f"UPDATE claims_list SET approved_by = made_by WHERE {_FILED}",
    ),
    plant("INV-C10", "a list of another than the lead", f"UPDATE claims_list SET organisation_id = {_STRANGER}"),
    plant("INV-C10", "faults counted that are not there", f"UPDATE claims_list SET fault_count = 1 WHERE {_FILED}"),
    plant("INV-C10", "filed without being approved", "DELETE FROM audit_event WHERE action = 'claims_list.approve'"),
    plant(
        "INV-C10",
        "a list moved by hand",
        "UPDATE audit_event SET facts = facts || '{\"stage\": \"faulty\"}' WHERE action = 'claims_list.check'",
    ),
    plant("INV-A10-claims", "a list sent by another", f"UPDATE claims_list SET made_by = {_STRANGER}"),
    plant("INV-A10-claims", "a list sent at another hour", f"{_SET} made_at = made_at + interval '1 hour'"),
    plant("INV-A10-claims", "another file of claims", f"{_SET} digest = repeat('1', 64) WHERE {_FILED}"),
    plant("INV-A10-claims", "a list of another day", 'UPDATE claims_list SET "on" = "on" + 1'),
    plant(
        "INV-A10-claims",
        "a list approved by another",
        f"{_SET} approved_by = {_STRANGER} WHERE {_FILED}",
    ),
    plant(
        "INV-A10-claims",
        "a list approved at another hour",
        f"UPDATE claims_list SET approved_at = approved_at + interval '1 hour' WHERE {_FILED}",
    ),
    plant(
        "INV-A10-claims",
        "a list filed at another hour",
        f"{_SET} posted_at = posted_at + interval '1 hour'",
    ),
    plant(
        "INV-A10-claims",
        "why a list was stopped gone",
        "UPDATE claims_list SET stopped_code = NULL, stopped_facts = NULL",
    ),
)
