"""People, their accounts and mandates, and the organisations they act for: the administrator's pages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import parties
from core.clock import on
from core.errors import Conflict, Invalid, NotFound
from core.parties import ORGANISATION_KINDS, Organisation
from core.permits import Role, kind_of
from web import accounts, people_desk
from web.accounts import User
from web.code_words import ORGANISATIONS
from web.formats import role_name, t
from web.history import history
from web.listing import Asked, listed
from web.money_desk import Field, Step, need_day, step_page
from web.pages import MenuItem
from web.people_desk import Wanted
from web.shell import actor, at, needs, unit

pages = Blueprint("admin", __name__, url_prefix="/admin")

_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
MENU = [
    MenuItem(10, "人员与账号", "People", "admin.people", _ADMINISTRATOR),
    MenuItem(11, "单位", "Organisations", "admin.organisations", _ADMINISTRATOR),
]

_NAME_MOST = 60


def kind_words(kind: str) -> str:
    """Return what a kind of organisation is called."""
    return t(*ORGANISATIONS.get(kind, (kind, kind)))


def _states() -> list[tuple[str, str]]:
    return [
        ("", t("全部", "Any")),
        ("active", t("能登录", "Can sign in")),
        ("closed", t("已停用", "Closed")),
        ("without_account", t("没有账号", "Without an account")),
        ("without_mandate", t("没有授权", "Without a mandate")),
        ("without_second_factor", t("没有第二步验证", "Without a second step")),
    ]


def _roles() -> list[tuple[str, str]]:
    """Return the roles that can be given, each with the kinds of organisation that have it."""
    comma = t("、", ", ")
    found = [(role, sorted(kind_of(role))) for role in Role if kind_of(role)]
    return [
        (role.value, f"{role_name(role.value)}{t('（', ' (')}{comma.join(map(kind_words, kinds))}{t('）', ')')}")
        for role, kinds in found
    ]


@pages.get("/people")
@needs("account.manage")
def people() -> ResponseReturnValue:
    """List the people with their accounts and mandates."""
    asked = Asked()
    role_values = [role.value for role in Role]
    wanted = Wanted(asked.text("q"), asked.choice("role", role_values), asked.choice("state", people_desk.STATES))
    today = on(at())
    found = listed(unit(), people_desk.people(wanted, today))
    held = people_desk.mandates_held(unit(), [row[0].id for row in found.rows], today)
    rows = [
        {
            "name": person.name,
            "href": url_for("admin.person", person_id=person.id),
            "email": user.email if user else "",
            "mandates": [(one.organisation.short_name, role_name(one.role)) for one in held.get(person.id, [])],
            "account": _account_stage(user),
            "second": bool(user and user.tf_primary_method),
        }
        for person, user in found.rows
    ]
    return render_template(
        "admin/people.html",
        rows=rows,
        found=found,
        asked=asked,
        states=_states(),
        roles=[("", t("全部", "Any")), *_roles()],
    )


def _account_stage(user: User | None) -> str:
    return "none" if user is None else "active" if user.active else "closed"


def _organisation(form_name: str = "organisation") -> Organisation:
    try:
        return parties.organisation(unit(), uuid.UUID(request.form.get(form_name, "")))
    except (ValueError, NotFound):
        raise Invalid("organisation_not_chosen") from None


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise Invalid("role_not_chosen") from None


def _mandate_fields() -> list[Field]:
    options = [("", t("请选择", "Choose"))]
    options += [
        (str(row.id), f"{row.name}{t('（', ' (')}{kind_words(row.kind)}{t('）', ')')}")
        for row in people_desk.organisations(unit())
    ]
    return [
        Field("organisation", t("单位", "Organisation"), "select", options=options),
        Field("role", t("身份", "Role"), "select", options=[("", t("请选择", "Choose")), *_roles()]),
        Field("valid_from", t("起始日", "From"), "date"),
    ]


#: Code of a refusal -> the field of a form here that it is told at.
PLACES = {
    "organisation_not_chosen": "organisation",
    "role_not_chosen": "role",
    "role_not_for_organisation": "role",
    "email_wrong": "email",
    "email_taken": "email",
    "name_missing": "name",
}


def people_crumbs(person: parties.Person | None = None) -> list[tuple[str, str]]:
    """Return the way back from a page of a person."""
    crumbs = [(t("人员与账号", "People"), url_for("admin.people"))]
    if person is not None:
        crumbs.append((person.name, url_for("admin.person", person_id=person.id)))
    return crumbs


@pages.route("/people/new", methods=["GET", "POST"])
@needs("account.manage")
def new() -> ResponseReturnValue:
    """Add a person with a first mandate, and an account where an address is given."""
    step = Step(
        t("新增人员", "Add a person"),
        t(
            "登记一个人和一项授权；填写邮箱就同时开通账号，初始密码只显示一次。",
            "A person and a mandate; with an address also an account, whose first password is shown once.",
        ),
        t("新增", "Add"),
        url_for("admin.people"),
        crumbs=people_crumbs(),
        fields=[
            Field("name", t("姓名", "Name"), "text"),
            *_mandate_fields(),
            Field("email", t("登录邮箱", "Address to sign in with"), "email", is_optional=True),
        ],
        values={"valid_from": on(at()).isoformat()},
        places=PLACES,
    )
    return step_page(step, _add)


def _add(values: Mapping[str, str]) -> tuple[str, str] | str:
    name = values.get("name", "").strip()
    if not 1 <= len(name) <= _NAME_MOST:
        raise Invalid("name_missing", most=_NAME_MOST)
    person = parties.add_person(unit(), name, by=actor(), at=at())
    _give(person)
    if values.get("email", "").strip():
        return account_opened(person)
    return t("已登记。", "Added."), url_for("admin.person", person_id=person.id)


def _give(person: parties.Person) -> None:
    organisation, role = _organisation(), _role()
    parties.give_mandate(unit(), person, organisation, role, need_day(request.form, "valid_from"), by=actor(), at=at())


def account_opened(person: parties.Person) -> str:
    """Open an account for a person at the address of the form; return the page that shows its password."""
    password = people_desk.first_password()
    user = accounts.create_user(unit(), person, request.form.get("email", ""), password, by=actor(), at=at())
    return password_page(person, user, password)


def password_page(person: parties.Person, user: User, password: str) -> str:
    """Return the page that shows a password, this once."""
    return render_template(
        "admin/password.html", person=person, email=user.email, password=password, crumbs=people_crumbs(person)
    )


@pages.get("/people/<uuid:person_id>")
@needs("account.manage")
def person(person_id: uuid.UUID) -> ResponseReturnValue:
    """Show a person: account, mandates, what happened."""
    row = people_desk.person(unit(), person_id)
    user = people_desk.account_of(unit(), row.id)
    today = on(at())
    mandates = people_desk.all_mandates(unit(), row.id)
    about = [("person", row.id), *(("mandate", one.id) for one in mandates)]
    if user is not None:
        about += [("account", user.id), *(("token", one.id) for one in accounts.tokens_of(unit(), user.id))]
    return render_template(
        "admin/person.html",
        person=row,
        user=user,
        stage=_account_stage(user),
        sign_ins=people_desk.sign_ins(unit(), user.id) if user else 0,
        mandates=[
            {
                "organisation": one.organisation.name,
                "role": role_name(one.role),
                "valid_from": one.valid_from,
                "valid_to": one.valid_to,
                "is_ended": one.valid_to is not None and one.valid_to <= today,
                "end_href": url_for("admin.end", person_id=row.id, mandate_id=one.id),
            }
            for one in mandates
        ],
        events=history(unit(), *about),
        is_oneself=row.id == actor().person_id,
    )


@pages.route("/people/<uuid:person_id>/mandates/new", methods=["GET", "POST"])
@needs("account.manage")
def give(person_id: uuid.UUID) -> ResponseReturnValue:
    """Give a person another mandate."""
    row = people_desk.person(unit(), person_id)
    back = url_for("admin.person", person_id=row.id)
    step = Step(
        t("授权", "Give a mandate"),
        t(
            "{name} 从这一天起可以代表所选单位以该身份办理。",
            "From that day {name} acts for the organisation in this role.",
            name=row.name,
        ),
        t("授权", "Give it"),
        back,
        crumbs=people_crumbs(row),
        fields=_mandate_fields(),
        values={"valid_from": on(at()).isoformat()},
        places=PLACES,
    )

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        _give(row)
        return t("已授权。", "The mandate is given."), back

    return step_page(step, work)


@pages.route("/people/<uuid:person_id>/mandates/<uuid:mandate_id>/end", methods=["GET", "POST"])
@needs("account.manage")
def end(person_id: uuid.UUID, mandate_id: uuid.UUID) -> ResponseReturnValue:
    """End a mandate from a day on."""
    row = people_desk.person(unit(), person_id)
    held = people_desk.mandate(unit(), person_id, mandate_id)
    back = url_for("admin.person", person_id=row.id)
    step = Step(
        t("终止授权", "End a mandate"),
        t(
            "从这一天起，{name} 不能再代表 {organisation} 以“{role}”办理。办过的事不变。",
            "From that day {name} no longer acts for {organisation} as {role}. What was done stays.",
            name=row.name,
            organisation=held.organisation.name,
            role=role_name(held.role),
        ),
        t("终止授权", "End it"),
        back,
        crumbs=people_crumbs(row),
        fields=[Field("on", t("终止日", "Ends on"), "date", t("这一天起无效", "the first day without it"))],
        places={"mandate_ended": "on"},
        is_danger=True,
    )

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        parties.end_mandate(unit(), held, need_day(values), by=actor(), at=at())
        return t("授权已终止。", "The mandate is ended."), back

    return step_page(step, work)


@pages.get("/organisations")
@needs("account.manage")
def organisations() -> ResponseReturnValue:
    """List the organisations."""
    found = people_desk.organisations(unit())
    names = {row.id: row.name for row in found}
    rows = [
        {
            "name": row.name,
            "short_name": row.short_name,
            "kind": kind_words(row.kind),
            "uscc": row.uscc,
            "group": names.get(row.group_id, "") if row.group_id else "",
            "href": url_for("admin.organisation_group", organisation_id=row.id),
        }
        for row in found
    ]
    return render_template("admin/organisations.html", rows=rows)


@pages.route("/organisations/new", methods=["GET", "POST"])
@needs("account.manage")
def add_organisation() -> ResponseReturnValue:
    """Add an organisation."""
    back = url_for("admin.organisations")
    options = [("", t("请选择", "Choose")), *((kind, kind_words(kind)) for kind in ORGANISATION_KINDS)]
    step = Step(
        t("新增单位", "Add an organisation"),
        t("全称与统一社会信用代码不能与已有单位重复。", "No two organisations share a full name or a credit code."),
        t("新增", "Add"),
        back,
        crumbs=[(t("单位", "Organisations"), back)],
        fields=[
            Field("kind", t("类别", "Kind"), "select", options=options),
            Field("name", t("全称", "Full name"), "text"),
            Field("short_name", t("简称", "Short name"), "text", is_optional=True),
            Field("uscc", t("统一社会信用代码", "Credit code"), "text", is_optional=True),
        ],
        places={
            "organisation_kind_unknown": "kind",
            "organisation_exists": "name",
            "invalid_credit_code": "uscc",
            "name_missing": "name",
        },
    )

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        values = {name: form.get(name, "").strip() for name in ("kind", "name", "short_name", "uscc")}
        if not 1 <= len(values["name"]) <= 100 or len(values["short_name"]) > 100:
            raise Invalid("name_missing", most=100)
        parties.add_organisation(
            unit(),
            values["kind"],
            values["name"],
            short_name=values["short_name"],
            uscc=values["uscc"] or None,
            by=actor(),
            at=at(),
        )
        return t("已登记。", "Added."), back

    return step_page(step, work)


@pages.route("/organisations/<uuid:organisation_id>/group", methods=["GET", "POST"])
@needs("account.manage")
def organisation_group(organisation_id: uuid.UUID) -> ResponseReturnValue:
    """Say to which group an organisation belongs: who works for one of it is tied to all of it."""
    row, back = parties.organisation(unit(), organisation_id), url_for("admin.organisations")
    others = [one for one in people_desk.organisations(unit()) if one.id != row.id and one.group_id is None]
    step = Step(
        t("所属集团：{name}", "Group of {name}", name=row.name),
        t(
            "同一负责人、控股或管理关系的单位算一个集团。任职于其中一家的人，不能评审另一家的投标。",
            "Organisations of one head, holding or management are a group. Who works for one judges no other's bid.",
        ),
        t("保存", "Save"),
        back,
        crumbs=[(t("单位", "Organisations"), back)],
        fields=[
            Field(
                "group",
                t("集团的代表单位", "Head of the group"),
                "select",
                options=[("", t("不属于任何集团", "None")), *((str(one.id), one.name) for one in others)],
                is_optional=True,
            )
        ],
        values={"group": str(row.group_id or "")},
        places={"group_has_levels": "group", "group_of_itself": "group", "organisation_not_found": "group"},
    )

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        chosen = form.get("group", "")
        head = next((one for one in others if str(one.id) == chosen), None)
        if chosen and head is None:
            raise Conflict("group_has_levels")
        parties.set_group(unit(), row, head, by=actor(), at=at())
        return t("已保存。", "Saved."), back

    return step_page(step, work)
