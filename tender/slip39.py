"""Pure: a private key as words on paper, by SLIP-0039 (read there in 2026), and back.

Written here, not taken from the reference package, because that package says of itself that it must not hold sensitive
secrets. Writing makes one group (33 words for a 32-byte key, or n sheets of which t suffice); reading takes every valid
set of the standard, groups included, so that its published vectors can be tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from tender import shamir
from tender.slip39_words import WORDS

_NUMBER_OF = {word: number for number, word in enumerate(WORDS)}
#: identifier 15 bits, extendable 1, iteration exponent 4; group, its threshold and count, member, its threshold 4 each.
_WIDTHS = (15, 1, 4, 4, 4, 4, 4, 4)
_HEAD_WORDS, _CHECK_WORDS = 4, 3
_LEAST_WORDS = 20
_ROUNDS, _ITERATIONS = 4, 10_000
#: New sheets: extendable, 20 000 iterations, as the standard recommends.
_EXPONENT = 1
_GENERATOR = (
    0x00E0E040, 0x01C1C080, 0x03838100, 0x07070200, 0x0E0E0009,
    0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x03F3F120,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of words, read: what it is a share of and its value."""

    identifier: int
    extendable: int
    exponent: int
    group: int
    group_threshold: int
    group_count: int
    member: int
    threshold: int
    value: bytes

    def of_one_secret(self) -> tuple[int, ...]:
        """Return what all sheets of one secret have in common."""
        return (
            self.identifier,
            self.extendable,
            self.exponent,
            self.group_threshold,
            self.group_count,
            len(self.value),
        )


def _purpose(extendable: int) -> bytes:
    return b"shamir_extendable" if extendable else b"shamir"


def _checksum(numbers: Iterable[int], extendable: int) -> int:
    """Return the RS1024 remainder over the purpose's letters and the word numbers; 1 for a whole valid sheet."""
    check = 1
    for number in (*_purpose(extendable), *numbers):
        top = check >> 20
        check = (check & 0xFFFFF) << 10 ^ number
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                check ^= generator
    return check


def _in_words(value: int, count: int) -> list[int]:
    return [value >> 10 * place & 1023 for place in reversed(range(count))]


def _from_words(numbers: Iterable[int]) -> int:
    value = 0
    for number in numbers:
        value = value << 10 | number
    return value


def _cipher(value: bytes, passphrase: bytes, sheet: Sheet, rounds: Iterable[int]) -> bytes:
    """Return the four-round Feistel cipher of the value: rounds 0..3 encrypt, 3..0 decrypt."""
    half = len(value) // 2
    left, right = value[:half], value[half:]
    salt = b"" if sheet.extendable else b"shamir" + sheet.identifier.to_bytes(2, "big")
    iterations = (_ITERATIONS << sheet.exponent) // _ROUNDS
    for turn in rounds:
        key = hashlib.pbkdf2_hmac("sha256", bytes([turn]) + passphrase, salt + right, iterations, dklen=half)
        left, right = right, bytes(a ^ b for a, b in zip(left, key, strict=True))
    return right + left


def _check_passphrase(passphrase: str) -> bytes:
    if any(not 32 <= ord(letter) <= 126 for letter in passphrase):
        raise Invalid("words_passphrase_not_ascii")
    return passphrase.encode("ascii")


