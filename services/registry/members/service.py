"""Use cases of members: record, change, read, search, reveal."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from services.registry.cooperatives import repository as cooperatives
from services.registry.errors import CooperativeUnknown, MemberNotFound
from services.registry.households.identity import household_id
from services.registry.members import identity, repository
from services.registry.members.domain import birth_decade, clean_phone, name_range, read_name
from services.registry.members.models import Member
from services.registry.members.schemas import (
    MemberChange,
    MemberCreate,
    MemberRead,
    MemberSearch,
    MemberSearchResult,
    MemberSummary,
    RevealedNationalId,
)
from shared.chassis import outbox
from shared.chassis.auth.assignments import today_in_bangkok
from shared.chassis.auth.caller import Caller
from shared.chassis.crypto import member_number_hash, person_keys
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.feeds import wake_later
from shared.chassis.http.access_log import log_access
from shared.chassis.http.concurrency import require_match
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.registry import MemberRecorded
from shared.kernel.errors import FieldProblem, Invalid

SEARCH_RESULTS_MAX = 100  # memberships of one person; more would be a fault of the data


async def record_member(session: WriteSession, caller: Caller, new: MemberCreate) -> MemberRead:
    """Record a membership and, when nobody knows the person yet, the person. That the caller is shown it is recorded.

    Raises:
        CooperativeUnknown: no such co-operative within reach.
        MemberNumberTaken: the co-operative has this number already.
    """
    cooperative = await cooperatives.find_cooperative(session, new.cooperative_id)
    if cooperative is None:
        raise CooperativeUnknown
    person = (await identity.resolve_persons(session, [new.national_id]))[new.national_id]
    number_hash = member_number_hash(cooperative.code, new.member_number)
    member_id = identity.member_id(number_hash)
    values = _values(new, new.model_fields_set | {"full_name", "member_kind", "status"})
    values |= identity.seal_phone(person.wrapped_key, member_id, values.pop("phone", None))
    member = Member(
        **values,
        id=member_id,
        person_id=person.id,
        cooperative_id=cooperative.id,
        member_number=new.member_number,
        member_number_hash=number_hash,
        as_of=new.as_of or today_in_bangkok(),
        version=1,
    )
    await repository.insert_member(session, member)
    await _publish(session, member)
    await wake_later(session, waiting_names(member.member_number_hash, person.blind_index))
    return await read_member(session, caller, member.id)


async def change_member(
    session: WriteSession, caller: Caller, member_id: UUID, change: MemberChange, if_match: str | None
) -> MemberRead:
    """Change what the caller has read; the answer shows all of it, also to a change of nothing, and is recorded.

    Raises:
        MemberNotFound, PreconditionFailed, PreconditionRequired.
    """
    member = await repository.lock_member(session, member_id)
    if member is None:
        raise MemberNotFound
    require_match(if_match, member.version)
    values = _values(change, change.model_fields_set)
    if "phone" in values:
        keys = await repository.wrapped_keys(session, [member.person_id])
        phone = identity.seal_phone(keys[member.person_id], member.id, values.pop("phone"))
        if phone["phone_index"] != member.phone_index:
            values |= phone
    changed = {name: value for name, value in values.items() if getattr(member, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(member, name, value)
        # What was left alone is as new as it was: a file of a day between must not undo it.
        member.as_of = max(member.as_of, change.as_of or today_in_bangkok())
        member.version += 1
        await session.flush()
        await _publish(session, member)
    return await read_member(session, caller, member.id)


async def read_member(session: WriteSession, caller: Caller, member_id: UUID) -> MemberRead:
    """One member; the reading is recorded. Raises MemberNotFound when there is none within reach."""
    return _shown(await repository.find_member_logged(session, caller, member_id))


async def search_members(
    session: WriteSession,
    caller: Caller,
    page: PageRequest,
    *,
    cooperative_id: UUID | None,
    name_prefix: str | None,
    member_number: str | None,
) -> Page[MemberSummary]:
    """Members within reach by the beginning of the name, by number, or of one co-operative; recorded."""
    names = name_range(name_prefix) if name_prefix is not None else None
    if names is not None and not names[0]:
        names = None  # spaces, tone marks, a vowel that waits for its consonant: everybody's name begins with nothing
    if cooperative_id is None and names is None and member_number is None:
        raise Invalid(
            fields=[
                FieldProblem(
                    "name_prefix",
                    "missing",
                    "Say a name, a member number or a co-operative",
                    "ต้องระบุชื่อ เลขทะเบียนสมาชิก หรือสหกรณ์",
                )
            ]
        )
    rows = await repository.search_members(
        session,
        names=names,
        cooperative_id=cooperative_id,
        member_number=member_number,
        after=page.after(str, UUID),
        limit=page.fetch_limit,
    )
    found = page_of(rows, page, lambda row: (row["name_sort_key"], row["id"]), MemberSummary.model_validate)
    await log_access(session, caller, "member-search", [item.person_id for item in found.items])
    return found


async def search_by_national_id(session: WriteSession, caller: Caller, search: MemberSearch) -> MemberSearchResult:
    """The memberships, within reach, of the person with this national id; recorded, also when there is none."""
    person_id = await identity.find_person(session, search.national_id)
    rows = [] if person_id is None else await repository.list_memberships(session, person_id, SEARCH_RESULTS_MAX)
    shown = [row["person_id"] for row in rows[:1]]
    await log_access(session, caller, "member-search-by-national-id", shown, search.purpose)
    return MemberSearchResult(items=[MemberSummary.model_validate(row) for row in rows])


async def reveal_national_id(
    session: WriteSession, caller: Caller, member_id: UUID, purpose: str
) -> RevealedNationalId:
    """The national id in full; who asked and why is recorded. Raises MemberNotFound."""
    row = await repository.sealed_national_id(session, member_id)
    if row is None:
        raise MemberNotFound
    await log_access(session, caller, "national-id-reveal", [row["person_id"]], purpose)
    about = identity.sealed_about(row["person_id"])
    return RevealedNationalId(
        national_id=person_keys().unseal(row["wrapped_key"], row["national_id_sealed"], about=about)
    )


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every membership as it is now, without a name or number of anybody."""
    async for row in repository.every_member(session):
        yield recorded(row), row["version"], row["as_of"]


