"""The tree of RFC 6962: roots, inclusion and growth, against the standard's own figures and a plain recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import merkle

#: The leaves and roots of the test tree that the standard's reference implementation uses.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def _root(leaves: list[bytes]) -> bytes:
    """Return the root by the standard's recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    cut = merkle.split_point(len(leaves))
    return merkle.node_hash(_root(leaves[:cut]), _root(leaves[cut:]))


def test_the_standards_tree() -> None:
    """Growing leaf by leaf gives the known roots."""
    frontier = merkle.Frontier(0, [])
    assert frontier.root() == hashlib.sha256(b"").digest()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        frontier.append(merkle.leaf_hash(leaf))
        assert frontier.root().hex() == root


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proved_and_no_other(size: int, data: st.DataObject) -> None:
    """An inclusion path leads its leaf, and only its leaf at its place, to the root of its size."""
    leaves = [bytes([number]) for number in range(size)]
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = merkle.Frontier(0, [])
    for place, leaf in enumerate(leaves):
        nodes[0, place] = merkle.leaf_hash(leaf)
        nodes.update({(level, index): digest for level, index, digest in frontier.append(nodes[0, place])})

    def of_range(start: int, stop: int) -> bytes:
        return merkle.range_hash(start, stop, lambda level, index: nodes[level, index])

    old = data.draw(st.integers(1, size))
    place = data.draw(st.integers(0, old - 1))
    path = merkle.inclusion_path(place, old, of_range)
    root = _root(leaves[:old])
    assert merkle.root_from_path(nodes[0, place], place, old, path) == root
    assert frontier.root() == _root(leaves)
    wrong = merkle.leaf_hash(b"another")
    assert merkle.root_from_path(wrong, place, old, path) != root
    with pytest.raises(ValueError, match="does not fit"):
        merkle.root_from_path(nodes[0, place], place, old, [*path, wrong])
