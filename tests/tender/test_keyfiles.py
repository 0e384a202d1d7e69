"""Keys under a passphrase, recovery files, and a custodian's proof of holding a key."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Invalid
from tender import keyfiles, p256
from tender.canonical import canonical
from tender.sharefiles import read_shares, write_shares
from tender.unsealing import open_share
from tests.tender.sealed_bids import BIDDER, CUSTODIANS, OTHER_TENDER, TENDER, make_bid, make_terms

PASSPHRASE = "正确的马·电池·订书钉"
WORK = 1 << 14


def refused(work: Callable[[], object]) -> str:
    """The code of the refusal that the work ends in."""
    with pytest.raises(Invalid) as caught:
        work()
    return caught.value.code


def test_key_file_opens_with_its_passphrase() -> None:
    """A key file gives its key back for the passphrase, however it was typed, and its public half without it."""
    raw = keyfiles.lock_key("custodian-key", CUSTODIANS[0], "café au lait ☕", work=WORK)
    key = keyfiles.unlock_key("custodian-key", raw, "cafe\u0301 au lait ☕")
    assert p256.scalar(key) == p256.scalar(CUSTODIANS[0])
    assert keyfiles.public_of("custodian-key", raw) == p256.point(CUSTODIANS[0])
    assert p256.scalar(CUSTODIANS[0]).hex() not in raw.decode()


def test_two_files_of_one_key_differ() -> None:
    """Each file has a salt of its own."""
    files = {keyfiles.lock_key("bidder-key", BIDDER, PASSPHRASE, work=WORK) for _ in range(2)}
    assert len(files) == 2


def test_passphrases_refused() -> None:
    """A wrong passphrase opens nothing, a short one locks nothing."""
    raw = keyfiles.lock_key("bidder-key", BIDDER, PASSPHRASE, work=WORK)
    assert refused(lambda: keyfiles.unlock_key("bidder-key", raw, PASSPHRASE + " ")) == "passphrase_wrong"
    assert refused(lambda: keyfiles.lock_key("bidder-key", BIDDER, "九个字的口令不够长")) == "passphrase_too_short"


def test_one_key_one_purpose() -> None:
    """A bidder's key file is not taken for a custodian's, nor a recovery file for either."""
    raw = keyfiles.lock_key("bidder-key", BIDDER, PASSPHRASE, work=WORK)
    assert refused(lambda: keyfiles.unlock_key("custodian-key", raw, PASSPHRASE)) == "key_file_kind_wrong"
    assert refused(lambda: keyfiles.unlock_recovery(raw, PASSPHRASE)) == "key_file_kind_wrong"
    assert refused(lambda: keyfiles.lock_key("recovery", BIDDER, PASSPHRASE)) == "key_file_kind_wrong"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"n": "1024"}, "sealing_field_wrong"),
        ({"n": "1048576"}, "sealing_field_wrong"),
        ({"n": "16385"}, "sealing_field_wrong"),
        ({"n": "32768"}, "passphrase_wrong"),
        ({"r": "9"}, "sealing_field_wrong"),
        ({"kdf": "none"}, "sealing_field_wrong"),
        ({"version": "2"}, "sealing_field_wrong"),
        ({"salt": "00"}, "sealing_field_wrong"),
        ({"salt": "00" * 16}, "passphrase_wrong"),
        ({"nonce": "00" * 12}, "passphrase_wrong"),
        ({"public": {"point": p256.point(CUSTODIANS[0]).hex()}}, "passphrase_wrong"),
        ({"ciphertext": "0"}, "sealing_field_wrong"),
        ({"ciphertext": ""}, "passphrase_wrong"),
        ({"label": "x"}, "sealing_field_unknown"),
        ({"kind": "custodian-key"}, "key_file_kind_wrong"),
    ],
)
def test_changed_key_files(change: dict[str, Any], code: str) -> None:
    """Nothing in a key file can be changed: neither the secret nor what is written beside it."""
    stated = json.loads(keyfiles.lock_key("bidder-key", BIDDER, PASSPHRASE, work=WORK))
    raw = canonical({**stated, **change})
    assert refused(lambda: keyfiles.unlock_key("bidder-key", raw, PASSPHRASE)) == code


def test_what_is_no_key_file() -> None:
    """Other files, lists, and far too long ones are refused."""
    for raw, code in (
        (b"", "json_not_canonical"),
        (b"[]", "json_not_canonical"),
        (b"{}", "sealing_field_missing"),
        (b'"' + b"a" * (1 << 17) + b'"', "json_not_canonical"),
    ):
        assert refused(lambda r=raw: keyfiles.public_of("bidder-key", r)) == code  # type: ignore[misc]


def test_locked_key_must_match_its_public_half() -> None:
    """A file whose secret is not that of its public key is refused, though its passphrase is right."""
    honest = json.loads(keyfiles.lock_key("bidder-key", BIDDER, PASSPHRASE, draw=bytes, work=WORK))
    salt, nonce = bytes(16), bytes(12)
    plain = {name: item for name, item in honest.items() if name != "ciphertext"}
    plain["public"] = {"point": p256.point(CUSTODIANS[0]).hex()}
    cipher = keyfiles.AESGCM(keyfiles._derive(PASSPHRASE, salt, WORK))
    closed = cipher.encrypt(nonce, canonical({"scalar": p256.scalar(BIDDER).hex()}), canonical(plain))
    forged = canonical({**plain, "ciphertext": closed.hex()})
    assert refused(lambda: keyfiles.unlock_key("bidder-key", forged, PASSPHRASE)) == "private_key_wrong"


def test_recovery_file_holds_the_bids_keys() -> None:
    """A bidder's recovery file says which bid it is for and gives both halves of each part's key back."""
    made = make_bid(make_terms(parts=("technical", "price")), version=4)
    raw = keyfiles.lock_recovery(made.head, made.bid.keys, PASSPHRASE, work=WORK)
    recovered = keyfiles.unlock_recovery(raw, PASSPHRASE)
    assert recovered.keys == made.bid.keys
    assert (recovered.tender, recovered.version) == (TENDER, 4)
    assert recovered.header_sha256 == made.head.sha256
    for keys in made.bid.keys.values():
        assert keys.k1.hex() not in raw.decode()
        assert keys.k2.hex() not in raw.decode()


def test_possession_is_proven_by_the_key_alone() -> None:
    """Only the custodian's own key answers a challenge, for the tender it was asked about, each time another."""
    point = p256.point(CUSTODIANS[0])
    asked = keyfiles.ask_possession(point, TENDER)
    answer = keyfiles.answer_possession(CUSTODIANS[0], TENDER, asked.sealed)
    keyfiles.check_possession(answer, asked.answer_sha256)
    assert refused(lambda: keyfiles.answer_possession(CUSTODIANS[1], TENDER, asked.sealed)) == "challenge_unreadable"
    assert refused(lambda: keyfiles.answer_possession(CUSTODIANS[0], OTHER_TENDER, asked.sealed)) == (
        "challenge_unreadable"
    )
    again = keyfiles.ask_possession(point, TENDER)
    assert refused(lambda: keyfiles.check_possession(answer, again.answer_sha256)) == "possession_unproven"
    assert refused(lambda: keyfiles.check_possession(asked.answer_sha256, asked.answer_sha256)) == "possession_unproven"
    assert refused(lambda: keyfiles.ask_possession(bytes(65), TENDER)) == "public_key_wrong"


