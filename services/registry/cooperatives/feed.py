"""cooperatives.csv: co-operatives and farmer groups, as the department lists them."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.registry.cooperatives.domain import TYPES_BY_KIND, cooperative_id
from services.registry.cooperatives.models import Cooperative
from services.registry.cooperatives.service import recorded
from services.registry.states.models import StateTable
from services.registry.states.service import Statement, Written, apply_statements, days, given
from shared.chassis import outbox
from shared.chassis.database import WriteSession
from shared.chassis.feeds import Column, Delivery, FeedKind, FeedRow, Outcome, reject_where
from shared.kernel.areas import DISTRICTS, PROVINCES
from shared.kernel.thai import sort_key

TABLE = StateTable(
    model=Cooperative,
    key=("code",),
    needed=("kind", "cooperative_type", "name_th", "province_code", "district_code"),
    defaults={"status": "active", "name_en": None, "strength_level": None},
)

_TYPES = tuple(dict.fromkeys(code for types in TYPES_BY_KIND.values() for code in types))


def _said_or_stored(column: str) -> str:
    """The value that a co-operative will have: what its row leaves empty stays as it is stored."""
    return f"coalesce(r.data ->> '{column}', (select c.{column} from cooperative c where c.code = named.code))"


async def _validate(session: WriteSession, delivery: Delivery) -> None:
    """Refuse types that the kind has not, districts of other provinces, and areas that are not the sender's."""
    named = {"code": "r.data ->> 'cooperative_code'"}
    for kind, types in TYPES_BY_KIND.items():
        await reject_where(
            session,
            delivery,
            "cooperative_type",
            "invalid_code",
            f"{_said_or_stored('kind')} = :kind"
            f" and not {_said_or_stored('cooperative_type')} = any(cast(:types as text[]))",
            named=named,
            kind=kind,
            types=list(types),
        )
    await reject_where(
        session,
        delivery,
        "district_code",
        "invalid_code",
        f"left({_said_or_stored('district_code')}, 2) <> {_said_or_stored('province_code')}",
        named=named,
    )
    if not delivery.reach.everything:
        await _reject_out_of_reach(session, delivery)


async def _reject_out_of_reach(session: WriteSession, delivery: Delivery) -> None:
    """A row must lie in the sender's areas, or belong to one of the sender's own co-operatives."""
    await reject_where(
        session,
        delivery,
        "cooperative_code",
        "out_of_reach",
        """
        not (coalesce(r.data ->> 'province_code' = any(cast(:provinces as text[])), false)
             or coalesce(r.data ->> 'district_code' = any(cast(:districts as text[])), false)
             or exists (select from cooperative c where c.code = r.data ->> 'cooperative_code'
                           and (c.id = any(cast(:cooperatives as uuid[]))
                                or r.data ->> 'province_code' is null and r.data ->> 'district_code' is null)))
        """,
        provinces=list(delivery.reach.provinces),
        districts=list(delivery.reach.districts),
        cooperatives=list(delivery.reach.cooperatives),
    )


async def _apply(session: WriteSession, delivery: Delivery, rows: list[FeedRow]) -> Mapping[int, Outcome]:
    """Write what the rows change and publish each co-operative that changed."""
    statements = [Statement(row.row_number, _values(row.data)) for row in rows]
    applied = await apply_statements(session, TABLE, statements, delivery.as_of, _identify)
    await outbox.add_many(
        session, [(recorded(written.now), written.now["version"], delivery.as_of) for written in applied.written]
    )
    return applied.outcomes


async def _identify(written: Sequence[Written]) -> None:
    for one in written:
        if one.before is None:
            one.now["id"] = cooperative_id(one.now["code"])


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    plain = ("kind", "cooperative_type", "name_en", "province_code", "district_code", "strength_level", "status")
    values = {"code": data["cooperative_code"], **given(data, *plain), **days(data, "registered_on")}
    if "name_th" in data:
        name = data["name_th"]
        values |= {"name_th": name, "name_sort_key": sort_key(name) if name else None}
    return values


COOPERATIVES = FeedKind(
    name="cooperatives",
    columns=[
        Column("cooperative_code", "รหัสสหกรณ์", "code", required=True, length_max=40),
        Column("kind", "ประเภทสถาบัน", "code", choices=("cooperative", "farmer_group")),
        Column("cooperative_type", "ประเภทสหกรณ์", "code", choices=_TYPES),
        Column("name_th", "ชื่อ", length_max=300),
        Column("name_en", "ชื่อภาษาอังกฤษ", length_max=300),
        Column("province_code", "รหัสจังหวัด", "code", choices=tuple(PROVINCES)),
        Column("district_code", "รหัสอำเภอ", "code", choices=tuple(DISTRICTS)),
        Column("registered_on", "วันที่จดทะเบียน", "date", not_after_as_of=True),
        Column("strength_level", "ระดับชั้นความเข้มแข็ง", "integer", minimum=1, maximum=4),
        Column("status", "สถานะ", "code", choices=("active", "dissolved", "liquidation")),
    ],
    key=("cooperative_code",),
    validate=_validate,
    apply=_apply,
)
