"""API keys: hashes by name."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.api_keys import holder_of, parse_keys


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@given(st.text(max_size=40))
def test_a_key_opens_for_its_holder_and_no_other_text_does(text: str) -> None:
    keys = {"shop": hashed("one"), "crm": hashed("two")}
    assert holder_of("one", keys) == "shop"
    assert holder_of("two", keys) == "crm"
    if text not in ("one", "two"):
        assert holder_of(text, keys) is None


def test_the_hash_itself_opens_nothing() -> None:
    assert holder_of(hashed("one"), {"shop": hashed("one")}) is None


def test_keys_are_written_in_one_line_or_in_many() -> None:
    one, two = hashed("one"), hashed("two")
    told = {"shop": one, "crm": two}
    assert parse_keys(f"shop:{one}, crm:{two}") == told
    assert parse_keys(f"# the shop\nshop:{one}\n\n  crm:{two}\n") == told
    assert parse_keys("") == {}


@pytest.mark.parametrize(
    "text",
    ["secret", f"shop:{hashed('a')},secret", f"shop:{hashed('a')[:-1]}", f"a b:{hashed('a')}"],
)
def test_what_is_no_hash_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UserError, match=r"entry \d is not name:sha256") as refused:
        parse_keys(text)
    assert "secret" not in str(refused.value)


def test_two_keys_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="entry 2"):
        parse_keys(f"shop:{hashed('a')},shop:{hashed('b')}")
