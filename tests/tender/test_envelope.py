"""The format of a sealed envelope: read strictly, to the last byte, or refused by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tender import p256
from tender.canonical import canonical, read_canonical
from tender.content import Content
from tender.envelope import (
    MAGIC,
    chunk_lengths,
    padded_size,
    read_head,
    read_header,
    read_terms,
    sealed_size,
    signed_bytes,
)
from tests.tender.sealed_bids import CUSTODIANS, Made, make_bid, make_terms, signed_container


@pytest.fixture(scope="module")
def made() -> Made:
    """One small sealed bid, made once."""
    return make_bid()


def refused(work: Callable[[], object]) -> str:
    """The code of the refusal that the work ends in."""
    with pytest.raises(Invalid) as caught:
        work()
    return caught.value.code


def test_head_is_read_as_written(made: Made) -> None:
    """What the bidder signed is what is read, and the parts begin right behind it."""
    head = read_head(made.stream)
    assert head == made.head
    assert head.to_bytes() == made.container[: head.length]
    assert read_header(head.raw) == head.header
    assert head.length + sealed_size(4096) == len(made.container)


@settings(max_examples=300, deadline=None)
@given(length=st.integers(0, 1 << 32))
@example(length=(1 << 32) - 1)
def test_padding_hides_the_length(length: int) -> None:
    """A part is padded to at least 4 KiB, by at most an eighth, and padding a padded size changes nothing."""
    size = padded_size(length)
    assert size >= max(length, 4096)
    assert size == 4096 or 8 * (size - length) <= length
    assert padded_size(size) == size
    assert sum(plain for plain, _ in chunk_lengths(size)) == size if size <= 1 << 24 else True


def test_padding_leaves_few_sizes() -> None:
    """Of all lengths up to 1 MiB fewer than three hundred sizes can be told apart."""
    assert len({padded_size(length) for length in range(0, 1 << 20, 7)}) < 300


def changed_header(made: Made, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A container, rightly signed, whose header was changed as an object."""
    header = json.loads(made.head.raw)
    change(header)
    return signed_container(canonical(header), made.bodies)


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A change that sets one member, `parts.0.size`."""

    def change(header: dict[str, Any]) -> None:
        at: Any = header
        *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in way:
            at = at[step]
        at[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("extra", "1", "sealing_field_unknown"),
        ("parts.0.extra", "1", "sealing_field_unknown"),
        ("parts.0.shares.1.extra", "1", "sealing_field_unknown"),
        ("envelope", "2", "suite_unknown"),
        ("suite", "SM-1", "suite_unknown"),
        ("tender", "01938000-0000-7000-8000-00000000000A", "sealing_field_wrong"),
        ("tender", "", "sealing_field_wrong"),
        ("organisation", "x", "sealing_field_wrong"),
        ("version", "0", "sealing_field_wrong"),
        ("version", "01", "sealing_field_wrong"),
        ("version", "1.0", "sealing_field_wrong"),
        ("version", "１", "sealing_field_wrong"),
        ("version", "-1", "sealing_field_wrong"),
        ("version", ["1"], "sealing_field_wrong"),
        ("amendment", "9999999999999999", "sealing_field_wrong"),
        ("lock", "none", "sealing_field_wrong"),
        ("lock", "custodians", "sealing_field_wrong"),
        ("notice_sha256", "00", "sealing_field_wrong"),
        ("notice_sha256", "G" * 64, "sealing_field_wrong"),
        ("signer", "04" + "00" * 64, "public_key_wrong"),
        ("threshold", "1", "threshold_wrong"),
        ("threshold", "4", "threshold_wrong"),
        ("custodians", [], "sealing_field_wrong"),
        ("custodians", ["00" * 32] * 3, "custodian_repeated"),
        ("parts", [], "sealing_field_wrong"),
        ("parts", "bid", "sealing_field_wrong"),
        ("parts.0", "bid", "sealing_field_wrong"),
        ("parts.0.name", "price", "parts_wrong"),
        ("parts.0.size", "4097", "sealing_field_wrong"),
        ("parts.0.size", "0", "sealing_field_wrong"),
        ("parts.0.size", str((1 << 32) + (1 << 26)), "sealing_field_wrong"),
        ("parts.0.shares", [], "sealing_field_wrong"),
        ("parts.0.shares.0.sealed", "00", "sealing_field_wrong"),
        (
            "parts.0.k1_sha256",
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
            "sealing_field_wrong",
        ),
    ],
)
def test_wrong_members_are_named(made: Made, path: str, value: object, code: str) -> None:
    """A member that is unknown, of another kind, out of bounds or at odds with another is refused, though signed."""
    container = changed_header(made, put(path, value))
    assert refused(lambda: read_head(io.BytesIO(container))) == code


@pytest.mark.parametrize("path", ["tender", "signer", "parts.0.chunks_sha256", "parts.0.shares.2.sha256", "parts"])
def test_missing_members_are_named(made: Made, path: str) -> None:
    """A member that is missing is named by where it should stand."""

    def drop(header: dict[str, Any]) -> None:
        at: Any = header
        *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
        for step in way:
            at = at[step]
        del at[last]

    with pytest.raises(Invalid) as caught:
        read_head(io.BytesIO(changed_header(made, drop)))
    assert caught.value.code == "sealing_field_missing"
    assert caught.value.facts["field"] == "header/" + path.replace(".", "/")


@pytest.mark.parametrize(
    "spelling",
    [
        lambda raw: raw.replace(b":", b": ", 1),
        lambda raw: b" " + raw,
        lambda raw: raw + b"\n",
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b'{"amendment":"0"', b'{"amendment":"0","amendment":"0"'),
        lambda raw: raw.replace(b'"amendment":"0"', b'"amendment":0'),
        lambda raw: raw.replace(b'"amendment":"0"', b'"amendment":NaN'),
        lambda raw: raw.replace(b'"amendment":"0"', b'"amendment":"\\u0030"'),
        lambda raw: raw.replace(b'"amendment":"0"', b'"amendment":"\xff"'),
        lambda raw: raw.replace(b'"amendment":"0"', b'"amendment":"\\ud800"'),
        lambda raw: raw[:-1],
        lambda raw: b"[" * 100_000,
        lambda raw: b"",
        lambda raw: json.dumps(dict(reversed(json.loads(raw).items())), separators=(",", ":")).encode(),
    ],
)
def test_one_spelling_only(made: Made, spelling: Callable[[bytes], bytes]) -> None:
    """A header spelled in any other way than the one way is refused, though it means the same and is signed."""
    container = signed_container(spelling(made.head.raw), made.bodies)
    assert refused(lambda: read_head(io.BytesIO(container))) in {"json_not_canonical", "json_not_text"}


def test_beginning_and_lengths(made: Made) -> None:
    """Another kind of file, another format version, a header too long, an end too early are each refused by name."""

    def read(raw: bytes) -> str:
        return refused(lambda: read_head(io.BytesIO(raw)))

    assert read(b"%PDF-1.7 a bid that was not sealed") == "envelope_unrecognised"
    assert read(b"") == "envelope_unrecognised"
    assert read(made.container[:11]) == "envelope_unrecognised"
    assert read(b"GONGBAO\x02" + made.container[8:]) == "envelope_unrecognised"
    assert read(MAGIC + b"\xff\xff\xff\xff" + made.container[12:]) == "envelope_header_too_long"
    for length in (12, 13, made.head.length - 65, made.head.length - 1):
        assert read(made.container[:length]) == "envelope_cut_short"


def test_signature_has_one_spelling(made: Made) -> None:
    """Another's signature, one of other bytes, and the same one with the greater s are refused."""
    r, s = made.head.signature[:32], int.from_bytes(made.head.signature[32:], "big")
    greater = r + (p256.ORDER - s).to_bytes(32, "big")
    others = p256.sign(CUSTODIANS[0], signed_bytes(made.head.raw))
    for signature in (greater, others, bytes(64), b"\xff" * 64, made.head.signature[::-1]):
        container = signed_bytes(made.head.raw) + signature + made.bodies[0]
        assert refused(lambda raw=container: read_head(io.BytesIO(raw))) == "signature_wrong"  # type: ignore[misc]
    assert refused(lambda: p256.check_signature(made.head.header.signer, b"", b"")) == "signature_wrong"


