"""Money as a whole number of fen (0.01 CNY): read from text, written for people, for machines and in capitals."""

from __future__ import annotations

import re

from core.errors import Invalid

#: No single amount may be larger, either way: ten trillion yuan. Thousands of such still add up within 64 bits.
LIMIT_FEN = 10**15

MINUS = "\N{MINUS SIGN}"

_LONGEST = 32
_AMOUNT = re.compile(
    r"(?P<sign>[-\N{MINUS SIGN}]?)"
    r"(?P<yuan>0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)"
    r"(?:\.(?P<cents>[0-9]{1,2}))?"
)
#: Why a text is no amount, first match first. The names are stable: they stand in the refusal as `reason`.
_REASONS = (
    ("blank", re.compile(r"\s*")),
    ("blank_inside", re.compile(r".*\s.*", re.DOTALL)),
    ("full_width", re.compile(r".*[\uff00-\uffef\u3000-\u303f].*")),
    ("too_long", re.compile(rf".{{{_LONGEST + 1},}}")),
    ("not_a_number", re.compile(r".*[^-\N{MINUS SIGN}0-9.,].*")),
    ("decimals", re.compile(r"[^.]*\.(?:[0-9]{3,})?")),
    ("leading_zero", re.compile(r"[-\N{MINUS SIGN}]?0[0-9,]+(?:\.[0-9]*)?")),
    ("grouping", re.compile(r".*,.*")),
)

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")


def parse_fen(text: str) -> int:
    """Return the fen that a text of yuan stands for; the text must be an amount and nothing else.

    Half-width digits, separators either nowhere or at every third digit, at most two decimals, a minus (plain or
    true) for less than nothing. Nothing is trimmed, rounded or guessed: an amount that has to be guessed is wrong.
    Refuses with `invalid_amount` (`reason` one of blank, blank_inside, full_width, too_long, not_a_number, decimals,
    leading_zero, grouping, form, not_text) and `amount_too_large`.

    >>> parse_fen("1,234.50"), parse_fen("1234.5"), parse_fen("-0.07")
    (123450, 123450, -7)
    """
    if not isinstance(text, str):
        raise Invalid("invalid_amount", text=repr(text)[:_LONGEST], reason="not_text")
    found = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise Invalid("invalid_amount", text=text[:_LONGEST], reason=_reason(text))
    yuan = int(found["yuan"].replace(",", ""))
    fen = yuan * 100 + int((found["cents"] or "").ljust(2, "0"))
    return check_amount(-fen if found["sign"] else fen)


def check_amount(fen: int) -> int:
    """Return the amount itself if it may stand as one amount; refuse beyond `LIMIT_FEN` with `amount_too_large`."""
    if abs(fen) > LIMIT_FEN:
        raise Invalid("amount_too_large", amount=format_fen(fen), limit=format_fen(LIMIT_FEN))
    return fen


def format_fen(fen: int, *, true_minus: bool = True) -> str:
    """Return yuan for a reader: separators, two decimals, a true minus (or a plain one, for plain-text terminals).

    >>> format_fen(123456780), format_fen(-5), format_fen(-5, true_minus=False)
    ('1,234,567.80', '−0.05', '-0.05')
    """
    yuan, cents = divmod(abs(fen), 100)
    sign = (MINUS if true_minus else "-") if fen < 0 else ""
    return f"{sign}{yuan:,}.{cents:02d}"


def plain_fen(fen: int) -> str:
    """Return yuan for a machine (CSV, JSON): no separators, a plain minus; `parse_fen` reads it back.

    >>> plain_fen(123456780), plain_fen(-5)
    ('1234567.80', '-0.05')
    """
    yuan, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{cents:02d}"


def in_words(fen: int) -> str:
    """Return an amount in Chinese capitals, as 大写金额 stands on a statement or a voucher (without 人民币 before it).

    The rule is the payment and settlement rules' annex on filling in vouchers (支付结算办法 附件一, 1997): 整 after
    yuan or jiao, none after fen; one 零 for a gap of zeros, also between yuan and fen where there is no jiao. Where
    the annex leaves a choice (yuan ending in zeros before a jiao, a gap at a ten-thousand), the shorter form is
    written. Less than nothing begins with 负. Refuses beyond the limit with `amount_too_large`.

    >>> in_words(140950), in_words(-2651624), in_words(32504)
    ('壹仟肆佰零玖元伍角整', '负贰万陆仟伍佰壹拾陆元贰角肆分', '叁佰贰拾伍元零肆分')
    """
    yuan, cents = divmod(abs(check_amount(fen)), 100)
    jiao, fen_digit = divmod(cents, 10)
    words = f"{_whole_in_words(yuan)}元" if yuan else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif fen_digit and yuan:
        words += "零"
    words += f"{_DIGITS[fen_digit]}分" if fen_digit else "整"
    return ("负" if fen < 0 else "") + (words if yuan or cents else "零元整")


def _reason(text: str) -> str:
    """Return the name of the first thing that is wrong with a text that is no amount."""
    return next((reason for reason, wrong in _REASONS if wrong.fullmatch(text)), "form")


def _whole_in_words(number: int) -> str:
    """Return a whole number above nothing in capitals: 亿 and 万 join what stands over and under them."""
    for unit, mark in ((10**8, "亿"), (10**4, "万")):
        over, under = divmod(number, unit)
        if over:
            gap = "零" if 0 < under < unit // 10 else ""
            return f"{_whole_in_words(over)}{mark}{gap}{_whole_in_words(under) if under else ''}"
    words = ""
    is_gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if is_gap and words else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = digit == 0
    return words
