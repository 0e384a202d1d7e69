"""What stands inside a sealed part: fields and files come out as they went in, and nothing malformed passes."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tender import p256
from tender.content import Content, ContentReader, FileEntry, file_from_bytes, manifest_of, plain_chunks
from tender.unsealing import open_envelope, open_share, verify_sealed
from tests.tender.sealed_bids import BIDDER, CUSTODIANS, ORGANISATION, Made, make_bid, make_terms, seal_plain


@pytest.fixture(scope="module")
def made() -> Made:
    """One small bid with both locks, 2 of 3."""
    return make_bid()


def refused(work: Callable[[], object]) -> str:
    """The code and the facts of the refusal that the work ends in."""
    with pytest.raises(Invalid) as caught:
        work()
    return str(caught.value)


MANIFEST = b'{"fields":{},"files":[{"kind":"a/b","name":"a","size":"3"}]}'


def framed(manifest: bytes, rest: bytes = b"") -> bytes:
    """A part's stream with its manifest's length before it."""
    return len(manifest).to_bytes(4, "big") + manifest + rest


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        (b"\x00\x00\x00\x00", "json_not_canonical"),
        (b"\xff\xff\xff\xff", "manifest"),
        (b"\x00\x10\x00\x00", "length"),
        (framed(b"[]"), "sealing_field_wrong"),
        (framed(b'{"fields":"","files":[]}'), "fields_wrong"),
        (framed(MANIFEST, b"abcd"), "padding"),
        (framed(MANIFEST.replace(b'"3"', b'"9999"'), b"abc"), "length"),
        (framed(MANIFEST.replace(b'"a"', b'"/"'), b"abc"), "file_name_refused"),
        (framed(MANIFEST.replace(b'"3"', b"3"), b"abc"), "json_not_canonical"),
        (framed(MANIFEST.replace(b'"3"', b'"-3"'), b"abc"), "sealing_field_wrong"),
    ],
)
def test_wrong_content_is_named(made: Made, plain: bytes, why: str) -> None:
    """What a bidder's own program sealed wrongly is refused with what is wrong in it."""
    container = seal_plain(made, plain.ljust(4096, b"\x00"))
    keys = made.bid.keys["bid"]
    words = refused(lambda: open_envelope(io.BytesIO(container), "bid", k2=keys.k2, k1=keys.k1))
    assert words == f"content_wrong(why={why!r})"


@settings(max_examples=40, deadline=None)
@given(
    fields=st.dictionaries(
        st.text(max_size=20), st.text(max_size=50) | st.booleans() | st.lists(st.text()), max_size=5
    ),
    sizes=st.lists(st.integers(0, 3000) | st.integers((1 << 20) - 300, (1 << 20) + 300), max_size=3),
    lock=st.sampled_from(["custodians", "both"]),
)
def test_what_goes_in_comes_out(fields: dict[str, object], sizes: list[int], lock: str) -> None:
    """Any fields and files come out of the envelope as they went in, at every edge of a chunk."""
    files = [file_from_bytes(f"文件 {n}.pdf", random.Random(size).randbytes(size)) for n, size in enumerate(sizes)]
    made = make_bid(make_terms(lock=lock), {"bid": Content(fields, files)})  # type: ignore[arg-type]
    assert verify_sealed(made.stream, made.terms, ORGANISATION, 1, p256.point(BIDDER)) == made.head
    shares = [open_share(key, made.head, "bid") for key in CUSTODIANS[1:3]]
    part = open_envelope(made.stream, "bid", shares=shares, k1=made.bid.keys["bid"].k1)
    assert part.fields == fields
    assert [(file.name, file.data) for file in part.files] == [(file.name, file.open().read()) for file in files]


def test_file_that_changes_while_it_is_sealed() -> None:
    """A file that grows or shrinks between listing and reading is refused by its name."""
    for size in (5, 7):
        file = replace(file_from_bytes("a.txt", b"123456"), size=size)
        assert refused(lambda f=file: make_bid(contents={"bid": Content({}, [f])})) == "file_changed(name='a.txt')"  # type: ignore[misc]


def test_files_are_handed_on_in_order() -> None:
    """Each file's bytes go to its own place, empty ones too, in the manifest's order."""
    files = [file_from_bytes(name, name.encode() * 2) for name in ("一.txt", "二.txt")] + [file_from_bytes("空", b"")]
    bid = make_bid(contents={"bid": Content({}, files)})
    kept: dict[str, io.BytesIO] = {}

    def into(entry: FileEntry) -> io.BytesIO:
        return kept.setdefault(entry.name, io.BytesIO())

    keys = bid.bid.keys["bid"]
    part = open_envelope(bid.stream, "bid", k2=keys.k2, k1=keys.k1, into=into)
    assert {name: out.getvalue().decode() for name, out in kept.items()} == {
        "一.txt": "一.txt一.txt",
        "二.txt": "二.txt二.txt",
        "空": "",
    }
    assert [file.size for file in part.files] == [14, 14, 0]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "a\\b",
        "C:x",
        "a\x00b",
        "a\nb",
        " a",
        "a ",
        ".a",
        "a.",
        "\u3000a",
        "a\u202eb",
        "a" * 201,
    ],
)
def test_file_names_refused(name: str) -> None:
    """A name with a folder, a dot or space at an end, a control or turning character, or too long is refused."""
    with pytest.raises(Invalid, match="file_name_refused"):
        make_bid(contents={"bid": Content({}, [file_from_bytes(name, b"")])})


def test_content_refused_before_sealing() -> None:
    """Two files of one name, a strange kind, too many files, fields that are no form, too much of anything."""
    a = file_from_bytes("a", b"")
    for content, code in (
        (Content({}, [a, a]), "file_repeated"),
        (Content({}, [replace(a, kind="text")]), "file_kind_wrong"),
        (Content({}, [replace(a, name=f"{n}") for n in range(201)]), "too_many_files"),
        (Content(["a"]), "fields_wrong"),  # type: ignore[arg-type]
        (Content({"a": "b" * (8 << 20)}), "fields_too_long"),
        (Content({}, [replace(a, size=1 << 32)]), "content_too_long"),
    ):
        assert refused(lambda c=content: make_bid(contents={"bid": c})).startswith(code)  # type: ignore[misc]


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 200), min_size=1, max_size=50))
def test_content_is_read_in_any_pieces(cuts: list[int]) -> None:
    """However the decrypted stream is cut, the same fields and files come out, and not before all of it is there."""
    content = Content({"a": "b"}, [file_from_bytes("一.txt", bytes(range(256)) * 3), file_from_bytes("空", b"")])
    [stream] = plain_chunks(content, manifest_of(content), 4096)
    reader, at = ContentReader(4096, None), 0
    while at < len(stream):
        for cut in cuts:
            if at < 700:
                assert refused(reader.finish) == "content_wrong(why='length')"
            reader.feed(stream[at : at + cut])
            at += cut
    part = reader.finish()
    assert [(file.name, file.data) for file in part.files] == [("一.txt", bytes(range(256)) * 3), ("空", b"")]


def test_manifest_longer_than_a_chunk() -> None:
    """A form of several MiB comes out whole."""
    fields = {"plan": "电梯" * 400_000}
    made = make_bid(contents={"bid": Content(fields)})
    keys = made.bid.keys["bid"]
    assert open_envelope(made.stream, "bid", k2=keys.k2, k1=keys.k1).fields == fields
