"""Pure: a secret split among n custodians so that any t of them restore it and fewer learn nothing.

Shamir's scheme over GF(256), laid out as SLIP-0039 does (read there in 2026): each byte of the secret is the value at
255 of its own polynomial of degree t - 1; the value at 254 is four bytes of HMAC-SHA256 of the secret followed by
random bytes, so that a wrong mixture of shares is noticed; the shares are the values at 0, 1, ... n - 1. The same two
functions therefore answer the standard's published vectors (tests/tender/test_shamir.py).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from core.errors import Invalid

#: Gives that many unpredictable bytes; injected, so that tests can repeat a sealing.
Draw = Callable[[int], bytes]

#: Where the secret and its digest stand on the polynomials.
SECRET_AT, DIGEST_AT = 255, 254
DIGEST_LENGTH = 4
MOST_SHARES = 16
LEAST_LENGTH = 16


def _tables() -> tuple[list[int], list[int]]:
    exponents, logarithms = [0] * 255, [0] * 256
    power = 1
    for exponent in range(255):
        exponents[exponent] = power
        logarithms[power] = exponent
        power ^= power << 1  # times x + 1, a generator
        if power & 0x100:
            power ^= 0x11B  # x^8 + x^4 + x^3 + x + 1
    return exponents, logarithms


_EXP, _LOG = _tables()


def times(left: int, right: int) -> int:
    """Return the product of two bytes in GF(256) with the polynomial of AES.

    >>> hex(times(0x57, 0x83))
    '0xc1'
    """
    return _EXP[(_LOG[left] + _LOG[right]) % 255] if left and right else 0


def value_at(points: Mapping[int, bytes], at: int) -> bytes:
    """Return the bytes that the polynomials through `points` (place -> bytes of one length) take at a place.

    >>> value_at({0: bytes([5]), 1: bytes([4])}, 2)[0]  # the line 5 + x
    7
    """
    if at in points:
        return points[at]
    result = bytes(len(next(iter(points.values()))))
    for place, value in points.items():
        weight = 1
        for other in points:
            if other != place:
                weight = times(weight, _EXP[(_LOG[at ^ other] - _LOG[place ^ other]) % 255])
        result = bytes(done ^ times(weight, byte) for done, byte in zip(result, value, strict=True))
    return result


def check_threshold(threshold: int, count: int) -> None:
    """Refuse with Invalid `threshold_wrong` (threshold, count) what is not 1 <= t <= n <= 16, or one of several alone.

    A threshold of one over several shares would hand the whole secret to each holder; SLIP-0039 forbids it too.
    """
    if not 1 <= threshold <= count <= MOST_SHARES or (threshold == 1 and count > 1):
        raise Invalid("threshold_wrong", threshold=threshold, count=count)


def _digest(secret: bytes, random_part: bytes) -> bytes:
    return hmac.digest(random_part, secret, "sha256")[:DIGEST_LENGTH]


def split(secret: bytes, threshold: int, count: int, draw: Draw) -> list[bytes]:
    """Return `count` shares of the secret, each as long as it, of which any `threshold` restore it.

    Share number i is the value at place i. Draws (threshold - 2) shares and then the random part of the digest from
    `draw`. Refuses with Invalid `threshold_wrong` (threshold, count) or `secret_length_wrong` (length): at least 16
    bytes, an even number.

    >>> shares = split(b"sixteen bytes ok", 2, 3, lambda n: bytes(n))
    >>> join({0: shares[0], 2: shares[2]}, 2)
    b'sixteen bytes ok'
    """
    check_threshold(threshold, count)
    if len(secret) < LEAST_LENGTH or len(secret) % 2:
        raise Invalid("secret_length_wrong", length=len(secret))
    if threshold == 1:
        return [secret]
    points = {place: draw(len(secret)) for place in range(threshold - 2)}
    random_part = draw(len(secret) - DIGEST_LENGTH)
    points[DIGEST_AT] = _digest(secret, random_part) + random_part
    points[SECRET_AT] = secret
    return [value_at(points, place) for place in range(count)]


def join(shares: Mapping[int, bytes], threshold: int) -> bytes:
    """Return the secret that exactly `threshold` shares (place -> value) restore.

    Refuses with Invalid `shares_too_few` (have, need), `shares_too_many` (have, need), `shares_differ_in_length`, or
    `shares_do_not_fit` when the digest shows that they are not of one secret.
    """
    if len(shares) < threshold:
        raise Invalid("shares_too_few", have=len(shares), need=threshold)
    if len(shares) > threshold:
        raise Invalid("shares_too_many", have=len(shares), need=threshold)
    if len({len(value) for value in shares.values()}) != 1:
        raise Invalid("shares_differ_in_length")
    if threshold == 1:
        return next(iter(shares.values()))
    secret = value_at(shares, SECRET_AT)
    check = value_at(shares, DIGEST_AT)
    if not hmac.compare_digest(check[:DIGEST_LENGTH], _digest(secret, check[DIGEST_LENGTH:])):
        raise Invalid("shares_do_not_fit")
    return secret
