"""A sealed bid opens for those who together may, and for nobody else, whatever is changed."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Invalid
from tender import p256
from tender.content import Content, file_from_bytes, file_from_path
from tender.envelope import Head, Terms, read_head
from tender.sealing import key_signer, seal
from tender.unsealing import (
    check_bidder_key,
    check_custodian_key,
    check_share,
    join_shares,
    open_envelope,
    open_share,
    verify_sealed,
)
from tests.tender.sealed_bids import (
    BIDDER,
    CUSTODIANS,
    ORGANISATION,
    OTHER_ORGANISATION,
    OTHER_TENDER,
    Made,
    make_bid,
    make_terms,
    sign_container,
    signed_container,
    with_body,
)


@pytest.fixture(scope="module")
def made() -> Made:
    """One small bid with both locks, 2 of 3."""
    return make_bid()


def refused(work: Callable[[], object]) -> str:
    """The code and the facts of the refusal that the work ends in."""
    with pytest.raises(Invalid) as caught:
        work()
    return str(caught.value)


def shares_of(made: Made, part: str = "bid") -> list[bytes]:
    """Every custodian's share, opened with the custodian's own key."""
    return [open_share(key, made.head, part) for key in CUSTODIANS[: len(made.terms.custodians)]]


def verified(container: bytes, terms: Terms, organisation: str = ORGANISATION, version: int = 1) -> Head:
    """What the server says to a container."""
    return verify_sealed(io.BytesIO(container), terms, organisation, version, p256.point(BIDDER))


@pytest.mark.parametrize(("threshold", "count"), [(2, 3), (3, 5), (4, 7)])
def test_every_quorum_opens(threshold: int, count: int) -> None:
    """Any t custodians open the bid; t - 1 cannot, nor any number of them without the bidder's lock."""
    made = make_bid(make_terms(threshold, count))
    shares, k1 = shares_of(made), made.bid.keys["bid"].k1
    for chosen in itertools.combinations(shares, threshold):
        assert open_envelope(made.stream, "bid", shares=chosen, k1=k1).fields == {"price": "1140.00 bid"}
    few = refused(lambda: open_envelope(made.stream, "bid", shares=shares[: threshold - 1], k1=k1))
    assert few == f"shares_too_few(have={threshold - 1}, need={threshold})"
    assert refused(lambda: open_envelope(made.stream, "bid", shares=shares)) == "bidder_key_missing(part='bid')"
    assert open_envelope(made.stream, "bid", shares=reversed(shares), k1=k1).fields


def test_custodians_alone_where_the_tender_says_so() -> None:
    """Without the bidder's lock the custodians are enough, and a K1 of the bidder's own is refused."""
    made = make_bid(make_terms(lock="custodians"))
    assert made.bid.keys["bid"].k1 == bytes(32)
    assert open_envelope(made.stream, "bid", shares=shares_of(made)[1:]).fields == {"price": "1140.00 bid"}
    assert refused(lambda: open_envelope(made.stream, "bid", shares=shares_of(made), k1=b"1" * 32)).startswith(
        "bidder_key_wrong"
    )


def test_bidder_opens_its_own_bid(made: Made) -> None:
    """If the custodians fail, the bidder's own two keys open the bid; each is checked by its commitment."""
    keys = made.bid.keys["bid"]
    assert open_envelope(made.stream, "bid", k2=keys.k2, k1=keys.k1).fields
    check_custodian_key(made.head, "bid", keys.k2)
    check_bidder_key(made.head, "bid", keys.k1)
    assert refused(lambda: check_custodian_key(made.head, "bid", keys.k1)) == "custodian_key_wrong(part='bid')"
    assert refused(lambda: check_bidder_key(made.head, "bid", keys.k2)) == "bidder_key_wrong(part='bid')"
    assert refused(lambda: open_envelope(made.stream, "bid", k2=keys.k1, k1=keys.k1)).startswith("custodian_key_wrong")
    assert refused(lambda: open_envelope(made.stream, "price", k2=keys.k2)) == "part_unknown(part='price')"


