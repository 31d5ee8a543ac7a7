"""farm_households.csv and plots.csv: who farms together, and what grows where."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.registry.code_lists.domain import CODE_LISTS
from services.registry.cooperatives import repository as cooperatives
from services.registry.households import repository, service
from services.registry.households.identity import household_id
from services.registry.households.models import Household, Plot
from services.registry.states.models import StateTable
from services.registry.states.service import Statement, apply_statements, days, given
from shared.chassis.crypto import member_number_hash
from shared.chassis.database import WriteSession
from shared.chassis.feeds import (
    Column,
    Delivery,
    FeedKind,
    FeedRow,
    Outcome,
    reject_unknown_cooperatives,
    reject_where,
    wait_where,
    waiting,
    wake_waiting,
)
from shared.kernel.areas import DISTRICTS

AREA_RAI_MAX = 100_000  # far above any household's land: a larger figure is a mistake

HOUSEHOLD_TABLE = StateTable(model=Household, key=("id",), needed=("size", "district_code"))
PLOT_TABLE = StateTable(model=Plot, key=("household_id", "plot_number"), needed=("crop", "area_rai"))


def _derive_household(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "household_id": household_id(data["household_number"]),
        "member_hash": member_number_hash(data["cooperative_code"], data["member_number"]),
    }


async def _validate_households(session: WriteSession, delivery: Delivery) -> None:
    """Refuse co-operatives the sender does not know; wait for heads whom nobody knows yet."""
    await reject_unknown_cooperatives(session, delivery)
    await wait_where(
        session,
        delivery,
        "'member:' || (r.data ->> 'member_hash')",
        """
        not exists (select from cooperative c join member m on m.cooperative_id = c.id
                     where c.code = named.code and m.member_number = named.member_number)
        """,
        named={"code": "r.data ->> 'cooperative_code'", "member_number": "r.data ->> 'member_number'"},
    )


async def _apply_households(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Write what the rows change, publish each household that changed, wake the plots that waited for it."""
    ids = await cooperatives.ids_by_code(session, sorted({row.data["cooperative_code"] for row in rows}))
    known = [row for row in rows if row.data["cooperative_code"] in ids]
    heads = await repository.find_heads(
        session,
        [ids[row.data["cooperative_code"]] for row in known],
        [row.data["member_number"] for row in known],
    )
    outcomes: dict[int, Outcome] = {row.row_number: waiting(f"member:{row.data['member_hash']}") for row in rows}
    statements = []
    for row in known:
        cooperative_id = ids[row.data["cooperative_code"]]
        head = heads.get((cooperative_id, row.data["member_number"]))
        if head is not None:
            statements.append(Statement(row.row_number, _household_values(row.data, cooperative_id, head)))
    applied = await apply_statements(session, HOUSEHOLD_TABLE, statements, delivery.as_of)
    await service.publish(session, [written.now for written in applied.written])
    new = [f"household:{written.now['id']}" for written in applied.written if written.before is None]
    await wake_waiting(session, new)
    return outcomes | applied.outcomes


def _household_values(data: Mapping[str, Any], cooperative_id: UUID, head_member_id: UUID) -> dict[str, Any]:
    return {
        "id": UUID(data["household_id"]),
        "household_number": data["household_number"],
        "cooperative_id": cooperative_id,
        "head_member_id": head_member_id,
        **given(data, "size", "district_code"),
        **days(data, "registered_on"),
    }


def _derive_plot(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"household_id": household_id(data["household_number"])}


async def _validate_plots(session: WriteSession, delivery: Delivery) -> None:
    """Refuse plots without an area; wait for households that nobody knows yet."""
    await reject_where(session, delivery, "area_rai", "out_of_range", "cast(r.data ->> 'area_rai' as numeric) = 0")
    await wait_where(
        session,
        delivery,
        "'household:' || (r.data ->> 'household_id')",
        "not exists (select from household h where h.id = named.household_id)",
        named={"household_id": "cast(r.data ->> 'household_id' as uuid)"},
    )


async def _apply_plots(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Write what the rows change; a household whose plots changed is a new version of the household."""
    household_ids = {row.row_number: UUID(row.data["household_id"]) for row in rows}
    held = await repository.lock_households(session, sorted(set(household_ids.values())))
    outcomes: dict[int, Outcome] = {number: waiting(f"household:{found}") for number, found in household_ids.items()}
    statements = [
        Statement(row.row_number, _plot_values(row.data)) for row in rows if household_ids[row.row_number] in held
    ]
    applied = await apply_statements(session, PLOT_TABLE, statements, delivery.as_of)
    changed = sorted({written.now["household_id"] for written in applied.written})
    await service.publish(session, await repository.raise_versions(session, changed))
    return outcomes | applied.outcomes


def _plot_values(data: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "household_id": UUID(data["household_id"]),
        "plot_number": data["plot_number"],
        **given(data, "crop", "document"),
        **days(data, "planted_on"),
    }
    if "area_rai" in data:
        values["area_rai"] = None if data["area_rai"] is None else Decimal(data["area_rai"])
    return values


FARM_HOUSEHOLDS = FeedKind(
    name="farm_households",
    columns=[
        Column("household_number", "เลขทะเบียนเกษตรกร", "code", required=True, pattern=r"\d{12}"),
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("member_number", "เลขทะเบียนสมาชิก", "code", required=True, length_max=40),
        Column("size", "จำนวนคนในครัวเรือน", "integer", minimum=1, maximum=100),
        Column("district_code", "รหัสอำเภอ", "code", choices=tuple(DISTRICTS)),
        Column("registered_on", "วันที่ขึ้นทะเบียน", "date", not_after_as_of=True),
    ],
    key=("household_number",),
    derive=_derive_household,
    validate=_validate_households,
    apply=_apply_households,
)

PLOTS = FeedKind(
    name="plots",
    columns=[
        Column("household_number", "เลขทะเบียนเกษตรกร", "code", required=True, pattern=r"\d{12}"),
        Column("plot_number", "แปลงที่", "code", required=True, length_max=40),
        Column("crop", "พืช", "code", choices=tuple(CODE_LISTS["crop"])),
        Column("area_rai", "เนื้อที่ (ไร่)", "decimal", places_max=4, maximum=AREA_RAI_MAX),
        Column("document", "เอกสารสิทธิ์", length_max=100),
        Column("planted_on", "วันที่ปลูก", "date", not_after_as_of=True),
    ],
    key=("household_number", "plot_number"),
    derive=_derive_plot,
    validate=_validate_plots,
    apply=_apply_plots,
)
