"""The repair bill of a claim as pages and API show it: its lines, the working from the loss to what is payable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claims.adjusting import AssessedLine, CoverTerms, Reduction
from claims.admission import LINES_MOST
from claims.bills import Assessment
from core.errors import Finding, Invalid
from ledger.money import parse_fen, plain_fen
from web.formats import deductible_words, money, t
from web.money_desk import Field, day_field

#: So many empty rows stand below the lines of the form; sending it with “more rows” adds as many again.
SPARE = 4
PARTS = ("what", "asked", "allowed", "reason")
_FIRST = {"line_without_words": "what", "line_asks_nothing": "asked", "line_cut_without_reason": "reason"}


@dataclass(frozen=True, slots=True)
class Worked:
    """One step of the working in words: what it is, what it takes off (None: it begins or ends), what is left."""

    label: str
    taken_fen: int | None
    left_fen: int
    note: str = ""


def working(told: Assessment) -> list[Worked]:
    """Return the way from the loss to what is payable, step by step; steps that took nothing off are left out."""
    first = t("清单核定的损失", "Loss that the bill allows") if told.has_bill else t("估损", "Estimate")
    rows = [Worked(first, None, told.adjustment.loss_fen)]
    rows += [
        Worked(reduction_words(step.reduction), step.taken_fen, step.left_fen, _why(step.reduction, told))
        for step in told.adjustment.steps
    ]
    last = t("应付", "Payable") if told.has_bill else t("最多可付", "Payable at most")
    return [*rows, Worked(last, None, told.adjustment.payable_fen)]


def reduction_words(reduction: Reduction) -> str:
    """Return what a reduction is called."""
    return {
        Reduction.DEDUCTIBLE: t("免赔", "Deductible"),
        Reduction.LIMIT: t("超过每次事故限额", "Above the limit of one loss"),
        Reduction.AGGREGATE_LIMIT: t("超过保单累计限额", "Above the policy’s aggregate limit"),
    }[reduction]


def _why(reduction: Reduction, told: Assessment) -> str:
    cover = told.cover
    if reduction is Reduction.DEDUCTIBLE:
        return deductible_words(cover.deductible_fen, cover.deductible_bp)
    if reduction is Reduction.LIMIT:
        return t("每次事故不超过 {sum} 元", "at most CNY {sum} a loss", sum=money(cover.limit_fen))
    return t(
        "累计不超过 {sum} 元，其他赔案已核定 {before} 元",
        "at most CNY {sum} in all, CNY {before} of it approved for other claims",
        sum=money(cover.aggregate_limit_fen),
        before=money(told.paid_before_fen),
    )


def cover_facts(cover: CoverTerms) -> list[tuple[str, str]]:
    """Return the cover of a policy as facts; what it does not have is said to be none."""
    none = t("无", "none")
    limit, most = cover.limit_fen, cover.aggregate_limit_fen
    return [
        (t("免赔", "Deductible"), deductible_words(cover.deductible_fen, cover.deductible_bp) or none),
        (t("每次事故限额（元）", "Limit of a loss (CNY)"), money(limit) if limit is not None else none),
        (t("保单累计限额（元）", "Aggregate limit (CNY)"), money(most) if most is not None else none),
    ]


# The approval


def working_facts(told: Assessment) -> list[tuple[str, str]]:
    """Return the working as facts of the step that approves it; none where nothing is between estimate and payable."""
    if not told.has_bill and not told.adjustment.steps:
        return []
    return [
        (one.label, f"{money(one.left_fen)}" if one.taken_fen is None else f"− {money(one.taken_fen)}")
        for one in working(told)
    ]


def approval(told: Assessment) -> dict[str, Any]:
    """Return what the step that approves says and asks: to confirm what the bill gives; without one, how much."""
    sentence = t(
        "核准后按起保时的份额记入各成员往来，不能修改，只能冲正。",
        "It is booked to the members at the shares of inception, and is not changed but reversed.",
    )
    amount = plain_fen(told.adjustment.payable_fen)
    if not told.has_bill:
        hint = t("扣除免赔后的应付金额，不高于估损", "What is payable after deductibles, not above the estimate")
        asked = Field("amount", t("核定赔款", "Payable"), "amount", hint=hint)
        return {"sentence": sentence, "fields": [asked, day_field()], "values": {"amount": amount}}
    confirmed = t("核准赔款 {sum} 元。", "Approve CNY {sum}. ", sum=money(told.adjustment.payable_fen))
    note = t(
        "应付金额由清单和保单条款算出；不对的，先更换清单或修改估损。",
        "What is payable follows from the bill and the cover. Where it is wrong, replace the bill or revise the "
        "estimate first.",
    )
    return {"sentence": confirmed + sentence, "fields": [day_field()], "kept": {"amount": [amount]}, "note": note}


# The form


def form_rows(lines: Sequence[AssessedLine]) -> list[dict[str, str]]:
    """Return lines as the rows of their form, with empty ones below."""
    rows = [
        {
            "what": line.what,
            "asked": plain_fen(line.asked_fen),
            "allowed": plain_fen(line.allowed_fen),
            "reason": line.reason,
        }
        for line in lines
    ]
    return with_spare(rows)


def with_spare(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows of a form with empty ones below, as far as a bill goes."""
    spare = min(SPARE, max(0, LINES_MOST - len(rows)))
    return [*rows, *(dict.fromkeys(PARTS, "") for _ in range(spare))]


