"""The modules that hold rows: whoever needs every table (migrations, checks) has them imported here."""

from __future__ import annotations

import importlib

MODELS = (
    "core.parties",
    "core.audit",
    "core.calendar",
    "core.papers",
    "ledger.models",
    "ledger.bank_models",
    "ledger.extract_models",
    "ledger.clause_models",
    "tender.change_models",
    "tender.models",
    "tender.outcome_models",
    "underwriting.models",
    "underwriting.variation_models",
    "claims.models",
    "claims.list_models",
    "web.accounts",
)


def import_all() -> None:
    """Import every module that defines a table."""
    for name in MODELS:
        importlib.import_module(name)
