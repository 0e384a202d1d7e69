"""Pure: exact numbers of a tender, from the text of a file to the two places that a notice prints.

A mark, a price in a ratio, a weight and a share are `fractions.Fraction`; nothing is ever a binary float, because
`round(2.675, 2)` is 2.67 and an award that turns on 0.01 point must not. Files say decimals as text or as JSON numbers;
`read_json` keeps the digits as they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

from core.errors import Invalid

#: ASCII digits only: full-width digits, exponents, `+`, `_` and `NaN` are not numbers here.
_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)


def exact(value: object, where: str) -> Fraction:
    """Return a number of a file as the fraction that its digits say.

    Takes text or a whole number, up to 18 digits before the point and 12 behind it. `where` names the
    place in the input. Refuses with Invalid `calc_number_wrong` (where, value) anything else: a float, a truth value,
    an exponent.

    >>> exact("2311110.40", "price"), exact(86, "marks")
    (Fraction(11555552, 5), Fraction(86, 1))
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid("calc_number_wrong", where=where, value=str(value)[:40])
    if isinstance(value, int) and abs(value) >= 10**18:
        raise Invalid("calc_number_wrong", where=where, value="10^18")
    digits = str(value)
    if not _PLAIN.fullmatch(digits):
        raise Invalid("calc_number_wrong", where=where, value=digits[:40])
    return Fraction(digits)


def half_up(value: Fraction) -> Fraction:
    """Return the value to the nearest 0.01, half away from zero.

    >>> half_up(Fraction("2.675")), half_up(Fraction("-2.675"))
    (Fraction(67, 25), Fraction(-67, 25))
    """
    doubled, below = abs(value.numerator) * 200 + value.denominator, 2 * value.denominator
    hundredths = doubled // below
    return Fraction(hundredths if value >= 0 else -hundredths, 100)


def two_places(value: Fraction) -> str:
    """Return a value that `half_up` gave as a notice prints it.

    >>> two_places(half_up(Fraction("9.5"))), two_places(Fraction(-1, 20))
    ('9.50', '-0.05')
    """
    hundredths = half_up(value) * 100
    whole, rest = divmod(abs(hundredths.numerator), 100)
    return f"{'-' if value < 0 else ''}{whole}.{rest:02d}"


def plain(value: Fraction) -> str:
    """Return the exact value: as a decimal where it ends, else as a fraction.

    >>> plain(Fraction(1, 10)), plain(Fraction(501, 10000)), plain(Fraction(40)), plain(Fraction(11400, 1310))
    ('0.1', '0.0501', '40', '1140/131')
    """
    places, scaled = 0, value
    while scaled.denominator != 1 and places < 15:
        places, scaled = places + 1, scaled * 10
    if scaled.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    if not places:
        return str(value.numerator)
    digits = str(abs(scaled.numerator)).zfill(places + 1)
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def read_json(text: str) -> object:
    """Return what a JSON text says, each number with a point as its own text, so that no digit is lost.

    Refuses with Invalid `calc_json_wrong` (line, column, or a name given twice) text that is not JSON, NaN and
    Infinity, a name given twice in one object, and numbers or nesting too long to be meant.

    >>> read_json('{"price": 1140.10, "experts": [80, 82.5]}')
    {'price': '1140.10', 'experts': [80, '82.5']}
    """
    try:
        said: object = json.loads(text, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_no_repeat)
    except json.JSONDecodeError as wrong:
        raise Invalid("calc_json_wrong", line=wrong.lineno, column=wrong.colno) from None
    except (ValueError, RecursionError):
        raise Invalid("calc_json_wrong", line=1, column=1) from None
    return said


def _no_constant(name: str) -> NoReturn:
    raise Invalid("calc_number_wrong", where="JSON", value=name)


def _no_repeat(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for name, value in pairs:
        if name in seen:
            raise Invalid("calc_field_repeated", field=name)
        seen[name] = value
    return seen


def only_fields(data: object, where: str, needed: frozenset[str], taken: frozenset[str]) -> Mapping[str, object]:
    """Return the object as a mapping that has every needed field and none that is not taken.

    Refuses with Invalid `calc_shape_wrong` (where), `calc_field_unknown` and `calc_field_missing` (where,
    field): a field that nobody reads is a rule that the author of the file believes in and that would silently not
    hold.

    >>> only_fields({"weights": [1]}, "file", frozenset({"weights"}), frozenset({"cap"}))
    {'weights': [1]}
    """
    if not isinstance(data, dict):
        raise Invalid("calc_shape_wrong", where=where)
    unknown = sorted(str(name) for name in data if name not in needed | taken)
    if unknown:
        raise Invalid("calc_field_unknown", where=where, field=unknown[0])
    missing = sorted(needed - data.keys())
    if missing:
        raise Invalid("calc_field_missing", where=where, field=missing[0])
    return data


def listed(value: object, where: str, most: int) -> list[object]:
    """Return the value as a list of 1 to `most` things.

    Refuses with Invalid `calc_list_wrong` (where, most) anything else.

    >>> listed([40, 30], "weights", 5)
    [40, 30]
    """
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise Invalid("calc_list_wrong", where=where, most=most)
    return value
