"""What keeps a claim right: who sees its agreements, when its bill, costs and topics stand; put up by step 0005."""

from __future__ import annotations

# Whether a claim is agreed to is reckoned by whoever agrees last: every member of the claim's pool sees who agreed, and
# nobody else does but those who read all. Each writes its own.
OF_THE_POOL = """(
    current_setting('gongbao.sees_all', true) = 'yes' OR EXISTS (
        SELECT 1 FROM public.claim c JOIN public.share s ON s.pool_id = c.pool_id WHERE c.id = claim_id
        AND s.organisation_id = nullif(current_setting('gongbao.organisation_id', true), '')::uuid
    )
)"""


# The bill of a claim stands from its decision on; who changes a line waits for whoever decides on the claim.
CLAIM_LINES_STAND = """
CREATE FUNCTION check_claim_lines_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whose uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.claim_id ELSE NEW.claim_id END;
BEGIN
    PERFORM 1 FROM public.claim WHERE id = whose AND stage IN ('open', 'submitted', 'agreed') FOR UPDATE;
    IF NOT FOUND OR (TG_OP = 'UPDATE' AND OLD.claim_id <> NEW.claim_id) THEN
        RAISE EXCEPTION 'the bill of claim % stands', whose USING ERRCODE = 'GB006';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


# The costs of a claim together stay within what its members agreed to, or what the lead may decide alone where that is
# more. Who adds one waits for whoever works on the claim.
CLAIM_COSTS = """
CREATE FUNCTION check_claim_costs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    most bigint;
BEGIN
    PERFORM 1 FROM public.claim WHERE id = NEW.claim_id FOR UPDATE;
    SELECT greatest(c.estimate_fen, a.lead_alone_limit_fen) INTO most FROM public.claim c
    JOIN public.policy p ON p.id = c.policy_id JOIN public.agreement a ON a.id = p.agreement_id
    WHERE c.id = NEW.claim_id;
    IF NEW.amount_fen + coalesce((SELECT sum(amount_fen) FROM public.claim_cost
            WHERE claim_id = NEW.claim_id AND id <> NEW.id), 0) > most THEN
        RAISE EXCEPTION 'the costs of claim % would be above %', NEW.claim_id, most USING ERRCODE = 'GB008';
    END IF;
    RETURN NEW;
END $$
"""

# A topic that all members decide on stays with its claim; a claim is agreed once whoever must agree to its estimate as it
# stands has done so: the lead, and where all are needed every member of the shares that its policy began under.
CLAIM_AGREED = """
CREATE FUNCTION check_claim_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT OLD.topics <@ NEW.topics THEN
        RAISE EXCEPTION 'the topics of claim % stand', OLD.number USING ERRCODE = 'GB007';
    END IF;
    IF NEW.stage = 'agreed' AND OLD.stage = 'submitted' AND EXISTS (
        SELECT 1 FROM public.policy p JOIN public.agreement a ON a.id = p.agreement_id
        JOIN public.share s ON (s.pool_id, s.number) = (a.pool_id, a.number) AND (NEW.needs = 'all' OR s.position = 0)
        WHERE p.id = NEW.policy_id AND NOT EXISTS (
            SELECT 1 FROM public.claim_agreement g
            WHERE (g.claim_id, g.estimate_version, g.organisation_id)
                = (NEW.id, NEW.estimate_version, s.organisation_id)
        )
    ) THEN
        RAISE EXCEPTION 'not all that claim % needs have agreed', NEW.number USING ERRCODE = 'GB007';
    END IF;
    RETURN NEW;
END $$
"""
