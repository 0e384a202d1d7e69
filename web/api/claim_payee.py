"""Whom a claim is paid to."""

from __future__ import annotations

import uuid
from typing import Any

from claims import handling, payouts
from ledger import bank_payees
from web import fields
from web.api import Strict, resource
from web.money_desk import led_pool
from web.shell import actor, at, needs, unit

api = resource("claim_payee", "Whom a claim is paid to.", "/claims/<uuid:claim_id>/payee")


class ClaimPayeeIn(Strict):
    """A payee of the claim's pool."""

    payee_id = fields.UUID(required=True)


class ClaimPayeeOut(Strict):
    """The claim and whom it is paid to."""

    claim = fields.String()
    payee_id = fields.UUID()
    name = fields.String()


@api.post("")
@needs("claim.payee")
@api.arguments(ClaimPayeeIn)
@api.response(200, ClaimPayeeOut)
def name(told: dict[str, Any], claim_id: uuid.UUID) -> dict[str, Any]:
    """Say whom a claim is paid to, until it is paid and while no batch pays it."""
    claim = handling.get(unit(), claim_id, actor())
    pool = led_pool(claim.pool_id)
    payee = bank_payees.get(unit(), told["payee_id"], actor(), pool_id=pool.id)
    payouts.name_payee(unit(), claim, payee, by=actor(), at=at())
    return {"claim": claim.number, "payee_id": payee.id, "name": payee.name}
