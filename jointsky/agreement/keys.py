"""Ed25519 over raw 32-byte keys (RFC 8032): sign, verify, name a key. Files of keys are `app`'s."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64


def sign(private: bytes, message: bytes) -> bytes:
    """Signature (64 bytes) of a message by a private key (its 32-byte seed).

    Raises `ValueError` for a key of another length.
    """
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def public_of(private: bytes) -> bytes:
    """The public key (32 bytes) that belongs to a private one. Raises `ValueError` as `sign`."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key (32 bytes) signed this message. What is no key and what is
    no signature answer no."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: bytes) -> str:
    """A short name of a public key for people and logs: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]
