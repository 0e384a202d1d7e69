"""Every cell of every MOVES table: what it names leads there, everything else is refused and says what is allowed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

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

#: MOVES table -> the row whose stages it moves.
ROWS = {
    "ledger.PERIOD_MOVES": "period",
    "ledger.STATEMENT_MOVES": "statement",
    "tender.TENDER_MOVES": "tender",
    "tender.BID_MOVES": "bid",
    "underwriting.POLICY_MOVES": "policy",
    "underwriting.REFUND_MOVES": "refund",
    "claims.FAULT_MOVES": "fault",
    "claims.CLAIM_MOVES": "claim",
    "claims.CASH_CALL_MOVES": "cash_call",
    "claims.COST_MOVES": "claim_cost",
}

#: Stages that no row is ever in: a bid's draft lies with its bidder, a replaced version is told by its successor.
NEVER_STORED = {"tender.BID_MOVES": {"draft", "replaced"}}


def _cells(moves: Moves) -> Iterator[tuple[str, str]]:
    stages = sorted({stage for stage, _ in moves} | set(moves.values()))
    verbs = sorted({verb for _, verb in moves})
    return ((stage, verb) for stage in stages for verb in verbs)


def test_every_table_is_known_here() -> None:
    """A new MOVES table is walked too."""
    assert set(TABLES) == set(ROWS)


@pytest.mark.parametrize("name", TABLES)
def test_every_cell(name: str) -> None:
    """A named cell leads to its stage; any other is refused with the verbs that the stage does take."""
    moves = TABLES[name]
    for stage, verb in _cells(moves):
        if (stage, verb) in moves:
            assert step(moves, stage, verb, kind=name) == moves[stage, verb]
            continue
        with pytest.raises(Conflict, match="stage_refuses") as caught:
            step(moves, stage, verb, kind=name)
        assert caught.value.facts["allowed"] == allowed(moves, stage)


@pytest.mark.parametrize("name", TABLES)
def test_the_database_knows_the_same_stages(name: str) -> None:
    """The row's CHECK names every stage of its table, so that no other word is ever stored."""
    table = Model.metadata.tables[ROWS[name]]
    texts = [str(rule.sqltext) for rule in table.constraints if isinstance(rule, CheckConstraint)]
    (stages,) = [text for text in texts if re.match(r"stage IN \(", text)]
    named = set(re.findall(r"'(\w+)'", stages))
    moves = TABLES[name]
    assert ({stage for stage, _ in moves} | set(moves.values())) - NEVER_STORED.get(name, set()) <= named
