"""Drafting a tender: its sections with their state, each saved on its own; the broken rules with their articles."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import on
from core.errors import Conflict, Finding, Invalid, NotFound
from tender import tenders
from tender.drafting import broken_rules
from tender.models import Tender
from tender.rules.plan import Profile
from web.draft_sections import BY_NAME, PROFILES, SECTIONS, section_of
from web.errors import field_errors, words
from web.formats import t
from web.forms import unanswered
from web.pages.tenders import load
from web.shell import actor, at, needs, unit
from web.tender_drafts import (
    copied,
    criteria_rows,
    draft_now,
    proposed,
    rows_typed,
    save_section,
    sections_saved,
    values_of,
)
from web.tender_frame import frame_of

pages = Blueprint("tender_draft", __name__, url_prefix="/tenders")


@pages.route("/new", methods=["GET", "POST"])
@needs("tender.draft")
def new() -> ResponseReturnValue:
    """Begin a draft: a number, a title, the law it is under; everything else is proposed."""
    errors: dict[str, str] = {}
    values: Mapping[str, str] = request.form or {"profile": "B"}
    if request.method == "POST":
        try:
            tender = _begin(values)
        except (Invalid, Conflict) as refusal:
            labels = {"number": t("招标编号", "Number"), "title": t("名称", "Title"), "profile": t("适用法律", "Law")}
            empty = unanswered(values, labels, picked=["profile"])
            errors = {**field_errors(refusal, "number", "title", "profile"), **empty}
        else:
            flash(t("草稿已建立。请逐节核对。", "The draft is there. Go through its sections."), "success")
            return redirect(url_for("tender_draft.sections", tender_id=tender.id), 303)
    page = render_template("tenders/new.html", values=values, errors=errors, profiles=PROFILES, copied_from=None)
    return page, 422 if errors else 200


def _begin(values: Mapping[str, str]) -> Tender:
    profile = values.get("profile", "")
    if profile not in {one.value for one in Profile}:
        raise Invalid("draft_wrong", findings=[Finding("draft_field_empty", "profile")])
    what = proposed(values.get("number", "").strip(), values.get("title", "").strip(), Profile(profile), at())
    return tenders.draft(unit(), what, by=actor(), at=at())


@pages.route("/<uuid:tender_id>/copy", methods=["GET", "POST"])
@needs("tender.draft")
def copy(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Begin a draft from an earlier tender."""
    earlier = load(tender_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        what = copied(draft_now(unit(), earlier), request.form.get("number", "").strip(), at())
        try:
            tender = tenders.draft(unit(), what, by=actor(), at=at())
        except (Invalid, Conflict) as refusal:
            errors = field_errors(refusal, "number")
        else:
            flash(t("已复制，日期按今天重新建议。", "Copied; its dates are proposed anew."), "success")
            return redirect(url_for("tender_draft.sections", tender_id=tender.id), 303)
    page = render_template(
        "tenders/new.html", values=request.form, errors=errors, profiles=PROFILES, copied_from=earlier
    )
    return page, 422 if errors else 200


def _broken(tender: Tender) -> list[dict[str, str]]:
    """Return the rules that the draft would break if it were published today, with article and section."""
    rows = []
    for finding in broken_rules(unit(), tender, on(at())):
        name = section_of(finding.where)
        section = BY_NAME[name]
        rows.append(
            {
                "what": words(finding),
                "article": str(finding.facts.get("article", "")),
                "section": t(section.zh, section.en),
                "name": name,
                "href": url_for("tender_draft.section", tender_id=tender.id, name=name),
            }
        )
    return rows


@pages.get("/<uuid:tender_id>/draft")
@needs("tender.draft")
def sections(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the sections of a draft with their state, and every rule it breaks."""
    tender = load(tender_id)
    broken = _broken(tender)
    saved = sections_saved(unit(), tender)
    wrong = {row["name"] for row in broken}
    tasks = [
        {
            "label": t(section.zh, section.en),
            "href": url_for("tender_draft.section", tender_id=tender.id, name=section.name),
            "stage": "error" if section.name in wrong else "done" if section.name in saved else "todo",
            "note": "" if section.name in saved else t("现为建议值，请核对", "proposed values, to be gone through"),
        }
        for section in SECTIONS
    ]
    tasks.append(
        {
            "label": t("密钥仪式", "Key ceremony"),
            "href": url_for("ceremony.one", tender_id=tender.id),
            "stage": "todo" if tender.rehearsed_at is None else "done",
            "note": t("保管人登记公钥，演练开启一份假投标", "custodians give their keys and open a dummy bid"),
        }
    )
    return render_template(
        "tenders/draft.html", frame=frame_of(tender, actor(), at()), tender=tender, tasks=tasks, broken=broken
    )


@pages.route("/<uuid:tender_id>/draft/<name>", methods=["GET", "POST"])
@needs("tender.draft")
def section(tender_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """Show one section of a draft as a form, or save it."""
    tender = load(tender_id)
    what = BY_NAME.get(name)
    if what is None:
        raise NotFound("tender_not_found")
    errors: dict[str, str] = {}
    refused = ""
    draft = draft_now(unit(), tender)
    values: Mapping[str, str] = values_of(draft, what)
    rows = criteria_rows(draft.criteria)
    if request.method == "POST":
        values, rows = request.form, rows_typed(request.form)
        try:
            save_section(unit(), tender, what, request.form, by=actor(), at=at())
        except Invalid as refusal:
            errors = field_errors(refusal)
        except Conflict as refusal:
            refused = words(refusal)
        else:
            flash(t("“{name}”已保存。", "“{name}” is saved.", name=t(what.zh, what.en)), "success")
            return redirect(_after(tender, name), 303)
    page = render_template(
        "tenders/section.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        section=what,
        values=values,
        errors=errors,
        refused=refused,
        rows=rows,
        broken=[row for row in _broken(tender) if row["name"] == name] if request.method == "GET" else [],
        labels={field.name: t(field.zh, field.en) for field in what.fields},
    )
    return page, 422 if errors else 409 if refused else 200


def _after(tender: Tender, name: str) -> str:
    """Return where to go after a section: the next one where that was asked for, else the list."""
    if request.form.get("then") == "next":
        place = [one.name for one in SECTIONS].index(name)
        if place + 1 < len(SECTIONS):
            return url_for("tender_draft.section", tender_id=tender.id, name=SECTIONS[place + 1].name)
    return url_for("tender_draft.sections", tender_id=tender.id)