def recorded(member: Mapping[str, Any]) -> MemberRecorded:
    """The event that states the member as it is now: a stored row, which needs no second validation."""
    return MemberRecorded.model_construct(
        member_id=member["id"],
        person_id=member["person_id"],
        cooperative_id=member["cooperative_id"],
        member_number_hash=member["member_number_hash"],
        household_id=member["household_id"],
        member_kind=member["member_kind"],
        status=member["status"],
        birth_decade=birth_decade(member["birth_date"]),
    )


def waiting_names(member_hash: str, person_index: bytes) -> list[str]:
    """What rows of other files wait for until this member is known."""
    return [f"member:{member_hash}", f"person:{person_index.hex()}"]


def _values(given: MemberCreate | MemberChange, names: set[str]) -> dict[str, Any]:
    """The columns that an input states; the telephone number is not sealed yet."""
    plain = names & {"sex", "birth_date", "member_kind", "status", "joined_on"}
    values = {name: getattr(given, name) for name in plain}
    if "full_name" in names:
        name = read_name(given.full_name)
        values |= {"title": name.title, "full_name": name.full_name, "name_sort_key": name.name_sort_key}
    if "household_number" in names:
        values["household_id"] = household_id(given.household_number) if given.household_number else None
    if "phone" in names:
        values["phone"] = clean_phone(given.phone) if given.phone else None
    return values


async def _publish(session: WriteSession, member: Member) -> None:
    event = recorded(member.model_dump())
    await outbox.add(session, event, version=member.version, effective_on=member.as_of)


def _shown(row: Row | None) -> MemberRead:
    if row is None:
        raise MemberNotFound
    phone = None
    if row["phone_sealed"] is not None:
        about = identity.phone_about(row["id"])
        phone = person_keys().unseal(row["wrapped_key"], row["phone_sealed"], about=about)
    return MemberRead.model_validate({**row, "phone": phone})
