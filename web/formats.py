"""How values read on a page: money, dates, instants, spans of time, shares; and the two languages of our own words.

`install(app)` puts every filter and global into the application's Jinja environment. Nothing here computes a
figure: a template shows what a room has worked out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, session, url_for
from flask_babel import get_babel
from markupsafe import Markup

from core.clock import CITY
from ledger.money import MINUS, format_fen, in_words
from web import charts, kept_pieces, table_rows
from web.account_words import account_words
from web.columns import Column, cell, column, findings_as_rows
from web.documents import labels, wording
from web.qr import qr_picture
from web.role_words import role_words
from web.states import state_of

#: The locales a page may be read in, the first being the default.
LOCALES = ("zh_Hans_CN", "en")

NOTHING = "\N{EM DASH}"

_STATIC = Path(__file__).parent / "static"


# Languages


def is_english() -> bool:
    """Say whether the page being made is to be read in English (outside a request: no)."""
    try:
        found: bool | None = g.get("is_english")
    except RuntimeError:
        return False
    if found is None:
        # Decided once a request: every word of a page asks.
        selector = get_babel().locale_selector
        found = g.is_english = selector is not None and selector() == LOCALES[1]
    return found


def t(zh: str, en: str, **facts: object) -> str:
    """Return the Chinese or the English words, by the reader's language; `facts` fill in `{name}` places."""
    words = en if is_english() else zh
    return words.format(**facts) if facts else words


def choose_locale() -> str:
    """Return the locale of this request: `?lang=` if given (and remember it), else the remembered one, else Chinese."""
    asked = request.args.get("lang", "")
    if asked:
        chosen = LOCALES[1] if asked == "en" else LOCALES[0]
        session["lang"] = chosen
        return chosen
    remembered = session.get("lang")
    return remembered if remembered in LOCALES else LOCALES[0]


def role_name(role: str) -> str:
    """Return a role of people in the reader's language."""
    return t(*role_words(role))


def account_name(code: str) -> str:
    """Return an account of the book in words, its code (and member) before them: 2210:A 共保人往来."""
    return f"{code} {t(*account_words(code))}"


def line_name(line: str) -> str:
    """Return a line of a statement in words; `balance` is its last line."""
    return t(*labels.LINES.get(line, ("余额", "Balance") if line == "balance" else (line, line)))


def reason_name(reason: str) -> str:
    """Return the reason of an entry in words."""
    return t(*labels.REASONS.get(reason, (reason, reason)))


def stream_name(stream: str) -> str:
    """Return a stream of an agreement in words."""
    return t(*labels.STREAMS.get(stream, (stream, stream)))


# Addresses


def here(**changes: object) -> str:
    """Return the address of this page with some query values changed; None takes one away.

    `page` and `lang` are dropped unless they are among the changes: a new filter starts at the first page, and a
    chosen language is remembered.
    """
    asked = request.args
    query = {name: asked.getlist(name) for name in asked if name not in ("page", "lang")} if asked else {}
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    text = urlencode(query, doseq=True)
    return f"{request.path}?{text}" if text else request.path


def other_language() -> str:
    """Return the address of this same page in the other language."""
    page = request.args.get("page")
    return here(lang="zh" if is_english() else "en", **({"page": page} if page else {}))


