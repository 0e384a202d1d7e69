"""The same bid sealed with the same randomness gives the same bytes, here and in the browser, this year and in ten.

`python -m tests.tender.test_sealing_golden` writes the golden file anew; tests/browser/test_sealing_js.py makes the
same envelopes in Chromium. The HPKE below is built from RFC 9180's own steps, a second source beside `cryptography`.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tender import keyfiles, p256, slip39
from tender.content import Content, file_from_bytes
from tender.envelope import read_head, read_terms
from tender.sealing import Randomness, SealedBid, Signer, seal
from tender.unsealing import open_envelope, open_share, verify_sealed

GOLDEN = Path(__file__).parent / "golden" / "intl_1.json"


def golden() -> dict[str, Any]:
    """What the golden file states."""
    stated: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return stated


def drawn(seed: str) -> Callable[[int], bytes]:
    """Bytes that anyone can draw again: SHA-256 of the seed and a block's number, one block after another."""

    def blocks() -> Iterator[int]:
        number = 0
        while True:
            yield from hashlib.sha256(bytes.fromhex(seed) + number.to_bytes(4, "big")).digest()
            number += 1

    stream = blocks()
    return lambda length: bytes(next(stream) for _ in range(length))


def hpke_from_steps(scalars: Iterator[str]) -> Callable[[bytes, bytes, bytes], bytes]:
    """HPKE base mode with ephemeral keys given in advance, by the steps of RFC 9180 sections 4.1 and 5.1."""
    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"

    def extract(salt: bytes, of: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + of + label + material, "sha256")

    def expand(key: bytes, of: bytes, label: bytes, info: bytes, length: int) -> bytes:
        return hmac.digest(key, length.to_bytes(2, "big") + b"HPKE-v1" + of + label + info + b"\x01", "sha256")[:length]

    def sealed(public: bytes, info: bytes, plain: bytes) -> bytes:
        once = p256.private_key(bytes.fromhex(next(scalars)))
        point = p256.point(once)
        shared = once.exchange(ec.ECDH(), p256.public_key(public))
        secret = expand(extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", point + public, 32)
        context = b"\x00" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
        secret = extract(secret, suite, b"secret", b"")
        key, nonce = (expand(secret, suite, label, context, n) for label, n in ((b"key", 32), (b"base_nonce", 12)))
        return point + AESGCM(key).encrypt(nonce, plain, b"")

    return sealed


def repeatable_signer(scalar: str) -> Signer:
    """A bidder's signer that gives the same signature each time (RFC 6979), for golden files alone."""
    key = p256.private_key(bytes.fromhex(scalar))

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + min(s, p256.ORDER - s).to_bytes(32, "big")

    return Signer(p256.point(key), sign)


def filling(size: int) -> bytes:
    """A file's bytes that need not be written down: byte i is 7 i + i // 256, modulo 256."""
    return bytes((7 * i + (i >> 8)) & 255 for i in range(size))


def contents_of(case: dict[str, Any]) -> dict[str, Content]:
    """The parts of a golden case."""
    return {
        name: Content(
            part["fields"],
            [file_from_bytes(file["name"], filling(int(file["size"])), file["kind"]) for file in part["files"]],
        )
        for name, part in case["contents"].items()
    }


def sealed_again(case: dict[str, Any]) -> tuple[bytes, SealedBid]:
    """The container of a golden case, sealed with its randomness."""
    out = io.BytesIO()
    bid = seal(
        read_terms(case["terms"].encode()),
        case["organisation"],
        int(case["version"]),
        contents_of(case),
        repeatable_signer(case["bidder_scalar"]),
        out,
        Randomness(drawn(case["seed"]), hpke_from_steps(iter(case["ephemeral_scalars"]))),
    )
    return out.getvalue(), bid


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    """What sealing a golden case gives, in the words of the golden file."""
    container, bid = sealed_again(case)
    custodians = [p256.private_key(bytes.fromhex(scalar)) for scalar in case["custodian_scalars"]]
    return {
        "container_sha256": hashlib.sha256(container).hexdigest(),
        "container_size": str(len(container)),
        "header": bid.head.raw.decode(),
        "header_sha256": bid.head.sha256.hex(),
        "keys": {name: {"k1": keys.k1.hex(), "k2": keys.k2.hex()} for name, keys in bid.keys.items()},
        "shares": {name: [open_share(key, bid.head, name).hex() for key in custodians] for name in bid.keys},
        "signature": bid.head.signature.hex(),
    }


CASES = golden()["cases"] if GOLDEN.exists() else []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_sealing_gives_the_golden_bytes(case: dict[str, Any]) -> None:
    """With a case's randomness, the container, the header, the signature, the keys and the shares are as written."""
    assert outcome(case) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_envelopes_open(case: dict[str, Any]) -> None:
    """Each golden envelope is accepted for its tender, and opens to what went in with its last t shares."""
    container, _ = sealed_again(case)
    terms = read_terms(case["terms"].encode())
    bidder = p256.point(p256.private_key(bytes.fromhex(case["bidder_scalar"])))
    head = verify_sealed(io.BytesIO(container), terms, case["organisation"], int(case["version"]), bidder)
    for name, content in contents_of(case).items():
        shares = [bytes.fromhex(share) for share in case["expected"]["shares"][name]][-terms.threshold :]
        k1 = bytes.fromhex(case["expected"]["keys"][name]["k1"])
        part = open_envelope(io.BytesIO(container), name, shares=shares, k1=k1, header_sha256=head.sha256)
        assert part.fields == content.fields
        assert [(file.name, file.kind, file.data) for file in part.files] == [
            (file.name, file.kind, file.open().read()) for file in content.files
        ]


def test_golden_bytes_as_kept() -> None:
    """An envelope kept as bytes, not made anew, still opens: what was sealed once must open for fifteen years."""
    kept = golden()["kept"]
    container = bytes.fromhex(kept["container"])
    shares = [bytes.fromhex(share) for share in kept["shares"]]
    part = open_envelope(io.BytesIO(container), "bid", shares=shares)
    assert part.fields == kept["fields"]
    assert read_head(io.BytesIO(container)).sha256.hex() == kept["header_sha256"]


def test_golden_key_files() -> None:
    """The golden key file, recovery file, words and possession proof are made again and opened."""
    stated = golden()["files"]
    key = p256.private_key(bytes.fromhex(stated["scalar"]))
    work = int(stated["work"])
    made = keyfiles.lock_key("custodian-key", key, stated["passphrase"], draw=drawn(stated["seed"]), work=work)
    assert made.decode() == stated["key_file"]
    assert p256.scalar(keyfiles.unlock_key("custodian-key", made, stated["passphrase"])) == p256.scalar(key)
    _, bid = sealed_again(CASES[0])
    recovery = keyfiles.lock_recovery(bid.head, bid.keys, stated["passphrase"], draw=drawn(stated["seed"]), work=work)
    assert recovery.decode() == stated["recovery_file"]
    assert keyfiles.unlock_recovery(recovery, stated["passphrase"]).keys == bid.keys
    sheets = slip39.words_of(p256.scalar(key), drawn(stated["seed"]), threshold=2, count=3)
    assert sheets == stated["sheets"]
    assert slip39.secret_of(sheets[1:]) == p256.scalar(key)
    answer = keyfiles.answer_possession(key, stated["tender"], bytes.fromhex(stated["challenge"]))
    assert answer.hex() == stated["answer"]


def scalars(label: str, count: int) -> list[str]:
    """Private keys that belong to nobody."""
    return [hashlib.sha256(f"gongbao golden {label} {number}".encode()).hexdigest() for number in range(count)]


def new_case(name: str, parts: list[str], lock: str, threshold: int, count: int, contents: dict[str, Any]) -> Any:
    """A golden case without its outcome."""
    custodians = scalars(f"{name} custodian", count)
    terms = {
        "amendment": "0",
        "custodians": [p256.point(p256.private_key(bytes.fromhex(scalar))).hex() for scalar in custodians],
        "envelope": "1",
        "lock": lock,
        "notice_sha256": hashlib.sha256(f"gongbao golden notice {name}".encode()).hexdigest(),
        "parts": parts,
        "suite": "INTL-1",
        "tender": "01938000-0000-7000-8000-0000000000a1",
        "threshold": str(threshold),
    }
    return {
        "name": name,
        "seed": hashlib.sha256(f"gongbao golden seed {name}".encode()).hexdigest(),
        "terms": json.dumps(terms, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        "custodian_scalars": custodians,
        "bidder_scalar": scalars(f"{name} bidder", 1)[0],
        "ephemeral_scalars": scalars(f"{name} ephemeral", count * len(parts)),
        "organisation": "01938000-0000-7000-8000-0000000000b2",
        "version": "1",
        "contents": contents,
    }


def key_files(bid: Any) -> dict[str, Any]:
    """Return the files of one key and its bid, made from numbers that are drawn the same way every time."""
    [scalar], [seed] = scalars("key file", 1), scalars("key file seed", 1)
    key, words, work, tender = (
        p256.private_key(bytes.fromhex(scalar)),
        "电梯共保·七位数一二",
        1 << 14,
        bid.head.header.tender,
    )
    challenge = keyfiles.ask_possession(
        p256.point(key), tender, Randomness(drawn(seed), hpke_from_steps(iter(scalars("challenge", 1))))
    )
    return {
        "scalar": scalar,
        "seed": seed,
        "passphrase": words,
        "work": str(work),
        "tender": tender,
        "key_file": keyfiles.lock_key("custodian-key", key, words, draw=drawn(seed), work=work).decode(),
        "recovery_file": keyfiles.lock_recovery(bid.head, bid.keys, words, draw=drawn(seed), work=work).decode(),
        "sheets": slip39.words_of(p256.scalar(key), drawn(seed), threshold=2, count=3),
        "challenge": challenge.sealed.hex(),
        "answer": keyfiles.answer_possession(key, tender, challenge.sealed).hex(),
    }


def write() -> None:
    """Write the golden file anew."""
    spelling = {"\ue000": "私", "😀": "astral", "a/b": ['"\\\u007f\u2028\b\f\n\r\t\u0001', True, None], "": "é"}
    pdf = {"name": "技术方案.pdf", "kind": "application/pdf", "size": str((1 << 20) + 300_000)}
    empty = {"name": "空 白.txt", "kind": "text/plain", "size": "0"}
    single = {"bid": {"fields": {"报价": "2311110.40", "lead_willing": True, "spelling": spelling}, "files": []}}
    double = {
        "technical": {"fields": {"plan": "见附件"}, "files": [pdf, empty]},
        "price": {"fields": {"price": "1140.00"}, "files": []},
    }
    edge = {"bid": {"fields": {}, "files": [{**empty, "name": "edge.bin", "size": str((1 << 20) - 100)}]}}
    cases = [
        new_case("one envelope, 2 of 3", ["bid"], "custodians", 2, 3, single),
        new_case("two envelopes, both locks, 3 of 5", ["technical", "price"], "both", 3, 5, double),
        new_case("exactly one chunk, 4 of 7", ["bid"], "both", 4, 7, edge),
    ]
    for case in cases:
        case["expected"] = outcome(case)
    container, bid = sealed_again(cases[0])
    made = {
        "about": "Sealed envelopes of version 1, suite INTL-1, with all that is needed to make them again.",
        "cases": cases,
        "kept": {
            "container": container.hex(),
            "header_sha256": bid.head.sha256.hex(),
            "fields": single["bid"]["fields"],
            "shares": cases[0]["expected"]["shares"]["bid"][:2],
        },
        "files": key_files(bid),
    }
    GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