def _write(sheet: Sheet) -> str:
    head = 0
    parts = (
        sheet.identifier, sheet.extendable, sheet.exponent, sheet.group, sheet.group_threshold - 1,
        sheet.group_count - 1, sheet.member, sheet.threshold - 1,
    )  # fmt: skip
    for width, part in zip(_WIDTHS, parts, strict=True):
        head = head << width | part
    count = -(-len(sheet.value) * 8 // 10)
    numbers = _in_words(head, _HEAD_WORDS) + _in_words(int.from_bytes(sheet.value, "big"), count)
    check = _checksum([*numbers, 0, 0, 0], sheet.extendable) ^ 1
    return " ".join(WORDS[number] for number in numbers + _in_words(check, _CHECK_WORDS))


def words_of(
    secret: bytes, draw: shamir.Draw, *, threshold: int = 1, count: int = 1, passphrase: str = ""
) -> list[str]:
    """Return `count` sheets of words, of which `threshold` restore the secret (16 bytes or more, an even number).

    Draws two bytes for the identifier from `draw`, then what `shamir.split` draws. Refuses with Invalid
    `threshold_wrong` (threshold, count), `secret_length_wrong` (length) or `words_passphrase_not_ascii`.

    >>> [sheet] = words_of(bytes(32), lambda n: bytes(n))
    >>> len(sheet.split()), secret_of([sheet]) == bytes(32)
    (33, True)
    """
    ascii_passphrase = _check_passphrase(passphrase)
    shamir.check_threshold(threshold, count)
    if len(secret) < shamir.LEAST_LENGTH or len(secret) % 2:
        raise Invalid("secret_length_wrong", length=len(secret))
    identifier = int.from_bytes(draw(2), "big") >> 1
    plan = Sheet(identifier, 1, _EXPONENT, 0, 1, 1, 0, threshold, secret)
    locked = _cipher(secret, ascii_passphrase, plan, range(_ROUNDS))
    return [
        _write(Sheet(identifier, 1, _EXPONENT, 0, 1, 1, member, threshold, value))
        for member, value in enumerate(shamir.split(locked, threshold, count, draw))
    ]


def read_sheet(text: str) -> Sheet:
    """Return one sheet of words, any case and spacing, each word in full or by its first four letters or more.

    Refuses with Invalid `words_unknown` (place, word), `words_count_wrong` (count), `words_checksum_wrong` or
    `words_malformed`.
    """
    numbers = [_number(word, place) for place, word in enumerate(text.lower().split(), start=1)]
    padding = 10 * (len(numbers) - _HEAD_WORDS - _CHECK_WORDS) % 16
    if len(numbers) < _LEAST_WORDS or padding > 8:
        raise Invalid("words_count_wrong", count=len(numbers))
    head = _from_words(numbers[:_HEAD_WORDS])
    parts = []
    for width in reversed(_WIDTHS):
        parts.append(head & (1 << width) - 1)
        head >>= width
    threshold, member, group_count, group_threshold, group, exponent, extendable, identifier = parts
    if _checksum(numbers, extendable) != 1:
        raise Invalid("words_checksum_wrong")
    value = numbers[_HEAD_WORDS:-_CHECK_WORDS]
    whole, length = _from_words(value), (10 * len(value) - padding) // 8
    if group_threshold > group_count or whole >> 8 * length:
        raise Invalid("words_malformed")
    return Sheet(
        identifier, extendable, exponent, group, group_threshold + 1, group_count + 1, member, threshold + 1,
        whole.to_bytes(length, "big"),
    )  # fmt: skip


def _number(word: str, place: int) -> int:
    if word in _NUMBER_OF:
        return _NUMBER_OF[word]
    fits = [number for known, number in _NUMBER_OF.items() if len(word) >= 4 and known.startswith(word)]
    if len(fits) != 1:
        raise Invalid("words_unknown", place=place, word=word[:20])
    return fits[0]


def secret_of(sheets: Sequence[str], passphrase: str = "") -> bytes:
    """Return the secret that the sheets restore; exactly as many as are needed must be given.

    A wrong passphrase gives another secret, as the standard wants; compare the fingerprint of the key that comes out.
    Refuses as `read_sheet` and `shamir.join` do, and with Invalid `words_none`, `words_do_not_belong_together`, or
    `words_repeated`.
    """
    ascii_passphrase = _check_passphrase(passphrase)
    read = [read_sheet(text) for text in sheets]
    if not read:
        raise Invalid("words_none")
    first = read[0]
    if any(sheet.of_one_secret() != first.of_one_secret() for sheet in read):
        raise Invalid("words_do_not_belong_together")
    groups: dict[int, list[Sheet]] = {}
    for sheet in read:
        groups.setdefault(sheet.group, []).append(sheet)
    restored = {number: _join_group(members) for number, members in groups.items()}
    locked = shamir.join(restored, first.group_threshold)
    return _cipher(locked, ascii_passphrase, first, reversed(range(_ROUNDS)))


def _join_group(members: Sequence[Sheet]) -> bytes:
    if len({sheet.threshold for sheet in members}) != 1:
        raise Invalid("words_do_not_belong_together")
    values = {sheet.member: sheet.value for sheet in members}
    if len(values) != len(members):
        raise Invalid("words_repeated")
    return shamir.join(values, members[0].threshold)
