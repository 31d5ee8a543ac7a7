"""The registry: import, read, search, and find again, while its members grow."""

import json
from collections.abc import Iterator
from urllib.parse import quote
from uuid import UUID

from bench import bare, feeds, people
from bench.fill import registry
from bench.load import Request, load
from bench.machine import Api, Machine, owner_of
from bench.results import Row, Table
from bench.sizes import FULL, MEMBERS_PER_COOPERATIVE, Sizes, cooperatives_of, short
from shared.kernel.identifiers import derived_id

IDS = ("import-members", "member-read", "search-name", "search-name-province", "search-id", "dedup", "dedup-one")

_READ_CONNECTIONS = 32
_SEARCH_CONNECTIONS = 8
_SAMPLE = 2_000
_IMPORTED_FROM = 5_000_000  # the members of the imported file are none of those the tables are filled with
_PROVINCE = "30"  # the one with the most districts outside the capital


async def measure(machine: Machine, sizes: Sizes, table: Table) -> None:
    """Import into a nearly empty registry, then grow it and read at every size."""
    api = await machine.start_api("registry")
    machine.start("worker", "registry", "--only", "jobs")
    await _import(api, sizes, table)
    members = 0
    for size in sizes.members:
        await registry.grow(members, size)
        members = size
        await _read(api, sizes, members, table)
        await _search(api, sizes, members, table)
    await _deduplicate(api, sizes, members, table)


async def _import(api: Api, sizes: Sizes, table: Table) -> None:
    first = _IMPORTED_FROM // MEMBERS_PER_COOPERATIVE
    await registry.add_cooperatives(first, first + 1 + cooperatives_of(sizes.import_rows))
    start = (first + 1) * MEMBERS_PER_COOPERATIVE
    warm = people.members_file(_as_stated(range(first * MEMBERS_PER_COOPERATIVE, start)))
    content = people.members_file(_as_stated(range(start, start + sizes.import_rows)))
    copied = await bare.copy_rate("registry", content)
    async with api.client(feeds.SCOPES) as client:
        await feeds.send(client, "registry", "members", warm)  # waits for the worker's start
        shown, seconds = await feeds.send(client, "registry", "members", content)
    what = f"import of {shown['rows']:,} members, file to rows and events in the outbox"
    table.add(Row("import-members", what, shown["rows"] / seconds, "rows/s", 5_000, 10_000, copied))


async def _read(api: Api, sizes: Sizes, members: int, table: Table) -> None:
    ids = [derived_id("bench member", number) for number in _spread(members)]
    found = await load(
        [api.address],
        api.token("member:read", ["TH"]),
        [Request(f"/registry/v1/members/{one}") for one in ids],
        connections=_READ_CONNECTIONS,
        seconds=sizes.load_seconds,
    )
    alone = await bare.select_latencies(
        "registry",
        "select * from member where id = $1",
        [(one,) for one in ids],
        connections=_READ_CONNECTIONS,
        seconds=sizes.load_seconds / 3,
    )
    what = f"member by id, {_READ_CONNECTIONS} connections, {members:,} members, p95"
    table.add(Row(f"member-read-{short(members)}", what, found.p95_ms, "ms", 50, 20, alone.p95_ms))


async def _search(api: Api, sizes: Sizes, members: int, table: Table) -> None:
    made = [people.member(number) for number in _spread(members)]
    names = [Request(f"/registry/v1/members?name_prefix={quote(one.full_name[:4])}") for one in made[:200]]
    numbers = [_search_for(one) for one in made]
    key = "select id from member where name_sort_key >= $1 order by name_sort_key, id limit 51"
    by_name = await bare.select_latencies(
        "registry",
        key,
        [(one.full_name[:4],) for one in made],
        connections=_SEARCH_CONNECTIONS,
        seconds=sizes.load_seconds / 3,
    )
    for row_id, what, requests, area, alone in (
        ("search-name", "search by name in the whole country", names, "TH", by_name.p95_ms),
        ("search-name-province", "search by name in a province", names, _PROVINCE, by_name.p95_ms),
        ("search-id", "search by national id", numbers, "TH", None),
    ):
        found = await load(
            [api.address],
            api.token("member:read", [area]),
            requests,
            connections=_SEARCH_CONNECTIONS,
            seconds=sizes.load_seconds / 2,
        )
        said = f"{what}, {_SEARCH_CONNECTIONS} connections, {members:,} members, p95"
        table.add(Row(f"{row_id}-{short(members)}", said, found.p95_ms, "ms", 150, 50, alone))


async def _deduplicate(api: Api, sizes: Sizes, members: int, table: Table) -> None:
    """A file half of whose people are members of another co-operative already: each must be found to be the same."""
    first = _IMPORTED_FROM * 2 // MEMBERS_PER_COOPERATIVE
    await registry.add_cooperatives(first, first + cooperatives_of(sizes.incoming_rows))
    places = [people.cooperative(first + number // MEMBERS_PER_COOPERATIVE) for number in range(sizes.incoming_rows)]
    known = list(_spread(members, sizes.incoming_rows // 2))
    persons = [*known, *range(_IMPORTED_FROM * 2, _IMPORTED_FROM * 2 + sizes.incoming_rows - len(known))]
    content = people.members_file(
        (place, f"{number % MEMBERS_PER_COOPERATIVE + 1:05d}", people.member(persons[number]))
        for number, place in enumerate(places)
    )
    async with api.client(feeds.SCOPES) as client:
        shown, seconds = await feeds.send(client, "registry", "members", content)
    await _check_same([place.id for place in places], len(set(known)), sizes.incoming_rows - len(set(known)))
    what = f"deduplicate a file of {shown['rows']:,} against {members:,} members, file to rows and events"
    share = sizes.incoming_rows / FULL.incoming_rows  # what the design asks for, for as many rows
    table.add(Row("dedup", what, seconds, "s", 30 * share, 15 * share))
    requests = [_search_for(people.member(number)) for number in _spread(members)]
    found = await load(
        [api.address], api.token("member:read", ["TH"]), requests, connections=1, seconds=sizes.load_seconds / 2
    )
    what = f"find one incoming person among {members:,} members, over HTTP, p95"
    table.add(Row("dedup-one", what, found.p95_ms, "ms", 10, None))


async def _check_same(cooperative_ids: list[UUID], known: int, new: int) -> None:
    """The file made as many persons as were new, and gave the others a second membership."""
    connection = await owner_of("registry")
    try:
        [found] = await connection.fetch(
            """
            select count(*) filter (where memberships > 1) as known, count(*) filter (where memberships = 1) as new
              from (select (select count(*) from member other where other.person_id = member.person_id) as memberships
                      from member where cooperative_id = any($1::uuid[])) as incoming
            """,
            list(set(cooperative_ids)),
        )
    finally:
        await connection.close()
    if (found["known"], found["new"]) != (known, new):
        raise RuntimeError(f"of {known} known and {new} new persons {dict(found)} were found")


def _as_stated(numbers: range) -> Iterator[tuple[people.Cooperative, str, people.Member]]:
    for number in numbers:
        one = people.member(number)
        yield people.cooperative_of(number), one.number, one


def _spread(members: int, count: int = _SAMPLE) -> range:
    """Numbers of members from everywhere among them."""
    return range(0, members, max(1, members // count))[:count]


def _search_for(one: people.Member) -> Request:
    asked = {"national_id": one.national_id, "purpose": "bench"}
    return Request("/registry/v1/member-searches", "POST", json.dumps(asked))
