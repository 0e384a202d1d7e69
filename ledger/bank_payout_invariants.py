"""The invariants of payees and of batches that pay subjects one by one: claims, items settled on their own."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from core.checks import Invariant, every, rows

PAYEES_ARE_AS_ADDED = every(
    rows(
        "payee {name}",
        """
        SELECT p.name, p.id, p.pool_id, p.kind, e.facts ->> 'name' AS logged FROM payee p
        LEFT JOIN audit_event e ON e.action = 'payee.added' AND e.object_id = p.id::text
        WHERE (e.facts ->> 'name', e.facts ->> 'kind', e.facts ->> 'pool')
            IS DISTINCT FROM (p.name, p.kind, p.pool_id::text)
        """,
    ),
    rows(
        "payee {object_id}",
        """
        SELECT e.object_id, e.facts ->> 'name' AS name FROM audit_event e
        WHERE e.action = 'payee.added' AND NOT EXISTS (SELECT FROM payee p WHERE p.id::text = e.object_id)
        """,
    ),
    rows(
        "claim {number}",
        """
        SELECT c.number, c.id, c.pool_id, p.pool_id AS payee_pool, c.payee_id FROM claim c
        LEFT JOIN payee p ON p.id = c.payee_id
        WHERE c.payee_id IS NOT NULL AND p.pool_id IS DISTINCT FROM c.pool_id
        """,
    ),
)

#: Payments of batches that pay subjects, with the batch, the account and the bank's line that shows each.
_PAYMENTS = """
    SELECT l.*, b.kind, b.number AS batch, b.stage AS stands, b.pays_on, a.stage AS account_stage, a.effective_on,
        a.organisation_id, a.payee_id, a.pool_id AS account_pool, k.amount_fen AS shown_fen, k.booked_on
    FROM payment_line l JOIN payment_batch b ON b.id = l.batch_id LEFT JOIN bank_account a ON a.id = l.account_id
    LEFT JOIN bank_match m ON m.payment_id = l.id AND m.stage = 'matched' LEFT JOIN bank_line k ON k.id = m.line_id
    WHERE b.kind IN ('claim', 'apart')
"""

SUBJECTS_PAID_ONCE = every(
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.subject_id, p.amount_fen, p.shown_fen, p.account_stage FROM ({_PAYMENTS}) p
        WHERE p.subject_id IS NULL OR p.account_stage IS DISTINCT FROM 'confirmed' OR p.account_pool <> p.pool_id
            OR p.effective_on > p.pays_on OR p.batch_stage <> p.stands OR p.shown_fen <> -p.amount_fen
        """,
    ),
    rows(
        "subject {subject_id}",
        f"""
        SELECT p.subject_id, count(*) AS times FROM ({_PAYMENTS}) p
        WHERE p.stands <> 'rejected' AND p.return_line_id IS NULL GROUP BY p.subject_id HAVING count(*) > 1
        """,
    ),
    # What came back was shown before, came in by a line of its sum, and is said by another than who prepared it.
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.amount_fen, p.shown_fen, r.amount_fen AS returned_fen, p.returned_by
        FROM ({_PAYMENTS}) p JOIN payment_batch b ON b.id = p.batch_id LEFT JOIN bank_line r ON r.id = p.return_line_id
        WHERE p.return_line_id IS NOT NULL AND (p.shown_fen IS NULL OR p.returned_by = b.prepared_by
            OR (r.amount_fen, r.pool_id) IS DISTINCT FROM (p.amount_fen, p.pool_id) OR r.booked_on < p.booked_on)
        """,
    ),
)

ITEMS_PAID_TO_THEIR_MEMBER = every(
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.document, i.number, i.amount_fen AS item_fen, p.amount_fen, i.stage
        FROM ({_PAYMENTS}) p LEFT JOIN apart_item i ON i.id = p.subject_id
        WHERE p.kind = 'apart' AND ((i.number, i.amount_fen, i.organisation_id, i.pool_id)
                IS DISTINCT FROM (p.document, p.amount_fen, p.organisation_id, p.pool_id)
            OR i.stage = 'paid' AND p.stands = 'released' AND p.return_line_id IS NULL AND p.shown_fen IS NULL)
        """,
    ),
    rows(
        "bank line {line_id}",
        """
        SELECT m.line_id, m.apart_id, m.difference_fen, l.amount_fen, i.amount_fen AS item_fen FROM bank_match m
        LEFT JOIN bank_line l ON l.id = m.line_id LEFT JOIN apart_item i ON i.id = m.apart_id
        WHERE m.apart_id IS NOT NULL AND (m.statement_id IS NOT NULL OR m.payment_id IS NOT NULL OR i.amount_fen >= 0
            OR (l.pool_id, i.pool_id, m.difference_fen)
                IS DISTINCT FROM (m.pool_id, m.pool_id, l.amount_fen + i.amount_fen) OR l.amount_fen <= 0)
        """,
    ),
    rows(
        "item {apart_id}",
        """
        SELECT apart_id, count(*) AS times FROM bank_match WHERE stage = 'matched' AND apart_id IS NOT NULL
        GROUP BY apart_id HAVING count(*) > 1
        """,
    ),
)

