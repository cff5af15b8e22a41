"""Keys in files: Ed25519 private and public keys as PEM, and lists of partners' keys."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jointsky.agreement.notes import Verifier, read_verifier
from jointsky.model.errors import FileProblem, InputError

FILE_BYTES_MAX = 1 << 20
PRIVATE = "an Ed25519 private key, PEM (PKCS 8)"
PUBLIC = "an Ed25519 public key, PEM"


def make_key(path: Path) -> bytes:
    """Make a private key from the system's chance in a new file that only its owner may read;
    returns the public key (32 bytes). Raises `FileProblem`; never writes over a file."""
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise FileProblem(path, "there is a file of that name",
                          expected="a new name: keys are never written over") from None
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}") from None
    return private.public_key().public_bytes_raw()


def public_text(public: bytes) -> str:
    """A public key (32 bytes) as PEM."""
    return Ed25519PublicKey.from_public_bytes(public).public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def read_private(path: Path) -> bytes:
    """A private key (32 bytes) from its file. Raises `FileProblem`."""
    try:
        key = serialization.load_pem_private_key(_octets(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FileProblem(path, "it holds no key that can be read", expected=PRIVATE) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise FileProblem(path, "a key of another kind", expected=PRIVATE)
    return key.private_bytes_raw()


def read_public(path: Path) -> bytes:
    """A public key (32 bytes) from its file. Raises `FileProblem`."""
    try:
        key = serialization.load_pem_public_key(_octets(path))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FileProblem(path, "it holds no key that can be read", expected=PUBLIC) from None
    if not isinstance(key, Ed25519PublicKey):
        raise FileProblem(path, "a key of another kind", expected=PUBLIC)
    return key.public_bytes_raw()


def read_verifiers(path: Path) -> tuple[Verifier, ...]:
    """Known keys from a file with one `name+hash+key` a line; lines that begin with # do not count.

    Raises `FileProblem` with the line.
    """
    found = []
    try:
        lines = _octets(path).decode().splitlines()
    except UnicodeDecodeError as error:
        raise FileProblem(path, "no text in UTF-8", place=f"byte {error.start}",
                          expected="one NAME+HASH+KEY a line") from None
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(read_verifier(line))
            except InputError as fault:
                raise FileProblem(path, fault.problem, place=f"line {number}",
                                  expected=fault.expected) from None
    if not found:
        raise FileProblem(path, "it holds no key", expected="one NAME+HASH+KEY a line")
    return tuple(found)


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            octets = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise FileProblem(path, "there is no such file", expected="a file of keys") from None
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}") from None
    if len(octets) > FILE_BYTES_MAX:
        raise FileProblem(path, "too long for keys", expected=f"at most {FILE_BYTES_MAX} bytes")
    return octets
