"""A report and an allocation as a page shows them: ranks, points and shares with the working of each figure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from core import parties
from tender.allocation import Allocation
from tender.exact import plain, two_places
from web.formats import money, percent, t


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ranking in final order: rows for a table, each bid's working, the draw, who was rejected, hints."""

    rows: list[dict[str, Any]]
    workings: list[dict[str, Any]]
    draw: dict[str, Any]
    rejected: list[dict[str, str]]
    exclusion: dict[str, Any] | None
    criteria: list[str]


def ranking_of(session: Session, document: Mapping[str, Any], *, is_named: bool = True) -> Ranking:
    """Return a report's document as a ranking; without `is_named` bids go by their rank alone."""
    ids = [uuid.UUID(each["organisation"]) for each in (*document["bids"], *document["rejected"])]
    names = {str(one): name for one, name in parties.names_of(session, ids).items()} if is_named else {}
    scored = {each["bid"]: each for each in document["bids"]}
    lowest = min((int(each["price_fen"]) for each in document["bids"]), default=0)
    weight = document["price_weight"]
    rows, workings = [], []
    for place, bid in enumerate(document["order"], start=1):
        each = scored[bid]
        name = names.get(each["organisation"], t("投标 {n}", "Bid {n}", n=place))
        rows.append(
            {
                "place": place,
                "bid": bid,
                "name": name,
                "organisation": each["organisation"],
                "price_fen": int(each["price_fen"]),
                "technical": each["technical"],
                "price_points": each["price_points"],
                "total": each["total"],
                "decided": _decided(each["decided_by"]),
            }
        )
        workings.append({"name": name, "steps": _steps(each, lowest, weight)})
    rejected = [
        {"name": names.get(one["organisation"], ""), "reason": reason_words(one["reason"])}
        for one in document["rejected"]
    ]
    criteria = [one["name"] for one in document["bids"][0]["criteria"]] if document["bids"] else []
    return Ranking(rows, workings, document["draw"], rejected, document["exclusion"], criteria)


def _decided(by: str) -> str:
    words = {
        "price": t("同分，报价低者在前", "equal totals, the lower price"),
        "technical": t("同分，技术分高者在前", "equal totals, the higher technique"),
        "tie": t("完全相同，公开抽签", "equal on everything, drawn"),
    }
    return words.get(by, "" if by in ("", "total") else t("同分，按“{key}”", "equal totals, by “{key}”", key=by))


def _steps(each: Mapping[str, Any], lowest: int, weight: str) -> list[dict[str, str]]:
    """Return how a bid came to its total, each figure from those before it."""
    steps = [
        {
            "what": one["name"],
            "sum": f"({' + '.join(one['marks'])}) ÷ {len(one['marks'])} = {_short(one['mean'])}",
            "result": one["points"],
        }
        for one in each["criteria"]
    ]
    steps.append({"what": t("技术分合计", "Technical points"), "sum": "", "result": each["technical"]})
    price = int(each["price_fen"])
    if price and Fraction(weight):
        steps.append(
            {
                "what": t("价格分", "Price points"),
                "sum": f"{money(lowest)} ÷ {money(price)} × {weight}",
                "result": each["price_points"],
            }
        )
    steps.append(
        {
            "what": t("总分", "Total"),
            "sum": f"{each['technical']} + {each['price_points']}",
            "result": each["total"],
        }
    )
    return steps


def _short(text: str) -> str:
    """Return an exact figure as it reads: a fraction that no decimal holds with four decimals and an ellipsis."""
    if "/" not in text:
        return text
    value = Fraction(text)
    whole, rest = divmod(value.numerator * 10_000 // value.denominator, 10_000)
    return f"{whole}.{rest:04d}…"


def reason_words(reason: str) -> str:
    """Return why a bid was rejected, in words."""
    words = {
        "price_above_ceiling": t("报价高于最高限价", "price above the ceiling"),
        "below_cost": t("报价低于成本", "price below cost"),
        "not_signed": t("未按要求签署", "not signed as asked"),
        "not_qualified": t("不符合资格条件", "not qualified"),
        "not_responsive": t("未响应实质性要求", "not responsive"),
        "several_bids": t("提交多份报价", "several bids of one bidder"),
        "related_bidders": t("投标人之间存在关联", "related bidders"),
        "collusion": t("串通投标", "collusion"),
        "bond_missing": t("未交保证金", "bond missing"),
    }
    return words.get(reason, reason)


def allocation_rows(session: Session, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the offers of an allocation with what each could carry and what it got, in order of rank."""
    ids = [uuid.UUID(offer["organisation"]) for offer in inputs["offers"]]
    names = {str(one): name for one, name in parties.names_of(session, ids).items()}
    shares = {member["bid"]: member["share_bp"] for member in outputs["members"]}
    passed = {one["bid"]: one["reason"] for one in outputs["passed_over"]}
    why = {
        "not_willing": t("不愿担任首席", "not willing to lead"),
        "conditions_not_met": t("不符合首席条件", "does not meet the lead's conditions"),
        "line_too_small": t("份额上限不足以担任首席", "cannot carry the lead's least share"),
    }
    return [
        {
            "place": place,
            "name": names.get(offer["organisation"], ""),
            "organisation": offer["organisation"],
            "bid": offer["bid"],
            "score": two_places(Fraction(offer["score"])),
            "line_bp": offer["line_bp"],
            "floor_bp": offer["floor_bp"],
            "share_bp": shares.get(offer["bid"]),
            "role": t("首席", "lead")
            if offer["bid"] == outputs["lead"]
            else t("成员", "member")
            if offer["bid"] in shares
            else t("已放弃", "declined")
            if not offer["is_in"]
            else "",
            "why": why.get(passed.get(offer["bid"], ""), ""),
        }
        for place, offer in enumerate(inputs["offers"], start=1)
    ]


def members_bar(session: Session, outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the members of an allocation for `shares_bar`, in order of rank."""
    ids = [uuid.UUID(member["organisation"]) for member in outputs["members"]]
    names = {str(one): name for one, name in parties.names_of(session, ids).items()}
    return [
        {
            "name": names.get(member["organisation"], ""),
            "weight": member["share_bp"],
            "is_lead": member["bid"] == outputs["lead"],
        }
        for member in outputs["members"]
    ]


def share_steps(found: Allocation, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return how weights became shares, a line for each member: weight times level, the bound that held it, rounding.

    `names` by bid.
    """
    held = {"cap": t("，以上限为准", ", held at its cap"), "floor": t("，以下限为准", ", held at its floor")}
    filled, lines = found.filled, []
    for place, bid in enumerate(found.bids):
        weight, unrounded = filled.weights[place], filled.unrounded_bp[place]
        product = f"{_short(plain(weight))} × {_short(plain(filled.level))}"
        lines.append(
            {
                "what": names.get(bid, bid),
                "sum": f"{product} → {_short(plain(unrounded))}{held.get(filled.held[place], '')}",
                "result": percent(filled.shares_bp[place]),
            }
        )
    return lines
