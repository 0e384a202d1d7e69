"""Changes of a pool's agreement: proposed by a member, answered by every party, listed with the consents given."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.permits import may
from underwriting import pools as pool_verbs
from underwriting import variations
from underwriting.models import Pool
from underwriting.stages import VARIATION_MOVES
from underwriting.terms import APART, Clauses
from underwriting.variation_models import Variation
from web import listing
from web.documents import labels
from web.formats import date_words, t
from web.history import history
from web.money_desk import Field, Step, need_day, pool_of, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words
from web.variation_desk import facts_of, list_rows, open_to, party_rows

pages = Blueprint("variations", __name__, url_prefix="/pools/<int:pool_id>/variations")


@pages.get("")
@needs("variation.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the changes of a pool's agreement that were proposed, the newest first."""
    pool = pool_of(pool_id)
    rows = list_rows(unit(), pool, today())
    if listing.wants_csv():
        return listing.csv_of(f"variations-{pool.id}", _EXPORTED, rows)
    return render_template(
        "finance/variations.html",
        pool=pool,
        places=subnav(pool),
        found=listing.of_rows(rows),
        exports=listing.csv_link(),
        may_propose=_may_propose(pool) and not any(row["stage"] == "proposed" for row in rows),
    )


_EXPORTED = [
    ("version", lambda row: row["version"]),
    ("effective_on", lambda row: row["effective_on"]),
    ("ends_on", lambda row: row["ends_on"]),
    ("proposed_for", lambda row: row["party"]),
    ("proposed_at", lambda row: row["proposed_at"]),
    ("stage", lambda row: row["stage"]),
    ("reason", lambda row: row["reason"]),
]


def _may_propose(pool: Pool) -> bool:
    return may(actor(), "variation.propose") and actor().organisation_id in variations.asked(unit(), pool)


@pages.route("/new", methods=["GET", "POST"])
@needs("variation.propose")
def new(pool_id: int) -> ResponseReturnValue:
    """Propose a change of the agreement to its parties."""
    pool = pool_of(pool_id)
    last = pool_verbs.agreements(unit(), pool.id)[-1]
    now = pool_verbs.clauses_of(unit(), last)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        clauses = Clauses(tuple(request.form.getlist("settled_apart")), values.get("is_step_up") == "yes")
        told = variations.Proposal(
            need_day(values, "effective_on"), need_day(values, "ends_on"), clauses, values.get("reason", "")
        )
        row = variations.propose_change(unit(), pool, told, by=actor(), at=at())
        return t("已提出，等待其他各方答复。", "Proposed; the other parties are to answer."), _of(pool, row)

    step = Step(
        title=t("提出协议变更", "Propose a change of the agreement"),
        sentence=t(
            "份额与其他条款照第 {n} 版。各方都同意后成为新的一版，只用于首日及以后起保的保单；您提出即为贵公司同意。",
            "Shares and other terms stay those of version {n}. With the consent of all it is the next version, for "
            "policies that begin on its first day or later; by proposing it your company consents.",
            n=last.number,
        ),
        label=t("提出", "Propose"),
        back=url_for(".index", pool_id=pool.id),
        facts=[(t("共保体", "Pool"), pool.name), (t("现行版本", "Version in force"), last.number)],
        fields=_fields(),
        values={
            "ends_on": last.ends_on.isoformat(),
            "settled_apart": now.settled_apart,
            "is_step_up": "yes" if now.is_step_up else "",
        },
        places={
            "variation_day_wrong": "effective_on",
            "variation_ends_early": "ends_on",
            "variation_ends_late": "ends_on",
        },
    )
    return step_page(step, work)


def _fields() -> list[Field]:
    return [
        Field("effective_on", t("新版首日", "First day of the new version"), hint=t("今天以后", "After today")),
        Field("ends_on", t("至（零时止）", "Until (0:00)"), hint=t("最长十年", "Ten years at most")),
        Field(
            "settled_apart",
            t("单项结算的项目", "Settled on their own"),
            "checks",
            t("不与其他项目轧差，逐项收付；都不选即全部轧差", "Paid each by itself, not netted; none: all are netted"),
            [(kind, t(*labels.LINES[kind])) for kind in APART],
            is_optional=True,
        ),
        Field(
            "is_step_up",
            t(
                "违约代担：成员逾期不付的缺口由其他成员代担",
                "Step-up: the others bear the shortfall of a member in default",
            ),
            "checkbox",
            is_optional=True,
        ),
        Field("reason", t("理由", "Reason"), "textarea", t("各方都看得到", "All parties see it")),
    ]


