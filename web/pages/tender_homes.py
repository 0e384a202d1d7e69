"""The first pages of those who work on a tender: what needs me today, at most four figures, one picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from core.permits import Role, may
from tender import agreements, awards, changes, tenders
from tender.models import Tender
from tender.outcome_models import Objection
from tender.stages import shown_stage
from web import extract_desk
from web.charts import bars
from web.claim_work import claims_waiting
from web.claims_list_desk import CLAIMS_LISTS
from web.formats import number, percent, t
from web.money_desk import today
from web.pages import bidding, custody, evaluation
from web.pages.tenders import row_of
from web.public_figures import coverage, pools_now
from web.sent_desk import posted_links
from web.shell import actor, at, unit
from web.states import STATES
from web.tender_frame import now_of
from web.tender_sentences import awaits_extension
from web.variation_desk import work_of

#: The stages in which each role of the bureau has something to do.
_DUE: dict[Role, tuple[str, ...]] = {
    Role.OFFICER: (
        "draft",
        "approved",
        "closed",
        "opening",
        "opened",
        "reported",
        "allocated",
        "standstill",
        "awarded",
    ),
    Role.APPROVER: ("keyed", "published", "suspended", "standstill", "awarded", "contracted"),
    Role.SUPERVISOR: ("opening", "standstill", "suspended"),
}


def _live() -> list[tuple[Tender, str]]:
    """Return the tenders that are under way with their shown stages, the next due first."""
    over = ("complete", "cancelled", "failed", "annulled")
    query = tenders.visible_to(actor()).where(Tender.stage.not_in(over)).order_by(Tender.deadline_at, Tender.id)
    return [(row, shown_stage(row.stage, row.deadline_at, at())) for row in unit().scalars(query)]


def _needs(role: Role) -> list[dict[str, Any]]:
    """Return what needs somebody of this role today, the next due first."""
    items = []
    for tender, stage in _live():
        if stage not in _DUE[role]:
            continue
        now = now_of(tender, stage, actor())
        if stage == "suspended" and not changes.may_resume(unit(), tender, actor()):
            continue
        if stage in ("published", "opening", "awarded") and not any(kind == "primary" for _, _, kind in now.steps):
            continue
        words, href = (now.steps[0][0], now.steps[0][1]) if now.steps else ("", f"/tenders/{tender.id}")
        told = awaits_extension(tender).strip() if stage == "published" else now.sentence
        items.append(
            {
                "title": f"{words}{t('：', ': ')}{tender.title}" if words else tender.title,
                "href": href,
                "note": f"{tender.number} · {told}",
                "due_at": tender.publicity_ends_at if stage == "standstill" else None,
                "stage": stage,
                "kind": "tender",
            }
        )
    return items


def _bureau(role: Role) -> ResponseReturnValue:
    session = unit()
    live = _live()
    insured = coverage(session, at())
    waiting = session.scalar(select(func.count()).select_from(Objection).where(Objection.answered_at.is_(None))) or 0
    counted: dict[str, int] = {}
    for _, stage in live:
        counted[stage] = counted.get(stage, 0) + 1
    drawn = [(t(STATES["tender"][stage].zh, STATES["tender"][stage].en), n) for stage, n in counted.items()]
    return render_template(
        "tenders/home.html",
        items=[*_needs(role), *work_of(session, actor(), today())],
        ready=extract_desk.ready_links(session, actor()),
        open_now=[row_of(tender) for tender, stage in live if stage == "published"],
        tiles=[
            {"label": t("进行中的招标", "Tenders under way"), "value": number(len(live)), "href": "/tenders"},
            {
                "label": t("待答复的异议", "Objections to answer"),
                "value": number(waiting),
                "change": t("答复前不能决定中标", "no award before they are answered"),
            },
            {
                "label": t("在保电梯", "Lifts insured"),
                "value": number(insured["lifts_insured"]),
                "change": t("占登记的 {p}", "{p} of the register", p=percent(insured["lifts_insured_bp"])),
            },
            {
                "label": t("在保小区", "Communities insured"),
                "value": number(insured["communities_insured"]),
                "change": t("登记 {n} 个", "of {n}", n=number(insured["communities"])),
            },
        ],
        pools=pools_now(session, at())[:1],
        drawing=bars(drawn) if drawn else None,
        can_draft=role is Role.OFFICER,
    )


def _bidder() -> ResponseReturnValue:
    boards = bidding.boards()
    return render_template(
        "bids/home.html",
        **boards,
        posted=posted_links(unit(), CLAIMS_LISTS, actor(), at()),
        pools=pools_now(unit(), at())[:1],
        work=[
            *_keys(),
            *_offers(boards["mine"]),
            *_to_sign(),
            *work_of(unit(), actor(), today()),
            *sorted(
                [*claims_waiting(), *(row for row in boards["open_now"] if row["is_due"])],
                key=lambda item: item["due_at"] or at(),
            ),
        ],
    )


def _keys() -> list[dict[str, Any]]:
    """Return the openings that wait for the insurer's own key."""
    return [
        {
            **row_of(tender),
            "title": t("交出自己的钥匙：{title}", "Give your own key: {title}", title=tender.title),
            "href": url_for("bidding.one", tender_id=tender.id),
            "note": t("否则投标视为撤销", "or the bid is deemed revoked"),
            "due_at": None,
        }
        for tender in bidding.keys_to_give()
    ]


def _offers(mine: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the insurer's bids that wait for an answer of its signatory; nothing for anyone else."""
    if not may(actor(), "bid.answer"):
        return []
    return [
        {
            **row,
            "title": t("答复份额邀约：{title}", "Answer the share offered: {title}", title=row["title"]),
            "due_at": None,
        }
        for row in mine
        if row["bid"] == "offered"
    ]


def _to_sign() -> list[dict[str, Any]]:
    """Return the agreements that wait for the signature of the reader's insurer, for its signatory."""
    if not may(actor(), "agreement.sign"):
        return []
    found = []
    for tender in unit().scalars(tenders.visible_to(actor()).where(Tender.stage == "awarded").order_by(Tender.number)):
        award = awards.award_of(unit(), tender)
        is_asked = agreements.rendered(unit(), award) and not agreements.refusals_of(unit(), award)
        if is_asked and actor().organisation_id in agreements.unsigned_members(unit(), award):
            title = t("签署共保协议：{title}", "Sign the agreement: {title}", title=tender.title)
            href = url_for("agreement.one", tender_id=tender.id)
            found.append({**row_of(tender), "title": title, "href": href, "due_at": None})
    return found


def _committee() -> ResponseReturnValue:
    return render_template("evaluation/index.html", items=evaluation.work_of())


def _custodian() -> ResponseReturnValue:
    return render_template("custody/index.html", items=custody.work_of())


def _of(role: Role) -> Callable[[], ResponseReturnValue]:
    return lambda: _bureau(role)


HOMES = {
    Role.OFFICER: _of(Role.OFFICER),
    Role.APPROVER: _of(Role.APPROVER),
    Role.SUPERVISOR: _of(Role.SUPERVISOR),
    Role.BIDDER: _bidder,
    Role.SIGNATORY: _bidder,
    Role.EXPERT: _committee,
    Role.CHAIR: _committee,
    Role.CUSTODIAN: _custodian,
}
