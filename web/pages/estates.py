"""The register: communities with their cover, one community with its lifts, one lift with its QR code."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from claims.models import Fault
from core import clock
from core.errors import NotFound
from core.parties import Organisation
from core.permits import Role, may
from underwriting import estates
from underwriting.models import Community, Lift
from underwriting.rating import is_insurable_age
from web import money_desk
from web.columns import Column
from web.estate_query import (
    COMMUNITY_SORTS,
    about_community,
    communities_asked,
    coverage_on,
    districts_of,
    filters_of,
    lifts_of,
    list_of,
    repairers_of,
)
from web.fault_queue import faults_of
from web.formats import number, percent, t
from web.history import events_about, history, told
from web.keeping import settings
from web.listing import (
    EXPORT_MOST,
    Asked,
    addresses,
    asked_now,
    csv_link,
    csv_of,
    listed_at_once,
    page_asked,
    page_of,
    sort_key,
    wants_csv,
)
from web.money_desk import Field, Step
from web.pages import MenuItem
from web.public_figures import ratio_bp
from web.shell import actor, at, needs, reading, unit

#: Does what a form asks; returns (what to say, where to go).
Work = Callable[[Mapping[str, str]], tuple[str, str]]

pages = Blueprint("estates", __name__, url_prefix="/estates")

MENU = [
    MenuItem(
        20,
        "小区电梯",
        "Estates",
        "estates.index",
        frozenset(
            {
                Role.OFFICER,
                Role.SUPERVISOR,
                Role.AUDITOR,
                Role.CLAIMS_HANDLER,
                Role.COMMUNITY_OFFICER,
                Role.PROPERTY_MANAGER,
                Role.REPAIRER,
            }
        ),
    )
]


@pages.get("")
@needs("estate.read", has_unit=False)
def index() -> ResponseReturnValue:
    """List the communities that the actor may see, with their cover today."""
    today, seat = clock.on(at()), actor().seat
    asked = Asked()
    filters, sort = filters_of(asked), sort_key(COMMUNITY_SORTS, "name")
    if wants_csv():
        names = ("district", "name", "households", "buildings", "lifts", "insured")
        with reading() as session:
            rows = session.execute(communities_asked(seat, today, filters, sort).limit(EXPORT_MOST)).all()
        return csv_of("communities", [(name, attrgetter(name)) for name in names], rows)
    figures = [coverage_on(today)] if actor().sees_all else []
    found, (districts, *covers) = listed_at_once(list_of(seat, today, filters, sort), districts_of(seat), *figures)
    return render_template(
        "estates/index.html",
        columns=_columns(),
        found=found,
        sort=sort,
        values=asked.values,
        errors=asked.errors,
        districts=[("", t("全部", "All")), *((name, name) for name in sorted(row.district for row in districts))],
        exports=csv_link(),
        tiles=_tiles(estates.Coverage(*map(int, covers[0][0]))) if covers else [],
        may_import=may(actor(), "estate.import"),
    )


def _tiles(cover: estates.Coverage) -> list[dict[str, Any]]:
    part = ratio_bp(cover.lifts_insured, cover.lifts)
    return [
        {
            "label": t("小区", "Communities"),
            "value": number(cover.communities),
            "change": t("{n} 个已投保", "{n} insured", n=number(cover.communities_insured)),
        },
        {"label": t("电梯", "Lifts"), "value": number(cover.lifts)},
        {
            "label": t("在保电梯", "Lifts insured"),
            "value": number(cover.lifts_insured),
            "change": t("占 {part}", "{part} of all", part=percent(part)),
        },
        {"label": t("受益户数", "Households covered"), "value": number(cover.households_insured)},
    ]


def _columns() -> list[Column]:
    address = addresses("estates.one", "community_id")
    return [
        Column("name", t("小区", "Community"), href=lambda row: address(row.id), is_head=True, is_sortable=True),
        Column("district", t("区县", "District"), is_sortable=True),
        Column("households", t("户数", "Households"), "number", is_sortable=True),
        Column("buildings", t("楼栋", "Buildings"), "number"),
        Column("lifts", t("电梯", "Lifts"), "number"),
        Column("insured", t("今日在保", "Insured today"), "number"),
    ]


def community_of(community_id: uuid.UUID) -> Community:
    """Return a community that the actor may see; NotFound `community_not_found`."""
    return estates.community(unit(), community_id, actor())


@pages.get("/<uuid:community_id>")
@needs("estate.read", has_unit=False)
def one(community_id: uuid.UUID) -> ResponseReturnValue:
    """Show one community: its lifts, its policies."""
    today, seat, page = clock.on(at()), actor().seat, page_asked()
    if wants_csv():
        with reading() as session:
            community = estates.community(session, community_id, actor())
            return _lifts_csv(session, lifts_of(actor(), today, community.id))
    about, which = about_community(seat, today), {"community_id": community_id}
    lifts, may_read = about.lifts.given(**which), may(actor(), "policy.read")
    more = [events_about("community", seat).given(subject=str(community_id))] if actor().sees_all else []
    those, rows, repairers, insured, *events = asked_now(
        about.community.given(**which), lifts.rows(page), lifts.whole, about.policies.given(**which), *more
    )
    if not those:
        raise NotFound("community_not_found")
    return render_template(
        "estates/one.html",
        community=those[0],
        found=page_of(rows, sum(row.lifts for row in repairers), page, lifts),
        is_old_enough=lambda row: is_insurable_age(row.in_service_on, today),
        policy_address=addresses("policies.one", "policy_id"),
        columns=_lift_columns(),
        exports=csv_link(),
        policies=insured if may_read else [],
        may_read_policies=may_read,
        repairers=repairers,
        may_appoint=may(actor(), "repairer.set"),
        events=told(events[0], {}) if events else [],
        may_bind=may(actor(), "policy.bind"),
    )


def _lifts_csv(session: Session, query: Any) -> Response:
    places = ("district", "community", "building")
    names = (*places, "number", "in_service_on", "floors", "repairer", "policy_number", "insured_to")
    rows = session.execute(query.limit(EXPORT_MOST)).all()
    return csv_of("lifts", [(name, attrgetter(name)) for name in names], rows)


def _lift_columns() -> list[Column]:
    address = addresses("estates.lift", "lift_id")
    return [
        Column("number", t("电梯编号", "Lift"), "code", href=lambda row: address(row.id), is_head=True),
        Column("building", t("楼栋", "Building")),
        Column("floors", t("层数", "Floors"), "number"),
        Column("in_service_on", t("投用日期", "In service since"), "date"),
        Column("age", t("五年以上", "Over five years"), "custom"),
        Column("repairer", t("维保单位", "Repairer")),
        Column("policy", t("今日保单", "Policy today"), "custom"),
    ]


@pages.get("/lifts/<uuid:lift_id>")
@needs("estate.read")
def lift(lift_id: uuid.UUID) -> ResponseReturnValue:
    """Show one lift: where it stands, its cover, its faults, the QR code for its car."""
    row = unit().execute(lifts_of(actor(), clock.on(at())).where(Lift.id == lift_id)).first()
    if row is None:
        raise NotFound("lift_not_found")
    recent = []
    if may(actor(), "fault.read"):
        query = faults_of(actor()).where(Lift.id == lift_id)
        recent = [
            {**one._mapping, "href": url_for("faults.one", fault_id=one.id)}
            for one in unit().execute(query.order_by(Fault.reported_at.desc()).limit(20))
        ]
    return render_template(
        "estates/lift.html",
        lift=row,
        faults=recent,
        address=f"{settings().public_url.rstrip('/')}{url_for('reporter.lift', number=row.number)}",
        may_report=may(actor(), "fault.report"),
        may_appoint=may(actor(), "repairer.set"),
        events=history(unit(), "lift", lift_id) if actor().sees_all else [],
    )


# Who maintains the lifts


@pages.route("/<uuid:community_id>/repairer", methods=["GET", "POST"])
@needs("repairer.set")
def appoint_for_community(community_id: uuid.UUID) -> ResponseReturnValue:
    """Say who maintains all lifts of a community."""
    community = community_of(community_id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        whose = _chosen(form)
        count = estates.appoint_for_community(unit(), community, whose, by=actor(), at=at())
        return _said(whose, count), url_for("estates.one", community_id=community.id)

    sentence = t(
        "设定{place}全台电梯的维保单位。未修复的故障随电梯转给新的单位；个别电梯不同的，之后在它的页面上单独设定。",
        "Say who maintains all lifts of {place}. Open faults go over with the lifts; a lift that differs is set on its "
        "own page afterwards.",
        place=community.name,
    )
    repairers = unit().execute(repairers_of(actor(), clock.on(at()), community.id))
    now = [(name or t("未设定", "none"), t("{n} 台", "{n} lifts", n=n)) for name, n in repairers]
    return _appoint(sentence, url_for("estates.one", community_id=community.id), now, work)


@pages.route("/lifts/<uuid:lift_id>/repairer", methods=["GET", "POST"])
@needs("repairer.set")
def appoint_for_lift(lift_id: uuid.UUID) -> ResponseReturnValue:
    """Say who maintains one lift."""
    lift = estates.lift(unit(), lift_id, actor())

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        whose = _chosen(form)
        estates.appoint_for_lift(unit(), lift, whose, by=actor(), at=at())
        return _said(whose, 1), url_for("estates.lift", lift_id=lift.id)

    sentence = t(
        "设定电梯 {n} 的维保单位。未修复的故障随电梯转给新的单位。",
        "Say who maintains lift {n}. Open faults go over with it.",
        n=lift.number,
    )
    whose = unit().get(Organisation, lift.repairer_id) if lift.repairer_id else None
    now = [(t("现在", "Now"), whose.name if whose else t("未设定", "none"))]
    return _appoint(sentence, url_for("estates.lift", lift_id=lift.id), now, work)


def _chosen(form: Mapping[str, str]) -> Organisation | None:
    """Return the repairer that a form names, None for `none`; Invalid `repairer_not_found`."""
    if form.get("repairer") == "none":
        return None
    return estates.repairer(unit(), money_desk.read_id(form.get("repairer")))


def _said(whose: Organisation | None, count: int) -> str:
    if whose is None:
        return t("{n} 台电梯已不设维保单位。", "{n} lifts have no repairer now.", n=count)
    return t("{n} 台电梯已交由{name}维保。", "{n} lifts are maintained by {name} now.", n=count, name=whose.name)


def _appoint(sentence: str, back: str, now: Sequence[tuple[str, str]], work: Work) -> ResponseReturnValue:
    options = [(str(one.id), one.name) for one in unit().scalars(estates.repairers())]
    last = ("none", t("不设维保单位", "no repairer"))
    field = Field(
        "repairer", t("维保单位", "Repairer"), "select", options=[("", t("请选择", "Choose")), *options, last]
    )
    title = t("设定维保单位", "Set the repairer")
    return money_desk.step_page(Step(title, sentence, title, back, facts=now, fields=[field]), work)
