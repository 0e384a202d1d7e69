"""The calculators for programs: the same functions as the pages and the command, open to everyone."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue

from core import calendar
from core.errors import Finding, Invalid
from core.working_time import clock_working
from ledger.apportion import Weights
from ledger.money import check_amount
from tender.allocation import allocate_file
from tender.exact import read_json
from tender.scoring import score_file
from web import calculating, fields, limits
from web.api import AmountIn, Fen, Strict, resource
from web.shell import needs, unit

api = resource("calculators", "What the book and the evaluation compute, with the working shown. Open to everyone.")

_AMOUNTS_MAX = 10_000


class ApportionIn(Strict):
    """Amounts to split, in order, by whole weights over their sum, or by `shares`: percentages that add up to 100."""

    weights = fields.List(fields.Integer(strict=True), validate=ma.validate.Length(1, calculating.MEMBERS_MAX))
    shares = fields.String(metadata={"example": "45,25,20,10"})
    amounts_fen = fields.List(AmountIn(), required=True, validate=ma.validate.Length(0, _AMOUNTS_MAX))


class SplitRow(Strict):
    """One amount, its parts in member order, and the carry after it in 1/whole fen."""

    amount_fen = Fen()
    parts_fen = fields.List(Fen())
    carry_after = fields.List(fields.Integer(strict=True))


class ApportionOut(Strict):
    """A stream split amount by amount, with what each member got in all and the carry that is left."""

    weights = fields.List(fields.Integer(strict=True))
    whole = fields.Integer(strict=True)
    rows = fields.List(fields.Nested(SplitRow))
    total_fen = Fen()
    totals_fen = fields.List(Fen())
    carry = fields.List(fields.Integer(strict=True))


class ClockIn(Strict):
    """A start (city time unless a zone is written) and the working minutes after it."""

    start = fields.String(required=True, metadata={"example": "2026-02-13T16:00"})
    minutes = fields.Integer(strict=True, required=True, metadata={"example": 240})


class ClockOut(Strict):
    """When the clock runs out, by which stretches of working time."""

    start = fields.String()
    minutes = fields.Integer(strict=True)
    due = fields.String()
    is_provisional = fields.Boolean()
    windows = fields.List(fields.String())
    segments = fields.List(fields.Dict())
    skipped_days = fields.List(fields.String())


def _limited() -> Any:
    """Take a token of the visitor's bucket; return the engine."""
    engine = current_app.extensions["gongbao"].engine
    limits.take(engine, limits.CALCULATE, request.remote_addr or "")
    return engine


def _body(bytes_max: int) -> object:
    """Return the JSON body with every decimal kept as it was written. Refuses `input_not_json`, `http_413`."""
    content = request.get_data(cache=False)
    if len(content) > bytes_max:
        raise calculating.too_large()
    try:
        return read_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Invalid("not_utf8") from None


def _described(example: object) -> dict[str, Any]:
    """Return the description of a body whose form the calculator itself checks."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": example}}}}


@api.post("/apportion")
@needs("calculator.use", has_unit=False)
@api.arguments(ApportionIn)
@api.response(200, ApportionOut)
def apportion(body: dict[str, Any]) -> dict[str, Any]:
    """Split amounts by shares, with carried residue."""
    _limited()
    if ("weights" in body) == ("shares" in body):
        raise Invalid("input_wrong", [Finding("input_missing", "weights")])
    weights = Weights.of(*body["weights"]) if "weights" in body else calculating.weights_of_shares(body["shares"])
    return calculating.split_document([check_amount(one) for one in body["amounts_fen"]], weights)


@api.post("/clock")
@needs("calculator.use", writes=False)
@api.arguments(ClockIn)
@api.response(200, ClockOut)
def clock(body: dict[str, Any]) -> dict[str, Any]:
    """Say when so many working minutes are over, by the city's calendar."""
    days = calculating.days_of(calendar.load(unit(), *calculating.span_of_years()))
    return clock_working(days, body["start"], body["minutes"])


@api.post("/score")
@needs("calculator.use", has_unit=False)
@api.doc(
    **_described({"price_weight": 10, "technical_weight": 90, "bids": {"A": {"price": "1200.00", "experts": [86, 88]}}})
)
@api.response(200, description="Components, totals, ranking with ties, and the working.")
def score() -> ResponseReturnValue:
    """Score and rank bids from marks and prices."""
    _limited()
    return jsonify(score_file(_body(calculating.REHEARSAL_BYTES_MAX)))


@api.post("/allocate")
@needs("calculator.use", has_unit=False)
@api.doc(**_described({"weights": [40, 30, 20, 10], "cap": ["0.35", "0.32", "0.30", "0.20"]}))
@api.response(200, description="Shares in basis points, or the refusal and its gap; a list for a list of cases.")
def allocate() -> ResponseReturnValue:
    """Allocate shares by weight between floors and caps."""
    _limited()
    return jsonify(allocate_file(_body(calculating.REHEARSAL_BYTES_MAX)))


@api.post("/rehearse")
@needs("calculator.use", has_unit=False)
@api.doc(**_described({"agreement": {}, "events": []}))
@api.response(200, description="Splits, statements, trial balances and carries, as the command prints them.")
def rehearse() -> ResponseReturnValue:
    """Play an agreement and its events through the real verbs and undo it all; at most 500 events and 256 KiB."""
    engine = current_app.extensions["gongbao"].engine
    left = limits.take(engine, limits.REHEARSE, request.remote_addr or "")
    data = calculating.check_rehearsal(_body(calculating.REHEARSAL_BYTES_MAX))
    result = jsonify(calculating.rehearse(engine, data, budget_s=calculating.REHEARSAL_SECONDS))
    result.headers["RateLimit-Policy"] = f'"{limits.REHEARSE.name}";q={limits.REHEARSE.burst}'
    result.headers["RateLimit"] = f'"{limits.REHEARSE.name}";r={left};t={limits.REHEARSE.every_s}'
    return result
