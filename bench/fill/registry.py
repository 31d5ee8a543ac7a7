"""Members by COPY into the registry's own tables, sealed and hashed as an import would do it."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from typing import Any

from bench import people
from bench.machine import owner_of
from bench.sizes import cooperatives_of
from services.registry.households.identity import household_id
from services.registry.members.domain import read_name
from services.registry.members.identity import national_id_index, phone_about, phone_index, sealed_about
from shared.chassis.crypto import member_number_hash, person_keys
from shared.kernel.identifiers import derived_id, mask_national_id
from shared.kernel.thai import sort_key

_CHUNK = 10_000
_PERSON = ("id", "national_id_index", "national_id_sealed", "national_id_masked", "wrapped_key")
_MEMBER = (
    "id", "person_id", "cooperative_id", "member_number", "member_number_hash", "household_id", "member_kind", "status",
    "joined_on", "title", "full_name", "name_sort_key", "sex", "birth_date", "phone_sealed", "phone_index", "as_of",
    "version",
)  # fmt: skip
_HOUSEHOLD = (
    "id", "household_number", "cooperative_id", "head_member_id", "size", "district_code", "registered_on", "as_of",
    "version",
)  # fmt: skip


async def add_cooperatives(first: int, end: int) -> None:
    """The co-operatives of these numbers."""
    connection = await owner_of("registry")
    try:
        await connection.executemany(
            """
            insert into cooperative (id, code, kind, cooperative_type, name_th, name_sort_key, province_code,
                district_code, status, as_of, version)
            values ($1, $2, 'cooperative', 'agricultural', $3, $4, $5, $6, 'active', $7, 1)
            """,
            [
                (one.id, one.code, one.name_th, sort_key(one.name_th), one.province_code, one.district_code,
                 people.CUT_OVER)
                for one in map(people.cooperative, range(first, end))
            ],
        )  # fmt: skip
    finally:
        await connection.close()


async def add_members(first: int, end: int) -> None:
    """The members of these numbers with their households, by as many processes as there are cores."""
    chunks = [(start, min(start + _CHUNK, end)) for start in range(first, end, _CHUNK)]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, _copy, *chunk) for chunk in chunks))
    connection = await owner_of("registry")
    try:
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def grow(members_from: int, members_to: int) -> None:
    """From so many members to so many, co-operatives included."""
    await add_cooperatives(cooperatives_of(members_from), cooperatives_of(members_to))
    await add_members(members_from, members_to)


def _copy(first: int, end: int) -> None:
    asyncio.run(_copy_members(range(first, end)))


async def _copy_members(numbers: range) -> None:
    made = [_rows(number) for number in numbers]
    connection = await owner_of("registry")
    try:
        async with connection.transaction():
            await connection.copy_records_to_table("person", columns=_PERSON, records=[rows[0] for rows in made])
            await connection.copy_records_to_table("member", columns=_MEMBER, records=[rows[1] for rows in made])
            households = [rows[2] for rows in made if rows[2] is not None]
            await connection.copy_records_to_table("household", columns=_HOUSEHOLD, records=households)
            await connection.execute(
                """
                insert into plot (household_id, plot_number, crop, area_rai, as_of)
                select id, '1', 'rice', 12.5, as_of from household where id = any($1::uuid[])
                """,
                [row[0] for row in households],
            )
    finally:
        await connection.close()


def _rows(number: int) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any] | None]:
    """The rows of person, member and household."""
    one, place, keys = people.member(number), people.cooperative_of(number), person_keys()
    person_id, member_id = derived_id("bench person", number), derived_id("bench member", number)
    [(wrapped, sealed)] = keys.seal_new([(one.national_id, sealed_about(person_id))])
    name = read_name(one.full_name)
    household = household_id(one.household_number) if one.household_number else None
    return (
        (person_id, national_id_index(one.national_id), sealed, mask_national_id(one.national_id), wrapped),
        (
            member_id, person_id, place.id, one.number, member_number_hash(place.code, one.number), household,
            "ordinary", "active", date(2015, 1, 15), "นาย", name.full_name, name.name_sort_key, one.sex, one.birth_date,
            keys.seal(wrapped, one.phone, about=phone_about(member_id)), phone_index(one.phone), people.CUT_OVER, 1,
        ),
        None if household is None else (
            household, one.household_number, place.id, member_id, 4, place.district_code, date(2015, 1, 15),
            people.CUT_OVER, 1,
        ),
    )  # fmt: skip
