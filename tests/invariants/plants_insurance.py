"""Corruptions of underwriting and claims: premium, agreements, cover, claims and their money, faults."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_POLICY = "(SELECT id FROM policy WHERE number = 'P-1')"
_BOUND = "(SELECT id FROM policy WHERE number = 'P-5')"
_LARGE = "(SELECT id FROM claim WHERE number = 'C-2')"
_SMALL = "(SELECT id FROM claim WHERE number = 'C-1')"
_CALLED = "(SELECT id FROM claim WHERE number = 'C-8')"


def _again(reason: str) -> tuple[str, str]:
    """Return the statements that post the first entry of a reason a second time, transfers and all."""
    first = f"(SELECT min(id) FROM entry WHERE reason = '{reason}')"
    return (
        'INSERT INTO entry (pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen)'
        ' SELECT pool_id, period_id, reason, "on", at, subject_kind, subject_id, document, amount_fen FROM entry'
        f" WHERE id = {first}",
        "INSERT INTO transfer SELECT pool_id, period_id, (SELECT max(id) FROM entry), line, debit_id, credit_id,"
        f" amount_fen FROM transfer WHERE entry_id = {first}",
    )


UNDERWRITING: tuple[Plant, ...] = (
    plant("INV-P1", "VAT", f"UPDATE policy SET vat_fen = vat_fen - 1, net_fen = net_fen + 1 WHERE id = {_POLICY}"),
    plant(
        "INV-P1",
        "a gross premium",
        f"UPDATE policy SET gross_fen = gross_fen + 1, net_fen = net_fen + 1 WHERE id = {_POLICY}",
    ),
    plant(
        "INV-P1", "a refund", "UPDATE refund SET gross_fen = gross_fen + 1, net_fen = net_fen + 1 WHERE stage = 'paid'"
    ),
    plant(
        "INV-P1",
        "a refund's VAT",
        "UPDATE refund SET vat_fen = vat_fen - 1, net_fen = net_fen + 1 WHERE stage = 'paid'",
    ),
    plant("INV-P1", "a lift's part", f"UPDATE policy_lift SET gross_fen = gross_fen + 100 WHERE policy_id = {_BOUND}"),
    plant("INV-P1", "a count of lifts", f"UPDATE policy SET lift_count = lift_count + 1 WHERE id = {_BOUND}"),
    plant("INV-P1", "another entry", f"UPDATE policy SET written_entry_id = written_entry_id + 1 WHERE id = {_POLICY}"),
    plant(
        "INV-P1",
        "more given back than paid",
        "UPDATE refund SET gross_fen = gross_fen + 10000000, net_fen = net_fen + 10000000 WHERE stage = 'paid'",
    ),
    plant("INV-P1", "a premium that no policy has", f"DELETE FROM policy WHERE id = {_BOUND}"),
    plant(
        "INV-P1",
        "an item of another version",
        "UPDATE stream_item SET number = 9 WHERE kind = 'premium_vat' AND sequence = 1",
    ),
    plant("INV-M12-premium", "received twice", *_again("premium_received")),
    plant("INV-M12-premium", "remitted twice", *_again("premium_remitted")),
    plant("INV-M12-premium", "a refund paid twice", *_again("refund_paid")),
    plant("INV-M12-premium", "paid on paper only", f"UPDATE policy SET stage = 'received' WHERE id = {_BOUND}"),
    plant("INV-M12-premium", "unpaid on paper", "UPDATE policy SET stage = 'bound' WHERE number = 'P-2'"),
    plant("INV-M12-premium", "a refund paid on paper only", "UPDATE refund SET stage = 'paid' WHERE stage = 'agreed'"),
    plant("INV-P3-agreement", "another first day", "UPDATE agreement SET effective_on = effective_on - 1"),
    plant("INV-P3-agreement", "no agreement", "DELETE FROM agreement WHERE pool_id = (SELECT max(id) FROM pool)"),
    plant(
        "INV-P3-agreement",
        "another lead",
        "UPDATE pool SET lead_id ="
        " (SELECT organisation_id FROM share WHERE pool_id = pool.id AND position = 1 ORDER BY number DESC LIMIT 1)",
    ),
    plant(
        "INV-P3-agreement",
        "another pool's agreement",
        "UPDATE policy SET agreement_id = (SELECT id FROM agreement WHERE pool_id <> policy.pool_id LIMIT 1)"
        f" WHERE id = {_POLICY}",
    ),
    plant(
        "INV-P3-agreement",
        "begun before the agreement",
        f"UPDATE policy SET inception_on = '2025-06-01' WHERE id = {_POLICY}",
    ),
    plant(
        "INV-P3-agreement",
        "another price than awarded",
        "UPDATE agreement SET lift_premium_fen = lift_premium_fen + 1 WHERE pool_id ="
        " (SELECT id FROM pool WHERE award_id IS NOT NULL)",
    ),
    plant(
        "INV-P3-agreement",
        "other shares than awarded",
        "UPDATE share SET weight = weight + CASE position WHEN 0 THEN 100 ELSE -100 END"
        " WHERE position < 2 AND pool_id = (SELECT id FROM pool WHERE award_id IS NOT NULL)",
    ),
    plant(
        "INV-P3-agreement",
        "another fee than awarded",
        "UPDATE agreement SET lead_fee_bp = 900 WHERE pool_id = (SELECT id FROM pool WHERE award_id IS NOT NULL)",
    ),
    plant(
        "INV-P3-agreement",
        "a newer version passed over",
        "INSERT INTO share_version SELECT pool_id, 2, whole, '2026-07-01' FROM share_version v WHERE EXISTS"
        " (SELECT FROM policy p WHERE p.pool_id = v.pool_id AND p.number = 'P-5')",
        "INSERT INTO agreement SELECT gen_random_uuid(), pool_id, 2, '2026-07-01', ends_on, remittance, collection,"
        " lead_fee_bp, vat_bp, lead_alone_limit_fen, cash_call_from_fen, cash_call_due_days, settlement_days,"
        " late_interest_bp, day_count, lift_premium_fen, deductible_fen, deductible_bp, limit_fen, aggregate_limit_fen,"
        " service_standard, made_at - interval '1 day' FROM agreement a WHERE EXISTS"
        " (SELECT FROM policy p WHERE p.pool_id = a.pool_id AND p.number = 'P-5')",
    ),
    plant(
        "INV-P5",
        "a lift too young",
        "UPDATE lift SET in_service_on = '2022-01-01' WHERE id IN (SELECT lift_id FROM policy_lift)",
    ),
    plant(
        "INV-P5",
        "a lift of five years to the day",
        "UPDATE lift SET in_service_on = '2021-03-02' WHERE id IN (SELECT lift_id FROM policy_lift"
        f" WHERE policy_id = {_POLICY})",
    ),
    plant(
        "INV-P5",
        "a lift on two policies",
        f"INSERT INTO policy_lift SELECT {_BOUND}, lift_id, gross_fen, '2026-07-06', '2027-01-01' FROM policy_lift"
        f" WHERE policy_id = {_POLICY}",
    ),
    plant(
        "INV-P5", "covered too long", f"UPDATE policy_lift SET covered_to = covered_to + 1 WHERE policy_id = {_BOUND}"
    ),
    plant(
        "INV-P5",
        "covered too early",
        f"UPDATE policy_lift SET covered_from = covered_from - 1 WHERE policy_id = {_BOUND}",
    ),
    plant(
        "INV-P5",
        "a lift of another community",
        f"UPDATE policy SET community_id = (SELECT max(id::text)::uuid FROM community) WHERE id = {_POLICY}",
    ),
    plant(
        "INV-P6",
        "a lift maintained by an insurer",
        "UPDATE lift SET repairer_id = (SELECT min(id::text)::uuid FROM organisation WHERE kind = 'insurer')",
    ),
    plant("INV-P6", "a repairer that is none on record", "UPDATE lift SET repairer_id = gen_random_uuid()"),
    plant(
        "INV-P6",
        "a community looked after by an insurer",
        "UPDATE community SET organisation_id = (SELECT min(id::text)::uuid FROM organisation WHERE kind = 'insurer')",
    ),
    plant("INV-P6-counts", "a lift too many", "UPDATE estate_count SET lifts = lifts + 1"),
    plant("INV-P6-counts", "a building not counted", "UPDATE estate_count SET buildings = buildings - 1"),
    plant("INV-P6-counts", "a community's counts gone", "DELETE FROM estate_count"),
    plant("INV-P6-counts", "a cover too few", "UPDATE cover_count SET lifts = lifts - 1 WHERE lifts > 0"),
    plant("INV-P6-counts", "a policy's covers gone", "DELETE FROM cover_count"),
    plant("INV-P6-counts", "a term moved", "UPDATE cover_count SET covered_to = covered_to + 1"),
    plant("INV-A2-underwriting", "a policy moved by hand", f"UPDATE policy SET stage = 'remitted' WHERE id = {_BOUND}"),
    plant("INV-A2-underwriting", "a refund moved by hand", "UPDATE refund SET stage = 'paid' WHERE stage = 'agreed'"),
    plant("INV-A2-underwriting", "a move left out", "DELETE FROM audit_event WHERE action = 'policy.receive'"),
    plant("INV-A2-underwriting", "a policy gone", "DELETE FROM policy WHERE number = 'P-2'"),
)

CLAIMS: tuple[Plant, ...] = (
    plant(
        "INV-C1",
        "more paid than approved",
        f"UPDATE claim_payment SET amount_fen = amount_fen + 1 WHERE claim_id = {_SMALL}",
    ),
    plant(
        "INV-C1",
        "more approved than claimed",
        drop("claim", "ck_claim_payable"),
        drop("claim", "ck_claim_loss"),
        f"UPDATE claim SET payable_fen = estimate_fen + 1 WHERE id = {_SMALL}",
    ),
    plant("INV-C1", "more recovered than approved", "UPDATE recovery SET amount_fen = 30000000 WHERE kind = 'salvage'"),
    plant(
        "INV-C1",
        "a cash call too large",
        f"UPDATE cash_call SET amount_fen = amount_fen + 1 WHERE claim_id = {_CALLED}",
    ),
    plant(
        "INV-C1",
        "a follower not called",
        f"DELETE FROM cash_call WHERE id = (SELECT id FROM cash_call WHERE claim_id = {_CALLED} LIMIT 1)",
    ),
    plant("INV-C1", "costs without end", "UPDATE claim_cost SET amount_fen = 26840001 WHERE stage = 'approved'"),
    plant(
        "INV-C1",
        "paid without a payment",
        "UPDATE claim SET stage = 'paid', paid_on = '2026-06-01' WHERE number = 'C-7'",
    ),
    plant(
        "INV-C2",
        "paid twice",
        "INSERT INTO claim_payment SELECT claim_id, 2, pool_id, entry_id + 1000, amount_fen, source, paid_on, paid_by"
        f" FROM claim_payment WHERE claim_id = {_SMALL}",
    ),
    plant("INV-C2", "an entry of a payment twice", *_again("claim_paid_by_lead")),
    plant("INV-C2", "a payment gone", f"DELETE FROM claim_payment WHERE claim_id = {_SMALL}"),
    plant("INV-C2", "a payment from elsewhere", f"UPDATE claim_payment SET source = 'pool' WHERE claim_id = {_SMALL}"),
    plant("INV-C2", "a cash call received twice", *_again("cash_call_received")),
    plant(
        "INV-C2",
        "a cash call paid on paper only",
        f"UPDATE cash_call SET stage = 'received', received_on = '2026-06-26' WHERE claim_id = {_CALLED}",
    ),
    plant("INV-C2", "an adjuster paid twice", *_again("adjuster_paid")),
    plant("INV-C2", "a claim owed on paper only", "UPDATE claim SET stage = 'agreed' WHERE number = 'C-7'"),
    plant(
        "INV-C3", "another sum than was split", f"UPDATE claim SET payable_fen = payable_fen - 1 WHERE id = {_LARGE}"
    ),
    plant(
        "INV-C3",
        "another fee than was split",
        "UPDATE claim_cost SET amount_fen = amount_fen + 1 WHERE stage = 'approved'",
    ),
    plant("INV-C3", "another recovery than was split", "UPDATE recovery SET amount_fen = amount_fen - 1"),
    plant(
        "INV-C3", "split at another version", "UPDATE stream_item SET number = 9 WHERE kind = 'claim' AND sequence = 1"
    ),
    plant(
        "INV-C3", "another pool's claim", f"UPDATE claim SET pool_id = (SELECT max(id) FROM pool) WHERE id = {_SMALL}"
    ),
    plant("INV-C3", "an approval that no claim has", "DELETE FROM claim WHERE number = 'C-7'"),
    plant(
        "INV-C4",
        "approved by its maker",
        drop("claim", "ck_claim_four_eyes"),
        f"UPDATE claim SET approved_by = made_by WHERE id = {_SMALL}",
    ),
    plant(
        "INV-C4",
        "approved by who revised it last",
        drop("claim", "ck_claim_four_eyes"),
        f"UPDATE claim SET estimated_by = approved_by WHERE id = {_SMALL}",
    ),
    plant(
        "INV-C4",
        "approved by who marked it",
        drop("claim", "ck_claim_four_eyes"),
        f"UPDATE claim SET marked_by = marked_by || approved_by WHERE id = {_LARGE}",
    ),
    plant(
        "INV-C4",
        "paid by its approver",
        "UPDATE claim_payment p SET paid_by = c.approved_by FROM claim c WHERE c.id = p.claim_id",
    ),
    plant(
        "INV-C4",
        "an adjuster paid by who approved the fee",
        drop("claim_cost", "ck_claim_cost_four_eyes"),
        "UPDATE claim_cost SET paid_by = approved_by WHERE stage = 'paid'",
    ),
    plant(
        "INV-C4",
        "a refund paid before it was agreed",
        drop("refund", "ck_refund_paid"),
        "UPDATE refund SET paid_on = agreed_on - 1 WHERE stage = 'paid'",
    ),
    plant(
        "INV-C4",
        "decided by the lead alone",
        drop("claim", "ck_claim_topics"),
        f"UPDATE claim SET needs = 'lead' WHERE id = {_LARGE}",
    ),
    plant(
        "INV-C4",
        "a topic for all decided by the lead alone",
        drop("claim", "ck_claim_topics"),
        f"UPDATE claim SET topics = ARRAY['ex_gratia'] WHERE id = {_SMALL}",
    ),
    plant(
        "INV-C4",
        "a member that never agreed",
        "DELETE FROM claim_agreement WHERE organisation_id = (SELECT organisation_id FROM claim_agreement"
        f" WHERE claim_id = {_LARGE} LIMIT 1)",
    ),
    plant("INV-C4", "agreed to by a stranger", "UPDATE claim_agreement SET organisation_id = gen_random_uuid()"),
    plant(
        "INV-C4",
        "agreed to an estimate that was raised since",
        f"UPDATE claim SET estimate_version = 9 WHERE id = {_LARGE}",
    ),
    plant("INV-C5", "a claim moved by hand", "UPDATE claim SET stage = 'agreed' WHERE number = 'C-7'"),
    plant("INV-C5", "a cash call moved by hand", "UPDATE cash_call SET stage = 'issued' WHERE stage = 'taken'"),
    plant("INV-C5", "a cost moved by hand", "UPDATE claim_cost SET stage = 'paid' WHERE stage = 'approved'"),
    plant("INV-C5", "a move left out", "DELETE FROM audit_event WHERE action = 'claim.submit'"),
    plant("INV-C5", "a fault moved by hand", "UPDATE fault SET stage = 'accepted' WHERE stage = 'on_site'"),
    plant("INV-C5", "a fault's step left out", "DELETE FROM fault_event WHERE verb = 'arrive'"),
    plant("INV-C5", "a fault's steps gone", "DELETE FROM fault_event WHERE verb = 'withdraw'"),
    plant("INV-C5", "a claim gone", f"DELETE FROM claim WHERE id = {_SMALL}"),
    plant(
        "INV-C6",
        "arrived earlier",
        "UPDATE fault SET arrived_at = arrived_at - interval '1 minute' WHERE arrived_at IS NOT NULL",
    ),
    plant(
        "INV-C6",
        "acknowledged earlier",
        "UPDATE fault SET acknowledged_at = reported_at WHERE acknowledged_at IS NOT NULL",
    ),
    plant(
        "INV-C6",
        "repaired before anybody came",
        drop("fault", "ck_fault_repaired"),
        "UPDATE fault SET repaired_at = reported_at - interval '1 hour' WHERE stage = 'accepted'",
    ),
    plant(
        "INV-C6", "a step at another hour", "UPDATE fault_event SET at = at - interval '1 day' WHERE verb = 'accept'"
    ),
    plant(
        "INV-C6",
        "reported later",
        "UPDATE fault SET reported_at = reported_at + interval '1 minute' WHERE stage = 'accepted'",
    ),
    plant("INV-C7", "a line allowed more", "UPDATE claim_line SET allowed_fen = allowed_fen + 1 WHERE position = 2"),
    plant("INV-C7", "a line gone", "DELETE FROM claim_line WHERE position = 2"),
    plant("INV-C7", "a bill gone", "DELETE FROM claim_line"),
    plant("INV-C7", "a line without its number", "UPDATE claim_line SET position = 3 WHERE position = 2"),
    plant(
        "INV-C7",
        "a cut without its reason",
        drop("claim_line", "ck_claim_line_reason"),
        "UPDATE claim_line SET reason = ' ' WHERE position = 2",
    ),
    plant("INV-C7", "less approved than the bill gives", f"UPDATE claim SET payable_fen = 1 WHERE id = {_SMALL}"),
    plant(
        "INV-C7",
        "approved by who entered the bill",
        drop("claim", "ck_claim_four_eyes"),
        f"UPDATE claim SET assessed_by = approved_by WHERE id = {_SMALL}",
    ),
    plant("INV-C7", "a deductible not taken off", "UPDATE agreement SET deductible_bp = 500"),
    plant("INV-C7", "a claim above the limit of a loss", "UPDATE agreement SET limit_fen = 10000000"),
    plant(
        "INV-C7",
        "a policy's claims above its limit together",
        "UPDATE agreement SET aggregate_limit_fen = 26900000",
        f"UPDATE claim SET paid_before_fen = 0 WHERE id IN ({_SMALL}, {_LARGE})",
    ),
)

PLANTS = (*UNDERWRITING, *CLAIMS)
