"""Pure: marks and prices of the bids -> a ranking in exact arithmetic, with the working shown.

The rule (TENDER: scoring): a criterion's points = mean of the experts' marks x weight / highest mark, to 0.01 half
up; the price's points = lowest price / this price x price weight, to 0.01 half up (low price first, no price
dropped); the total is the sum of these rounded parts, so that anyone who adds up the printed table gets the printed
total. Rank: total down, price up, technical points down, then the keys that the tender document declared, in its
order. Who is still equal shares the rank; only the public draw (tender/draw.py) separates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from core.errors import Conflict, Finding, Invalid
from tender.exact import exact, half_up, listed, only_fields, plain, two_places

HUNDRED = Fraction(100)
#: The most bids, and experts of a bid, that a file may name.
BIDS_MAX, EXPERTS_MAX = 200, 100


@dataclass(frozen=True, slots=True)
class Criterion:
    """One scored item of the tender document: `weight` points, marked by each expert from 0 to `mark_max`.

    `mark_step` None allows any mark in the range. An `objective` item follows from a document, so experts cannot
    differ on it.
    """

    name: str
    weight: Fraction
    mark_max: Fraction = HUNDRED
    mark_step: Fraction | None = None
    objective: bool = False


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the tender document says that bids are scored.

    `next_keys` name criteria whose points break a tie, more points first, after total, price and technical points.
    `drops_extreme_marks` leaves out one highest and one lowest expert mark (allowed only where the document says so,
    never for prices). `recomputes_after_exclusion` says which of two results counts where a bid is thrown out before
    the report is signed; both are always shown.
    """

    price_weight: Fraction
    criteria: tuple[Criterion, ...]
    next_keys: tuple[str, ...] = ()
    drops_extreme_marks: bool = False
    recomputes_after_exclusion: bool = True


@dataclass(frozen=True, slots=True)
class MarkedBid:
    """What is scored of one bid: its evaluated price, and its marks by criterion (one per expert) or points.

    `price` may be in any unit, the same for all bids. `technical` stands for points that are already weighted and
    summed.
    """

    bid: str
    price: Fraction | None
    marks: Mapping[str, tuple[Fraction, ...]] = field(default_factory=dict)
    technical: Fraction | None = None


@dataclass(frozen=True, slots=True)
class ComponentStep:
    """The working of one criterion: `mean` of the `counted` marks x `weight` / `mark_max` = `unrounded`; `points`."""

    criterion: str
    marks: tuple[Fraction, ...]
    counted: tuple[Fraction, ...]
    mean: Fraction
    weight: Fraction
    mark_max: Fraction
    unrounded: Fraction
    points: Fraction


@dataclass(frozen=True, slots=True)
class PriceStep:
    """The working of the price: lowest / price x weight = `unrounded`; `points` to 0.01."""

    lowest: Fraction
    price: Fraction
    weight: Fraction
    unrounded: Fraction
    points: Fraction


