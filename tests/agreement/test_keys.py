"""Ed25519: RFC 8032's own vectors, and what is no signature."""

from __future__ import annotations

import pytest

from jointsky.agreement.keys import is_signed, key_id, public_of, sign

# RFC 8032, 7.1, tests 1 to 3: private, public, message, signature.
RFC_8032 = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"),
]


@pytest.mark.parametrize(("private", "public", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_standard(private: str, public: str, message: str,
                                     signature: str) -> None:
    seed, octets, signed = (bytes.fromhex(one) for one in (private, message, signature))
    assert public_of(seed).hex() == public
    assert sign(seed, octets) == signed
    assert is_signed(bytes.fromhex(public), octets, signed)
    assert not is_signed(bytes.fromhex(public), octets + b"x", signed)
    for place in (0, 31, 32, 63):
        other = bytearray(signed)
        other[place] ^= 1
        assert not is_signed(bytes.fromhex(public), octets, bytes(other))


def test_what_is_no_key_and_no_signature_answers_no() -> None:
    private = bytes(range(32))
    public, signature = public_of(private), sign(private, b"act")
    assert not is_signed(public[:31], b"act", signature)
    assert not is_signed(public, b"act", signature[:63])
    assert not is_signed(public, b"act", b"")
    assert not is_signed(bytes(32), b"act", signature)
    with pytest.raises(ValueError, match="32"):
        sign(private[:31], b"act")


def test_a_key_has_a_short_name() -> None:
    one, two = (key_id(public_of(bytes([i]) * 32)) for i in (1, 2))
    assert one != two
    assert len(one) == 16 and set(one) <= set("0123456789abcdef")
