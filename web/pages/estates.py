"""The register: communities with their cover, one community with its lifts, one lift with its QR code."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from claims.models import Fault
from core import clock
from core.errors import NotFound
from core.parties import Organisation
from core.permits import Role, may
from underwriting import estates, policies
from underwriting.models import Community, Lift, Policy
from underwriting.rating import is_insurable_age
from web import money_desk
from web.columns import Column
from web.estate_query import COMMUNITY_SORTS, communities_asked, communities_of, lifts_of
from web.fault_queue import faults_of
from web.formats import number, percent, t
from web.history import history
from web.keeping import settings
from web.listing import EXPORT_MOST, Asked, addresses, counted, csv_link, csv_of, listed, sort_asked, wants_csv
from web.money_desk import Field, Step
from web.pages import MenuItem
from web.public_figures import ratio_bp
from web.shell import actor, at, needs, unit

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
@needs("estate.read")
def index() -> ResponseReturnValue:
    """List the communities that the actor may see, with their cover today."""
    today = clock.on(at())
    asked = Asked()
    query = communities_asked(communities_of(actor(), today), asked)
    sort, order = sort_asked(COMMUNITY_SORTS, "name")
    query = query.order_by(*order, Community.id)
    if wants_csv():
        names = ("district", "name", "households", "buildings", "lifts", "insured")
        rows = unit().execute(query.limit(EXPORT_MOST)).all()
        return csv_of("communities", [(name, attrgetter(name)) for name in names], rows)
    found = listed(unit(), query, is_grouped=False)
    address = addresses("estates.one", "community_id")
    return render_template(
        "estates/index.html",
        rows=[{**row._mapping, "href": address(row.id)} for row in found.rows],
        columns=_columns(),
        found=found,
        sort=sort,
        values=asked.values,
        errors=asked.errors,
        districts=[("", t("全部", "All")), *((name, name) for name in _districts())],
        exports=csv_link(),
        tiles=_tiles() if actor().sees_all else [],
        may_import=may(actor(), "estate.import"),
    )


def _districts() -> list[str]:
    seen = estates.communities_visible_to(actor()).order_by(None).with_only_columns(Community.district)
    return sorted(unit().scalars(seen.distinct()))


def _tiles() -> list[dict[str, Any]]:
    cover = estates.coverage(unit(), clock.on(at()))
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
    return [
        Column("name", t("小区", "Community"), href="href", is_head=True, is_sortable=True),
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
@needs("estate.read")
def one(community_id: uuid.UUID) -> ResponseReturnValue:
    """Show one community: its lifts, its policies."""
    community = community_of(community_id)
    today = clock.on(at())
    query = lifts_of(actor(), today, community.id)
    if wants_csv():
        return _lifts_csv(query)
    repairers = _repairers_of(community)
    found = counted(unit(), query, sum(count for _, count in repairers))
    may_read = may(actor(), "policy.read")
    lift_address, policy_address = addresses("estates.lift", "lift_id"), addresses("policies.one", "policy_id")
    rows = [
        {
            **row._mapping,
            "href": lift_address(row.id),
            "is_old_enough": is_insurable_age(row.in_service_on, today),
            "policy_href": policy_address(row.policy_id) if row.policy_id and may_read else "",
        }
        for row in found.rows
    ]
    insured = unit().scalars(
        policies.visible_to(actor()).where(Policy.community_id == community.id).order_by(Policy.inception_on.desc())
    )
    return render_template(
        "estates/one.html",
        community=community,
        rows=rows,
        found=found,
        columns=_lift_columns(),
        exports=csv_link(),
        policies=insured.all() if may_read else [],
        may_read_policies=may_read,
        repairers=repairers,
        may_appoint=may(actor(), "repairer.set"),
        events=history(unit(), "community", community.id) if actor().sees_all else [],
        may_bind=may(actor(), "policy.bind"),
        today=today,
    )


def _repairers_of(community: Community) -> Sequence[Any]:
    """Return (name, lifts) of who maintains the lifts of a community that the actor may see; no name: nobody."""
    seen = lifts_of(actor(), clock.on(at()), community.id).order_by(None).subquery()
    parts = select(seen.c.repairer, func.count()).group_by(seen.c.repairer).order_by(func.count().desc())
    return unit().execute(parts.order_by(seen.c.repairer)).all()


def _lifts_csv(query: Any) -> Response:
    places = ("district", "community", "building")
    names = (*places, "number", "in_service_on", "floors", "repairer", "policy_number", "insured_to")
    rows = unit().execute(query.limit(EXPORT_MOST)).all()
    return csv_of("lifts", [(name, attrgetter(name)) for name in names], rows)


def _lift_columns() -> list[Column]:
    return [
        Column("number", t("电梯编号", "Lift"), "code", href="href", is_head=True),
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
    now = [(name or t("未设定", "none"), t("{n} 台", "{n} lifts", n=n)) for name, n in _repairers_of(community)]
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
