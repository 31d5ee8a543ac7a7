"""Names are stored one way and found by their beginning, whatever tone marks and titles were typed."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.households.identity import household_id
from services.registry.members.domain import birth_decade, clean_phone, name_range, read_name
from shared.kernel.thai import normalise_name, sort_key, split_title

CONSONANTS = "กขคงจฉชซญฐณดตถทธนบปผฝพฟมยรลวศษสหอฮ"
SYLLABLES = st.builds(
    lambda lead, first, above, tone, after: lead + first + above + tone + after,
    st.sampled_from(["", "", "เ", "แ", "โ", "ไ", "ใ"]),
    st.sampled_from(CONSONANTS),
    st.sampled_from(["", "", "ั", "ิ", "ี", "ุ", "ู", "็"]),
    st.sampled_from(["", "", "่", "้", "์"]),
    st.sampled_from(["", "", "ะ", "า", "ำ"]),
)
WORDS = st.lists(SYLLABLES, min_size=1, max_size=5).map("".join)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@given(NAMES)
def test_name_reads_the_same_as_by_the_whole_normalisation(name: str) -> None:
    title, rest = split_title(normalise_name(name))
    assert read_name(name) == (title, rest, sort_key(rest))


@given(st.text(alphabet=st.sampled_from("กขเแาำ่้ิ ็์ะๅํ\u200bab"), max_size=12))
def test_any_text_reads_the_same_as_by_the_whole_normalisation(text: str) -> None:
    title, rest = split_title(normalise_name(text))
    assert read_name(text) == (title, rest, sort_key(rest))


@given(NAMES, st.integers(min_value=1, max_value=30))
def test_every_beginning_of_a_name_finds_it(name: str, length: int) -> None:
    read = read_name(name)
    prefix = read.full_name[:length]
    low, high = name_range(prefix)
    if split_title(prefix)[0] == "":
        assert low <= read.name_sort_key < high


@given(NAMES, NAMES)
def test_names_found_begin_as_typed_apart_from_tone_marks(name: str, prefix: str) -> None:
    low, high = name_range(prefix)
    read = read_name(name)
    if low <= read.name_sort_key < high:
        typed = split_title(normalise_name(prefix))[1]
        plain = re.sub("[็-๎]", "", typed).rstrip("เแโใไ")
        assert re.sub("[็-๎]", "", read.full_name).startswith(plain) or re.search("[เแโใไ]", name + prefix)


@pytest.mark.parametrize(
    ("text", "digits"),
    [("081-234-5678", "0812345678"), ("+66 81 234 5678", "0812345678"), ("๐๒ ๑๒๓ ๔๕๖๗", "021234567")],
)
def test_phone_is_digits_alone(text: str, digits: str) -> None:
    assert clean_phone(text) == digits


def test_birth_decade_hides_the_year() -> None:
    assert [birth_decade(date(year, 1, 1)) for year in (1960, 1969, 1970)] == [1960, 1960, 1970]
    assert birth_decade(None) is None


@pytest.mark.usefixtures("settings")
def test_household_id_is_the_number_hashed_under_a_key() -> None:
    one = household_id("520000000001")
    assert one == household_id("520000000001")
    assert one != household_id("520000000002")
    assert (one.version, one.variant) == (8, "specified in RFC 4122")