def test_wrong_shares_are_named(made: Made) -> None:
    """A damaged, foreign or repeated share is refused with the number of its custodian."""
    first, second, third = shares_of(made)
    other = shares_of(make_bid())
    damaged = first[:9] + bytes([first[9] ^ 4]) + first[10:]
    for shares, words in (
        ([second, damaged], "share_wrong(custodian=1)"),
        ([second, other[2]], "share_wrong(custodian=3)"),
        ([second, b"\x01" + third[1:]], "share_wrong(custodian=2)"),
        ([second, b"\x03" + third[1:]], "share_foreign()"),
        ([second, third[:-1]], "share_foreign()"),
        ([second, b""], "share_foreign()"),
        ([second, third, second], "share_repeated(custodian=2)"),
        ([third], "shares_too_few(have=1, need=2)"),
    ):
        assert refused(lambda given=shares: join_shares(made.head, "bid", given)) == words  # type: ignore[misc]
    assert [check_share(made.head, "bid", share) for share in (third, first)] == [2, 0]


def test_share_opens_for_its_custodian_alone(made: Made) -> None:
    """A key that is no custodian's opens nothing; a share moved to another's place, or damaged, opens for nobody."""
    assert refused(lambda: open_share(CUSTODIANS[3], made.head, "bid")) == "custodian_unknown()"
    [part] = made.head.header.parts
    one, two, three = part.shares
    broken = replace(two, sealed=two.sealed[:-1] + bytes([two.sealed[-1] ^ 1]))
    for number, shares in ((1, (two, one, three)), (2, (one, broken, three))):
        header = replace(made.head.header, parts=(replace(part, shares=shares),))
        head = read_head(io.BytesIO(sign_container(header, made.bodies)))
        words = refused(lambda h=head, n=number: open_share(CUSTODIANS[n - 1], h, "bid"))  # type: ignore[misc]
        assert words == f"share_unreadable(custodian={number})"
    moved = bytes([2]) + open_share(CUSTODIANS[0], made.head, "bid")[1:]
    again = hashlib.sha256(moved).digest()
    closed = p256.hpke_seal(made.terms.custodians[0], made.head.header.share_context("bid", 0), moved)
    other = replace(part, shares=(replace(one, sealed=closed), two, replace(three, share_sha256=again)))
    head = read_head(io.BytesIO(sign_container(replace(made.head.header, parts=(other,)), made.bodies)))
    assert refused(lambda: open_share(CUSTODIANS[0], head, "bid")) == "share_wrong(custodian=1)"
    lying = replace(part, shares=(replace(one, share_sha256=bytes(32)), two, three))
    head = read_head(io.BytesIO(sign_container(replace(made.head.header, parts=(lying,)), made.bodies)))
    assert refused(lambda: open_share(CUSTODIANS[0], head, "bid")) == "share_wrong(custodian=1)"


def test_a_rehearsal_cannot_read_a_real_bid(made: Made) -> None:
    """Asked for a rehearsal, a custodian opens a dummy bid's share only, even if a real bid is dressed up as one."""
    dummy = make_bid(replace(make_terms(lock="custodians"), notice_sha256=bytes(32)))
    assert check_share(dummy.head, "bid", open_share(CUSTODIANS[1], dummy.head, "bid", rehearsal=True)) == 1
    assert refused(lambda: open_share(CUSTODIANS[1], made.head, "bid", rehearsal=True)) == "not_a_rehearsal()"
    forger = p256.new_key()
    header = replace(made.head.header, notice_sha256=bytes(32), signer=p256.point(forger))
    head = read_head(io.BytesIO(sign_container(header, made.bodies, forger)))
    assert refused(lambda: open_share(CUSTODIANS[1], head, "bid", rehearsal=True)) == "share_unreadable(custodian=2)"