@lru_cache(maxsize=1)
def assets_digest() -> str:
    """Return the digest of all static files together, which stands in the address of each."""
    found = hashlib.sha256()
    for path in sorted(_STATIC.rglob("*.*")):
        found.update(path.relative_to(_STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:10]


def asset(name: str) -> str:
    """Return the address of a static file below the digest of all of them.

    A new release is fetched at once, and the modules that a script names beside itself stand below the same digest.
    """
    known: dict[tuple[str, str], str] = current_app.extensions.setdefault("assets", {})
    key = (request.script_root, name)
    if key not in known and len(known) > 500:
        known.clear()
    return known.get(key) or known.setdefault(key, url_for("static", filename=name, assets=assets_digest()))


# Figures


def number(value: int | None) -> str:
    """Return a whole number with thousands separators and a true minus.

    >>> number(-1234567)
    '−1,234,567'
    """
    return NOTHING if value is None else f"{MINUS if value < 0 else ''}{abs(value):,}"


def money(fen: int | None) -> str:
    """Return fen as yuan with separators, two decimals and a true minus, without the unit.

    >>> money(-2651624), money(5), money(0)
    ('−26,516.24', '0.05', '0.00')
    """
    return NOTHING if fen is None else format_fen(fen)


def money_signed(fen: int | None) -> str:
    """Return fen as `money`, with a plus before what is more than nothing: for movements.

    >>> money_signed(86454), money_signed(0)
    ('+864.54', '0.00')
    """
    return f"+{money(fen)}" if fen is not None and fen > 0 else money(fen)


def yuan(fen: int | None) -> str:
    """Return fen as an amount in a sentence: with its unit."""
    return NOTHING if fen is None else t("{amount} 元", "CNY {amount}", amount=money(fen))


def percent(basis_points: int | None) -> str:
    """Return basis points as a percentage with two decimals.

    >>> percent(4500), percent(-25)
    ('45.00%', '−0.25%')
    """
    if basis_points is None:
        return NOTHING
    return wording.percent(basis_points) if basis_points >= 0 else MINUS + wording.percent(-basis_points)


def file_size(count: int | None) -> str:
    """Return a count of bytes for people.

    >>> file_size(900), file_size(1536), file_size(5242880)
    ('900 B', '1.5 KiB', '5.0 MiB')
    """
    if count is None:
        return NOTHING
    if count < 1024:
        return f"{count} B"
    unit, size = ("KiB", 1024) if count < 1024**2 else ("MiB", 1024**2) if count < 1024**3 else ("GiB", 1024**3)
    tenths = count * 10 // size
    return f"{tenths // 10:,}.{tenths % 10} {unit}"


# Times


def date_words(value: date | datetime | None) -> str:
    """Return a date in words: 2026年11月23日, 23 November 2026. An instant gives its date in the city."""
    if value is None:
        return NOTHING
    value = value.astimezone(CITY).date() if isinstance(value, datetime) else value
    return wording.date_en(value) if is_english() else wording.date_zh(value)


def date_plain(value: date | datetime | None) -> str:
    """Return a date for a table: 2026-11-23."""
    if value is None:
        return NOTHING
    return (value.astimezone(CITY).date() if isinstance(value, datetime) else value).isoformat()


def instant(value: datetime | None) -> str:
    """Return an instant in a sentence, in the city's time and saying so: 2026年11月23日 14:30 北京时间."""
    if value is None:
        return NOTHING
    hours = f"{value.astimezone(CITY):%H:%M}"
    return t("{day} {hours} 北京时间", "{day}, {hours} Beijing time", day=date_words(value), hours=hours)


def instant_plain(value: datetime | None) -> str:
    """Return an instant for a table whose head says 北京时间: 2026-11-23 14:30."""
    return NOTHING if value is None else wording.beijing_minute(value)


def instant_exact(value: datetime | None) -> str:
    """Return an instant to the millisecond, for receipts: 2026-11-23 14:30:05.123 北京时间."""
    if value is None:
        return NOTHING
    return t("{text} 北京时间", "{text} Beijing time", text=wording.beijing(value))


def machine_time(value: date | datetime) -> str:
    """Return what belongs in a `datetime` attribute: ISO 8601, an instant with its offset in the city."""
    if isinstance(value, datetime):
        return value.astimezone(CITY).isoformat(timespec="seconds")
    return value.isoformat()


def span(minutes: int | None) -> str:
    """Return a length of time in its two largest units: 3 小时 12 分, 2 d 4 h."""
    if minutes is None:
        return NOTHING
    days, rest = divmod(abs(minutes), 1440)
    hours, left = divmod(rest, 60)
    if days:
        both, one = ("{d} 天 {h} 小时", "{d} d {h} h"), ("{d} 天", "{d} d")
        pair = both if hours else one
    elif hours:
        both, one = ("{h} 小时 {m} 分", "{h} h {m} min"), ("{h} 小时", "{h} h")
        pair = both if left else one
    else:
        pair = ("{m} 分钟", "{m} min")
    words = t(*pair, d=days, h=hours, m=left)
    return MINUS + words if minutes < 0 else words


def remaining(due_at: datetime, now: datetime) -> str:
    """Return how long until (or since) a due time: 还剩 3 小时 12 分, 已过 2 天. Whole minutes, never rounded up."""
    seconds = int((due_at - now).total_seconds())
    if seconds >= 60:
        return t("还剩 {span}", "{span} left", span=span(seconds // 60))
    if seconds > 0:
        return t("还剩不到 1 分钟", "under a minute left")
    if seconds > -60:
        return t("刚刚到时", "just passed")
    return t("已过 {span}", "{span} over", span=span(-seconds // 60))


# Marks


def digest_short(text: str | None) -> str:
    """Return the head and tail of a long digest; show the whole of it in the detail."""
    if not text:
        return NOTHING
    return text if len(text) <= 20 else f"{text[:10]}…{text[-6:]}"


def digest_groups(text: str) -> str:
    """Return a digest in groups of eight, so that two people can read it to each other."""
    return " ".join(text[start : start + 8] for start in range(0, len(text), 8))


def anchor(text: str) -> str:
    """Return a short mark made of a text, for the `id` of what it names."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def deductible_words(fixed_fen: int, part_bp: int) -> str:
    """Return the deductible of each loss in words; empty where there is none."""
    part = t("损失的 {p}", "{p} of the loss", p=percent(part_bp))
    fixed = t("{sum} 元", "CNY {sum}", sum=money(fixed_fen))
    if fixed_fen and part_bp:
        return t("{fixed}与{part}取高者", "the higher of {fixed} and {part}", fixed=fixed, part=part)
    return fixed if fixed_fen else part if part_bp else ""


# Tables

#: How the figures and days of a table's columns read, by the kind of column.
_FIGURES: dict[str, Callable[[Any], str]] = {
    "money": money,
    "signed": money_signed,
    "number": number,
    "percent": percent,
    "span": span,
    "date": date_plain,
    "instant": instant_plain,
}


def _looks(chip: Callable[[str, object], str], custom: Callable[[Any, Column], str] | None = None) -> table_rows.Looks:
    none = Markup('<span class="nothing" aria-hidden="true">—</span><span class="unseen">{}</span>')
    return table_rows.Looks(_FIGURES, none.format(t("无", "none")), machine_time, chip, custom)


def table_body(
    columns: Sequence[Column], rows: Sequence[Any], chip: Any, custom: Any = None, *, select: str = "", row_id: str = ""
) -> Markup:
    """Return the rows of the `table` macro, which hands over the macros of a state and of a cell of its caller's."""
    box = table_rows.pick_box(select, row_id, columns[0].key, t("选择", "Select")) if select else None
    return table_rows.written(columns, rows, _looks(chip, custom), box)


def table_value(row: Any, col: Column, chip: Any) -> Markup:
    """Return one value of a row as the `table` macro shows it."""
    return table_rows.value_of(row, col, _looks(chip))


FILTERS = {
    "number": number,
    "money": money,
    "money_signed": money_signed,
    "yuan": yuan,
    "capitals": in_words,
    "percent": percent,
    "file_size": file_size,
    "date": date_words,
    "date_plain": date_plain,
    "instant": instant,
    "instant_plain": instant_plain,
    "instant_exact": instant_exact,
    "machine_time": machine_time,
    "span": span,
    "digest_short": digest_short,
    "digest_groups": digest_groups,
    "anchor": anchor,
}

GLOBALS = {
    **kept_pieces.keepers(is_english),
    "t": t,
    "is_english": is_english,
    "here": here,
    "other_language": other_language,
    "asset": asset,
    "share": wording.share_text,
    "carry": wording.carry_text,
    "remaining": remaining,
    "column": column,
    "cell": cell,
    "findings_as_rows": findings_as_rows,
    "table_body": table_body,
    "table_value": table_value,
    "state_of": state_of,
    "role_name": role_name,
    "account_name": account_name,
    "line_name": line_name,
    "reason_name": reason_name,
    "stream_name": stream_name,
    "deductible_words": deductible_words,
    "qr_picture": qr_picture,
    "share_bar": charts.share_bar,
    "columns_chart": charts.columns,
    "bars_chart": charts.bars,
    "lines_chart": charts.lines,
    "histogram_chart": charts.histogram,
    "sparkline": charts.sparkline,
}


def install(app: Flask) -> None:
    """Put the filters and globals of this module, and the charts, where every template finds them."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(GLOBALS)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.do")
