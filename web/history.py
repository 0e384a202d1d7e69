"""The timeline of a record, read from the audit log: what happened, when, by whom for whom."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.parties import Organisation, Person
from web.formats import role_name, t, yuan

#: What happened, by the event's action, in both languages. An action without words is shown by its name.
ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "pool.formed": ("组成共保体", "Pool formed", "tick"),
    "agreement.made": ("协议版本生效", "Agreement version made", "dot"),
    "period.closed": ("结账", "Period closed", "square"),
    "statement.issue": ("签发结算单", "Statement issued", "dot"),
    "statement.acknowledge": ("确认收到", "Acknowledged", "half"),
    "statement.query": ("提出疑问", "Queried", "cross"),
    "statement.answer": ("答复疑问，重新签发", "Query answered, issued again", "dot"),
    "statement.agree": ("同意结算单", "Agreed", "tick"),
    "statement.settle": ("结清", "Settled", "tick"),
    "statement.papers_kept": ("制作并签署文件", "Papers made and signed", "lock"),
    "policy.bound": ("承保", "Bound", "dot"),
    "policy.receive": ("保费到账", "Premium received", "tick"),
    "policy.collect": ("各家自收保费", "Premium collected by each member", "tick"),
    "policy.remit": ("保费划付各成员", "Premium remitted to the members", "tick"),
    "refund.agreed": ("核定退保", "Refund agreed", "dot"),
    "refund.pay": ("支付退费", "Refund paid", "tick"),
    "refund.strike": ("冲减应收保费", "Struck from what was due", "dash"),
    "claim.made": ("立案", "Claim made", "dot"),
    "claim.submit": ("提交同意", "Put to the members", "dot"),
    "claim.revise": ("修改估损", "Estimate revised", "dot"),
    "claim.agreed_by_member": ("成员同意", "Agreed by a member", "half"),
    "claim.agree": ("同意齐备", "All agreements in", "half"),
    "claim.approve": ("核准赔款", "Approved", "tick"),
    "claim.call": ("发出摊回通知", "Cash called", "pause"),
    "claim.pay": ("赔付", "Paid", "tick"),
    "claim.reject": ("拒赔", "Rejected", "cross"),
    "cash_call.receive": ("摊回到账", "Cash call received", "tick"),
    "cash_call.take": ("转入结算单", "Taken into the statement", "dash"),
    "claim_cost.pay": ("支付公估费", "Adjuster paid", "tick"),
    "recovery.received": ("追偿到账", "Recovery received", "tick"),
    "fault.report": ("报修", "Reported", "dot"),
    "fault.reported": ("报修", "Reported", "dot"),
    "fault.imported": ("导入登记", "Recorded from a list", "dot"),
    "fault.acknowledge": ("已响应", "Acknowledged", "half"),
    "fault.arrive": ("到场", "On site", "half"),
    "fault.repair": ("修复", "Repaired", "tick"),
    "fault.reopen": ("重新维修", "Opened again", "triangle"),
    "fault.accept": ("验收", "Accepted", "tick"),
    "fault.withdraw": ("撤回报修", "Withdrawn", "dash"),
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as the `timeline` macro shows it."""

    at: datetime
    what: str
    who: str
    note: str
    shape: str
    href: str = ""


def history(
    session: Session, kind: str, object_id: object, *, words: Mapping[str, str] | None = None
) -> list[Happened]:
    """Return what happened to one record, newest first; `words` are the page's own names of actions.

    Public facts only: amounts are shown in yuan, ids are not.
    """
    query = (
        select(AuditEvent, Person.name, Organisation.short_name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .outerjoin(Organisation, Organisation.id == AuditEvent.organisation_id)
        .where(AuditEvent.object_kind == kind, AuditEvent.object_id == str(object_id))
        .order_by(AuditEvent.id.desc())
    )
    return [_happened(event, name, whose, words or {}) for event, name, whose in session.execute(query)]


def _happened(event: AuditEvent, name: str | None, whose: str | None, words: Mapping[str, str]) -> Happened:
    zh, en, shape = ACTIONS.get(event.action, (event.action, event.action, "dot"))
    who = " · ".join(part for part in (whose, name or role_name(event.role)) if part)
    return Happened(event.at, words.get(event.action) or t(zh, en), who, _note(event.facts), shape)


def _note(facts: Mapping[str, Any]) -> str:
    """Return the amounts among an event's facts, in yuan."""
    return t("，", ", ").join(
        yuan(value) for key, value in facts.items() if key.endswith("_fen") and type(value) is int
    )


def who_did(session: Session, kind: str, object_id: object, action: str) -> uuid.UUID | None:
    """Return the person behind the last event of this action on a record; None where there is none."""
    query = (
        select(AuditEvent.person_id)
        .where(AuditEvent.object_kind == kind, AuditEvent.object_id == str(object_id), AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)
