"""Keys in files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from jointsky.agreement.keys import is_signed, public_of, sign
from jointsky.agreement.notes import Verifier
from jointsky.app.keys import make_key, public_text, read_private, read_public, read_verifiers
from jointsky.model.errors import FileProblem


def test_a_key_is_made_read_back_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "unit.pem"
    public = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = read_private(path)
    assert public_of(private) == public
    assert is_signed(public, b"x", sign(private, b"x"))
    (tmp_path / "public.pem").write_text(public_text(public))
    assert read_public(tmp_path / "public.pem") == public
    with pytest.raises(FileProblem, match="there is a file of that name"):
        make_key(path)
    assert read_private(path) == private
    assert make_key(tmp_path / "other.pem") != public
    with pytest.raises(FileProblem, match="cannot be written"):
        make_key(tmp_path / "no" / "folder.pem")


def test_what_is_no_such_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for reader in (read_private, read_public, read_verifiers):
        with pytest.raises(FileProblem, match=r"key\.pem: there is no such file"):
            reader(path)
    for content in (b"", b"hello", bytes(1000), b"-----BEGIN PRIVATE KEY-----\nAAAA\n"):
        path.write_bytes(content)
        for reader in (read_private, read_public, read_verifiers):
            with pytest.raises(FileProblem, match=r"key\.pem"):
                reader(path)
    path.write_bytes(bytes(2 << 20))
    with pytest.raises(FileProblem, match="too long"):
        read_private(path)
    with pytest.raises(FileProblem, match="cannot be read"):
        read_private(tmp_path)
    other = X25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(other.private_bytes(serialization.Encoding.PEM, form,
                                         serialization.NoEncryption()))
    with pytest.raises(FileProblem, match="another kind; expected an Ed25519 private key"):
        read_private(path)
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"word")))
    with pytest.raises(FileProblem, match="no key that can be read"):
        read_private(path)
    path.write_bytes(other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(FileProblem, match="another kind; expected an Ed25519 public key"):
        read_public(path)


def test_lists_of_known_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    known = [Verifier("KGZ.Kant/live", public_of(b"1" * 32)),
             Verifier("RUS.Юг", public_of(b"2" * 32))]
    path.write_text("# partners\n\n" + "\n".join(one.text for one in known) + "\n")
    assert read_verifiers(path) == tuple(known)
    path.write_text(f"{known[0].text}\n{known[1].text[:-4]}AAA=\n")
    with pytest.raises(FileProblem, match=r"keys\.txt, line 2"):
        read_verifiers(path)