def test_price_stays_closed_while_the_technical_part_opens() -> None:
    """Of two envelopes each has its own key; shares of one open nothing of the other, even if a page mixes them up."""
    made = make_bid(make_terms(3, 5, parts=("technical", "price")))
    technical, price = made.bid.keys["technical"], made.bid.keys["price"]
    assert len({technical.k1, technical.k2, price.k1, price.k2}) == 4
    opened = open_envelope(made.stream, "technical", shares=shares_of(made, "technical"), k1=technical.k1)
    assert opened.fields == {"price": "1140.00 technical"}
    assert refused(
        lambda: open_envelope(made.stream, "price", shares=shares_of(made, "technical"), k1=price.k1)
    ).startswith("share_wrong")
    first, second = made.head.header.parts
    mixed = replace(made.head.header, parts=(replace(first, shares=second.shares), second))
    head = read_head(io.BytesIO(sign_container(mixed, made.bodies)))
    assert refused(lambda: open_share(CUSTODIANS[0], head, "technical")) == "share_unreadable(custodian=1)"
    assert open_envelope(made.stream, "price", k2=price.k2, k1=price.k1).fields == {"price": "1140.00 price"}


def test_server_accepts_without_any_key(made: Made) -> None:
    """A server that holds no key accepts the bid for its tender, organisation and version, and nothing else."""
    assert verified(made.container, made.terms) == made.head
    point = p256.point(BIDDER)
    for terms, organisation, version, what in (
        (replace(made.terms, tender=OTHER_TENDER), ORGANISATION, 1, "tender"),
        (made.terms, OTHER_ORGANISATION, 1, "organisation"),
        (made.terms, ORGANISATION, 2, "version"),
        (replace(made.terms, notice_sha256=bytes(32)), ORGANISATION, 1, "notice"),
        (replace(made.terms, amendment=1), ORGANISATION, 1, "amendment"),
        (replace(made.terms, lock="custodians"), ORGANISATION, 1, "lock"),
        (replace(made.terms, threshold=3), ORGANISATION, 1, "threshold"),
        (replace(made.terms, custodians=made.terms.custodians[::-1]), ORGANISATION, 1, "custodians"),
        (replace(made.terms, parts=("technical", "price")), ORGANISATION, 1, "parts"),
    ):
        words = refused(lambda t=terms, o=organisation, v=version: verify_sealed(made.stream, t, o, v, point))  # type: ignore[misc]
        assert words == f"envelope_not_of_this(what={what!r})"
    stranger = p256.point(CUSTODIANS[0])
    assert refused(lambda: verify_sealed(made.stream, made.terms, ORGANISATION, 1, stranger)) == "signer_unknown()"


def test_server_refuses_what_is_not_whole(made: Made) -> None:
    """A byte more, a byte less, a part cut off at a chunk's edge, a file too long: refused by name."""
    big = make_bid(contents={"bid": Content({}, [file_from_bytes("a.bin", bytes(3 << 20))])})
    edge = big.head.length + (1 << 20) + 16
    assert refused(lambda: verified(made.container + b"\x00", made.terms)) == "envelope_goes_on()"
    assert refused(lambda: verified(made.container[:-1], made.terms)) == "envelope_cut_short()"
    assert refused(lambda: verified(big.container[:edge], big.terms)) == "envelope_cut_short()"
    assert refused(lambda: verified(made.container[: made.head.length], made.terms)) == "envelope_cut_short()"
    swapped = big.container[:edge] + big.container[edge + 1048592 : edge + 2 * 1048592] + big.container[edge:][:1048592]
    swapped += big.container[edge + 2 * 1048592 :]
    assert refused(lambda: verified(swapped, big.terms)) == "ciphertext_changed(part='bid')"
    length = len(made.container)
    point = p256.point(BIDDER)
    assert verify_sealed(made.stream, made.terms, ORGANISATION, 1, point, most_bytes=length)
    assert refused(lambda: verify_sealed(made.stream, made.terms, ORGANISATION, 1, point, most_bytes=length - 1)) == (
        f"envelope_too_long(most={length - 1})"
    )


def test_server_refuses_what_is_not_sealed(made: Made) -> None:
    """Plain text in place of the ciphertext is refused, though hashed and signed rightly (E26)."""
    text = ("报价 2311110.40 元；服务承诺三十分钟到场。" * 200).encode()[:4112]
    for body in (text, bytes(4112), b"%PDF-1.7\n" + bytes(range(32, 112)) * 60):
        container = with_body(made, body[:4112].ljust(4112, b" "))
        assert refused(lambda c=container: verified(c, made.terms)) == "not_encrypted(part='bid')"  # type: ignore[misc]


