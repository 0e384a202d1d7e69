"""Pure: a ranking with offered lines -> the lead, and signed shares in whole basis points that sum to 10 000 exactly.

Every method is a way to set weights; one last step (tender/filling.py) turns weights into shares between each
member's floor and cap. Where a winner declines, the same call without it gives the new shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from core.errors import Conflict, Invalid
from tender.exact import exact, listed, only_fields, plain
from tender.filling import WHOLE_BP, Filled, fill, whole_points

#: The most members of a case and cases of a file; a page that anyone may use limits the size of the text as well.
MEMBERS_MAX, CASES_MAX = 100, 50_000


class Method(StrEnum):
    """How weights come from a ranking: published rungs, scores or their excess over a base, or written lines."""

    LADDER = "ladder"
    SCORES = "scores"
    LINES = "lines"


class ShortLadder(StrEnum):
    """What happens to the rungs that nobody takes."""

    REST_TO_LEAD = "rest_to_lead"
    RENORMALISE = "renormalise"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the tender document says that shares are made. Shares in basis points.

    `ladder_bp` sums to 10 000; its rungs follow the rank, or the lead stands on the first with `ladder_lead_first`.
    With SCORES a member's weight is (score - `base`) ** `power`; `lead_min_bp` on top of it is the method "lead floor
    + rest". `lead_min_bp` is the least that a lead must be able to carry, and gets. `cap_bp` and `floor_bp` hold for
    every member. `lead_largest` lets no member have more than the lead. `lead_line_stands` signs only the followers'
    lines down.
    """

    method: Method = Method.SCORES
    winners_max: int = 4
    ladder_bp: tuple[int, ...] = ()
    short_ladder: ShortLadder = ShortLadder.REST_TO_LEAD
    ladder_lead_first: bool = False
    base: Fraction = Fraction(0)
    power: int = 1
    cap_bp: int = WHOLE_BP
    floor_bp: int = 0
    lead_min_bp: int = 0
    lead_largest: bool = True
    lead_line_stands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one ranked bid brings: score, written line, the least it takes, cap by law, whether it will and may lead."""

    bid: str
    score: Fraction
    line_bp: int = WHOLE_BP
    floor_bp: int = 0
    statutory_cap_bp: int = WHOLE_BP
    will_lead: bool = True
    meets_lead_conditions: bool = True


@dataclass(frozen=True, slots=True)
class LeadChoice:
    """The bid that leads, and who was passed over and why: `not_willing`, `conditions_not_met`, `line_too_small`."""

    bid: str
    passed_over: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """The pool: its members' bids in order of rank, their shares and working in the same order, and the lead.

    `lead_raised` says that the lead had to be given as much as the largest other member.
    """

    bids: tuple[str, ...]
    lead: LeadChoice
    filled: Filled
    lead_raised: bool

    def share_bp(self, bid: str) -> int:
        """Return a member's signed share."""
        return self.filled.shares_bp[self.bids.index(bid)]


