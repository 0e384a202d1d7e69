"""Pure: keys on the curve P-256, spelled as WebCrypto does: points of 65 bytes, scalars of 32, signatures of 64.

A custodian's key opens what HPKE sealed to it (RFC 9180, base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
AES-256-GCM); a bidder's key signs (ECDSA with SHA-256). One key is never used for both.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import Invalid

POINT_LENGTH, SCALAR_LENGTH = 65, 32
#: The number of points; a signature's second half is at most half of it, so that each signature has one spelling.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ECDSA = ec.ECDSA(hashes.SHA256())

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey


def new_key() -> PrivateKey:
    """Return a fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def point(key: PrivateKey | PublicKey) -> bytes:
    """Return the public key as its uncompressed point."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def scalar(key: PrivateKey) -> bytes:
    """Return the private key as 32 bytes."""
    return key.private_numbers().private_value.to_bytes(SCALAR_LENGTH, "big")


def fingerprint(public: bytes) -> bytes:
    """Return the SHA-256 of a public key's point, by which people compare keys and headers name custodians."""
    return hashlib.sha256(public).digest()


def private_key(secret: bytes) -> PrivateKey:
    """Return the private key of 32 bytes; refuses with Invalid `private_key_wrong` what is none.

    >>> point(private_key(bytes(31) + bytes([1])))[:4].hex()
    '046b17d1'
    """
    value = int.from_bytes(secret, "big")
    if len(secret) != SCALAR_LENGTH or not 0 < value < ORDER:
        raise Invalid("private_key_wrong")
    return ec.derive_private_key(value, ec.SECP256R1())


def public_key(public: bytes) -> PublicKey:
    """Return the public key of an uncompressed point; refuses with Invalid `public_key_wrong` one off the curve."""
    try:
        if len(public) == POINT_LENGTH:
            return PublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError:
        pass
    raise Invalid("public_key_wrong")


def hpke_seal(public: bytes, info: bytes, plain: bytes) -> bytes:
    """Return the plain bytes sealed to a public key: the ephemeral point, the ciphertext, the tag."""
    return _SUITE.encrypt(plain, public_key(public), info)


def hpke_open(key: PrivateKey, info: bytes, sealed: bytes) -> bytes | None:
    """Return the plain bytes, or None where they were not sealed to this key under this `info`, or were changed."""
    try:
        return _SUITE.decrypt(sealed, key, info)
    except InvalidTag:
        return None


def sign(key: PrivateKey, message: bytes) -> bytes:
    """Return the signature of a message: r and s, 32 bytes each, with the lesser of the two possible s."""
    r, s = decode_dss_signature(key.sign(message, _ECDSA))
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


def check_signature(public: bytes, signature: bytes, message: bytes) -> None:
    """Refuse with Invalid `signature_wrong` what is not this key's signature of this message, with the lesser s."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        if len(signature) == 64 and s <= ORDER // 2:
            public_key(public).verify(encode_dss_signature(r, s), message, _ECDSA)
            return
    except InvalidSignature:
        pass
    raise Invalid("signature_wrong")
