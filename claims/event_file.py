"""The event file: an agreement and a list of dated events, read strictly, every mistake named at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import Finding, Invalid
from underwriting.terms import Terms

#: event -> its fields beside `id`, `on`, `event`, with the kind of each; a name with `?` may be left out.
EVENT_FIELDS: Mapping[str, Mapping[str, str]] = {
    "premium_written": {"gross_fen": "fen", "lifts": "count"},
    "premium_received": {},
    "premium_remitted": {},
    "claim_approved": {"policy": "text", "amount_fen": "fen", "by": "lead|all"},
    "claim_paid_by_lead": {},
    "cash_call_issued": {"due_on?": "date"},
    "cash_call_received": {"from": "members"},
    "lead_funds_own_share_and_shortfall": {"amount_fen": "fen"},
    "claim_paid_from_pool_money": {},
    "adjuster_approved": {"amount_fen": "fen"},
    "adjuster_paid_by_lead": {},
    "premium_refund_agreed": {
        "policy": "text",
        "lift_gross_fen": "fen",
        "days_left": "count",
        "days_total": "count",
        "refund_fen?": "fen",
    },
    "refund_paid_by_lead": {},
    "recovery_received_by_lead": {"kind": "subrogation|salvage", "amount_fen": "fen"},
    "period_closed": {},
    "statement_settled": {},
}

_AGREEMENT_FIELDS: Mapping[str, str] = {
    "members": "members",
    "lead": "text",
    "shares_bp?": "numbers",
    "weights?": "numbers",
    "whole?": "count",
    "remittance": "gross|net",
    "collection": "lead|each",
    "lead_fee_bp": "number",
    "vat_bp": "number",
    "lead_alone_limit_fen": "number",
    "cash_call_from_fen": "number",
    "cash_call_due_days": "count",
    "settlement_days?": "count",
    "late_interest_bp": "number",
    "day_count": "count",
    "deductible_fen?": "number",
    "deductible_bp?": "number",
    "limit_fen?": "number",
    "aggregate_limit_fen?": "number",
    "year": "count",
}


@dataclass(frozen=True, slots=True)
class FileAgreement:
    """The agreement of a file: members in its order, their weights over the whole, the lead, the terms, the year."""

    members: tuple[str, ...]
    weights: tuple[int, ...]
    whole: int
    lead: str
    terms: Terms
    year: int


@dataclass(frozen=True, slots=True)
class FileEvent:
    """One event: its number in the file (from 1), what it is about, its day, and its own fields, checked."""

    number: int
    id: str
    on: date
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventFile:
    """A whole file, checked for form; whether the state of affairs allows its events shows when they are played."""

    agreement: FileAgreement
    events: tuple[FileEvent, ...]


def read(data: object) -> EventFile:
    """Return the file that a parsed JSON value holds.

    Refuses Invalid `event_file_invalid` with a finding for every field that is unknown, missing or of a wrong kind.
    """
    findings: list[Finding] = []
    if not isinstance(data, Mapping):
        raise Invalid("event_file_invalid", [Finding("not_an_object", "file")])
    # A file may carry its expected results along, as the published vectors do; they are not read here.
    known = {"agreement", "events", "note", *RESULT_NAMES}
    findings += [Finding("field_unknown", str(name)) for name in data if name not in known]
    agreement = _fields(data.get("agreement"), _AGREEMENT_FIELDS, "agreement", findings)
    raw_events = data.get("events")
    if not isinstance(raw_events, list):
        findings.append(Finding("field_missing", "events"))
        raw_events = []
    events = [_event(number, raw, findings) for number, raw in enumerate(raw_events, start=1)]
    checked = _agreement(agreement, findings) if not findings else None
    if findings or checked is None:
        raise Invalid("event_file_invalid", findings, count=len(findings))
    return EventFile(checked, tuple(event for event in events if event is not None))


#: What `rehearsal` prints; a file may hold them too.
RESULT_NAMES = (
    "splits_fen",
    "statement_fen",
    "remitted_gross_fen",
    "trial_balance_after_close_fen",
    "trial_balance_after_settlement_fen",
    "carries",
)


def _agreement(raw: Mapping[str, Any], findings: list[Finding]) -> FileAgreement | None:
    """Return the agreement; adds findings where its figures do not fit together."""
    members = tuple(raw["members"])
    weights = tuple(raw.get("shares_bp", raw.get("weights", ())))
    whole = raw.get("whole", 10_000 if "shares_bp" in raw else sum(weights))
    if ("shares_bp" in raw) == ("weights" in raw):
        findings.append(Finding("shares_or_weights", "agreement.shares_bp"))
    elif "shares_bp" in raw and whole != 10_000:
        findings.append(Finding("weights_do_not_sum", "agreement.whole", {"total": sum(weights), "whole": 10_000}))
    elif sum(weights) != whole or min(weights, default=0) <= 0:
        findings.append(Finding("weights_do_not_sum", "agreement.shares_bp", {"total": sum(weights), "whole": whole}))
    if len(weights) != len(members) or len(set(members)) != len(members) or len(members) < 2:
        findings.append(Finding("members_do_not_fit", "agreement.members", {"members": len(members)}))
    if raw["lead"] not in members:
        findings.append(Finding("lead_not_a_member", "agreement.lead"))
    terms = {name: raw[name] for name in raw if name in Terms.__dataclass_fields__}
    try:
        made = Terms(**terms)
    except Invalid as refusal:
        findings += [Finding(one.code, f"agreement.{one.where}", one.facts) for one in refusal.findings]
        return None
    if findings:
        return None
    return FileAgreement(members, weights, whole, raw["lead"], made, raw["year"])


def _event(number: int, raw: object, findings: list[Finding]) -> FileEvent | None:
    """Return one event; adds findings for whatever is wrong with it."""
    place = f"events[{number}]"
    name = raw.get("event") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or name not in EVENT_FIELDS:
        findings.append(Finding("event_unknown", f"{place}.event", {"choices": list(EVENT_FIELDS)}))
        return None
    before = len(findings)
    wanted = {"id": "text", "on": "date", "event": "text", **EVENT_FIELDS[str(name)]}
    fields = _fields(raw, wanted, place, findings)
    if len(findings) > before:
        return None
    own = {key: value for key, value in fields.items() if key not in {"id", "on", "event"}}
    return FileEvent(number, fields["id"], fields["on"], str(name), own)


def _fields(raw: object, wanted: Mapping[str, str], place: str, findings: list[Finding]) -> dict[str, Any]:
    """Return the checked fields of one object; adds a finding for each that is unknown, missing or wrong."""
    if not isinstance(raw, Mapping):
        findings.append(Finding("not_an_object", place))
        return {}
    names = {name.rstrip("?"): kind for name, kind in wanted.items()}
    findings += [Finding("field_unknown", f"{place}.{name}") for name in raw if name not in names]
    checked: dict[str, Any] = {}
    for name, kind in names.items():
        if name not in raw:
            if f"{name}?" not in wanted:
                findings.append(Finding("field_missing", f"{place}.{name}"))
            continue
        value, wrong = _value(raw[name], kind)
        if wrong:
            findings.append(Finding(wrong, f"{place}.{name}", {"value": str(raw[name])[:80], "choices": kind}))
        checked[name] = value
    return checked


def _value(raw: object, kind: str) -> tuple[Any, str]:
    """Return (value, code of what is wrong with it or nothing)."""
    if kind in {"fen", "count", "number"}:
        low = 0 if kind == "number" else 1
        return raw, "" if type(raw) is int and low <= raw <= 10**15 else "not_a_whole_number"
    if kind == "date":
        return _date(raw)
    if kind == "text":
        return raw, "" if isinstance(raw, str) and 0 < len(raw) <= 80 else "not_a_text"
    if kind in {"members", "numbers"}:
        return _list(raw, "text" if kind == "members" else "number")
    return raw, "" if raw in kind.split("|") else "not_one_of"


def _date(raw: object) -> tuple[Any, str]:
    """Return a date written as 2026-03-31."""
    if not isinstance(raw, str) or len(raw) != 10:
        return None, "not_a_date"
    try:
        return date.fromisoformat(raw), ""
    except ValueError:
        return None, "not_a_date"


def _list(raw: object, kind: str) -> tuple[Any, str]:
    """Return a list whose every value is of a kind."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw or len(raw) > 100:
        return None, "not_a_list"
    wrong = [code for _, code in (_value(value, kind) for value in raw) if code]
    return list(raw), wrong[0] if wrong else ""
