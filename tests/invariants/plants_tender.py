"""Corruptions of a tender: the deadline, the box, receipts, the opening, the terms, the result."""

from __future__ import annotations

from tests.invariants.planting import Plant, drop, plant

_DONE = "(SELECT id FROM tender WHERE number = 'ZB-2026-001')"
_OPEN = "(SELECT id FROM tender WHERE number = 'ZB-2026-002')"
_BID = f"(SELECT min(id::text)::uuid FROM bid WHERE tender_id = {_DONE} AND stage = 'member')"
_SEALED = f"(SELECT min(id::text)::uuid FROM sealed_bid WHERE tender_id = {_DONE})"
_MEMBER = "(SELECT organisation_id FROM award_member WHERE place = 1)"
_BUREAU = f"(SELECT organisation_id FROM tender WHERE id = {_DONE})"
_MARK = "(person_id, bid_id) = (SELECT person_id, bid_id FROM mark ORDER BY 1, 2 LIMIT 1)"

BOX: tuple[Plant, ...] = (
    plant(
        "INV-T1",
        "a bid at the deadline",
        "UPDATE sealed_bid b SET received_at = t.deadline_at FROM tender t WHERE t.id = b.tender_id",
    ),
    plant(
        "INV-T1",
        "taken back after the deadline",
        "UPDATE bid_withdrawal b SET received_at = t.deadline_at + interval '1 minute' FROM tender t"
        " WHERE t.id = b.tender_id",
    ),
    plant(
        "INV-T1",
        "a deadline moved without an amendment",
        "UPDATE tender SET deadline_at = deadline_at + interval '1 hour', opening_at = opening_at + interval '1 hour'"
        f" WHERE id = {_OPEN}",
    ),
    plant("INV-T1", "a bid before the notice", f"UPDATE tender SET published_at = deadline_at WHERE id = {_DONE}"),
    plant(
        "INV-T1",
        "a box closed early",
        drop("tender", "ck_tender_box_closed"),
        f"UPDATE tender SET box_closed_at = deadline_at - interval '1 minute' WHERE id = {_DONE}",
    ),
    plant("INV-T1", "an amendment gone", f"DELETE FROM amendment WHERE tender_id = {_OPEN}"),
    plant(
        "INV-T2",
        "a share of an open tender",
        "INSERT INTO custodian_share SELECT b.tender_id, b.organisation_id, b.number, 'bid', 0, '\\x00', b.received_at"
        f" FROM sealed_bid b WHERE tender_id = {_OPEN}",
    ),
    plant("INV-T2", "a share before the deadline", "UPDATE custodian_share SET given_at = given_at - interval '1 day'"),
    plant("INV-T2", "opened and yet not", f"UPDATE tender SET opened_at = NULL WHERE id = {_DONE}"),
    plant(
        "INV-T2",
        "a key of an open tender",
        "INSERT INTO bidder_key SELECT b.tender_id, b.organisation_id, b.number, 'bid', 'k1', '\\x00', b.received_at"
        f" FROM sealed_bid b WHERE tender_id = {_OPEN}",
    ),
    plant("INV-T3", "a receipt gone", f"DELETE FROM bid_receipt WHERE tender_id = {_DONE} AND number = 2"),
    plant("INV-T3", "a receipt of an open box gone", f"DELETE FROM bid_receipt WHERE tender_id = {_OPEN}"),
    plant(
        "INV-T3",
        "a bid that never had a receipt",
        f"DELETE FROM bid_receipt WHERE tender_id = {_DONE} AND number = 2",
        "DELETE FROM audit_event WHERE action = 'bid.receipt_issued' AND object_id = "
        f"(SELECT id::text FROM sealed_bid WHERE tender_id = {_DONE} AND number = 2)",
    ),
    plant("INV-T4", "every share gone", "DELETE FROM custodian_share"),
    plant("INV-T4", "one share gone", "DELETE FROM custodian_share WHERE place = 2 AND number = 2"),
    plant("INV-T4", "a signing key zeroed", "UPDATE signing_key SET public_key = decode(repeat('00', 65), 'hex')"),
    plant(
        "INV-T4",
        "another signing key under its name",
        "UPDATE signing_key SET public_key = '\\x01', fingerprint = encode(sha256('\\x01'), 'hex')"
        " WHERE id = (SELECT min(id::text)::uuid FROM signing_key)",
    ),
    plant("INV-T4", "a signing key gone", "DELETE FROM signing_key"),
    plant("INV-T7", "an answer of nobody", "UPDATE share_offer SET answered_by = NULL WHERE answer = 'accepted'"),
    plant(
        "INV-T7", "an answer at another hour", "UPDATE share_offer SET answered_at = answered_at - interval '1 hour'"
    ),
    plant(
        "INV-T7",
        "an answer taken back",
        "UPDATE share_offer SET (answer, answered_by, answered_at) = (NULL, NULL, NULL)",
    ),
    plant(
        "INV-T13",
        "a deadline moved by one person",
        drop("amendment", "ck_amendment_two_persons"),
        "UPDATE amendment SET confirmed_by = issued_by WHERE confirmed_by IS NOT NULL",
    ),
    plant(
        "INV-T13",
        "a deadline moved by somebody else",
        "UPDATE amendment SET confirmed_by = gen_random_uuid() WHERE confirmed_by IS NOT NULL",
    ),
    plant("INV-T13", "a proposal gone", "DELETE FROM audit_event WHERE action = 'tender.extension_proposed'"),
    plant(
        "INV-T13",
        "more time given back than was lost",
        "UPDATE amendment SET deadline_after = deadline_after + interval '1 day' WHERE cause = 'halt'",
    ),
    plant(
        "INV-T13",
        "a halt lifted by who ordered it",
        drop("halt", "ck_halt_two_persons"),
        "UPDATE halt SET lifted_by = ordered_by",
    ),
    plant(
        "INV-T13",
        "a supervisor's halt made the officer's",
        "UPDATE halt SET ordered_as = 'supervisor', lifted_as = 'supervisor'",
    ),
    plant("INV-T13", "a halt gone", "DELETE FROM halt"),
    plant("INV-T13", "an answer of nobody", "UPDATE extension SET answered_by = gen_random_uuid()"),
    plant("INV-T3", "a receipt's words", "UPDATE bid_receipt SET document = replace(document, 'size', 'sise')"),
    plant(
        "INV-T3",
        "a receipt's signature",
        "UPDATE bid_receipt SET signature = set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)",
    ),
    plant(
        "INV-T3",
        "another bid's receipt",
        "UPDATE bid_receipt r SET (document, public_key, signature) = (SELECT o.document, o.public_key, o.signature"
        " FROM bid_receipt o WHERE o.tender_id = r.tender_id AND o.organisation_id <> r.organisation_id LIMIT 1)"
        f" WHERE r.tender_id = {_DONE} AND r.number = 2",
    ),
    plant("INV-T3", "a bid that the log does not know", "DELETE FROM audit_event WHERE action = 'bid.replaced'"),
    plant(
        "INV-T3",
        "a bid sealed otherwise than logged",
        f"UPDATE sealed_bid SET header_sha256 = repeat('0', 64) WHERE id = {_SEALED}",
    ),
    plant(
        "INV-T3",
        "a bid that came at another hour",
        f"UPDATE sealed_bid SET received_at = received_at - interval '1 hour' WHERE id = {_SEALED}",
    ),
    plant("INV-T3", "a bid gone", f"DELETE FROM sealed_bid WHERE id = {_SEALED}"),
    plant("INV-T3", "another tree under the receipts", "UPDATE audit_node SET node_hash = sha256(node_hash)"),
    plant("INV-T4", "another version opened", "UPDATE opened_bid SET header_sha256 = repeat('0', 64)"),
    plant(
        "INV-T4",
        "a share exchanged",
        "UPDATE custodian_share SET share = set_byte(share, 5, (get_byte(share, 5) + 1) % 256) WHERE place = 1",
    ),
    plant("INV-T4", "another's share", "UPDATE custodian_share SET share = set_byte(share, 0, 2) WHERE place = 1"),
    plant("INV-T4", "another custodian's key", "UPDATE custodian SET fingerprint = repeat('0', 64) WHERE place = 0"),
    plant(
        "INV-T4",
        "a header",
        f"UPDATE sealed_bid SET header = set_byte(header, 40, (get_byte(header, 40) + 1) % 256) WHERE id = {_SEALED}",
    ),
    plant(
        "INV-T4",
        "a key that was never committed to",
        "INSERT INTO bidder_key SELECT b.tender_id, b.organisation_id, b.number, 'bid', 'k2', sha256('x'),"
        f" b.received_at FROM sealed_bid b WHERE b.id = {_SEALED}",
    ),
    plant("INV-T5", "a bid not opened", f"DELETE FROM opened_bid WHERE bid_id = {_BID}"),
    plant("INV-T5", "what was in it gone", f"DELETE FROM opened_part WHERE bid_id = {_BID}"),
    plant("INV-T5", "an older version opened", "UPDATE opened_bid SET number = 1 WHERE number = 2"),
    plant("INV-T5", "a bid of another version", f"UPDATE bid SET current = current + 1 WHERE id = {_BID}"),
    plant("INV-T5", "a bid gone", f"DELETE FROM bid WHERE id = {_BID}"),
    plant("INV-T5", "taken back and yet standing", "UPDATE bid SET stage = 'sealed' WHERE stage = 'withdrawn'"),
    plant(
        "INV-T5",
        "found unreadable afterwards",
        f"UPDATE opened_bid SET outcome = 'unreadable', failure = 'content_unreadable' WHERE bid_id = {_BID}",
    ),
)

