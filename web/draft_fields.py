"""Pure: the sections of a tender's draft as forms: which fields each has, how they read and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.clock import CITY
from core.errors import Finding, Invalid
from ledger.money import parse_fen, plain_fen

_COUNT = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_HUNDREDTHS = re.compile(r"(0|[1-9][0-9]{0,6})(?:\.([0-9]{1,2}))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", re.ASCII)

Choices = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class DraftField:
    """One field of a section: its name in the draft, its words, how it is read, a hint.

    `kind`: text, amount (yuan on the form, fen in the draft), count, percent (points on the form, hundredths in the
    draft: weights, and basis points of a whole), day, minute (the city's time), choice, yes, lines (a text a line),
    percents (several, parted by spaces).
    """

    name: str
    zh: str
    en: str
    kind: str = "text"
    hint_zh: str = ""
    hint_en: str = ""
    choices: Choices = ()
    is_optional: bool = False
    unit_zh: str = ""
    unit_en: str = ""


@dataclass(frozen=True, slots=True)
class DraftSection:
    """One section of the draft, saved on its own."""

    name: str
    zh: str
    en: str
    fields: tuple[DraftField, ...]
    note_zh: str = ""
    note_en: str = ""


def read_value(field: DraftField, text: str) -> Any:
    """Return what a field of a form says, as the draft holds it.

    Refuses with Invalid `draft_field_empty`, `draft_field_wrong` (wanted) or as `ledger.money.parse_fen` does.

    >>> read_value(DraftField("ceiling_fen", "", "", "amount"), "1500.00")
    150000
    >>> read_value(DraftField("ladder_bp", "", "", "percents"), "40 30 20 10")
    (4000, 3000, 2000, 1000)
    """
    text = text.strip()
    if field.kind == "yes":
        return text == "yes"
    if field.kind == "lines":
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    if field.kind == "percents":
        return tuple(_hundredths(part, field) for part in re.split(r"[\s,，、;/]+", text) if part)
    if not text:
        if field.is_optional:
            return None
        raise Invalid("draft_field_empty")
    if field.kind == "amount":
        return parse_fen(text)
    if field.kind == "percent":
        return _hundredths(text, field)
    if field.kind == "count":
        return int(_matched(_COUNT, text, "0、1、2…"))
    return _read_other(field, text)


def _read_other(field: DraftField, text: str) -> Any:
    if field.kind == "choice":
        if text not in {value for value, _, _ in field.choices}:
            raise Invalid("draft_field_wrong", wanted="、".join(zh for _, zh, _ in field.choices))
        return text
    try:
        if field.kind == "day":
            return date.fromisoformat(_matched(_DAY, text, "2026-11-23"))
        if field.kind == "minute":
            return datetime.fromisoformat(_matched(_MINUTE, text, "2026-11-23T09:30")).replace(tzinfo=CITY)
    except ValueError:
        raise Invalid("draft_field_wrong", wanted="2026-11-23") from None
    return text


def _matched(pattern: re.Pattern[str], text: str, wanted: str) -> str:
    if not pattern.fullmatch(text):
        raise Invalid("draft_field_wrong", wanted=wanted)
    return text


def _hundredths(text: str, field: DraftField) -> int:
    found = _HUNDREDTHS.fullmatch(text.strip().rstrip("%"))
    if found is None:
        raise Invalid("draft_field_wrong", wanted="40、40.5、40.50")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def write_value(field: DraftField, value: Any) -> str:
    """Return a value of the draft as its field of the form shows it.

    >>> write_value(DraftField("cap_bp", "", "", "percent"), 4050)
    '40.5'
    """
    if value is None:
        return ""
    if field.kind == "yes":
        return "yes" if value else ""
    if field.kind == "lines":
        return "\n".join(value)
    if field.kind == "percents":
        return " ".join(points(one) for one in value)
    if field.kind == "amount":
        return plain_fen(value)
    if field.kind == "percent":
        return points(value)
    if field.kind == "minute":
        return f"{value.astimezone(CITY):%Y-%m-%dT%H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


def points(hundredths: int) -> str:
    """Return hundredths as a plain decimal.

    >>> points(4050), points(4000), points(4005)
    ('40.5', '40', '40.05')
    """
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


def read_section(section: DraftSection, form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a section's form says, by the fields' names.

    Refuses with Invalid `draft_wrong`, findings naming every wrong field at once.
    """
    values: dict[str, Any] = {}
    found: list[Finding] = []
    for field in section.fields:
        try:
            values[field.name] = read_value(field, form.get(field.name, ""))
        except Invalid as refused:
            found.append(Finding(refused.code, field.name, dict(refused.facts)))
    if found:
        raise Invalid("draft_wrong", findings=found)
    return values
