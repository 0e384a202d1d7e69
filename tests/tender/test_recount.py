"""Score sheets: gathered into marks per bid, and the grounds on which they may be counted again."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.errors import Invalid
from tender.recount import Sheet, gather, objective_differences, outliers, recount_findings
from tender.scoring import Criterion

DESK, YEARS = Criterion("desk", Fraction(20)), Criterion("licence years", Fraction(5), objective=True)


def sheet(expert: str, bid: str, desk: int, years: int = 50) -> Sheet:
    return Sheet(expert, bid, {"desk": Fraction(desk), "licence years": Fraction(years)})


def test_sheets_are_gathered_by_expert():
    """Each bid gets its marks in the order of the experts' names; a missing or doubled sheet is refused."""
    sheets = [sheet("e2", "A", 80), sheet("e1", "A", 90), sheet("e1", "B", 70), sheet("e2", "B", 60)]
    gathered = gather(sheets, {"A": Fraction(2), "B": None}, (DESK, YEARS))
    assert [bid.marks["desk"] for bid in gathered] == [(90, 80), (70, 60)]
    with pytest.raises(Invalid, match="sheets_wrong") as refused:
        gather([*sheets[1:], sheets[1], Sheet("e3", "A", {})], {"A": None, "B": None}, (DESK,))
    assert {finding.code for finding in refused.value.findings} == {"sheet_missing", "sheet_twice", "marks_missing"}


def test_a_recount_has_three_grounds():
    """A mark out of range, an objective item marked differently, a mark far from the others; sums are never written."""
    sheets = [sheet("e1", "A", 80), sheet("e2", "A", 101, 60), sheet("e3", "A", 30)]
    found = recount_findings(sheets, (DESK, YEARS))
    assert [finding.code for finding in found] == [
        "mark_out_of_range",
        "objective_marks_differ",
        "mark_far_from_others",
        "mark_far_from_others",
    ]
    assert found[0].where == "A, e2, desk"


def test_sheets_in_order_give_no_ground():
    """Equal objective marks and near marks pass; two experts cannot be far from each other."""
    assert objective_differences([sheet("e1", "A", 80), sheet("e2", "A", 75)], (YEARS,)) == []
    assert outliers([sheet("e1", "A", 0), sheet("e2", "A", 100)], (DESK,)) == []
    near = [sheet("e1", "A", 80), sheet("e2", "A", 80), sheet("e3", "A", 50)]
    assert outliers(near, (DESK,)) == []
