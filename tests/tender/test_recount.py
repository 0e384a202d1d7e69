"""Score sheets: gathered into marks per bid, and the grounds on which they may be counted again."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.errors import Finding, Invalid
from tender.recount import Sheet, gather, objective_differences, outliers, recount_findings, sum_errors
from tender.scoring import Criterion

DESK, YEARS = Criterion("desk", Fraction(20)), Criterion("licence years", Fraction(5), objective=True)


def sheet(expert: str, bid: str, desk: int, years: int = 50, written: int | None = None) -> Sheet:
    marks = {"desk": Fraction(desk), "licence years": Fraction(years)}
    return Sheet(expert, bid, marks, None if written is None else Fraction(written))


def test_sheets_are_gathered_by_expert():
    """Each bid gets its marks in the order of the experts' names; a missing or doubled sheet is refused."""
    sheets = [sheet("e2", "A", 80), sheet("e1", "A", 90), sheet("e1", "B", 70), sheet("e2", "B", 60)]
    gathered = gather(sheets, {"A": Fraction(2), "B": None}, (DESK, YEARS))
    assert [bid.marks["desk"] for bid in gathered] == [(90, 80), (70, 60)]
    with pytest.raises(Invalid, match="sheets_wrong") as refused:
        gather([*sheets[1:], sheets[1], Sheet("e3", "A", {})], {"A": None, "B": None}, (DESK,))
    assert {finding.code for finding in refused.value.findings} == {"sheet_missing", "sheet_twice", "marks_missing"}


def test_a_recount_has_four_grounds():
    """A wrong sum, a mark out of range, an objective item marked differently, a mark far from the others'."""
    sheets = [sheet("e1", "A", 80, written=130), sheet("e2", "A", 101, 60, written=160), sheet("e3", "A", 30)]
    found = recount_findings(sheets, (DESK, YEARS))
    assert [finding.code for finding in found] == [
        "sheet_sum_wrong",
        "mark_out_of_range",
        "objective_marks_differ",
        "mark_far_from_others",
        "mark_far_from_others",
    ]
    assert found[0] == Finding("sheet_sum_wrong", "A, e2", {"written": "160", "reckoned": "161"})


def test_sheets_in_order_give_no_ground():
    """Equal objective marks, right sums and near marks pass; two experts cannot be far from each other."""
    sheets = [sheet("e1", "A", 80, written=130), sheet("e2", "A", 75, written=125)]
    assert sum_errors(sheets) == objective_differences(sheets, (YEARS,)) == []
    assert outliers([sheet("e1", "A", 0), sheet("e2", "A", 100)], (DESK,)) == []
    near = [sheet("e1", "A", 80), sheet("e2", "A", 80), sheet("e3", "A", 50)]
    assert outliers(near, (DESK,)) == []
