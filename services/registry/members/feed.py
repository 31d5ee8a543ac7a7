"""members.csv: who belongs to which co-operative, with the national id that makes several memberships one person."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.registry.cooperatives import repository as cooperatives
from services.registry.households.identity import household_id
from services.registry.members import identity, repository
from services.registry.members.domain import clean_phone, read_name
from services.registry.members.identity import KnownPerson
from services.registry.members.models import Member
from services.registry.members.service import recorded, waiting_names
from services.registry.states.models import StateTable
from services.registry.states.service import Applied, Statement, Written, apply_statements, days, given
from shared.chassis import outbox
from shared.chassis.crypto import member_number_hash, person_keys
from shared.chassis.database import WriteSession
from shared.chassis.feeds import (
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    reject_unknown_cooperatives,
    reject_where,
    rejected,
    wake_waiting,
)
from shared.chassis.settings import get_settings
from shared.kernel.identifiers import DEMO_FIRST_DIGITS, uuid7

TABLE = StateTable(
    model=Member,
    key=("cooperative_id", "member_number"),
    needed=("person_id", "full_name"),
    headings={"person_id": "national_id"},
    defaults={"member_kind": "ordinary", "status": "active", "household_id": None, "birth_date": None},
)


async def _validate(session: WriteSession, delivery: Delivery) -> None:
    """Refuse rows of co-operatives that are not known to the sender and, in production, demo people."""
    await reject_unknown_cooperatives(session, delivery)
    if get_settings().is_production:
        await reject_where(
            session,
            delivery,
            "national_id",
            "invalid_national_id",
            "left(r.data ->> 'national_id', 1) = any(cast(:digits as text[]))",
            digits=sorted(DEMO_FIRST_DIGITS),
        )


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Write what the rows change, publish each member that changed, wake what waited for it."""
    codes = {row.data["cooperative_code"] for row in rows}
    ids = await cooperatives.ids_by_code(session, sorted(codes))
    national_ids = {row.data["national_id"] for row in rows if row.data.get("national_id")}
    persons = await identity.known_persons(session, national_ids)
    # Whoever is not known yet is made when a row is written: one that is older, or refused, leaves nobody behind.
    person_ids = {
        national_id: persons[national_id].id if national_id in persons else uuid7() for national_id in national_ids
    }
    statements = [
        Statement(row.row_number, _values(row.data, ids, person_ids))
        for row in rows
        if row.data["cooperative_code"] in ids
    ]
    data = {row.row_number: row.data for row in rows}

    async def complete(written: Sequence[Written]) -> None:
        await _complete(session, written, data, persons)

    applied = await apply_statements(session, TABLE, statements, delivery.as_of, complete)
    await outbox.add_many(
        session, [(recorded(written.now), written.now["version"], delivery.as_of) for written in applied.written]
    )
    await _wake(session, applied, persons)
    unknown = rejected("unknown_cooperative", "cooperative_code")
    return {row.row_number: applied.outcomes.get(row.row_number, unknown) for row in rows}


def _values(
    data: Mapping[str, Any], cooperative_ids: Mapping[str, UUID], person_ids: Mapping[str, UUID]
) -> dict[str, Any]:
    values = {
        "cooperative_id": cooperative_ids[data["cooperative_code"]],
        "member_number": data["member_number"],
        **given(data, "sex", "member_kind", "status"),
        **days(data, "birth_date", "joined_on"),
    }
    if "national_id" in data:
        values["person_id"] = person_ids[data["national_id"]] if data["national_id"] else None
    if "full_name" in data:
        values |= _name(data["full_name"])
    if "household_number" in data:
        values["household_id"] = household_id(data["household_number"]) if data["household_number"] else None
    if data.get("phone", "") is None:
        values["phone_index"] = None
    elif phone := _phone(data):
        values["phone_index"] = identity.phone_index(phone)
    return values


def _phone(data: Mapping[str, Any]) -> str | None:
    """The telephone number that a row states; "-" or "none" is no number, and leaves the stored one as it is."""
    return clean_phone(data.get("phone") or "") or None


