"""From the award to the pool: the agreement rendered, signed by every party or refused, and then the pool formed."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import parties
from core.errors import Conflict, Invalid
from core.papers import papers_of
from core.permits import Role
from tender import agreements, awards
from tender.models import Tender
from tender.outcome_models import Award
from underwriting import pools
from web.formats import t
from web.keeping import sent, settings
from web.pages.tender_steps import Step, take
from web.pages.tenders import load
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of
from web.tender_papers import agreement_of
from web.tender_sentences import pool_of

pages = Blueprint("agreement", __name__, url_prefix="/tenders/<uuid:tender_id>")


@pages.get("/agreement")
@needs("tender.read")
def one(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the agreement of the award that stands: the numbers, the paper, who has signed and who is waited for."""
    tender = load(tender_id)
    award = awards.award_of(unit(), tender)
    numbers = awards.numbers_of(unit(), award)
    parties_ = party_rows(tender, award)
    is_refused = bool(agreements.refusals_of(unit(), award))
    own = next((row for row in parties_ if row["is_own"]), None)
    return render_template(
        "tenders/agreement.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        numbers=numbers,
        agreement=agreements.rendered(unit(), award),
        pool=pool_of(tender),
        parties=parties_,
        members=[
            {"name": row["name"], "weight": share_bp, "is_lead": place == 0}
            for place, (row, (_, share_bp)) in enumerate(zip(parties_, numbers.members, strict=False))
        ],
        may_sign=tender.stage == "awarded"
        and actor().role is Role.SIGNATORY
        and own is not None
        and own["state"] == "awaited"
        and not is_refused,
        may_note=tender.stage == "awarded" and actor().role is Role.OFFICER and not is_refused,
    )


def party_rows(tender: Tender, award: Award) -> list[dict[str, Any]]:
    """Return the parties of an agreement, the members in order and last the bureau, with how far each has come."""
    session = unit()
    rows = agreements.parties_of(session, tender, award)
    people = parties.people_of(session, [row.signature.person_id for row in rows if row.signature])
    names = parties.names_of(session, [row.organisation_id for row in rows])
    roles = [t("首席", "lead"), *[t("成员", "member")] * (len(rows) - 2), t("主管单位", "bureau")]
    return [
        {
            "id": str(row.organisation_id),
            "name": names[row.organisation_id],
            "is_own": row.organisation_id == actor().organisation_id,
            "role": role,
            "state": row.state,
            "signed_by": people.get(row.signature.person_id, "") if row.signature else "",
            "signed_at": row.signature.signed_at if row.signature else None,
        }
        for row, role in zip(rows, roles, strict=True)
    ]


