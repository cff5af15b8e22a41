"""Checkpoints as signed notes: the specification's vector, co-signatures, and what is refused."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from jointsky.agreement.keys import public_of
from jointsky.agreement.notes import (
    Checkpoint,
    Note,
    NoteSignature,
    Verifier,
    read_checkpoint,
    read_note,
    read_verifier,
    signers,
)
from jointsky.model.errors import InputError

# The key and the note of golang.org/x/mod/sumdb/note, the reference implementation.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = ("If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n")
LINE = ("— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
        "gotpRZb6KE6RyyBwJnAM=")

ROOT = bytes(range(32))
US, THEM = b"u" * 32, b"t" * 32
VERIFIERS = (Verifier("KGZ.Kant/live", public_of(US)), Verifier("RUS.South", public_of(THEM)))


def test_the_reference_note_is_made_and_verified() -> None:
    verifier = read_verifier(KEY)
    assert verifier.text == KEY
    assert public_of(PRIVATE) == verifier.public
    note = Note(TEXT).signed_by("PeterNeumann", PRIVATE)
    assert str(note) == f"{TEXT}\n{LINE}\n"
    assert read_note(str(note)) == note
    assert signers(note, [verifier]) == (verifier,)


def test_a_checkpoint_is_co_signed_and_read_back() -> None:
    checkpoint = Checkpoint("KGZ.Kant/live", 1_000_000, ROOT)
    own = Note(checkpoint.text).signed_by("KGZ.Kant/live", US)
    theirs = Note(checkpoint.text).signed_by("RUS.South", THEM)
    both = own.joined(theirs)
    assert both == own.signed_by("RUS.South", THEM)
    assert both.joined(theirs) == both, "a signature is there once"
    back = read_note(str(both))
    assert back == both
    assert read_checkpoint(back.text) == checkpoint
    assert signers(back, VERIFIERS) == VERIFIERS
    assert signers(back, VERIFIERS[1:]) == VERIFIERS[1:], "who is not known does not count"
    assert signers(back, []) == ()
    assert own.signed_by("KGZ.Kant/live", US) == own


def test_a_known_key_that_does_not_verify_spoils_the_note() -> None:
    note = Note(Checkpoint("KGZ.Kant/live", 5, ROOT).text).signed_by("KGZ.Kant/live", US)
    moved = Note(Checkpoint("KGZ.Kant/live", 6, ROOT).text, note.signatures)
    with pytest.raises(InputError, match=r"KGZ.Kant/live does not verify"):
        signers(moved, VERIFIERS)
    assert signers(moved, VERIFIERS[1:]) == ()
    # The name of one with the key of another is nobody known.
    forged = Note(note.text).signed_by("RUS.South", US)
    assert signers(forged, VERIFIERS) == ()


def test_other_texts_are_not_joined() -> None:
    one, two = (Note(Checkpoint("a", size, ROOT).text).signed_by("a", US) for size in (1, 2))
    with pytest.raises(InputError, match="expected"):
        one.joined(two)


def good() -> str:
    return str(Note(Checkpoint("KGZ.Kant/live", 5, ROOT).text).signed_by("KGZ.Kant/live", US))


@pytest.mark.parametrize(("old", "new", "says"), [
    ("\n\n", "\n", "no blank line"),
    ("— ", "- ", "line 5: no signature"),
    ("— K", "—  K", "line 5: no signature"),
    ("=\n\n", "=\n\n\x00", "control character"),
    ("5\n", "5\r\n", "control character"),
])
def test_broken_notes_are_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_note(good().replace(old, new, 1))


def test_signatures_of_another_length_and_too_many_are_refused() -> None:
    note = read_note(good())
    with pytest.raises(InputError, match="line 5"):
        read_note(str(replace(note, signatures=(NoteSignature("x", b"1234", b"x" * 63),))))
    with pytest.raises(InputError, match="65 signatures"):
        read_note(str(replace(note, signatures=note.signatures * 65)))
    with pytest.raises(InputError, match="at most"):
        read_note("x" * 40_000)
    with pytest.raises(InputError, match="end with a newline"):
        read_note(good().removesuffix("\n"))


@pytest.mark.parametrize(("text", "says"), [
    ("a\n5\n", "2 lines"),
    ("a\n5\n{root}\nmore\n", "4 lines"),
    ("a b\n5\n{root}\n", "line 1"),
    ("\n5\n{root}\n", "line 1"),
    ("a\n05\n{root}\n", "line 2"),
    ("a\n-5\n{root}\n", "line 2"),
    ("a\n" + "9" * 17 + "\n{root}\n", "line 2"),
    ("a\n5\nAAAA\n", "line 3"),
    ("a\n5\n{root}=\n", "line 3"),
])
def test_broken_checkpoints_are_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_checkpoint(text.format(root=base64.b64encode(ROOT).decode()))


@pytest.mark.parametrize("place", range(len(KEY)))
def test_no_changed_character_of_a_known_key_passes(place: int) -> None:
    other = "A" if KEY[place] != "A" else "B"
    with pytest.raises(InputError, match="expected"):
        read_verifier(KEY[:place] + other + KEY[place + 1:])
