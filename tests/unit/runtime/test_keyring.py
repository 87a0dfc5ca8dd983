"""Secrets at rest open where they were sealed, with the key that sealed them, and nowhere else."""

import base64

import pytest

from ai_platform.runtime.keyring import KeyNotOurs, Keyring, Sealed, new_secrets_key

A_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


def a_keyring() -> Keyring:
    return Keyring.parse(new_secrets_key())


def test_what_was_sealed_opens_at_its_place() -> None:
    keyring = a_keyring()
    sealed = keyring.seal("hush", "tenant/field")
    assert b"hush" not in sealed.box
    assert keyring.open(sealed, "tenant/field") == "hush"
    assert keyring.seal("hush", "tenant/field") != sealed


def test_what_was_moved_altered_or_sealed_by_others_does_not_open() -> None:
    keyring = a_keyring()
    sealed = keyring.seal("hush", "tenant/field")
    altered = Sealed(sealed.box[:-1] + bytes([sealed.box[-1] ^ 1]), sealed.key_id)
    foreign = a_keyring().seal("hush", "tenant/field")
    for box, place in ((sealed, "other/field"), (altered, "tenant/field"), (foreign, "tenant/field")):
        with pytest.raises(KeyNotOurs):
            keyring.open(box, place)
    with pytest.raises(KeyNotOurs):
        keyring.open(Sealed(b"", sealed.key_id), "tenant/field")


def test_a_key_is_replaced_by_putting_the_new_one_in_front() -> None:
    old, new = new_secrets_key(), new_secrets_key()
    sealed = Keyring.parse(old).seal("hush", "place")
    both = Keyring.parse(f"{new}, {old}")
    assert both.open(sealed, "place") == "hush"
    assert Keyring.parse(new).open(both.seal("more", "place"), "place") == "more"


@pytest.mark.parametrize("words", ["short", "x" * 44, "ä" * 44, f"{A_KEY},short"])
def test_what_is_no_key_is_refused_without_being_shown(words: str) -> None:
    with pytest.raises(ValueError, match="32 bytes") as refused:
        Keyring.parse(words)
    assert words not in str(refused.value)


def test_no_key_at_all_is_an_empty_ring() -> None:
    assert Keyring.parse("").is_empty
    assert Keyring.parse(" , ").is_empty
