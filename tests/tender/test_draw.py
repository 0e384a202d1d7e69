"""The public draw: the published vector, and that nobody can steer it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tender.draw import draw_seed, drawn_order, lot, settle

GOLDEN = Path(__file__).parent / "golden" / "scoring.json"
VECTOR = json.loads(GOLDEN.read_text(encoding="utf-8"))["public_draw"]


def test_the_published_draw_gives_the_published_winner():
    """The notice's hash and the revealed nonces give the seed and the winner of the vector."""
    seed = draw_seed(VECTOR["notice_hash"], VECTOR["nonces"])
    assert seed == VECTOR["seed"]
    assert drawn_order(seed, ["B", "D"])[0] == VECTOR["winner_of_B_and_D"]


def test_a_ranking_is_settled_only_where_it_is_tied():
    """The draw orders B and D and leaves C and A where their points put them."""
    assert settle([["C"], ["A"], ["B", "D"]], VECTOR["seed"]) == ["C", "A", "D", "B"]


@given(
    nonces=st.lists(st.binary(min_size=1, max_size=32).map(bytes.hex), min_size=1, max_size=6),
    bids=st.lists(st.text("abcdef0123456789-", min_size=1), min_size=1, max_size=6, unique=True),
    shuffle=st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_changes_nothing(nonces, bids, shuffle):
    """Nonces and bids in any order give the same draw, and every bid has its place."""
    order = drawn_order(draw_seed("0" * 64, nonces), bids)
    turned_nonces, turned_bids = list(nonces), list(bids)
    shuffle.shuffle(turned_nonces)
    shuffle.shuffle(turned_bids)
    assert drawn_order(draw_seed("0" * 64, turned_nonces), turned_bids) == order
    assert sorted(order) == sorted(bids)


def test_every_nonce_counts_and_no_bid_is_favoured():
    """One changed nonce is a new draw; in 2,000 draws each of four bids is first about a quarter of the time."""
    first = Counter(drawn_order(draw_seed("0" * 64, ["aa", f"{n:04x}"]), "ABCD")[0] for n in range(2000))
    assert set(first) == set("ABCD")
    assert all(400 < times < 600 for times in first.values())
    assert lot(VECTOR["seed"], "B") != lot(VECTOR["seed"], "D")


@pytest.mark.parametrize(
    ("notice_hash", "nonces", "code"),
    [
        ("0" * 63, ["aa"], "draw_notice_hash_wrong"),
        ("G" * 64, ["aa"], "draw_notice_hash_wrong"),
        ("0" * 64, [], "draw_without_nonces"),
        ("0" * 64, ["aa,bb"], "draw_nonce_wrong"),
        ("0" * 64, ["AA"], "draw_nonce_wrong"),
        ("0" * 64, ["a"], "draw_nonce_wrong"),
        ("0" * 64, [""], "draw_nonce_wrong"),
    ],
)
def test_what_could_be_read_two_ways_is_refused(notice_hash, nonces, code):
    """A hash of another length, no nonce, or a nonce that is not whole bytes of hex is refused."""
    with pytest.raises(Invalid, match=code):
        draw_seed(notice_hash, nonces)
