"""How forms of pages are read and shown again: bytes written as hexadecimal, marks in points."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from core.errors import Finding, Invalid, Refusal
from web.formats import t
from web.shell import unit

_MARK = re.compile(r"(0|[1-9][0-9]{0,3})(?:\.([0-9]{1,2}))?", re.ASCII)


def may_show_again(refusal: Refusal) -> None:
    """Raise a refusal of the database itself again: its transaction is over, so no page can be made from it."""
    if not unit().is_active:
        raise refusal


def unanswered(form: Mapping[str, str], labels: Mapping[str, str], *, picked: Collection[str] = ()) -> dict[str, str]:
    """Return what to say at each field of `labels` (name -> label) that is empty, so that all are told at once.

    `picked` names those where something is chosen, not typed.
    """
    return {
        name: t("请选择{label}。", "Choose: {label}.", label=label)
        if name in picked
        else t("请填写{label}。", "Fill in: {label}.", label=label)
        for name, label in labels.items()
        if not form.get(name, "").strip()
    }


def hex_field(form: Mapping[str, str], name: str, length: int) -> bytes:
    """Return the bytes that a field holds in hexadecimal; spaces and line ends in it do not count.

    Refuses with Invalid `draft_wrong`, the finding `hex_wrong` (length, in digits) at the field.
    """
    text = re.sub(r"\s+", "", form.get(name, "")).lower()
    if not re.fullmatch(r"[0-9a-f]*", text, re.ASCII) or len(text) != 2 * length:
        raise Invalid("draft_wrong", findings=[Finding("hex_wrong", name, {"length": 2 * length})])
    return bytes.fromhex(text)


def mark_of(text: str, where: str) -> int:
    """Return a mark in hundredths. Refuses with Invalid `draft_wrong`, the finding `mark_unreadable` at `where`.

    >>> mark_of("86.5", "m")
    8650
    """
    found = _MARK.fullmatch(text.strip())
    if found is None:
        raise Invalid("draft_wrong", findings=[Finding("mark_unreadable", where)])
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
