"""Every cell of every MOVES table: what it names leads there, everything else is refused and says what is allowed."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint

from core.db import Model
from core.errors import Conflict
from core.stages import Moves, allowed, step
from web import rooms

rooms.import_all()

TABLES = {
    f"{room}.{name}": getattr(importlib.import_module(f"{room}.stages"), name)
    for room in ("ledger", "tender", "underwriting", "claims")
    for name in dir(importlib.import_module(f"{room}.stages"))
    if name.endswith("_MOVES")
}

#: MOVES table -> the rows whose stages it moves.
ROWS = {
    "ledger.PERIOD_MOVES": "period",
    "ledger.STATEMENT_MOVES": "statement",
    "ledger.APART_MOVES": "apart_item",
    "ledger.STEP_UP_MOVES": "step_up",
    "ledger.EXTRACT_MOVES": "book_extract",
    "ledger.BANK_ACCOUNT_MOVES": "bank_account",
    "ledger.PAYMENT_BATCH_MOVES": "payment_batch",
    "ledger.BANK_MATCH_MOVES": "bank_match",
    "ledger.HELD_RECEIPT_MOVES": "held_receipt",
    "tender.TENDER_MOVES": "tender",
    "tender.BID_MOVES": "bid",
    "underwriting.POLICY_MOVES": "policy",
    "underwriting.SENT_LIST_MOVES": "bordereau claims_list",
    "underwriting.REFUND_MOVES": "refund",
    "underwriting.VARIATION_MOVES": "variation",
    "claims.FAULT_MOVES": "fault",
    "claims.CLAIM_MOVES": "claim",
    "claims.CASH_CALL_MOVES": "cash_call",
    "claims.COST_MOVES": "claim_cost",
    "claims.POOL_MOVES": "pool_closing",
}

#: Stages that no row is ever in: a bid's draft lies with its bidder, a replaced version is told by its successor, and
#: that a pool is in run-off follows from the day.
NEVER_STORED = {"tender.BID_MOVES": {"draft", "replaced"}, "claims.POOL_MOVES": {"run_off"}}


def _written() -> dict[str, dict[tuple[str, str], str]]:
    """Return the tables that `moves.txt` writes out, by name."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    name = ""
    for line in (Path(__file__).parent / "moves.txt").read_text(encoding="utf-8").splitlines():
        match line.partition("#")[0].split():
            case [name]:
                found[name] = {}
            case [stage, verb, following]:
                assert (stage, verb) not in found[name], line
                found[name][stage, verb] = following
            case words:
                assert words == [], line
    return found


WRITTEN = _written()


def _cells(moves: Moves) -> list[tuple[str, str]]:
    stages = sorted({stage for stage, _ in moves} | set(moves.values()))
    return [(stage, verb) for stage in stages for verb in sorted({verb for _, verb in moves})]


def _wrong_cells(moves: Moves, written: Moves, name: str) -> list[str]:
    """Return each cell whose answer is not the written one, asked of `step` over every stage and verb of both."""
    wrong = []
    for stage, verb in sorted({*_cells(moves), *_cells({**moves, **written})}):
        expected = written.get((stage, verb), "refused")
        try:
            found = step(moves, stage, verb, kind=name)
        except Conflict as refusal:
            takes = [one for start, one in written if start == stage]
            assert (refusal.code, refusal.facts["allowed"]) == ("stage_refuses", allowed(moves, stage))
            found = "refused" if sorted(allowed(moves, stage)) == sorted(takes) else f"takes {allowed(moves, stage)}"
        if found != expected:
            wrong.append(f"{name}: {stage} {verb}: {found}, not {expected}")
    return wrong


def test_every_table_is_known_here() -> None:
    """A new MOVES table is walked too, and written out."""
    assert set(TABLES) == set(ROWS) == set(WRITTEN)


@pytest.mark.parametrize("name", TABLES)
def test_every_cell(name: str) -> None:
    """A written cell leads to its stage; any other is refused with the verbs that the stage does take."""
    assert _wrong_cells(TABLES[name], WRITTEN[name], name) == []


@pytest.mark.parametrize("name", TABLES)
def test_a_changed_cell_is_found(name: str) -> None:
    """Leading elsewhere, one cell less or one more: the comparison tells each."""
    moves = TABLES[name]
    for cell in moves:
        assert _wrong_cells({**moves, cell: "elsewhere"}, WRITTEN[name], name)
        assert _wrong_cells({one: to for one, to in moves.items() if one != cell}, WRITTEN[name], name)
    for cell in set(_cells(moves)) - set(moves):
        assert _wrong_cells({**moves, cell: cell[0]}, WRITTEN[name], name)


@pytest.mark.parametrize("name", TABLES)
def test_the_database_knows_the_same_stages(name: str) -> None:
    """The row's CHECK names every stage of its table, so that no other word is ever stored."""
    moves = TABLES[name]
    for row in ROWS[name].split():
        rules = Model.metadata.tables[row].constraints
        texts = [str(rule.sqltext) for rule in rules if isinstance(rule, CheckConstraint)]
        (stages,) = [text for text in texts if re.match(r"stage IN \(", text)]
        named = set(re.findall(r"'(\w+)'", stages))
        assert ({stage for stage, _ in moves} | set(moves.values())) - NEVER_STORED.get(name, set()) <= named
