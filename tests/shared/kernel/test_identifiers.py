"""Goal: identifiers are ordered or derived as promised, and a national id is judged by its check digit."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.identifiers import (
    derived_id,
    is_demo_national_id,
    mask_national_id,
    national_id_check_digit,
    national_id_is_valid,
    uuid7,
)

TWELVE_DIGITS = st.text(alphabet="0123456789", min_size=12, max_size=12)


def test_new_identifiers_are_standard_uuids_in_order_of_time() -> None:
    made = [uuid7() for _ in range(1000)]
    assert type(made[0]) is uuid.UUID
    assert made[0].version == 7
    assert made == sorted(made)


def test_derived_identifiers_depend_on_every_part() -> None:
    assert derived_id("loan", 1) == derived_id("loan", 1)
    assert len({derived_id("a", "bc"), derived_id("ab", "c"), derived_id("abc"), derived_id("a", "b", "c")}) == 4
    with pytest.raises(ValueError, match="at least"):
        derived_id()


def test_known_national_id() -> None:
    assert national_id_is_valid("1112034563562")
    assert mask_national_id("1112034563562") == "x-xxxx-xxxxx-56-2"


@given(TWELVE_DIGITS, st.integers(min_value=1, max_value=9))
def test_a_wrong_check_digit_is_caught(first_twelve: str, error: int) -> None:
    right = national_id_check_digit(first_twelve)
    assert national_id_is_valid(first_twelve + right)
    assert not national_id_is_valid(first_twelve + str((int(right) + error) % 10))


@pytest.mark.parametrize("text", ["", "111203456356", "1-1120-34563-56-2", "๑๑๑๒๐๓๔๕๖๓๕๖๒", "111203456356²"])
def test_other_shapes_are_not_national_ids(text: str) -> None:
    assert not national_id_is_valid(text)


def test_demo_ids_begin_with_a_digit_that_no_person_has() -> None:
    assert is_demo_national_id("9" + "0" * 12)
    assert is_demo_national_id("0" + "0" * 12)
    assert not is_demo_national_id("1112034563562")
    assert not is_demo_national_id("")
