"""The Merkle tree of RFC 6962, over hashes that somebody else keeps. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

RangeHash = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1: 0x00 before the data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, 2.1: 0x01 before both children)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def frontier_places(size: int) -> Iterator[tuple[int, int]]:
    """Yield (level, index) of the complete subtrees that a tree of `size` leaves is made of, largest first.

    >>> list(frontier_places(6))
    [(2, 0), (1, 2)]
    """
    done = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, done >> level
            done += 1 << level


def fold(subtrees: Sequence[bytes]) -> bytes:
    """Return the root of a tree from its complete subtrees, largest first; of an empty tree, the hash of nothing."""
    if not subtrees:
        return hashlib.sha256(b"").digest()
    digest = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        digest = node_hash(left, digest)
    return digest


class Frontier:
    """The right edge of a growing tree: enough to add a leaf without looking at the others."""

    def __init__(self, size: int, subtrees: Sequence[bytes]) -> None:
        self.size = size
        self._subtrees = list(subtrees)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; return (level, index, hash) of every inner node that it completes."""
        made: list[tuple[int, int, bytes]] = []
        digest, level, index = leaf, 0, self.size
        while index & 1:
            digest, level, index = node_hash(self._subtrees.pop(), digest), level + 1, index >> 1
            made.append((level, index, digest))
        self._subtrees.append(digest)
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return fold(self._subtrees)


def split_point(size: int) -> int:
    """Return the largest power of two smaller than `size` (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(start: int, stop: int, node: Callable[[int, int], bytes]) -> bytes:
    """Return the hash over leaves start..stop-1, a range the tree's own cuts make, from stored complete subtrees."""
    size = stop - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    cut = start + split_point(size)
    return node_hash(range_hash(start, cut, node), range_hash(cut, stop, node))


def inclusion_path(index: int, size: int, of_range: RangeHash) -> list[bytes]:
    """Return the audit path of leaf `index` in a tree of `size` leaves, nearest first (RFC 6962, 2.1.1)."""
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        cut = start + split_point(stop - start)
        if index < cut:
            path.append(of_range(cut, stop))
            stop = cut
        else:
            path.append(of_range(start, cut))
            start = cut
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf and its audit path lead to; ValueError where the path has the wrong length."""
    sides: list[bool] = []
    start, stop = 0, size
    while stop - start > 1:
        cut = start + split_point(stop - start)
        is_left = index < cut
        sides.append(is_left)
        start, stop = (start, cut) if is_left else (cut, stop)
    if len(sides) != len(path):
        raise ValueError("the path does not fit this place in a tree of this size")
    digest = leaf
    for is_left, other in zip(reversed(sides), path, strict=True):
        digest = node_hash(digest, other) if is_left else node_hash(other, digest)
    return digest