def test_no_key_twice(made: Made) -> None:
    """A version sealed under the key of an earlier one, and two parts under one key, are refused."""
    used = {part.k2_sha256 for part in made.head.header.parts}
    point = p256.point(BIDDER)
    assert refused(lambda: verify_sealed(made.stream, made.terms, ORGANISATION, 1, point, used_keys=used)) == (
        "key_used_before(part='bid')"
    )
    double = make_bid(make_terms(parts=("technical", "price")))
    first, second = double.head.header.parts
    same = replace(double.head.header, parts=(first, replace(second, k2_sha256=first.k2_sha256)))
    assert refused(lambda: verified(sign_container(same, double.bodies), double.terms)).startswith("key_used_before")


def test_server_refuses_a_share_sealed_to_nowhere(made: Made) -> None:
    """A sealed share whose ephemeral key is no point on the curve can never be opened and is refused at once."""
    [part] = made.head.header.parts
    nowhere = replace(part.shares[0], sealed=b"\x04" + bytes(113))
    header = replace(made.head.header, parts=(replace(part, shares=(nowhere, *part.shares[1:])),))
    assert refused(lambda: verified(sign_container(header, made.bodies), made.terms)) == "public_key_wrong()"


def test_ten_thousand_changes_never_open(made: Made) -> None:
    """Ten thousand changed bytes in header, signature, chunks or shares: no bid opens and none is accepted."""
    chance = random.Random(20261123)
    shares, k1 = shares_of(made)[:2], made.bid.keys["bid"].k1
    for turn in range(10_000):
        container, given = bytearray(made.container), [bytearray(share) for share in shares]
        where = chance.choice([container, container, container, *given])
        end = made.head.length if where is container and turn % 2 else len(where)
        where[chance.randrange(end)] ^= chance.randrange(1, 256)
        with pytest.raises(Invalid):
            open_envelope(io.BytesIO(container), "bid", shares=map(bytes, given), k1=k1)
        if where is container and turn % 4 == 0:
            with pytest.raises(Invalid):
                verified(bytes(container), made.terms)


def test_changes_signed_again_never_pass(made: Made) -> None:
    """A header changed by a digit and signed anew, by a stranger or the bidder, is not what the receipt states."""
    chance = random.Random(7)
    shares, keys = shares_of(made), made.bid.keys["bid"]
    digits = [at for at, byte in enumerate(made.head.raw) if byte in b"0123456789abcdef"]
    for turn in range(1_000):
        raw = bytearray(made.head.raw)
        at = chance.choice(digits)
        raw[at] = chance.choice([byte for byte in b"0123456789abcdef" if byte != raw[at]])
        key = BIDDER if turn % 2 else CUSTODIANS[0]
        container = signed_container(bytes(raw), made.bodies, key)
        with pytest.raises(Invalid):
            open_envelope(io.BytesIO(container), "bid", shares=shares, k1=keys.k1, header_sha256=made.head.sha256)
        if key is not BIDDER:
            with pytest.raises(Invalid):
                verified(container, made.terms)


def test_two_tenders_cannot_be_exchanged(made: Made) -> None:
    """Ciphertext and shares moved to another tender, organisation, version or part do not open there, though signed."""
    keys = made.bid.keys["bid"]
    for change in (
        {"tender": OTHER_TENDER},
        {"organisation": OTHER_ORGANISATION},
        {"version": 2},
    ):
        header = replace(made.head.header, **change)  # type: ignore[arg-type]
        container = sign_container(header, made.bodies)
        assert refused(
            lambda c=container: open_envelope(io.BytesIO(c), "bid", k2=keys.k2, k1=keys.k1)  # type: ignore[misc]
        ) == ("content_unreadable(part='bid', chunk=1)")
        head = read_head(io.BytesIO(container))
        assert refused(lambda h=head: open_share(CUSTODIANS[0], h, "bid")) == "share_unreadable(custodian=1)"  # type: ignore[misc]
    other = make_bid(replace(made.terms, tender=OTHER_TENDER))
    swapped = other.container[: other.head.length] + made.bodies[0]
    assert refused(lambda: open_envelope(io.BytesIO(swapped), "bid", k2=keys.k2, k1=keys.k1)).startswith(
        "custodian_key_wrong"
    )
    theirs = other.bid.keys["bid"]
    assert refused(lambda: open_envelope(io.BytesIO(swapped), "bid", k2=theirs.k2, k1=theirs.k1)) == (
        "ciphertext_changed(part='bid')"
    )
    both = make_bid(make_terms(parts=("technical", "price")))
    first, second = both.head.header.parts
    crossed = replace(first, chunks_sha256=second.chunks_sha256), replace(second, chunks_sha256=first.chunks_sha256)
    container = sign_container(replace(both.head.header, parts=crossed), both.bodies[::-1])
    price = both.bid.keys["price"]
    assert refused(lambda: open_envelope(io.BytesIO(container), "technical", k2=price.k2, k1=price.k1)).startswith(
        "custodian_key_wrong"
    )