@dataclass(frozen=True, slots=True)
class ScoredBid:
    """One bid's points with their working. `technical` + price points = `total`.

    `rank` counts from 1 and is shared by who is equal. `decided_by` says what sets this bid behind the one above it:
    `total`, `price`, `technical`, a criterion's name, `tie` (equal on all, the draw decides) or "" for the first.
    """

    bid: str
    components: tuple[ComponentStep, ...]
    technical: Fraction
    price: Fraction | None
    price_step: PriceStep | None
    total: Fraction
    rank: int = 0
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The bids in order of rank. Bids that are equal stand next to each other, in the order in which they came in."""

    bids: tuple[ScoredBid, ...]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the ids by rank; a group of two or more is a tie that the public draw has to settle."""
        ranks = dict.fromkeys(each.rank for each in self.bids)
        return tuple(tuple(each.bid for each in self.bids if each.rank == rank) for rank in ranks)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What throwing bids out does: `kept` leaves the points as they were, `recomputed` scores the rest anew.

    `recomputed` is None after the report is signed. `counts` is the one that stands. `reverses` is true where the two
    would put the remaining bids in another order: the thrown-out price was the lowest and had pressed the others'
    price points. That is what complaints are about, so both are shown.
    """

    kept: Ranking
    recomputed: Ranking | None
    counts: Ranking
    reverses: bool


def criterion_points(criterion: Criterion, marks: Sequence[Fraction], drops_extremes: bool = False) -> ComponentStep:
    """Return one criterion's points from the experts' marks: mean x weight / highest mark, to 0.01 half up.

    With `drops_extremes` one highest and one lowest mark are left out.
    Refuses with Invalid `marks_too_few` (criterion, needed): no mark, or fewer than three where extremes are dropped.

    (86+88+84+90+87)/5 = 87; 87 x 90/100 = 78.30:
    >>> criterion_points(Criterion("technical", Fraction(90)), [Fraction(m) for m in (86, 88, 84, 90, 87)]).points
    Fraction(783, 10)
    """
    needed = 3 if drops_extremes else 1
    if len(marks) < needed:
        raise Invalid("marks_too_few", criterion=criterion.name, needed=needed)
    counted = tuple(sorted(marks)[1:-1]) if drops_extremes else tuple(marks)
    mean = sum(counted, Fraction(0)) / len(counted)
    unrounded = mean * criterion.weight / criterion.mark_max
    return ComponentStep(
        criterion.name, tuple(marks), counted, mean, criterion.weight, criterion.mark_max, unrounded, half_up(unrounded)
    )


def price_points(price: Fraction, lowest: Fraction, weight: Fraction) -> PriceStep:
    """Return a price's points: lowest / price x weight, to 0.01 half up; the lowest price gets the whole weight.

    The lowest is taken over the valid bids, after any policy discount. Source: 87号令 art. 55 (to be verified).

    1140 / 1310 x 10 = 8.7022…:
    >>> price_points(Fraction(1310), Fraction(1140), Fraction(10)).points
    Fraction(87, 10)
    """
    unrounded = lowest / price * weight
    return PriceStep(lowest, price, weight, unrounded, half_up(unrounded))


def mark_findings(criterion: Criterion, marks: Sequence[Fraction], where: str) -> list[Finding]:
    """Return what is wrong with marks: `mark_out_of_range` (mark, mark_max), `mark_off_step` (mark, mark_step).

    >>> [f.code for f in mark_findings(Criterion("desk", Fraction(20)), [Fraction(101)], "B")]
    ['mark_out_of_range']
    """
    found = []
    for mark in marks:
        if not 0 <= mark <= criterion.mark_max:
            found.append(
                Finding("mark_out_of_range", where, {"mark": plain(mark), "mark_max": plain(criterion.mark_max)})
            )
        elif criterion.mark_step is not None and (mark / criterion.mark_step).denominator != 1:
            found.append(
                Finding("mark_off_step", where, {"mark": plain(mark), "mark_step": plain(criterion.mark_step)})
            )
    return found


def _bid_findings(bids: Sequence[MarkedBid], scheme: Scheme) -> list[Finding]:
    found: list[Finding] = []
    technical_max = sum((criterion.weight for criterion in scheme.criteria), Fraction(0))
    counts = {len(marks) for each in bids for marks in each.marks.values()}
    for each in bids:
        if scheme.price_weight > 0 if each.price is None else each.price <= 0:
            found.append(Finding("price_not_positive", each.bid))
        if each.technical is not None:
            if each.marks:
                found.append(Finding("marks_and_points_both", each.bid))
            if not 0 <= each.technical <= technical_max:
                found.append(Finding("points_out_of_range", each.bid, {"points_max": plain(technical_max)}))
            continue
        for criterion in scheme.criteria:
            marks = each.marks.get(criterion.name, ())
            if len(marks) != max(counts, default=0) or not marks:
                found.append(Finding("marks_missing", f"{each.bid}, {criterion.name}"))
            found += mark_findings(criterion, marks, f"{each.bid}, {criterion.name}")
        unknown = each.marks.keys() - {criterion.name for criterion in scheme.criteria}
        found += [Finding("criterion_not_declared", f"{each.bid}, {name}") for name in sorted(unknown)]
    return found


def score(bids: Sequence[MarkedBid], scheme: Scheme) -> Ranking:
    """Return the bids scored and ranked.

    Refuses with Invalid `marks_wrong`, its findings naming every wrong place: `price_not_positive`, `marks_missing`
    (each expert marks each bid on each criterion, or the means would not compare), `mark_out_of_range`,
    `mark_off_step`, `points_out_of_range`, `marks_and_points_both`, `criterion_not_declared` (only criteria of the
    document count: 条例 art. 49).

    >>> two = [MarkedBid(b, Fraction(p), technical=Fraction(t)) for b, p, t in (("A", 1200, 60), ("B", 1000, 58))]
    >>> [(b.bid, b.total) for b in score(two, Scheme(Fraction(30), (Criterion("technical", Fraction(70)),))).bids]
    [('B', Fraction(88, 1)), ('A', Fraction(85, 1))]
    """
    found = _bid_findings(bids, scheme)
    if len({each.bid for each in bids}) != len(bids):
        found.append(Finding("bid_twice", "bids"))
    found += [
        Finding("criterion_not_declared", name)
        for name in scheme.next_keys
        if name not in {criterion.name for criterion in scheme.criteria}
    ]
    if found:
        raise Invalid("marks_wrong", findings=found)
    prices = [each.price for each in bids if each.price is not None]
    lowest = min(prices, default=Fraction(0))
    return rank([_score_one(each, lowest, scheme) for each in bids], scheme)


def _score_one(bid: MarkedBid, lowest: Fraction, scheme: Scheme) -> ScoredBid:
    components: tuple[ComponentStep, ...] = ()
    if bid.technical is None:
        components = tuple(
            criterion_points(criterion, bid.marks[criterion.name], scheme.drops_extreme_marks)
            for criterion in scheme.criteria
        )
        technical = sum((step.points for step in components), Fraction(0))
    else:
        technical = half_up(bid.technical)
    step = None
    if scheme.price_weight > 0 and bid.price is not None:
        step = price_points(bid.price, lowest, scheme.price_weight)
    total = technical + (step.points if step else Fraction(0))
    return ScoredBid(bid.bid, components, technical, bid.price, step, total)


def rank(bids: Sequence[ScoredBid], scheme: Scheme) -> Ranking:
    """Return bids whose points stand in the order of their rank.

    Keys: total down, price up, technical down, declared keys; equals share a rank. Price is a key only where every
    bid names one. Source: 87号令 art. 57 (to be verified).

    >>> a = ScoredBid("A", (), Fraction(50), Fraction(9), None, Fraction(60))
    >>> b = ScoredBid("B", (), Fraction(51), Fraction(8), None, Fraction(60))
    >>> [(each.bid, each.rank, each.decided_by) for each in rank([a, b], Scheme(Fraction(10), ())).bids]
    [('B', 1, ''), ('A', 2, 'price')]
    """
    priced = all(each.price is not None for each in bids)
    names = ("total", "price", "technical", *scheme.next_keys)

    def key(each: ScoredBid) -> tuple[Fraction, ...]:
        points = {step.criterion: step.points for step in each.components}
        price = each.price if priced and each.price is not None else Fraction(0)
        return (-each.total, price, -each.technical, *(-points.get(name, Fraction(0)) for name in scheme.next_keys))

    placed: list[ScoredBid] = []
    for place, each in enumerate(sorted(bids, key=key), start=1):
        if not placed:
            placed.append(replace(each, rank=1, decided_by=""))
            continue
        differing = [name for name, mine, above in zip(names, key(each), key(placed[-1]), strict=True) if mine != above]
        rank_here = place if differing else placed[-1].rank
        placed.append(replace(each, rank=rank_here, decided_by=differing[0] if differing else "tie"))
    return Ranking(tuple(placed))


def without(
    bids: Sequence[MarkedBid],
    scheme: Scheme,
    excluded: frozenset[str],
    *,
    report_signed: bool,
    recompute: bool | None = None,
) -> Exclusion:
    """Return both results after bids were thrown out: with the points as they were, and with the rest scored anew.

    `recompute` overrides the scheme's declared switch. After the report is signed nothing is ever recomputed.
    Refuses with Conflict `report_signed` where a recomputation is asked for then, `no_bid_left` where all are excluded.

    >>> bids = [MarkedBid(b, Fraction(p), technical=Fraction(t))
    ...         for b, p, t in (("A", 1000, 60), ("B", 1300, "65.6"), ("C", 700, 40))]
    >>> scheme = Scheme(Fraction(30), (Criterion("technical", Fraction(70)),))
    >>> both = without(bids, scheme, frozenset("C"), report_signed=False)
    >>> both.kept.groups, both.counts.groups, both.reverses
    ((('B',), ('A',)), (('A',), ('B',)), True)
    """
    if report_signed and recompute:
        raise Conflict("report_signed")
    rest = [each for each in bids if each.bid not in excluded]
    if not rest:
        raise Conflict("no_bid_left")
    kept = rank([each for each in score(bids, scheme).bids if each.bid not in excluded], scheme)
    if report_signed:
        return Exclusion(kept, None, kept, False)
    anew = score(rest, scheme)
    counts_anew = scheme.recomputes_after_exclusion if recompute is None else recompute
    return Exclusion(kept, anew, anew if counts_anew else kept, kept.groups != anew.groups)


def score_file(data: object) -> dict[str, object]:
    """Return the points and the ranking of a file, as the calculator prints them.

    The file is `{"price_weight", "technical_weight", "bids": {id: {"price", "experts": [...]}}}`, each expert giving
    one mark of 100, or `"technical"` in the place of `experts`: points already weighted (`technical_weight` may then
    be left out and is the rest to 100). Out: `result` (id -> technical points, price points, total), `totals`,
    `ranking` with each tie as a list, and the working. Refuses with Invalid what is not of this form (codes of
    tender/exact.py, `calc_weights_over_100`) and as `score` does.

    >>> bids = {"A": {"price": "1000", "technical": "60.0"}, "B": {"price": "1300", "technical": "65.6"}}
    >>> score_file({"price_weight": 30, "bids": bids})["ranking"]
    ['A', 'B']
    """
    file = only_fields(data, "file", frozenset({"price_weight", "bids"}), frozenset({"technical_weight", "id"}))
    price_weight = exact(file["price_weight"], "price_weight")
    technical_weight = exact(file.get("technical_weight", plain(HUNDRED - price_weight)), "technical_weight")
    if price_weight < 0 or technical_weight < 0 or price_weight + technical_weight > HUNDRED:
        raise Invalid(
            "calc_weights_over_100", price_weight=plain(price_weight), technical_weight=plain(technical_weight)
        )
    bids = file["bids"]
    if not isinstance(bids, dict) or not 1 <= len(bids) <= BIDS_MAX:
        raise Invalid("calc_bids_wrong", where="bids", most=BIDS_MAX)
    marked = [_bid_of_file(str(name), entry) for name, entry in bids.items()]
    if "technical_weight" not in file and any(each.marks for each in marked):
        raise Invalid("calc_field_missing", where="file", field="technical_weight")
    ranking = score(marked, Scheme(price_weight, (Criterion("technical", technical_weight),)))
    named = {"id": str(file["id"])[:80]} if "id" in file else {}
    return {
        **named,
        "result": {each.bid: [two_places(part) for part in _parts(each)] for each in ranking.bids},
        "totals": {each.bid: two_places(each.total) for each in ranking.bids},
        "ranking": [group[0] if len(group) == 1 else list(group) for group in ranking.groups],
        "working": [_working(each) for each in ranking.bids],
    }


def _bid_of_file(name: str, entry: object) -> MarkedBid:
    where = f"bids.{name[:40]}"
    bid = only_fields(entry, where, frozenset(), frozenset({"price", "experts", "technical"}))
    if ("experts" in bid) == ("technical" in bid):
        raise Invalid("calc_experts_or_technical", where=where)
    price = exact(bid["price"], f"{where}.price") if "price" in bid else None
    if "technical" in bid:
        return MarkedBid(name, price, technical=exact(bid["technical"], f"{where}.technical"))
    experts = listed(bid["experts"], f"{where}.experts", EXPERTS_MAX)
    marks = tuple(exact(mark, f"{where}.experts[{place}]") for place, mark in enumerate(experts, start=1))
    return MarkedBid(name, price, {"technical": marks})


def _parts(each: ScoredBid) -> tuple[Fraction, Fraction, Fraction]:
    return each.technical, each.price_step.points if each.price_step else Fraction(0), each.total


def _working(each: ScoredBid) -> dict[str, object]:
    shown: dict[str, object] = {"bid": each.bid, "rank": each.rank, "decided_by": each.decided_by}
    for step in each.components:
        shown[step.criterion] = {
            "marks": [plain(mark) for mark in step.marks],
            "mean": plain(step.mean),
            "times": f"{plain(step.weight)}/{plain(step.mark_max)}",
            "unrounded": plain(step.unrounded),
            "points": two_places(step.points),
        }
    if each.price_step:
        step_of_price = each.price_step
        shown["price"] = {
            "lowest": plain(step_of_price.lowest),
            "price": plain(step_of_price.price),
            "times": plain(step_of_price.weight),
            "unrounded": plain(step_of_price.unrounded),
            "points": two_places(step_of_price.points),
        }
    return shown
