"""A key-encryption key can be retired: every person's key is wrapped by the new one, and nothing sealed changes."""

import asyncio
import base64
import os
from collections.abc import Callable, Iterator
from datetime import date
from uuid import uuid4

import pytest

from services.registry.members import identity
from services.registry.members.feed import MEMBERS
from shared.chassis.crypto import UnknownKey
from shared.chassis.feeds import ACCEPTED, Delivery, FeedRow
from shared.chassis.reach import EVERYTHING
from shared.chassis.settings import get_settings
from tests.conftest import ClientOf, DatabaseOf
from tests.locks import until_they_wait_or_end
from tests.services.registry.people import WRITER, add_cooperative, add_member, national_id

PERSONS = 7


Configure = Callable[[str], None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Key-encryption keys as an operator sets them."""
    with pytest.MonkeyPatch.context() as patch:

        def set_keys(keys: str) -> None:
            patch.setenv("PLODNEE_KEY_ENCRYPTION_KEYS", keys)
            get_settings.cache_clear()

        yield set_keys
    get_settings.cache_clear()


def new_key() -> str:
    return "new:" + base64.b64encode(os.urandom(32)).decode()


async def test_a_key_encryption_key_is_retired(
    client_of: ClientOf, database_of: DatabaseOf, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_REWRAPPED_AT_ONCE", 2)
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    cooperative_id = await add_cooperative(client, "C1")
    members = [await add_member(client, cooperative_id, str(number), number) for number in range(1, PERSONS + 1)]
    database = await database_of("registry")
    new = new_key()
    configure(f"{new},{get_settings().require('key_encryption_keys')}")
    looked_at: list[int] = []
    # Two operators at once: each key is wrapped anew by one of them.
    counts = await asyncio.gather(identity.rewrap_keys(database, looked_at.append), identity.rewrap_keys(database))
    assert sum(counts) == PERSONS
    assert sum(looked_at) == PERSONS
    assert await identity.rewrap_keys(database) == 0

    configure(new)
    for number, member in enumerate(members, start=1):
        address = f"/registry/v1/members/{member['id']}"
        assert (await client.get(address)).json()["phone"] == member["phone"]
        revealed = await client.post(f"{address}/national-id-reveals", json={"purpose": "member-support"})
        assert revealed.status_code == 200, revealed.text
        assert revealed.json()["national_id"] == national_id(number)


async def test_keys_under_an_unknown_key_are_told_and_stay(
    client_of: ClientOf, database_of: DatabaseOf, configure: Configure
) -> None:
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    member = await add_member(client, await add_cooperative(client, "C1"), "1", 1)
    database = await database_of("registry")
    known = get_settings().require("key_encryption_keys")
    configure(new_key())
    with pytest.raises(UnknownKey):
        await identity.rewrap_keys(database)
    configure(known)
    assert (await client.get(f"/registry/v1/members/{member['id']}")).json()["phone"] == member["phone"]


async def test_wrapping_keys_anew_and_a_file_of_members_do_not_deadlock(
    client_of: ClientOf, database_of: DatabaseOf
) -> None:
    """Keys are locked in the order of persons' ids, members name their persons in the order of their numbers."""
    client = await client_of("registry", scopes=WRITER, areas=["TH"])
    first = await add_cooperative(client, "C1")
    await add_cooperative(client, "C2")
    persons = [(await add_member(client, first, str(number), number))["person_id"] for number in (1, 2)]
    low, high = sorted((1, 2), key=lambda number: persons[number - 1])
    database = await database_of("registry")
    rows = [
        FeedRow(number, {"cooperative_code": "C2", "member_number": str(number), "national_id": national_id(person),
                         "full_name": "สมศรี มีสุข"})
        for number, person in enumerate((high, low), start=2)
    ]  # fmt: skip

    async def take_in() -> None:
        async with database.write(EVERYTHING) as session:
            delivery = Delivery(uuid4(), "members", date(2022, 9, 30), "agency-feed", EVERYTHING)
            assert set((await MEMBERS.apply(session, delivery, rows)).values()) == {ACCEPTED}

    async with database.unscoped() as naming:
        await naming.execute("select from person where id = :id for key share", id=persons[high - 1])
        rewrapping = asyncio.create_task(identity.rewrap_keys(database))
        await until_they_wait_or_end(database, rewrapping)
        taking_in = asyncio.create_task(take_in())
        await until_they_wait_or_end(database, rewrapping, taking_in)
    await asyncio.gather(rewrapping, taking_in)