def test_terms_file() -> None:
    """The terms that bidders seal by are read as written; a key off the curve, a lone custodian are refused."""
    terms = make_terms(3, 5, parts=("technical", "price"))
    assert read_terms(terms.to_bytes()) == terms
    for change, code in (
        ({"threshold": 6}, "threshold_wrong"),
        ({"threshold": 1}, "threshold_wrong"),
        ({"custodians": terms.custodians[:1]}, "sealing_field_wrong"),
        ({"custodians": (b"\x04" + bytes(64), *terms.custodians[1:])}, "public_key_wrong"),
        ({"custodians": (b"\x02" + bytes(64), *terms.custodians[1:])}, "public_key_wrong"),
        ({"custodians": (terms.custodians[0],) * 5}, "custodian_repeated"),
        ({"parts": ("price", "technical")}, "parts_wrong"),
        ({"parts": ("bid", "price")}, "parts_wrong"),
        ({"lock": "bidder"}, "sealing_field_wrong"),
    ):
        assert refused(lambda c=change: read_terms(replace(terms, **c).to_bytes())) == code  # type: ignore[misc]
    assert refused(lambda: read_terms(b"[]")) == "sealing_field_wrong"


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_canonical_json_is_read_as_written(value: Any) -> None:
    """Whatever can be written is read again, and written again gives the same bytes."""
    raw = canonical(value)
    assert read_canonical(raw) == value
    assert canonical(read_canonical(raw)) == raw


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=200) | st.text(alphabet='{}[]",:01\\ue tfn', max_size=60).map(str.encode))
def test_canonical_json_refuses_the_rest(raw: bytes) -> None:
    """Any bytes are either the one spelling of what they mean or refused."""
    try:
        value = read_canonical(raw)
    except Invalid:
        return
    assert canonical(value) == raw


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1, "json_number"),
        ({"price": 2311110.40}, "json_number"),
        ([{"a": [1]}], "json_number"),
        ({"a": "\ud800"}, "json_not_text"),
        ({"\udfff": "a"}, "json_not_text"),
        ({1: "a"}, "json_not_text"),
        (b"a", "json_not_text"),
        ({"a": object()}, "json_not_text"),
        ([[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]], "json_too_deep"),
    ],
)
def test_no_numbers_in_fields(value: object, code: str) -> None:
    """A number must be text, text must be Unicode, and nothing may nest beyond sixteen levels."""
    assert refused(lambda: canonical(value)) == code


def test_what_is_wrong_is_refused_before_sealing() -> None:
    """The bidder hears of an impossible organisation, version or part before anything is encrypted."""
    assert refused(lambda: make_bid(organisation="示例财险")) == "sealing_field_wrong"
    assert refused(lambda: make_bid(version=0)) == "sealing_field_wrong"
    assert refused(lambda: make_bid(contents={"price": Content({})})) == "parts_wrong"
    assert refused(lambda: make_bid(replace(make_terms(), threshold=1))) == "threshold_wrong"
    assert refused(lambda: make_bid(replace(make_terms(), custodians=(bytes(65),) * 3))) == "custodian_repeated"
    assert refused(lambda: make_bid(replace(make_terms(), custodians=(bytes(65), b"\x04" * 65)))) == "public_key_wrong"