#: A claim is paid by a batch to its payee, for what was approved; the bank's line that shows it is what booked it.
CLAIMS_PAID_AS_SHOWN = every(
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.document, c.number, c.payable_fen, p.amount_fen, c.payee_id, p.payee_id AS paid_to
        FROM ({_PAYMENTS}) p LEFT JOIN claim c ON c.id = p.subject_id
        WHERE p.kind = 'claim' AND ((c.number, c.pool_id) IS DISTINCT FROM (p.document, p.pool_id)
            OR p.stands <> 'rejected' AND p.return_line_id IS NULL
                AND (c.payable_fen, c.payee_id) IS DISTINCT FROM (p.amount_fen, p.payee_id))
        """,
    ),
    rows(
        "claim {number}",
        f"""
        SELECT c.number, c.id, c.stage, p.batch, p.booked_on FROM ({_PAYMENTS}) p JOIN claim c ON c.id = p.subject_id
        WHERE p.stands <> 'rejected' AND p.return_line_id IS NULL AND (c.stage = 'paid') <> (p.shown_fen IS NOT NULL)
        """,
    ),
)

#: Payments of the batches that pay members, with their owners and the bank's line that shows each.
_MEMBERS_PAID = """
    SELECT l.*, b.kind, b.number AS batch, b.stage AS stands, b.pays_on, b.prepared_by, a.organisation_id, a.pool_id
        AS account_pool, a.stage AS account_stage, a.effective_on, k.amount_fen AS shown_fen, k.booked_on
    FROM payment_line l JOIN payment_batch b ON b.id = l.batch_id LEFT JOIN bank_account a ON a.id = l.account_id
    LEFT JOIN bank_match m ON (m.payment_id = l.id OR m.statement_id = l.statement_id) AND m.stage = 'matched'
    LEFT JOIN bank_line k ON k.id = m.line_id
    WHERE b.kind IN ('statement', 'premium', 'again')
"""

PAID_AGAIN_AS_COME_BACK = every(
    # What came back was shown before, came in by a line of its sum, and is said by another than who prepared it.
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.amount_fen, p.shown_fen, r.amount_fen AS returned_fen, p.returned_by
        FROM ({_MEMBERS_PAID}) p LEFT JOIN bank_line r ON r.id = p.return_line_id
        WHERE p.return_line_id IS NOT NULL AND (p.shown_fen IS NULL OR p.returned_by = p.prepared_by
            OR (r.amount_fen, r.pool_id) IS DISTINCT FROM (p.amount_fen, p.pool_id) OR r.booked_on < p.booked_on)
        """,
    ),
    rows(
        "payment {batch}/{position}",
        f"""
        SELECT p.batch, p.position, p.again_id, p.amount_fen, o.amount_fen AS came_back_fen, o.return_line_id
        FROM ({_MEMBERS_PAID}) p LEFT JOIN ({_MEMBERS_PAID}) o ON o.id = p.again_id
        WHERE (p.kind = 'again') <> (p.again_id IS NOT NULL) OR p.kind = 'again' AND (o.return_line_id IS NULL
            OR (o.pool_id, o.organisation_id, o.amount_fen, p.batch_stage, p.account_stage, p.account_pool)
                IS DISTINCT FROM (p.pool_id, p.organisation_id, p.amount_fen, p.stands, 'confirmed', p.pool_id)
            OR p.effective_on > p.pays_on)
        """,
    ),
    rows(
        "payment {again_id}",
        """
        SELECT l.again_id, count(*) AS times FROM payment_line l JOIN payment_batch b ON b.id = l.batch_id
        WHERE b.stage <> 'rejected' AND l.again_id IS NOT NULL GROUP BY l.again_id HAVING count(*) > 1
        """,
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-B12",
        "每个收款人与登记时一致；赔案的收款人属于同一共保体",
        "Every payee reads as it was added, and whom a claim is paid to is a payee of its pool",
        PAYEES_ARE_AS_ADDED,
    ),
    Invariant(
        "INV-B13",
        "赔款与单项结算只在一个有效的付款批次里，付往当日有效的收款账户，银行已付的等于批次所列；退回的由同样金额的收款为证，由另一人登记",
        "A claim or an item settled on its own stands in one batch that holds, is paid to an account in use on the "
        "day, and what the bank shows is its sum; what came back did so by a line of that sum, said by another person",
        SUBJECTS_PAID_ONCE,
    ),
    Invariant(
        "INV-B14",
        "单项结算的付款等于该项、付给该成员，登记收付在银行已付之后；成员付来的与银行收支如实核对",
        "A payment of an item settled on its own is the item, to its member, booked once the bank shows it; what a "
        "member pays for one is matched as it is",
        ITEMS_PAID_TO_THEIR_MEMBER,
    ),
    Invariant(
        "INV-B15",
        "赔款按核准的金额付给赔案的收款人；银行已付的赔案已赔付，没有付的没有",
        "A claim is paid by a batch to its payee for what was approved; it is paid where the bank shows it, and not "
        "where it does not",
        CLAIMS_PAID_AS_SHOWN,
    ),
    Invariant(
        "INV-B16",
        "结算款与划付保费的付款，退回的由同样金额的收款为证，由另一人登记；退回之后再付一次，金额相同，付给同一成员",
        "A payment of a statement or of premiums that came back did so by a line of its sum, said by another person; "
        "it is paid again once, the same sum to the same member",
        PAID_AGAIN_AS_COME_BACK,
    ),
)
