"""Pure: the experts' score sheets gathered into marks per bid, and the checks that allow a recount.

A recount is allowed only for a sum error, a mark out of range, an objective item marked differently, or a mark
abnormally high or low; before the report is signed, unless found before the result. Source: 87号令 art. 64 (to be
verified). There is no check of sums: a sheet holds marks only, every sum is reckoned from them, and none is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.errors import Finding, Invalid
from tender.exact import half_up, plain, two_places
from tender.scoring import Criterion, MarkedBid, mark_findings

#: A mark this far (as a part of the highest mark) from the mean of the other experts' marks is worth a second look.
FAR_APART = Fraction(3, 10)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One expert's sheet for one bid: a mark per criterion."""

    expert: str
    bid: str
    marks: Mapping[str, Fraction]


def gather(
    sheets: Sequence[Sheet], prices: Mapping[str, Fraction | None], criteria: Sequence[Criterion]
) -> list[MarkedBid]:
    """Return the bids of `prices`, in its order, with the marks of all sheets; the experts in the order of their names.

    Refuses with Invalid `sheets_wrong`, findings `sheet_twice`, `sheet_missing` (bid, expert) and `marks_missing`: an
    expert marks every bid on every criterion or none, or the means would not compare.

    >>> item = Criterion("desk", Fraction(20))
    >>> gather([Sheet("e1", "A", {"desk": Fraction(80)})], {"A": Fraction(5)}, [item])[0].marks
    {'desk': (Fraction(80, 1),)}
    """
    found: list[Finding] = []
    by_pair: dict[tuple[str, str], Sheet] = {}
    for sheet in sheets:
        if (sheet.expert, sheet.bid) in by_pair:
            found.append(Finding("sheet_twice", f"{sheet.bid}, {sheet.expert}"))
        by_pair[sheet.expert, sheet.bid] = sheet
    experts = sorted({sheet.expert for sheet in sheets})
    for bid in prices:
        for expert in experts:
            if (expert, bid) not in by_pair:
                found.append(Finding("sheet_missing", f"{bid}, {expert}"))
                continue
            marks = by_pair[expert, bid].marks
            found += [
                Finding("marks_missing", f"{bid}, {expert}, {item.name}") for item in criteria if item.name not in marks
            ]
    if found:
        raise Invalid("sheets_wrong", findings=found)
    return [
        MarkedBid(
            bid,
            price,
            {item.name: tuple(by_pair[expert, bid].marks[item.name] for expert in experts) for item in criteria},
        )
        for bid, price in prices.items()
    ]


def recount_findings(
    sheets: Sequence[Sheet], criteria: Sequence[Criterion], far_apart: Fraction = FAR_APART
) -> list[Finding]:
    """Return every ground for a recount that the sheets show, by the three checks below.

    >>> recount_findings([Sheet("e1", "A", {"desk": Fraction(80)})], [Criterion("desk", Fraction(20))])
    []
    """
    return [
        *marks_out_of_range(sheets, criteria),
        *objective_differences(sheets, criteria),
        *outliers(sheets, criteria, far_apart),
    ]


def marks_out_of_range(sheets: Sequence[Sheet], criteria: Sequence[Criterion]) -> list[Finding]:
    """Return `mark_out_of_range` or `mark_off_step` for each mark that its criterion does not allow.

    >>> marks_out_of_range([Sheet("e1", "A", {"desk": Fraction(101)})], [Criterion("desk", Fraction(20))])[0].code
    'mark_out_of_range'
    """
    return [
        finding
        for sheet in sheets
        for item in criteria
        if item.name in sheet.marks
        for finding in mark_findings(item, [sheet.marks[item.name]], f"{sheet.bid}, {sheet.expert}, {item.name}")
    ]


def objective_differences(sheets: Sequence[Sheet], criteria: Sequence[Criterion]) -> list[Finding]:
    """Return `objective_marks_differ` (marks) where experts gave a bid different marks on an objective criterion.

    >>> item = Criterion("licence years", Fraction(5), objective=True)
    >>> two = [Sheet("e1", "A", {"licence years": Fraction(80)}), Sheet("e2", "A", {"licence years": Fraction(90)})]
    >>> objective_differences(two, [item])[0].where
    'A, licence years'
    """
    found = []
    for item in criteria:
        for bid, marks in _marks_on(sheets, item).items() if item.objective else ():
            if len(set(marks.values())) > 1:
                found.append(
                    Finding(
                        "objective_marks_differ",
                        f"{bid}, {item.name}",
                        {"marks": ", ".join(plain(mark) for mark in marks.values())},
                    )
                )
    return found


def outliers(sheets: Sequence[Sheet], criteria: Sequence[Criterion], far_apart: Fraction = FAR_APART) -> list[Finding]:
    """Return `mark_far_from_others` (mark, others_mean): a hint, not a fault; never with fewer than three experts.

    A mark counts as far where it differs from the mean of the other experts' marks by more than `far_apart` of the
    highest mark.

    >>> sheets = [Sheet(f"e{n}", "A", {"desk": Fraction(mark)}) for n, mark in enumerate((80, 82, 40))]
    >>> [finding.where for finding in outliers(sheets, [Criterion("desk", Fraction(20))])]
    ['A, e2, desk']
    """
    found = []
    for item in criteria:
        for bid, marks in _marks_on(sheets, item).items():
            if len(marks) < 3:
                continue
            for expert, mark in marks.items():
                others = (sum(marks.values(), Fraction(0)) - mark) / (len(marks) - 1)
                if abs(mark - others) > far_apart * item.mark_max:
                    facts: dict[str, object] = {"mark": plain(mark), "others_mean": two_places(half_up(others))}
                    found.append(Finding("mark_far_from_others", f"{bid}, {expert}, {item.name}", facts))
    return found


def _marks_on(sheets: Sequence[Sheet], item: Criterion) -> dict[str, dict[str, Fraction]]:
    by_bid: dict[str, dict[str, Fraction]] = {}
    for sheet in sheets:
        if item.name in sheet.marks:
            by_bid.setdefault(sheet.bid, {})[sheet.expert] = sheet.marks[item.name]
    return by_bid
