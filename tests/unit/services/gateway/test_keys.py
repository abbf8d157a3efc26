"""API keys: how they are made, checked for typing mistakes, and fingerprinted."""

import os
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.gateway.domain.keys import fingerprint, is_well_formed, new_key


def test_a_new_key_is_well_formed_and_long_enough_to_never_be_guessed() -> None:
    keys = {new_key(os.urandom) for _ in range(200)}
    assert len(keys) == 200
    assert all(is_well_formed(key) and len(key) == 49 and key.startswith("wk_") for key in keys)


def test_bytes_that_would_bias_a_character_are_not_used() -> None:
    drawn = iter([b"\xff" * 40, b"\x00" * 40])
    assert new_key(lambda _size: next(drawn)).startswith("wk_" + "0" * 40)


@pytest.mark.parametrize("index", range(3, 49))
def test_one_mistyped_character_is_noticed_without_the_database(index: int) -> None:
    key = new_key(os.urandom)
    wrong = key[:index] + ("a" if key[index] != "a" else "b") + key[index + 1 :]
    assert not is_well_formed(wrong)


@given(st.text(max_size=60))
def test_any_text_can_be_judged(text: str) -> None:
    assert not is_well_formed(text)


def test_a_fingerprint_is_the_sha256_of_the_key() -> None:
    assert fingerprint("wk_x") == sha256(b"wk_x").hexdigest()