def _variation(pool_id: int, variation_id: uuid.UUID) -> tuple[Pool, Variation]:
    """Return a pool and a change of its agreement; NotFound for whoever may not know of it."""
    pool = pool_of(pool_id)
    return pool, variations.get(unit(), pool, variation_id)


def _of(pool: Pool, row: Variation) -> str:
    return url_for(".one", pool_id=pool.id, variation_id=row.id)


@pages.get("/<uuid:variation_id>")
@needs("variation.read")
def one(pool_id: int, variation_id: uuid.UUID) -> ResponseReturnValue:
    """Show one change: what the new version says, who has consented, what can be done now."""
    pool, row = _variation(pool_id, variation_id)
    return render_template(
        "finance/variation.html",
        pool=pool,
        row=row,
        stage=variations.stage_on(unit(), row, today()),
        facts_shown=facts_of(row),
        parties=party_rows(unit(), row),
        open=open_to(unit(), row, actor(), today()),
        events=history(unit(), "variation", row.id),
    )


@pages.route("/<uuid:variation_id>/consent", methods=["GET", "POST"])
@needs("variation.consent")
def consent(pool_id: int, variation_id: uuid.UUID) -> ResponseReturnValue:
    """Consent to a change for one's own organisation; the last consent makes the version."""
    pool, row = _variation(pool_id, variation_id)
    variations.require_asked(unit(), row, actor())

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        made = variations.give_consent(unit(), row, by=actor(), at=at())
        said = t("已同意。", "Consent given.")
        if made is not None:
            said = t("各方都已同意，协议第 {n} 版成立。", "All consent: version {n} is made.", n=made.number)
        return said, _of(pool, row)

    sentence = t(
        "代表本单位同意。同意后不能收回；各方都同意时新版协议即成立，自 {day} 起保的保单适用。",
        "Consent for your organisation. It cannot be taken back; with the consent of all the version is made, for "
        "policies from {day} on.",
        day=date_words(row.effective_on),
    )
    return step_page(_answering(pool, row, "conclude", t("同意协议变更", "Consent to the change"), sentence), work)


@pages.route("/<uuid:variation_id>/decline", methods=["GET", "POST"])
@needs("variation.consent")
def decline(pool_id: int, variation_id: uuid.UUID) -> ResponseReturnValue:
    """Decline a change for one's own organisation: it falls."""
    pool, row = _variation(pool_id, variation_id)
    variations.require_asked(unit(), row, actor())

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        variations.decline(unit(), row, values.get("reason", ""), by=actor(), at=at())
        return t("已答复不同意，协议不变。", "Declined; the agreement stays as it is."), _of(pool, row)

    sentence = t("有一方不同意，这项变更即作罢，协议不变。", "If one party declines, the change falls.")
    step = _answering(pool, row, "decline", t("不同意协议变更", "Decline the change"), sentence, has_reason=True)
    return step_page(step, work)


@pages.route("/<uuid:variation_id>/withdraw", methods=["GET", "POST"])
@needs("variation.propose")
def withdraw(pool_id: int, variation_id: uuid.UUID) -> ResponseReturnValue:
    """Take back a change that one's own organisation has proposed."""
    pool, row = _variation(pool_id, variation_id)
    variations.require_proposer(unit(), row, actor())

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        variations.withdraw(unit(), row, by=actor(), at=at())
        return t("已撤回，协议不变。", "Withdrawn; the agreement stays as it is."), _of(pool, row)

    sentence = t("撤回后这项变更作罢，协议不变。", "The change falls, and the agreement stays as it is.")
    return step_page(_answering(pool, row, "withdraw", t("撤回协议变更", "Withdraw the change"), sentence), work)


def _lapsed_words(row: Variation) -> str:
    """Return why a change that stands as proposed can not be answered any more; nothing while it can."""
    if variations.stage_on(unit(), row, today()) == "proposed":
        return ""
    return t(
        "这项变更已失效：到了新版首日还没有全部同意，或另有新的一版。协议不变，可以另提一项。",
        "This change has lapsed: its first day came without the consent of all, or another version was made. The "
        "agreement stays as it is; another change may be proposed.",
    )


def _answering(pool: Pool, row: Variation, verb: str, title: str, sentence: str, *, has_reason: bool = False) -> Step:
    reason = Field("reason", t("理由", "Reason"), "textarea", t("各方都看得到", "All parties see it"))
    return Step(
        title=title,
        sentence=sentence,
        label=title,
        back=_of(pool, row),
        facts=[*facts_of(row), (t("理由", "Reason"), row.reason)],
        fields=[reason] if has_reason else [],
        is_danger=verb != "conclude",
        closed=closed_words(VARIATION_MOVES, "variation", verb, row.stage, row.id) or _lapsed_words(row),
    )