@pages.route("/agreement/render", methods=["GET", "POST"])
@needs("agreement.render")
def render(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Make the paper that all parties will sign, from the awarded numbers."""
    tender = load(tender_id)
    step = Step(
        t(
            "按中标数字生成共保协议：成员、份额、费率和条款原样取自中标决定。生成后文件不再改变，各方签署的就是这一份。",
            "Make the agreement from the awarded numbers. The file then stays as it is, and is what every party signs.",
        ),
        t("生成协议", "Make the agreement"),
        t("协议已生成，请各成员签署。", "Made; the members now sign it."),
    )

    def work(_: str) -> object:
        paper = agreement_of(unit(), tender, awards.award_of(unit(), tender), settings(), at=at())
        return agreements.render(unit(), tender, paper, by=actor(), at=at())

    return take(tender, step, work, to=url_for("agreement.one", tender_id=tender.id))


def _pdf(tender: Tender) -> str:
    return url_for("agreement.pdf", tender_id=tender.id)


def _digest(tender: Tender) -> str:
    """Return the digest of the agreement that a page asks to sign: what stands, or what the form that is sent carries.

    Refuses with Invalid `sentence_unconfirmed` a form that does not say which agreement it signs.
    """
    agreement = agreements.rendered(unit(), awards.award_of(unit(), tender))
    if agreement is None:
        raise Conflict("agreement_not_rendered")
    if request.method == "POST" and not request.form.get("digest"):
        raise Invalid("sentence_unconfirmed")
    return request.form.get("digest") or agreement.digest


@pages.route("/agreement/signature", methods=["GET", "POST"])
@needs("agreement.sign")
def sign(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Sign the agreement for one's insurer."""
    tender = load(tender_id)
    digest = _digest(tender)
    step = Step(
        t(
            "代表本公司签署共保协议，摘要 {digest}。签署后不能撤回，请先核对文件。",
            "Sign the agreement with SHA-256 {digest} for your company. It is final; read the file first.",
            digest=digest,
        ),
        t("签署协议", "Sign the agreement"),
        t("已签署。", "Signed."),
        carried={"digest": digest},
        paper=(t("打开要签署的协议（PDF）", "Open the agreement to be signed (PDF)"), _pdf(tender)),
    )
    to = url_for("agreement.one", tender_id=tender.id)
    return take(tender, step, lambda _: agreements.sign(unit(), tender, digest, by=actor(), at=at()), to=to)


@pages.route("/agreement/refusal", methods=["GET", "POST"])
@needs("agreement.sign")
def refuse(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Refuse to sign, with the reason."""
    tender = load(tender_id)
    step = _refusal_step(
        t(
            "拒绝签署共保协议。本公司退出本次共保，份额由其余成员重新计算，不能撤回；保证金按招标文件处理。",
            "Refuse to sign. Your company is out, the shares are made again for the others, and this is final.",
        ),
        t("拒绝签署", "Refuse to sign"),
        t("已登记，份额将重新计算。", "Noted; the shares are made again."),
    )
    to = url_for("agreement.one", tender_id=tender.id)
    return take(tender, step, lambda reason: agreements.refuse(unit(), tender, reason, by=actor(), at=at()), to=to)


@pages.route("/members/<uuid:organisation_id>/refusal", methods=["GET", "POST"])
@needs("tender.allocate")
def note_refusal(tender_id: uuid.UUID, organisation_id: uuid.UUID) -> ResponseReturnValue:
    """Note that an awarded member will not sign; the shares are then made again without it."""
    tender = load(tender_id)
    name = parties.organisation(unit(), organisation_id).name
    step = _refusal_step(
        t(
            "登记“{name}”拒签或逾期未签。它退出本次共保，须重新计算份额。",
            "Note that “{name}” refused, or was silent past its time. It is out; the shares are made again.",
            name=name,
        ),
        t("登记拒签", "Note the refusal"),
        t("已登记，请重新计算份额。", "Noted; make the shares again."),
    )

    def work(reason: str) -> None:
        agreements.note_refusal(unit(), tender, organisation_id, reason, by=actor(), at=at())

    return take(tender, step, work, to=url_for("award.allocation", tender_id=tender.id))


def _refusal_step(sentence: str, label: str, done: str) -> Step:
    hint = t("将记入日志", "it is recorded")
    return Step(sentence, label, done, "reason", t("理由", "Reason"), hint, "textarea", is_danger=True)


@pages.route("/contract", methods=["GET", "POST"])
@needs("tender.contract")
def contract(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Sign for the bureau, last of all."""
    tender = load(tender_id)
    digest = _digest(tender)
    step = Step(
        t(
            "各成员签齐以后，代表主管单位最后签署共保协议，摘要 {digest}。协议随即成立，可以成立共保体。",
            "Sign for the bureau, last of all, the agreement with SHA-256 {digest}. It is then concluded.",
            digest=digest,
        ),
        t("代表主管单位签署", "Sign for the bureau"),
        t("协议已由各方签署。现在可以成立共保体。", "All have signed. The pool can now be formed."),
        carried={"digest": digest},
        paper=(t("打开要签署的协议（PDF）", "Open the agreement to be signed (PDF)"), _pdf(tender)),
    )
    to = url_for("agreement.one", tender_id=tender.id)
    return take(tender, step, lambda _: agreements.contract(unit(), tender, digest, by=actor(), at=at()), to=to)


@pages.route("/pool", methods=["GET", "POST"])
@needs("pool.form")
def form_pool(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Form the pool with the awarded numbers, once all have signed."""
    tender = load(tender_id)
    numbers = awards.numbers_of(unit(), awards.award_of(unit(), tender))
    plan = pools.plan_of_award(numbers)
    step = Step(
        t(
            "按已签署的协议成立“{name}”：成员、份额、费率和条款原样取自中标数字，不再录入。",
            "Form “{name}” as signed: members, shares, price and terms are the awarded ones; nothing is typed.",
            name=plan.name,
        ),
        t("成立共保体", "Form the pool"),
        t("共保体已成立。", "The pool stands."),
        "name",
        t("共保体名称", "Name of the pool"),
        t("不填则为“{name}”", "left empty: “{name}”", name=plan.name),
    )
    to = url_for("agreement.one", tender_id=tender.id)
    return take(tender, step, lambda name: pools.form_from_award(unit(), numbers, name, by=actor(), at=at()), to=to)


@pages.get("/agreement.pdf")
@needs("tender.read")
def pdf(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the agreement as its kept PDF, with room for every party's seal."""
    tender = load(tender_id)
    award = awards.award_of(unit(), tender)
    if agreements.rendered(unit(), award) is None:
        raise Conflict("agreement_not_rendered")
    return sent(papers_of(unit(), agreements.AGREEMENT, ("award", award.id))[-1])