RESULT: tuple[Plant, ...] = (
    plant("INV-T6", "a weight", f"UPDATE criterion SET weight_hundredths = 8000 WHERE tender_id = {_DONE}"),
    plant("INV-T6", "a ceiling", f"UPDATE tender SET ceiling_fen = ceiling_fen + 1 WHERE id = {_OPEN}"),
    plant("INV-T6", "a notice", f"UPDATE tender SET notice = replace(notice, '3067', '3068') WHERE id = {_DONE}"),
    plant(
        "INV-T6",
        "a notice with its hash",
        f"UPDATE tender SET lift_count = 3068, notice = replace(notice, '3067', '3068') WHERE id = {_DONE}",
        f"UPDATE tender SET notice_hash = encode(sha256(convert_to(notice, 'UTF8')), 'hex') WHERE id = {_DONE}",
    ),
    plant("INV-T6", "an amendment's words", f"UPDATE amendment SET text = text || '。' WHERE tender_id = {_DONE}"),
    plant(
        "INV-T6", "a custodian", f"UPDATE custodian SET organisation_id = gen_random_uuid() WHERE tender_id = {_DONE}"
    ),
    plant(
        "INV-T6",
        "an earlier deadline in the notice",
        f"UPDATE tender SET opening_at = opening_at + interval '1 hour' WHERE id = {_DONE}",
    ),
    plant("INV-T7", "a mark", f"UPDATE mark SET mark_hundredths = mark_hundredths - 100 WHERE {_MARK}"),
    plant("INV-T7", "a price", f"UPDATE opened_bid SET price_fen = price_fen - 100 WHERE bid_id = {_BID}"),
    plant("INV-T7", "a nonce", "UPDATE opened_bid SET nonce = repeat('ab', 16) WHERE nonce IS NOT NULL"),
    plant("INV-T7", "a report", "UPDATE report SET document = jsonb_set(document, '{bids,0,rank}', '9')"),
    plant("INV-T7", "a report gone", "DELETE FROM report"),
    plant(
        "INV-T7",
        "an allocation",
        "UPDATE allocation_run SET outputs = jsonb_set(outputs, '{members,0,share_bp}', '4001')",
    ),
    plant(
        "INV-T7",
        "shares exchanged",
        drop("agreement_refusal", "fk_agreement_refusal_award_id_organisation_id"),
        drop("award_member", "uq_award_member_award_id_organisation_id"),
        "UPDATE award_member SET share_bp = share_bp + CASE place WHEN 0 THEN -100 ELSE 100 END WHERE place < 2",
    ),
    plant("INV-T7", "a member gone", "DELETE FROM award_member WHERE place = 3"),
    plant("INV-T7", "another price awarded", "UPDATE award SET lift_premium_fen = lift_premium_fen + 1"),
    plant("INV-T7", "other terms awarded", "UPDATE award SET terms = jsonb_set(terms, '{lead_fee_bp}', '900')"),
    plant("INV-T7", "a share that nobody accepted", "UPDATE share_offer SET answer = 'declined' WHERE place = 1"),
    plant("INV-T7", "awarded in the publicity", "UPDATE award SET decided_at = decided_at - interval '10 days'"),
    plant("INV-T8", "a mark too high", f"UPDATE mark SET mark_hundredths = 20000 WHERE {_MARK}"),
    plant("INV-T8", "a mark between the steps", f"UPDATE mark SET mark_hundredths = mark_hundredths + 1 WHERE {_MARK}"),
    plant("INV-T8", "a mark after the lock", f"UPDATE mark SET saved_at = saved_at + interval '1 day' WHERE {_MARK}"),
    plant("INV-T8", "a stranger's mark", f"UPDATE mark SET person_id = gen_random_uuid() WHERE {_MARK}"),
    plant(
        "INV-T8",
        "a conflict",
        drop("committee_member", "ck_committee_member_locked"),
        "UPDATE committee_member SET conflict = '近亲属' WHERE NOT is_chair",
    ),
    plant("INV-T8", "a sheet unlocked", "UPDATE committee_member SET locked_at = NULL WHERE is_chair"),
    plant("INV-T8", "a committee too small", "DELETE FROM committee_member WHERE NOT is_chair"),
    plant("INV-T8", "on two sides", "UPDATE tender_side SET side = 'bureau' WHERE side = 'committee'"),
    plant(
        "INV-T8",
        "approved by its drafter",
        drop("tender", "ck_tender_four_eyes"),
        f"UPDATE tender SET approved_by = created_by WHERE id = {_DONE}",
    ),
    plant("INV-A2-tender", "a tender moved by hand", f"UPDATE tender SET stage = 'complete' WHERE id = {_DONE}"),
    plant("INV-A2-tender", "a bid moved by hand", f"UPDATE bid SET stage = 'unsuccessful' WHERE id = {_BID}"),
    plant("INV-A2-tender", "a move left out", "DELETE FROM audit_event WHERE action = 'tender.approved'"),
    plant("INV-A2-tender", "a bid gone", f"DELETE FROM bid WHERE id = {_BID}"),
    plant("INV-A2-tender", "a tender gone", f"DELETE FROM tender WHERE id = {_OPEN}"),
    plant("INV-A2-tender", "a bid back in the box", "UPDATE bid SET stage = 'sealed' WHERE stage = 'withdrawn'"),
)

