"""The first pages of claims handlers and repairers: what presses first, by the clocks of the service standard."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from claims import handling
from claims.models import Claim, FaultEvent
from core.permits import Role
from web import claim_desk, sent_desk
from web.claim_work import claims_waiting
from web.claims_list_desk import CLAIMS_LISTS
from web.fault_queue import queue
from web.formats import number, t
from web.pages.faults import next_steps
from web.service_figures import month_figures
from web.shell import actor, at, unit


def _queue_items() -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "title": f"{row.community} {row.building} · {row.lift_number}",
            "href": url_for("faults.one", fault_id=row.id),
            "note": row.description,
            "number": row.number,
            "stage": row.stage,
            "is_trapped": row.is_trapped,
            "clock": due,
            "steps": [one for one in next_steps(row, is_workable=row.is_workable) if not one["needs_note"]][:1],
        }
        for row, due in queue(unit(), actor(), at=at())
    ]


def _claims_home() -> ResponseReturnValue:
    items = _queue_items()
    claims = handling.visible_to(actor()).subquery()
    stages = unit().execute(select(claims.c.stage, func.count()).group_by(claims.c.stage))
    counted = {stage: int(count) for stage, count in stages}
    waiting = claim_desk.claims_of(actor()).where(Claim.stage.in_(claim_desk.UNDECIDED))
    found = unit().execute(waiting.order_by(Claim.made_at).limit(20)).all()
    late = sum(1 for item in items if item["clock"] and item["clock"].state == "breached")
    tiles = [
        {
            "label": t("未修复的故障", "Faults not repaired"),
            "value": number(len(items)),
            "href": url_for("faults.index", stage="open"),
            "change": t("{n} 次已超时", "{n} past their time", n=number(late)),
        },
        _claim_tile(t("待提交", "To be submitted"), "open", counted),
        _claim_tile(t("待各方同意", "Awaiting agreement"), "submitted", counted),
        _claim_tile(t("待核准", "To be approved"), "agreed", counted),
    ]
    work = claims_waiting()
    asked = {item["id"] for item in work}
    mine, others = [item for item in items if item["steps"]], [item for item in items if not item["steps"]]
    return render_template(
        "claims/home.html",
        mine=mine[:20],
        others=others[:20],
        mine_count=len(mine),
        other_count=len(others),
        waiting=work,
        posted=sent_desk.posted_links(unit(), CLAIMS_LISTS, actor(), at()),
        claims=[{**row._mapping, "due": claim_desk.due_of(row)} for row in found if row.id not in asked],
        tiles=tiles,
        months=month_figures(unit(), actor(), at=at()),
        now=at(),
    )


def _claim_tile(label: str, stage: str, counted: dict[str, int]) -> dict[str, Any]:
    return {"label": label, "value": number(counted.get(stage, 0)), "href": url_for("claims.index", stage=stage)}


def _is_free(item: dict[str, Any]) -> bool:
    """Say whether a fault waits for somebody to take it."""
    return bool(item["stage"] == "reported")


def _repairer_home() -> ResponseReturnValue:
    items = _queue_items()
    mine = set(
        unit().scalars(
            select(FaultEvent.fault_id).where(
                FaultEvent.verb == "acknowledge",
                FaultEvent.person_id == actor().person_id,
                FaultEvent.fault_id.in_([item["id"] for item in items]),
            )
        )
    )
    return render_template(
        "faults/repairer_home.html",
        trapped=[item for item in items if item["is_trapped"] and (item["id"] in mine or _is_free(item))],
        mine=[item for item in items if item["id"] in mine and not item["is_trapped"]],
        others=[item for item in items if item["id"] not in mine and _is_free(item) and not item["is_trapped"]],
        now=at(),
    )


HOMES = {Role.CLAIMS_HANDLER: _claims_home, Role.REPAIRER: _repairer_home}
