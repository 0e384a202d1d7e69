"""A secret split among custodians, and a key as words on paper."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tender import shamir, slip39
from tender.slip39_words import WORDS

PUBLISHED = json.loads((Path(__file__).parent / "golden" / "slip39_vectors.json").read_text(encoding="utf-8"))
SECRET = bytes(range(32))


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: f"{vector['number']}-{vector['rule']}")
def test_published_vectors(vector: dict[str, Any]) -> None:
    """The standard's published sheets give their secret, or are refused where the standard says so."""
    if vector["secret"]:
        assert slip39.secret_of(vector["sheets"], PUBLISHED["passphrase"]).hex() == vector["secret"]
    else:
        with pytest.raises(Invalid):
            slip39.secret_of(vector["sheets"], PUBLISHED["passphrase"])


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (2, 2), (2, 3), (3, 5), (4, 7), (16, 16)])
def test_every_subset_restores(threshold: int, count: int) -> None:
    """Any t of n shares restore the secret; t - 1 are refused."""
    shares = dict(enumerate(shamir.split(SECRET, threshold, count, os.urandom)))
    for chosen in itertools.combinations(shares, threshold):
        assert shamir.join({place: shares[place] for place in chosen}, threshold) == SECRET
    with pytest.raises(Invalid, match="shares_too_few"):
        shamir.join(dict(itertools.islice(shares.items(), threshold - 1)), threshold)


@settings(max_examples=200, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), seed=st.binary(min_size=1, max_size=8), data=st.data())
def test_a_changed_share_is_noticed(secret: bytes, seed: bytes, data: st.DataObject) -> None:
    """One changed bit in a share never passes for the secret."""
    shares = dict(enumerate(shamir.split(secret, 3, 5, os.urandom)))
    chosen = {place: shares[place] for place in data.draw(st.permutations(range(5)))[:3]}
    place = data.draw(st.sampled_from(sorted(chosen)))
    bit = data.draw(st.integers(0, 255))
    changed = int.from_bytes(chosen[place], "big") ^ 1 << bit
    chosen[place] = changed.to_bytes(32, "big")
    try:
        assert shamir.join(chosen, 3) != secret
    except Invalid as refused:
        assert refused.code == "shares_do_not_fit"


def test_shares_say_nothing_alone() -> None:
    """With t - 1 shares every secret is as likely: for each byte a polynomial through them can be found."""
    shares = shamir.split(SECRET, 2, 3, os.urandom)
    for guess in (bytes(32), bytes([255]) * 32):
        other = shamir.value_at({0: shares[0], shamir.SECRET_AT: guess}, 1)
        assert shamir.value_at({0: shares[0], 1: other}, shamir.SECRET_AT) == guess


@pytest.mark.parametrize(("threshold", "count"), [(0, 3), (4, 3), (2, 17), (1, 2), (-1, 1)])
def test_thresholds_refused(threshold: int, count: int) -> None:
    """A threshold of none, above the count, above sixteen, or of one over several is refused."""
    with pytest.raises(Invalid, match="threshold_wrong"):
        shamir.split(SECRET, threshold, count, os.urandom)


def test_wrong_sets_refused() -> None:
    """Too many shares, shares of unequal length, a secret too short or odd: each refused by its own code."""
    shares = dict(enumerate(shamir.split(SECRET, 2, 3, os.urandom)))
    for code, given_shares in (
        ("shares_too_many", shares),
        ("shares_differ_in_length", {0: shares[0], 1: shares[1][:-1]}),
    ):
        with pytest.raises(Invalid, match=code):
            shamir.join(given_shares, 2)
    for length in (14, 17):
        with pytest.raises(Invalid, match="secret_length_wrong"):
            shamir.split(bytes(length), 2, 3, os.urandom)
        with pytest.raises(Invalid, match="secret_length_wrong"):
            slip39.words_of(bytes(length), os.urandom)


def test_field_arithmetic() -> None:
    """GF(256) multiplication agrees with multiplying polynomials by hand, all 65,536 products."""
    for left in range(256):
        for right in range(256):
            product, shifted = 0, left
            for bit in range(8):
                if right >> bit & 1:
                    product ^= shifted
                shifted = shifted << 1 ^ (0x11B if shifted & 0x80 else 0)
            assert shamir.times(left, right) == product


def test_key_on_paper() -> None:
    """A 32-byte key is 33 words on one sheet, or n sheets of which any t restore it; first four letters are enough."""
    [sheet] = slip39.words_of(SECRET, os.urandom)
    assert len(sheet.split()) == 33
    assert slip39.secret_of([sheet.upper()]) == SECRET
    assert slip39.secret_of([" ".join(word[:4] for word in sheet.split())]) == SECRET
    sheets = slip39.words_of(SECRET, os.urandom, threshold=2, count=3)
    for chosen in itertools.permutations(sheets, 2):
        assert slip39.secret_of(chosen) == SECRET


def test_paper_passphrase() -> None:
    """Another passphrase gives another key and no error, as the standard wants; only plain letters are taken."""
    [sheet] = slip39.words_of(SECRET, os.urandom, passphrase="correct horse")
    assert slip39.secret_of([sheet], "correct horse") == SECRET
    assert slip39.secret_of([sheet], "wrong horse") != SECRET
    with pytest.raises(Invalid, match="words_passphrase_not_ascii"):
        slip39.words_of(SECRET, os.urandom, passphrase="电梯")


def test_wrong_words_named() -> None:
    """An unknown word is named with its place; a swapped pair, a missing word, a repeated sheet are refused."""
    first, second, _ = slip39.words_of(SECRET, os.urandom, threshold=2, count=3)
    words = first.split()
    with pytest.raises(Invalid) as refused:
        slip39.secret_of([" ".join([*words[:6], "gongbao", *words[7:]]), second])
    assert (refused.value.code, refused.value.facts) == ("words_unknown", {"place": 7, "word": "gongbao"})
    at = next(at for at in range(4, 30) if words[at] != words[at + 1])
    swapped = [*words[:at], words[at + 1], words[at], *words[at + 2 :]]
    for code, sheets in (
        ("words_checksum_wrong", [" ".join(swapped), second]),
        ("words_count_wrong", [" ".join(words[:19]), second]),
        ("words_repeated", [first, first]),
        ("words_none", []),
        ("shares_too_few", [first]),
    ):
        with pytest.raises(Invalid, match=code):
            slip39.secret_of(sheets)


def test_word_list() -> None:
    """1024 words in order, of four to eight letters, each known by its first four."""
    assert len(WORDS) == 1024
    assert list(WORDS) == sorted(WORDS)
    assert len({word[:4] for word in WORDS}) == 1024
    assert all(4 <= len(word) <= 8 and word.isascii() and word.islower() for word in WORDS)