def test_a_challenge_cannot_read_a_share() -> None:
    """A sealed share handed to a custodian as a challenge is refused: each seal is for its purpose only."""
    made = make_bid()
    sealed = made.head.header.parts[0].shares[0].sealed
    assert refused(lambda: keyfiles.answer_possession(CUSTODIANS[0], TENDER, sealed)) == "challenge_unreadable"


def test_private_keys_refused() -> None:
    """Zero, the order of the curve, and other lengths are no private keys."""
    for secret in (bytes(32), p256.ORDER.to_bytes(32, "big"), b"\xff" * 32, bytes(31) + b"\x01\x00", b"\x01"):
        assert refused(lambda s=secret: p256.private_key(s)) == "private_key_wrong"  # type: ignore[misc]
    assert p256.scalar(p256.private_key(bytes(31) + b"\x01")) == bytes(31) + b"\x01"
    assert refused(lambda: p256.public_key(b"\x04")) == "public_key_wrong"


def test_share_file_is_read_as_written() -> None:
    """A custodian's share file gives each bid's share back; one bid twice, another kind, or far too much is refused."""
    bids = [make_bid(version=number) for number in (1, 2)]
    opened = [(made.head, open_share(CUSTODIANS[0], made.head, "bid")) for made in bids]
    raw = write_shares(TENDER, "bid", opened)
    read = read_shares(raw)
    assert (read.tender, read.part) == (TENDER, "bid")
    assert read.shares == {head.sha256: share for head, share in opened}
    for wrong, code in (
        (write_shares(TENDER, "bid", [opened[0], opened[0]]), "sealing_field_wrong"),
        (raw.replace(b'"shares","part"', b'"share","part"'), "sealing_field_wrong"),
        (write_shares("示例", "bid", opened), "sealing_field_wrong"),
        (b'"' + b"a" * (1 << 20) + b'"', "json_not_canonical"),
    ):
        assert refused(lambda w=wrong: read_shares(w)) == code  # type: ignore[misc]