def rows_typed(form: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a form as they were typed, without the empty ones."""
    rows = [{part: form.get(f"{part}_{n}", "").strip() for part in PARTS} for n in range(LINES_MOST + SPARE)]
    return [row for row in rows if any(row.values())]


def read_lines(rows: Sequence[Mapping[str, str]]) -> list[AssessedLine]:
    """Return the lines that the rows of a form tell; all is allowed where nothing is said of it.

    Refuses Invalid `lines_refused` naming the field of every amount that is none.
    """
    lines, findings = [], []
    for n, row in enumerate(rows):
        amounts: dict[str, int] = {}
        for part in ("asked", "allowed"):
            text = row[part] or ("" if part == "asked" else row["asked"])
            try:
                amounts[part] = parse_fen(text)
            except Invalid as refusal:
                # What is asked for is refused once, not a second time as what is allowed.
                if part == "asked" or row[part]:
                    findings.append(Finding(refusal.code, f"{part}_{n}", dict(refusal.facts)))
        if len(amounts) == len(("asked", "allowed")):
            lines.append(AssessedLine(row["what"][:200], amounts["asked"], amounts["allowed"], row["reason"][:500]))
    if findings:
        raise Invalid("lines_refused", findings, count=len(findings))
    return lines


def beside_fields(refusal: Invalid) -> Invalid:
    """Return a refusal of lines with its findings at the fields of the form: `line 2` is its second row."""
    findings = [
        Finding(one.code, f"{_FIRST.get(one.code, 'allowed')}_{int(one.where.removeprefix('line ')) - 1}", one.facts)
        if one.where.startswith("line ")
        else one
        for one in refusal.findings
    ]
    return Invalid(refusal.code, findings, **refusal.facts)


# For programs


def as_json(told: Assessment, money_of: Any) -> dict[str, Any]:
    """Return a bill and its working as the API tells them; `money_of` writes an amount."""
    steps = [
        {"reduction": step.reduction.value, "taken": money_of(step.taken_fen), "left": money_of(step.left_fen)}
        for step in told.adjustment.steps
    ]
    lines = [
        {
            "position": position,
            "what": line.what,
            "asked": money_of(line.asked_fen),
            "allowed": money_of(line.allowed_fen),
            "reason": line.reason,
        }
        for position, line in enumerate(told.lines, start=1)
    ]
    return {
        "lines": lines,
        "adjustment": {
            "loss": money_of(told.adjustment.loss_fen),
            "steps": steps,
            "payable": money_of(told.adjustment.payable_fen),
            "paid_before": money_of(told.paid_before_fen),
        },
    }
