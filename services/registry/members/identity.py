"""Who is who: a person by the blind index of the national id, the same in every co-operative of the country."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from services.registry.members import repository
from shared.chassis.crypto import blind_index, person_keys
from shared.chassis.database import Database, ReadSession, Row, WriteSession
from shared.kernel.identifiers import derived_id, mask_national_id, uuid7

_REWRAPPED_AT_ONCE = 2_000


class KnownPerson(NamedTuple):
    """A person's id, blind index, and the key under which what is known of the person is sealed."""

    id: UUID
    blind_index: bytes
    wrapped_key: bytes


def member_id(member_number_hash: str) -> UUID:
    """The co-operative's number is the membership: loans elsewhere find it again when a restore lets it come twice."""
    return derived_id("member", member_number_hash)


def national_id_index(national_id: str) -> bytes:
    """The keyed hash by which a person is found."""
    return blind_index("national_id", national_id)


async def find_person(session: ReadSession, national_id: str) -> UUID | None:
    """The person's id, known to the caller or not: what may be shown is decided by the memberships within reach."""
    rows = await repository.find_persons(session, [national_id_index(national_id)])
    return rows[0]["person_id"] if rows else None


async def resolve_persons(session: WriteSession, national_ids: Iterable[str]) -> Mapping[str, KnownPerson]:
    """The persons with these national ids; those not known yet are made.

    Two transactions that meet the same new person wait for each other and get the same one.
    """
    wanted = set(national_ids)
    known = await known_persons(session, wanted)
    return known | await make_persons(session, wanted - known.keys())


async def known_persons(session: ReadSession, national_ids: Iterable[str]) -> dict[str, KnownPerson]:
    """Those of the persons with these national ids who are known, within reach or not."""
    by_index = {national_id_index(national_id): national_id for national_id in national_ids}
    return _by_national_id(await repository.find_persons(session, list(by_index)), by_index)


async def make_persons(session: WriteSession, national_ids: Iterable[str]) -> dict[str, KnownPerson]:
    """Make the persons with these national ids; where somebody else made one first, that one is returned."""
    new = [(national_id_index(national_id), national_id) for national_id in national_ids]
    if not new:
        return {}
    ids = [uuid7() for _ in new]
    about = [(national_id, sealed_about(person)) for (_, national_id), person in zip(new, ids, strict=True)]
    sealed = person_keys().seal_new(about)
    made = await repository.claim_persons(
        session,
        indexes=[index for index, _ in new],
        ids=ids,
        sealed=[text for _, text in sealed],
        masked=[mask_national_id(national_id) for _, national_id in new],
        keys=[key for key, _ in sealed],
    )
    return _by_national_id(made, dict(new))


def _by_national_id(rows: Iterable[Row], by_index: Mapping[bytes, str]) -> dict[str, KnownPerson]:
    return {
        by_index[row["national_id_index"]]: KnownPerson(row["person_id"], row["national_id_index"], row["wrapped_key"])
        for row in rows
    }


async def rewrap_keys(database: Database, report: Callable[[int], None] = lambda persons: None) -> int:
    """Wrap every person's data key by the current key-encryption key, so that older ones can be destroyed.

    Sealed values stay as they are, and what one run has done the next leaves alone.

    Args:
        database: the worker's.
        report: told how many persons were looked at, batch by batch.

    Returns: how many keys were wrapped anew.

    Raises:
        UnknownKey: a key is wrapped by a key-encryption key that is not configured.
    """
    keys, last, count = person_keys(), UUID(int=0), 0
    while True:
        async with database.unscoped() as session:
            persons = await repository.lock_keys_after(session, last, _REWRAPPED_AT_ONCE)
            older = {
                row["id"]: row["wrapped_key"] for row in persons if keys.key_id(row["wrapped_key"]) != keys.current_id
            }
            await repository.replace_keys(session, {person: keys.rewrap(key) for person, key in older.items()})
        if not persons:
            return count
        last, count = persons[-1]["id"], count + len(older)
        report(len(persons))


def sealed_about(person_id: UUID) -> str:
    """What a sealed national id is bound to."""
    return f"national_id:{person_id}"


def phone_about(member_id: UUID) -> str:
    """What a sealed telephone number is bound to."""
    return f"phone:{member_id}"


def seal_phone(wrapped_key: bytes, member_id: UUID, phone: str | None) -> dict[str, bytes | None]:
    """The two columns of a telephone number."""
    if not phone:
        return {"phone_sealed": None, "phone_index": None}
    sealed = person_keys().seal(wrapped_key, phone, about=phone_about(member_id))
    return {"phone_sealed": sealed, "phone_index": phone_index(phone)}


def phone_index(phone: str) -> bytes:
    """The keyed hash that tells whether a number is the stored one."""
    return blind_index("phone", phone)