PEOPLE: tuple[Plant, ...] = (
    plant("INV-T9", "published and never rehearsed", f"DELETE FROM rehearsal_share WHERE tender_id = {_OPEN}"),
    plant("INV-T9", "one custodian's share missing", "DELETE FROM rehearsal_share WHERE place = 4"),
    plant(
        "INV-T9",
        "an earlier ceremony's rehearsal",
        f"UPDATE tender SET ceremony = ceremony + 1 WHERE id = {_OPEN}",
    ),
    plant("INV-T9", "rehearsed with other keys", "UPDATE rehearsal SET fingerprints[1] = repeat('0', 64)"),
    plant("INV-T9", "rehearsed with another threshold", "UPDATE rehearsal SET threshold = 2"),
    plant("INV-T9", "the ceremony's record gone", "DELETE FROM audit_event WHERE action = 'key.ceremony'"),
    plant("INV-T9", "the dummy bid exchanged", "UPDATE rehearsal SET container = '\\x00'"),
    plant(
        "INV-T10",
        "a member works for a bidder",
        "INSERT INTO mandate SELECT gen_random_uuid(), c.person_id, b.organisation_id, 'bidder', '2026-01-01', NULL"
        f" FROM committee_member c, bid b WHERE c.is_chair AND b.id = {_BID}",
    ),
    plant(
        "INV-T10",
        "a member left a bidder half a year ago",
        "INSERT INTO mandate SELECT gen_random_uuid(), c.person_id, b.organisation_id, 'claims_handler', '2025-01-01',"
        f" '2025-10-01' FROM committee_member c, bid b WHERE NOT c.is_chair AND b.id = {_BID}",
    ),
    plant(
        "INV-T10",
        "a member works for a bidder's group",
        "INSERT INTO organisation SELECT gen_random_uuid(), 'insurer', '集团', '集团', 'ji tuan', NULL,"
        f" b.organisation_id FROM bid b WHERE b.id = {_BID}",
        "INSERT INTO mandate SELECT gen_random_uuid(), c.person_id, o.id, 'bidder', '2026-01-01', NULL"
        " FROM committee_member c, organisation o WHERE c.is_chair AND o.name = '集团'",
    ),
    plant(
        "INV-T10",
        "a member sits for an insurer",
        f"UPDATE tender_side SET organisation_id = {_MEMBER} WHERE side = 'committee'",
    ),
    plant(
        "INV-T10",
        "a member amended the tender",
        f"UPDATE amendment SET issued_by = (SELECT person_id FROM committee_member LIMIT 1) WHERE tender_id = {_DONE}",
    ),
    plant(
        "INV-T10",
        "a mandatory tender with too few experts",
        f"UPDATE tender SET profile = 'Bm' WHERE id = {_DONE}",
        "UPDATE committee_member SET is_expert = is_chair",
    ),
    plant(
        "INV-T11",
        "opened by one",
        drop("tender", "ck_tender_opening_two_persons"),
        f"UPDATE tender SET opening_confirmed_by = opening_started_by WHERE id = {_DONE}",
    ),
    plant(
        "INV-T11",
        "confirmed by somebody else than the log says",
        f"UPDATE tender SET opening_confirmed_by = approved_by WHERE id = {_DONE}",
    ),
    plant(
        "INV-T11",
        "never confirmed",
        drop("tender", "ck_tender_opening_confirmed"),
        f"UPDATE tender SET opening_confirmed_by = NULL, opening_confirmed_at = NULL WHERE id = {_DONE}",
    ),
    plant(
        "INV-T11",
        "a share before the confirmation",
        "UPDATE custodian_share SET given_at = given_at - interval '10 minutes' WHERE place = 1",
    ),
    plant("INV-T11", "the confirmation not on record", "DELETE FROM audit_event WHERE action = 'opening.confirmed'"),
    plant("INV-T12", "a member never signed", f"DELETE FROM agreement_signature WHERE organisation_id = {_MEMBER}"),
    plant("INV-T12", "the bureau never signed", f"DELETE FROM agreement_signature WHERE organisation_id = {_BUREAU}"),
    plant(
        "INV-T12", "signed after the pool", "UPDATE agreement_signature SET signed_at = signed_at + interval '9 days'"
    ),
    plant(
        "INV-T12",
        "another paper signed",
        drop("agreement_signature", "fk_agreement_signature_award_id_digest"),
        f"UPDATE agreement_signature SET digest = repeat('0', 64) WHERE organisation_id = {_MEMBER}",
    ),
    plant("INV-T12", "signed before it was rendered", "UPDATE award_agreement SET rendered_at = now()"),
    plant(
        "INV-T12",
        "the bureau signed first",
        f"UPDATE agreement_signature SET signed_at = signed_at - interval '1 hour' WHERE organisation_id = {_BUREAU}",
    ),
    plant(
        "INV-T12",
        "signed and refused",
        "INSERT INTO agreement_refusal SELECT award_id, organisation_id, person_id, '反悔', signed_at"
        f" FROM agreement_signature WHERE organisation_id = {_MEMBER}",
    ),
    plant("INV-T12", "the paper gone", "DELETE FROM paper WHERE kind = 'agreement_pdf'"),
    plant("INV-T12", "a signature that nobody gave", "DELETE FROM audit_event WHERE action = 'agreement.signed'"),
    plant(
        "INV-T12",
        "a second pool from one award",
        drop("pool", "uq_pool_award_id", "uq_pool_tender_id"),
        "INSERT INTO pool SELECT 900, '又一个', lead_id, award_id, tender_id, formed_at FROM pool"
        " WHERE award_id IS NOT NULL",
    ),
    plant(
        "INV-T12",
        "a pool of an award that was replaced",
        "INSERT INTO award SELECT gen_random_uuid(), tender_id, 2, run, lead_id, lift_premium_fen, terms,"
        " service_standard, digest, decided_by, decided_at FROM award",
    ),
    plant(
        "INV-T12",
        "a pool before the contract",
        f"UPDATE tender SET stage = 'awarded' WHERE id = {_DONE}",
    ),
)

PLANTS = (*BOX, *RESULT, *PEOPLE)
