"""The end of a pool: the step that closes it for good, once nothing is open."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from claims import run_off
from claims.stages import POOL_MOVES
from web import clause_desk
from web.formats import t
from web.money_desk import Step, booked_day, day_field, led_pool, step_page, today
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("run_off", __name__, url_prefix="/pools/<int:pool_id>")


@pages.route("/close", methods=["GET", "POST"])
@needs("pool.close")
def close(pool_id: int) -> ResponseReturnValue:
    """Close a pool for good; what is still open is named."""
    pool = led_pool(pool_id)
    back = url_for("pools.one", pool_id=pool.id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        run_off.close_pool(unit(), pool, on=booked_day(values), by=actor(), at=at())
        return t("共保体已关闭。", "The pool is closed for good."), back

    left = clause_desk.open_rows(unit(), pool, actor(), today())
    step = Step(
        title=t("关闭共保体", "Close the pool for good"),
        sentence=t(
            "关闭后不再开立账期，也不再入账；全部记录保留，随时可查。",
            "No period is opened and nothing is booked any more; every record stays and can be read.",
        ),
        label=t("关闭共保体", "Close for good"),
        back=back,
        facts=[(t("共保体", "Pool"), pool.name), *((one["what"], one["count"]) for one in left)],
        fields=[
            day_field(
                t("关闭日期", "Closed on"), t("协议终止之后、今天或以前", "After the agreement’s end, today or before")
            )
        ],
        is_danger=True,
        note=t(
            "上列各项尚未了结，全部了结后才能关闭。",
            "What is listed is still open; the pool is closed once all of it is done.",
        )
        if left
        else "",
        closed=closed_words(POOL_MOVES, "pool", "close", run_off.stage_of(unit(), pool, today()), pool.id),
    )
    return step_page(step, work)
