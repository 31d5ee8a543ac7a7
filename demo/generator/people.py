"""Members: people who cannot exist, with names, national ids and telephone numbers that nobody can have.

Names are put together from syllables and carry สมมติ ("assumed") in the family name; national ids begin with 0 or 9,
which no kind of person has, and their check digit is right; telephone numbers begin with 000.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.generator import distributions
from demo.generator.institutions import YEARS_OF_MEMBERSHIP, Institution
from demo.generator.randomness import stream
from shared.kernel.identifiers import national_id_check_digit

COLUMNS = (
    "cooperative_code", "member_number", "national_id", "full_name", "sex", "birth_date", "member_kind", "joined_on",
    "status", "phone", "household_number",
)  # fmt: skip

GIVEN_SYLLABLES = (
    "กบา", "ขวีณ", "คโล", "งพัน", "จตุ", "ฉมา", "ชลิต์", "ฐิน", "ณริ", "ดำรุ", "ตวัณ", "ถนิม", "ทโร", "ธเน", "บุลย์", "ปริณ",
    "ผกำ", "พเย", "ภโณ", "มฤต", "ยศิ", "รพี่", "ลมุณ", "วฑู", "ศโร", "สเว", "หริณ", "อภู",
)  # fmt: skip
FAMILY_SYLLABLES = (
    "กอระ", "ขนู", "คำเร", "งามู", "จันเว", "ฉวิน", "ชูเณ", "ฐาโม", "ดอนุ", "ตระเว", "ถาวู", "ทองุ", "ธำโร", "นาเกร", "บัวเย",
    "ปานเม", "ผาลุ", "พูนเร", "ภูเมา", "มาโลว", "ยอดเณ", "ริเวช", "ลำเภ", "วงเด", "ศรีโก", "สายุ", "หาญเว", "อ่อนู", "เกษโร",
    "โพธุ์",
)  # fmt: skip
ASSUMED = "สมมติ"

SERIAL_MODULUS = 10_000_000
SERIAL_FACTOR = 7_368_787  # coprime to the modulus: the serials of neighbours look unrelated, and none comes twice
PHONE_FACTOR = 3_594_451


@dataclass(frozen=True, slots=True)
class Person:
    """A person who does not exist."""

    national_id: str
    given_name: str
    family_name: str
    sex: str
    birth_date: date
    phone: str
    household_number: str  # empty: not a registered farmer


@dataclass(frozen=True, slots=True)
class Member:
    """One person's membership of one institution. ``index`` names the person: the index of the first membership."""

    institution: Institution
    origin: Institution  # where the person is a member first
    ordinal: int
    number: str
    index: int
    person: Person
    repeated: bool  # the same person is already a member of the institution before
    member_kind: str
    joined_on: date
    status: str


def draw_member(seed: int, institutions: Sequence[Institution], institution: Institution, ordinal: int,
                cut_over_on: date) -> Member:  # fmt: skip
    """The member at a place of an institution's list, always the same for a seed."""
    repeated = is_repeated(seed, institutions, institution, ordinal)
    origin = institutions[institution.ordinal - 1] if repeated else institution
    index = origin.first_member_index + ordinal
    person = draw_person(seed, origin, index, cut_over_on)
    random = stream(seed, "membership", institution.first_member_index + ordinal)
    low, high = YEARS_OF_MEMBERSHIP.pick(random)
    adult_on = date(person.birth_date.year + 20, 1, 1)
    joined_on = cut_over_on - timedelta(days=random.randint(low * 365 + 30, high * 365 + 364))
    return Member(
        institution=institution,
        origin=origin,
        ordinal=ordinal,
        number=f"{ordinal + 1:05d}",
        index=index,
        person=person,
        repeated=repeated,
        member_kind="associate" if random.random() < distributions.ASSOCIATE_SHARE else "ordinary",
        joined_on=min(max(joined_on, institution.registered_on, adult_on), cut_over_on - timedelta(days=30)),
        status=distributions.MEMBER_STATUSES.pick(random),
    )