def cap_by_single_risk_bp(capital_fen: int, reinsured_fen: int, largest_loss_fen: int) -> int:
    """Return the largest share by the size of one risk: (capital / 10 + documented reinsurance) / largest loss.

    Source: 保险法 art. 103 (read April 2025). `capital_fen` is paid-up capital with reserves; at most 10 000.
    Refuses with Invalid `cap_basis_wrong` where the largest loss is not positive or another amount is negative.

    Capital 2 000 m, one loss of 300 m: 200 / 300 = 66.66 %:
    >>> cap_by_single_risk_bp(2_000_000_000_00, 0, 300_000_000_00)
    6666
    """
    if largest_loss_fen <= 0 or capital_fen < 0 or reinsured_fen < 0:
        raise Invalid("cap_basis_wrong")
    return min(WHOLE_BP, (capital_fen + 10 * reinsured_fen) * WHOLE_BP // (10 * largest_loss_fen))


def cap_by_retained_premium_bp(capital_fen: int, own_premium_fen: int, pool_premium_fen: int) -> int:
    """Return the largest share by own premium: (4 x capital - premium kept already) / premium of the pool.

    Source: 保险法 art. 102 (read April 2025): a year's own premium is at most 4 x capital with reserves. Between 0 and
    10 000.
    Refuses with Invalid `cap_basis_wrong` where the pool's premium is not positive or another amount is negative.

    (4 x 250 m - 990 m) / 40 m = 25 %:
    >>> cap_by_retained_premium_bp(250_000_000_00, 990_000_000_00, 40_000_000_00)
    2500
    """
    if pool_premium_fen <= 0 or capital_fen < 0 or own_premium_fen < 0:
        raise Invalid("cap_basis_wrong")
    return max(0, min(WHOLE_BP, (4 * capital_fen - own_premium_fen) * WHOLE_BP // pool_premium_fen))


def bounds_of(offer: Offer, terms: Terms) -> tuple[int, int]:
    """Return the least and the most an offer can get: its own, the law's and the tender document's bounds together.

    Refuses with Conflict `floor_above_cap` (bid, floor_bp, cap_bp).

    >>> bounds_of(Offer(bid="A", score=Fraction(90), line_bp=5000, floor_bp=500), Terms(cap_bp=4000))
    (500, 4000)
    """
    low, high = max(offer.floor_bp, terms.floor_bp), min(offer.line_bp, offer.statutory_cap_bp, terms.cap_bp)
    if low > high:
        raise Conflict("floor_above_cap", bid=offer.bid, floor_bp=low, cap_bp=high)
    return low, high


def choose_lead(ranked: Sequence[Offer], terms: Terms) -> LeadChoice:
    """Return the highest-ranked bid that is willing, meets the lead's conditions and can carry the lead's least share.

    Refuses with Conflict `no_lead` (largest_bp: what the willing could carry at most): the bureau lowers the least
    share or tenders again.

    >>> offers = [Offer(bid="C", score=Fraction(90), will_lead=False), Offer(bid="A", score=Fraction(88))]
    >>> choose_lead(offers, Terms(lead_min_bp=3000))
    LeadChoice(bid='A', passed_over=(('C', 'not_willing'),))
    """
    passed: list[tuple[str, str]] = []
    largest_bp = 0
    for offer in ranked:
        cap_bp = min(offer.line_bp, offer.statutory_cap_bp, terms.cap_bp)
        if not offer.will_lead:
            passed.append((offer.bid, "not_willing"))
        elif not offer.meets_lead_conditions:
            passed.append((offer.bid, "conditions_not_met"))
        elif cap_bp < terms.lead_min_bp:
            passed.append((offer.bid, "line_too_small"))
            largest_bp = max(largest_bp, cap_bp)
        else:
            return LeadChoice(offer.bid, tuple(passed))
    raise Conflict("no_lead", largest_bp=largest_bp)


def allocate(ranked: Sequence[Offer], terms: Terms) -> Allocation:
    """Return the pool that a settled ranking gives: the lead, the best others up to `winners_max`, and their shares.

    `ranked` is in final order (ties drawn) and holds only who is still in: where a winner declines, call again
    without it. Refuses as `choose_lead`, `bounds_of`, `fill` and the method's weights do, and with Conflict
    `lead_cannot_be_largest` (bid, cap_bp) where `lead_largest` is asked for and the lead's cap is too small for it.

    90, 80 and 80 points; the lead gets at least 40 %, the others halve the rest:
    >>> offers = [Offer(bid=b, score=Fraction(s)) for b, s in (("A", 90), ("B", 80), ("C", 80))]
    >>> allocate(offers, Terms(lead_min_bp=4000)).filled.shares_bp
    (4000, 3000, 3000)
    """
    choice = choose_lead(ranked, terms)
    followers = [offer for offer in ranked if offer.bid != choice.bid][: terms.winners_max - 1]
    members = [offer for offer in ranked if offer.bid == choice.bid or offer in followers]
    lead = next(place for place, offer in enumerate(members) if offer.bid == choice.bid)
    bounds = [bounds_of(offer, terms) for offer in members]
    floors, caps = [low for low, _ in bounds], [high for _, high in bounds]
    floors[lead] = caps[lead] if _stands(terms) else max(floors[lead], terms.lead_min_bp)
    weights = _weights(members, lead, terms)
    # Equal fractions: the lead first, then by rank, so that rounding never puts a follower above the lead.
    order = [lead, *(place for place in range(len(members)) if place != lead)]
    filled = fill(weights, floors, caps, order)
    raised = terms.lead_largest and filled.shares_bp[lead] < max(filled.shares_bp)
    if raised:
        filled = _fill_with_largest_lead(members, lead, weights, floors, caps, order)
    return Allocation(tuple(offer.bid for offer in members), choice, filled, raised)


def _stands(terms: Terms) -> bool:
    return terms.method is Method.LINES and terms.lead_line_stands


def _fill_with_largest_lead(
    members: Sequence[Offer],
    lead: int,
    weights: Sequence[Fraction],
    floors: Sequence[int],
    caps: Sequence[int],
    order: Sequence[int],
) -> Filled:
    # Level x weight held between bounds grows with each of the three: raised to the largest on the lead's side
    # (weight and floor) and cut to the lead's cap on the others', no follower can come out above the lead at any
    # level.
    most = [min(high, caps[lead]) for high in caps]
    if max(floors) > caps[lead] or sum(most) < WHOLE_BP:
        raise Conflict("lead_cannot_be_largest", bid=members[lead].bid, cap_bp=caps[lead])
    led = [max(weights) if place == lead else weight for place, weight in enumerate(weights)]
    least = [max(floors) if place == lead else low for place, low in enumerate(floors)]
    return fill(led, least, most, order)


def _weights(members: Sequence[Offer], lead: int, terms: Terms) -> list[Fraction]:
    if terms.method is Method.LADDER:
        return ladder_weights(terms, len(members), lead)
    if terms.method is Method.LINES:
        # A line counts only as far as it may be carried, or writing more than one can take would pay.
        return [Fraction(bounds_of(offer, terms)[1]) for offer in members]
    return score_weights([offer.score for offer in members], terms.base, terms.power)


def score_weights(scores: Sequence[Fraction], base: Fraction = Fraction(0), power: int = 1) -> list[Fraction]:
    """Return (score - base) ** power for each score; at or below the base the weight is 0 and only the floor is given.

    Plain scores lie close together and reward a better bid little; an excess over a base rewards it more.
    Refuses with Invalid `power_wrong` (power) outside 1 to 6.

    >>> score_weights([Fraction(90), Fraction(84), Fraction(79)], Fraction(80), 2)
    [Fraction(100, 1), Fraction(16, 1), Fraction(0, 1)]
    """
    if not 1 <= power <= 6:
        raise Invalid("power_wrong", power=power)
    return [max(score - base, Fraction(0)) ** power for score in scores]


def ladder_weights(terms: Terms, members: int, lead: int) -> list[Fraction]:
    """Return each member's rung of the published ladder, in order of rank; `lead` is the lead's place.

    Refuses with Invalid `ladder_wrong` unless the rungs are positive and sum to 10 000, Conflict `ladder_too_short`
    (rungs, members), and Conflict `ladder_not_filled` (rungs, members) where the terms say that a rung nobody takes
    fails the award.

    Rungs 40/30/20/10 for three: the lead takes the last rung as well, 50/30/20:
    >>> ladder_weights(Terms(method=Method.LADDER, ladder_bp=(4000, 3000, 2000, 1000)), 3, 0)
    [Fraction(5000, 1), Fraction(3000, 1), Fraction(2000, 1)]
    """
    rungs = [Fraction(rung) for rung in terms.ladder_bp]
    if sum(rungs) != WHOLE_BP or min(rungs) <= 0:
        raise Invalid("ladder_wrong")
    if len(rungs) < members:
        raise Conflict("ladder_too_short", rungs=len(rungs), members=members)
    if len(rungs) > members and terms.short_ladder is ShortLadder.FAIL:
        raise Conflict("ladder_not_filled", rungs=len(rungs), members=members)
    taken, left = rungs[:members], sum(rungs[members:], Fraction(0))
    if terms.ladder_lead_first:
        taken.insert(lead, taken.pop(0))
    if terms.short_ladder is ShortLadder.REST_TO_LEAD:
        taken[lead] += left
    return taken


def allocate_file(data: object) -> dict[str, object] | list[dict[str, object]]:
    """Return the shares of one case or of a list of cases, as the calculator prints them.

    A case is `{"weights": [...], "floor": [...], "cap": [...]}`: whole numbers or decimals as text, floors and caps
    as parts of 1 (left out: 0 and 1), an `id` if wanted. Out comes `shares_bp`, or `refusal` with the `gap`, and the
    working. Refuses with Invalid what is not of this form (codes of tender/exact.py; `calc_lengths_differ`,
    `bounds_wrong`, `weight_negative`).

    >>> allocate_file({"weights": [40, 30, 20, 10], "cap": ["0.30", "0.30", "0.20", "0.10"]})["gap"]
    '0.1'
    >>> allocate_file({"weights": [1, 1, 1]})["shares_bp"]
    [3334, 3333, 3333]
    """
    if isinstance(data, list):
        cases = listed(data, "file", CASES_MAX)
        return [_allocate_case(case, f"case {number}, ") for number, case in enumerate(cases, start=1)]
    return _allocate_case(data, "")


def _allocate_case(data: object, where: str) -> dict[str, object]:
    case = only_fields(data, where.rstrip(", ") or "file", frozenset({"weights"}), frozenset({"id", "floor", "cap"}))
    weights = _numbers(case, "weights", where, None)
    least, most = (_numbers(case, field, where, (len(weights), empty)) for field, empty in (("floor", 0), ("cap", 1)))
    for place, weight in enumerate(weights, start=1):
        if weight < 0:
            raise Invalid("weight_negative", where=f"{where}weights[{place}]")
    pairs = zip(least, most, strict=True)
    bounds = [whole_points(low, high, f"{where}floor[{n}], cap[{n}]") for n, (low, high) in enumerate(pairs, start=1)]
    floors, caps = [low for low, _ in bounds], [high for _, high in bounds]
    named = {"id": str(case["id"])[:80]} if "id" in case else {}
    try:
        filled = fill(weights, floors, caps)
    except Conflict as refused:
        working = {"floors_bp": floors, "caps_bp": caps, "floors_sum_bp": sum(floors), "caps_sum_bp": sum(caps)}
        return {**named, "refusal": refused.code, "gap": refused.facts["gap"], "working": working}
    working_rows = [
        {"weight": plain(weight), "floor_bp": low, "cap_bp": high, "unrounded_bp": plain(unrounded), "held": held}
        for weight, low, high, unrounded, held in zip(
            weights, floors, caps, filled.unrounded_bp, filled.held, strict=True
        )
    ]
    return {
        **named,
        "shares_bp": list(filled.shares_bp),
        "working": {"level_bp_per_weight": plain(filled.level), "members": working_rows},
    }


def _numbers(case: Mapping[str, object], field: str, where: str, fallback: tuple[int, int] | None) -> list[Fraction]:
    if field not in case and fallback is not None:
        length, empty = fallback
        return [Fraction(empty)] * length
    values = listed(case[field], f"{where}{field}", MEMBERS_MAX)
    if fallback is not None and len(values) != fallback[0]:
        raise Invalid("calc_lengths_differ", where=f"{where}{field}", wanted=fallback[0], given=len(values))
    return [exact(value, f"{where}{field}[{place}]") for place, value in enumerate(values, start=1)]