def _name(text: str | None) -> dict[str, Any]:
    if not text:
        return {"full_name": None}
    name = read_name(text)
    return {"title": name.title, "full_name": name.full_name, "name_sort_key": name.name_sort_key}


async def _complete(
    session: WriteSession,
    written: Sequence[Written],
    data: Mapping[int, Mapping[str, Any]],
    persons: dict[str, KnownPerson],
) -> None:
    """Make persons who are new, fill the hash of a new member's number and its id, and seal telephone numbers."""
    await _make_persons(session, written, data, persons)
    to_seal = []
    for one in written:
        row = data[one.statement.row_number]
        if one.before is None:
            one.now["member_number_hash"] = member_number_hash(row["cooperative_code"], one.now["member_number"])
            one.now["id"] = identity.member_id(one.now["member_number_hash"])
        before = one.before or {"phone_index": None, "person_id": None}
        if (one.now.get("phone_index"), one.now["person_id"]) != (before["phone_index"], before["person_id"]):
            to_seal.append(one)
    keys = {person.id: person.wrapped_key for person in persons.values()}
    older = {key for one in to_seal for key in _persons_of(one) if key not in keys}
    if older:
        keys |= await repository.wrapped_keys(session, list(older))
    for one in to_seal:
        one.now["phone_sealed"] = _sealed(one, keys, _phone(data[one.statement.row_number]))


async def _make_persons(
    session: WriteSession,
    written: Sequence[Written],
    data: Mapping[int, Mapping[str, Any]],
    persons: dict[str, KnownPerson],
) -> None:
    """Make the persons of rows that are about to be written, among those known, and put their ids into the rows."""
    stated = [(one, data[one.statement.row_number].get("national_id")) for one in written]
    new = {national_id for _, national_id in stated if national_id and national_id not in persons}
    persons.update(await identity.make_persons(session, new))
    for one, national_id in stated:
        if national_id:
            # In the statement too: where another transaction wrote the row meanwhile, the two are compared again.
            one.statement.values["person_id"] = one.now["person_id"] = persons[national_id].id


def _persons_of(written: Written) -> set[UUID]:
    return {written.now["person_id"]} | ({written.before["person_id"]} if written.before else set())


def _sealed(written: Written, keys: Mapping[UUID, bytes], phone: str | None) -> bytes | None:
    """The telephone number under the key of the person whom the membership belongs to now."""
    if written.now.get("phone_index") is None:
        return None
    about = identity.phone_about(written.now["id"])
    if phone is None and written.before:  # the membership went to another person; the number stays
        sealed: bytes = written.before["phone_sealed"]
        phone = person_keys().unseal(keys[written.before["person_id"]], sealed, about=about)
    return person_keys().seal(keys[written.now["person_id"]], phone or "", about=about)


async def _wake(session: WriteSession, applied: Applied, persons: Mapping[str, KnownPerson]) -> None:
    index = {person.id: person.blind_index for person in persons.values()}
    names = [
        name
        for written in applied.written
        # A corrected national id brings another person, for whom rows may wait.
        if written.before is None or written.before["person_id"] != written.now["person_id"]
        for name in waiting_names(written.now["member_number_hash"], index[written.now["person_id"]])
    ]
    await wake_waiting(session, names)


MEMBERS = FeedKind(
    name="members",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True, length_max=40),
        Column("national_id", "เลขประจำตัวประชาชน", "national_id"),
        Column("full_name", "ชื่อ-นามสกุล", length_max=200),
        Column("sex", "เพศ", "code", choices=("M", "F")),
        Column("birth_date", "วันเกิด", "date", not_after_as_of=True),
        Column("member_kind", "ประเภทสมาชิก", "code", choices=("ordinary", "associate")),
        Column("joined_on", "วันที่เข้าเป็นสมาชิก", "date", not_after_as_of=True),
        Column("status", "สถานะ", "code", choices=("active", "suspended", "resigned", "expelled", "deceased")),
        Column("phone", "โทรศัพท์", length_max=40),
        Column("household_number", "เลขทะเบียนเกษตรกร", "code", pattern=r"\d{12}"),
    ],
    key=("cooperative_code", "member_number"),
    validate=_validate,
    apply=_apply,
    independent=True,
)
