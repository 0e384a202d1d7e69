"""The figures of the service standard: what staff read, and the same for everyone as open data."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from claims.service_standard import Measured, Ratio, Standard
from core import clock
from core.permits import SYSTEM, Actor
from web import service_figures
from web.formats import number, percent, t
from web.listing import Asked, csv_of
from web.service_figures import figures, month_figures, standard_now
from web.shell import actor, at, needs, unit

pages = Blueprint("service", __name__)

#: The public reads at most so many days at once.
MOST_DAYS = 1100


def _span(asked: Asked) -> tuple[date, date]:
    """Return the days asked for: by default the last ninety; at most `MOST_DAYS`, counted back from the last."""
    today = clock.on(at())
    until = min(asked.day("until") or today, today)
    since = min(asked.day("since") or until - timedelta(days=89), until)
    since = max(since, until - timedelta(days=MOST_DAYS))
    asked.values.update(since=since.isoformat(), until=until.isoformat())
    return since, until


@pages.get("/service")
@needs("fault.read")
def index() -> ResponseReturnValue:
    """Show the figures over the faults that the reader may see."""
    return _page(actor(), is_public=False)


@pages.get("/public/service")
@needs("public.read")
def public() -> ResponseReturnValue:
    """Show the city's figures to everyone."""
    return _page(SYSTEM, is_public=True)


def _page(whose: Actor, *, is_public: bool) -> str:
    asked = Asked()
    since, until = _span(asked)
    standard = standard_now(unit(), whose)
    measured = figures(unit(), whose, since, until, at=at())
    months = month_figures(unit(), whose, at=at())
    span: dict[str, Any] = dict(asked.values)
    return render_template(
        "service/index.html",
        values=asked.values,
        errors=asked.errors,
        measured=measured,
        rows=rows_of(measured, standard),
        tiles=_tiles(measured),
        months=months,
        open_data=[
            ("JSON", url_for("service.open_json", **span)),
            ("CSV", url_for("service.open_csv", **span)),
        ],
        is_public=is_public,
        now=at(),
    )


def rows_of(measured: Measured, standard: Standard) -> list[dict[str, Any]]:
    """Return the measures as rows: what was asked, what came out, on how many faults, and whether that is enough."""
    verdicts = measured.verdicts(standard)
    half = t("至少 {part}", "at least {part}", part=percent(standard.half_day_ratio_bp))
    return [
        _row(
            t("响应", "Response"),
            t("{n} 分钟内", "within {n} minutes", n=standard.response_min),
            t("全部", "all"),
            measured.response,
            verdicts["response"],
        ),
        _row(
            t("困人到场", "Arrival, people trapped"),
            t(
                "{n} 分钟内，郊外 {m} 分钟",
                "within {n} min, outside {m}",
                n=standard.arrival_min,
                m=standard.arrival_outside_min,
            ),
            t("全部", "all"),
            measured.arrival,
            verdicts["arrival"],
        ),
        _row(
            t("半日修复", "Repair in half a day"),
            t("{n} 工作分钟内", "within {n} working minutes", n=standard.half_day_min),
            half,
            measured.half_day,
            verdicts["half_day"],
        ),
        _row(
            t("最长时限", "Longest"),
            t("{n} 天内", "within {n} days", n=standard.longest_days),
            t("全部", "all"),
            measured.within_longest,
            verdicts["longest"],
        ),
    ]


def _row(label: str, limit: str, wanted: str, ratio: Ratio, verdict: bool | None) -> dict[str, Any]:
    return {
        "label": label,
        "limit": limit,
        "wanted": wanted,
        "bp": ratio.bp,
        "met": ratio.met,
        "n": ratio.n,
        "open_failed": ratio.open_failed,
        "not_yet": ratio.not_yet,
        "not_known": ratio.not_known,
        "verdict": {True: "met", False: "missed", None: ""}[verdict],
    }


def _tiles(measured: Measured) -> list[dict[str, Any]]:
    longest = measured.longest
    return [
        {
            "label": t("报修", "Faults"),
            "value": number(measured.closed + measured.open),
            "change": t("{n} 次尚未修复", "{n} not repaired yet", n=number(measured.open)),
        },
        {
            "label": t("半日修复率", "Repaired in half a day"),
            "value": percent(measured.half_day.bp),
            "change": t("计入 {n} 次", "of {n} faults", n=number(measured.half_day.n)),
        },
        {
            "label": t("平均修复", "Mean repair"),
            "value": days(measured.mean_days_hundredths),
            "unit": t("天", "days"),
            "change": t(
                "中位 {d} 天 · 已修复 {n} 次",
                "median {d} days · {n} repaired",
                d=days(measured.median_days_hundredths),
                n=number(measured.closed),
            ),
        },
        {
            "label": t("最长", "Longest"),
            "value": days(None if longest is None else longest.days_hundredths),
            "unit": t("天", "days"),
            "change": t("尚未修复", "still open") if longest is not None and longest.is_open else "",
        },
    ]


def days(hundredths: int | None) -> str:
    """Return hundredths of a day as days with two decimals.

    >>> days(106)
    '1.06'
    """
    return "\N{EM DASH}" if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02}"


# Open data


def _document() -> dict[str, Any]:
    asked = Asked()
    since, until = _span(asked)
    standard = standard_now(unit(), SYSTEM)
    document = service_figures.document(figures(unit(), SYSTEM, since, until, at=at()), since, until, standard)
    months = month_figures(unit(), SYSTEM, at=at())
    document["months"] = [{"month": month.label, "reported": month.reported, "open": month.is_open} for month in months]
    return document


@pages.get("/public/service.json")
@needs("public.read")
def open_json() -> Response:
    """Give the city's figures to programs."""
    return jsonify(_document())


@pages.get("/public/service.csv")
@needs("public.read")
def open_csv() -> Response:
    """Give the city's figures to spreadsheets: one measure a row."""
    document = _document()
    names = ("met", "n", "bp", "open_failed", "not_yet", "not_known")
    rows = [
        {"measure": name, "since": document["since"], "until": document["until"], **document[name]}
        for name in ("response", "arrival_trapped", "half_day", "within_longest")
    ]
    columns = [(name, _reader(name)) for name in ("measure", "since", "until", *names)]
    return csv_of("service-figures", columns, rows)


def _reader(name: str) -> Any:
    return lambda row: row[name]
