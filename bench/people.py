"""Co-operatives and members by number: always the same, who cannot exist, and cheap enough to make a million of."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from bench.sizes import MEMBERS_PER_COOPERATIVE
from demo.generator.people import ASSUMED, FAMILY_SYLLABLES, GIVEN_SYLLABLES, national_id
from shared.kernel.areas import DISTRICTS
from shared.kernel.identifiers import derived_id

CUT_OVER = date(2022, 9, 30)
_SEED = 11
_DISTRICT_CODES = tuple(DISTRICTS)


class Cooperative(NamedTuple):
    """One co-operative; neighbours by number lie in different districts."""

    id: UUID
    code: str
    name_th: str
    district_code: str

    @property
    def province_code(self) -> str:
        return self.district_code[:2]


class Member(NamedTuple):
    """One member, as a file states him."""

    number: str
    national_id: str
    full_name: str
    sex: str
    birth_date: date
    phone: str
    household_number: str


@cache
def cooperative(number: int) -> Cooperative:
    """The co-operative with this number."""
    district = _DISTRICT_CODES[number * 211 % len(_DISTRICT_CODES)]
    return Cooperative(
        derived_id("bench cooperative", number), f"B{number:05d}", f"สหกรณ์การเกษตรสมมติ {number:05d} จำกัด", district
    )


def cooperative_of(member: int) -> Cooperative:
    """The co-operative that the member with this number belongs to."""
    return cooperative(member // MEMBERS_PER_COOPERATIVE)


def member(number: int) -> Member:
    """The member with this number; every second one is a registered farmer."""
    drawn = number * 2_654_435_761 % 2**32  # looks unrelated to its neighbours, and repeats nothing below 2**32
    given = GIVEN_SYLLABLES[drawn % 28] + GIVEN_SYLLABLES[drawn // 28 % 28]
    family = ASSUMED + FAMILY_SYLLABLES[drawn // 784 % 30] + FAMILY_SYLLABLES[drawn // 23_520 % 30]
    return Member(
        number=f"{number % MEMBERS_PER_COOPERATIVE + 1:05d}",
        national_id=national_id(_SEED, "1001", number),
        full_name=f"{given} {family}",
        sex="MF"[number % 2],
        birth_date=date(1940, 1, 1) + timedelta(days=drawn % 20_000),
        phone=f"000{drawn % 10_000_000:07d}",
        household_number=f"10{number:010d}" if number % 2 else "",
    )


def members_file(cooperative_and_member: Iterator[tuple[Cooperative, str, Member]]) -> bytes:
    """members.csv of (co-operative, member number, person)."""
    titles: Mapping[str, str] = {"M": "นาย", "F": "นาง"}
    lines = [
        f"{place.code},{number},{one.national_id},{titles[one.sex]}{one.full_name},{one.sex},"
        f"{one.birth_date},ordinary,2015-01-15,active,{one.phone},{one.household_number}"
        for place, number, one in cooperative_and_member
    ]
    heading = (
        "cooperative_code,member_number,national_id,full_name,sex,birth_date,member_kind,joined_on,status,phone,"
        "household_number"
    )
    return "\n".join([heading, *lines, ""]).encode()


def loans_file(members: range) -> bytes:
    """loans.csv: a loan a member, three in ten of them with something overdue at the cut-over."""
    lines = [_loan_line(number) for number in members]
    heading = (
        "cooperative_code,member_number,loan_number,loan_type,principal,annual_rate,disbursed_on,method,frequency,"
        "harvest_months,instalments,first_due_on,day_count,cut_over_on,opening_principal,opening_interest,opening_fee,"
        "opening_overdue_principal,opening_last_paid_on"
    )
    return "\n".join([heading, *lines, ""]).encode()


def _loan_line(number: int) -> str:
    day, overdue = number % 28 + 1, number % 10 < 3
    fields: list[Any] = [
        cooperative_of(number).code, member(number).number, f"F{number:07d}", "medium", "120000.00", "0.0725",
        f"2022-02-{day:02d}", "equal_principal", "monthly", "", 12, f"2022-03-{day:02d}", "actual/365", CUT_OVER,
        "70000.00" if overdue else "50000.00", "850.50" if overdue else "0.00", "0.00",
        "20000.00" if overdue else "0.00", "2022-07-02",
    ]  # fmt: skip
    return ",".join(map(str, fields))