def is_repeated(seed: int, institutions: Sequence[Institution], institution: Institution, ordinal: int) -> bool:
    """Whether the member at this place is the person at the same place of the institution before.

    Only a first membership can be repeated, so nobody has more than two; places keep people apart within an
    institution. Both hold without remembering anybody.
    """
    if institution.ordinal == 0 or ordinal >= institutions[institution.ordinal - 1].members:
        return False
    if stream(seed, "repeated", institution.first_member_index + ordinal).random() >= distributions.REPEAT_SHARE:
        return False
    return not is_repeated(seed, institutions, institutions[institution.ordinal - 1], ordinal)


def draw_person(seed: int, institution: Institution, index: int, cut_over_on: date) -> Person:
    """The person of a first membership."""
    random = stream(seed, "person", index)
    low, high = distributions.AGE_BANDS.pick(random)
    born = date(cut_over_on.year - random.randint(low, high), random.randint(1, 12), random.randint(1, 28))
    syllables = 2 if random.random() < 0.7 else 3
    registered = random.random() < distributions.REGISTERED_FARMER_SHARE
    return Person(
        national_id=national_id(seed, institution.district_code, index),
        given_name="".join(random.choice(GIVEN_SYLLABLES) for _ in range(syllables)),
        family_name=ASSUMED + random.choice(FAMILY_SYLLABLES) + random.choice(FAMILY_SYLLABLES),
        sex="F" if random.random() < distributions.FEMALE_SHARE else "M",
        birth_date=born,
        phone=f"000-{index * PHONE_FACTOR % 10_000_000:07d}",
        household_number=f"{institution.district_code}{index + 1:08d}" if registered else "",
    )


def national_id(seed: int, district_code: str, index: int) -> str:
    """A national id that no person has: first digit 0 or 9, a registry office, a serial that comes once, check digit.

    Unique for 20 million people: the first digit takes the parity of the index, the serial is a bijection of the rest.
    """
    serial = ((index // 2) * SERIAL_FACTOR + seed * 104_729) % SERIAL_MODULUS
    first_twelve = f"{'09'[index % 2]}{district_code}{serial:07d}"
    return first_twelve + national_id_check_digit(first_twelve)


def member_row(member: Member, random: Random) -> list[str]:
    """The row of members.csv, in the sender's habits, the title glued to the name."""
    style, person = member.institution.style, member.person
    style.planted["glued_titles"] += 1
    name = f"{_title(person, random)}{person.given_name} {person.family_name}"
    if member.repeated:
        style.planted["respelled_names"] += 1
        name = respelled(name, random)
    return [
        style.text(member.institution.code, random),
        style.text(member.number, random),
        person.national_id,
        style.text(name, random),
        person.sex,
        style.date(person.birth_date),
        member.member_kind,
        style.date(member.joined_on),
        member.status,
        person.phone,
        person.household_number,
    ]


def respelled(name: str, random: Random) -> str:
    """The same name as another clerk heard it: one letter of like sound, a silenced letter dropped, or two spaces."""
    candidates = [
        (old, new) for old, new in (("ณ", "น"), ("ศ", "ส"), ("ภ", "พ"), ("ฐ", "ถ"), ("์", ""), ("่", ""), ("ำ", "ํา"))
        if old in name.replace(ASSUMED, "")
    ]  # fmt: skip
    if not candidates or random.random() < 0.15:
        return name.replace(" ", "  ")
    old, new = random.choice(candidates)
    head, assumed, tail = name.partition(ASSUMED)
    return head.replace(old, new, 1) + assumed + tail if old in head else head + assumed + tail.replace(old, new, 1)


def _title(person: Person, random: Random) -> str:
    if person.sex == "M":
        return "นาย"
    return "นาง" if random.random() < 0.6 else "นางสาว"