def test_cut_at_a_chunk_though_signed(made: Made) -> None:
    """A bidder's ciphertext without its last chunk, its size and hash put right, is still refused: no chunk is last."""
    big = make_bid(contents={"bid": Content({}, [file_from_bytes("a.bin", bytes((2 << 20) - 4096))])})
    assert big.head.header.parts[0].size == 2 << 20
    keys = big.bid.keys["bid"]
    for body, size in ((big.bodies[0][: (1 << 20) + 16], 1 << 20), (big.bodies[0][(1 << 20) + 16 :], 1 << 20)):
        container = with_body(big, body, size=size)
        assert refused(
            lambda c=container: open_envelope(io.BytesIO(c), "bid", k2=keys.k2, k1=keys.k1)  # type: ignore[misc]
        ) == ("content_unreadable(part='bid', chunk=1)")


def test_fault_is_the_platforms_or_the_bidders(made: Made) -> None:
    """A ciphertext changed since the receipt is told from one that its bidder sealed badly."""
    keys = made.bid.keys["bid"]
    changed = made.container[:-1] + bytes([made.container[-1] ^ 1])
    badly = with_body(made, made.bodies[0][:-1] + bytes([made.bodies[0][-1] ^ 1]))
    for container, words in (
        (changed, "ciphertext_changed(part='bid')"),
        (badly, "content_unreadable(part='bid', chunk=1)"),
    ):
        assert (
            refused(lambda c=container: open_envelope(io.BytesIO(c), "bid", k2=keys.k2, k1=keys.k1))  # type: ignore[misc]
            == words
        )
    assert refused(lambda: open_envelope(made.stream, "bid", k2=keys.k2, k1=keys.k1, header_sha256=bytes(32))) == (
        "receipt_differs()"
    )
    [part] = made.head.header.parts
    other = make_bid()
    shares = [open_share(key, other.head, "bid") for key in CUSTODIANS[:3]]
    mixed = replace(part, shares=other.head.header.parts[0].shares)
    head = read_head(io.BytesIO(sign_container(replace(made.head.header, parts=(mixed,)), made.bodies)))
    assert refused(lambda: join_shares(head, "bid", shares)) == "custodian_key_wrong(part='bid')"


def test_large_files_need_little_memory(tmp_path: Path) -> None:
    """A bid of 100 MiB is sealed, checked and opened within 12 MiB of memory."""
    source, sealed = tmp_path / "方案.bin", tmp_path / "bid.gbe"
    with source.open("wb") as out:
        for _ in range(100):
            out.write(random.Random(1).randbytes(1 << 20))
    terms = make_terms()
    tracemalloc.start()
    try:
        with sealed.open("w+b") as out:
            content = Content({}, [file_from_path(source)])
            bid = seal(terms, ORGANISATION, 1, {"bid": content}, key_signer(BIDDER), out)
        sink = (tmp_path / "opened.bin").open("wb")
        with sealed.open("rb") as container, sink:
            verify_sealed(container, terms, ORGANISATION, 1, p256.point(BIDDER))
            container.seek(0)
            keys = bid.keys["bid"]
            [file] = open_envelope(container, "bid", k2=keys.k2, k1=keys.k1, into=lambda _: sink).files
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 12 << 20
    assert (file.size, file.data) == (100 << 20, None)
    assert (tmp_path / "opened.bin").read_bytes() == source.read_bytes()
