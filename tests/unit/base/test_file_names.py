"""File names made from region names are harmless, and name the region exactly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.file_names import file_name, region_name

ANY_TEXT = st.text(st.characters())
"""Every character, lone surrogates too."""


@given(ANY_TEXT)
def test_a_region_is_reported_by_its_file_name(region: str) -> None:
    assert region_name(file_name(region)) == region


@given(ANY_TEXT)
def test_a_file_name_is_harmless(region: str) -> None:
    encoded = file_name(region)
    assert re.fullmatch(r"([A-Za-z0-9._:-]|%[0-9A-F]{2})*", encoded)
    assert not encoded.startswith(".")


@pytest.mark.parametrize(
    ("region", "encoded"),
    [
        ("Burgos", "Burgos"),
        ("other:Madrid-2_x.y", "other:Madrid-2_x.y"),
        (".hidden", "%2Ehidden"),
        ("..", "%2E."),
        ("a/b", "a%2Fb"),
        ("Málaga", "M%C3%A1laga"),
        ("100%", "100%25"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_what_is_encoded(region: str, encoded: str) -> None:
    assert file_name(region) == encoded


def test_a_file_that_a_person_named_is_understood() -> None:
    assert region_name("Málaga 100%") == "Málaga 100%"
