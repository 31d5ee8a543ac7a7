"""Use cases of produce deliveries: record, reverse, and what debt's answers do."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.livelihood.deliveries import domain, repository
from services.livelihood.deliveries.models import ProduceDelivery
from services.livelihood.deliveries.schemas import AgreementRead, DeliveryRead, RecordDelivery, ReverseDelivery
from services.livelihood.errors import DeliveryNumberTaken, ReversedTooEarly, UnknownDelivery, UnknownMember
from services.livelihood.projections import repository as projections
from shared.chassis import outbox
from shared.chassis.auth.caller import Caller
from shared.chassis.database import ReadSession, Row, WriteSession
from shared.chassis.events import Event, Received
from shared.chassis.http.access_log import log_access
from shared.chassis.http.pagination import Page, PageRequest, page_of
from shared.chassis.replay import Outgoing
from shared.contracts.debt import DeductionRefused, DeductionSettled, DeductionUndone
from shared.contracts.livelihood import DeductionRequested, DeductionReversed, ProduceDelivered, ProduceSettled
from shared.kernel.errors import DomainError, Invalid
from shared.kernel.identifiers import derived_id


@dataclass(frozen=True)
class NewDelivery:
    """A delivery to record; its member is known. Money in satang."""

    cooperative_id: UUID
    member_id: UUID
    delivery_number: str
    delivered_on: date
    crop: str
    kilograms: Decimal
    price_satang_per_kilogram: int
    savings_share: Decimal

    @property
    def id(self) -> UUID:
        """The co-operative's number is the delivery, so that debt knows it again when a restore lets it come twice."""
        return derived_id("produce-delivery", self.cooperative_id, self.delivery_number)


async def record_delivery(session: WriteSession, sent: RecordDelivery) -> DeliveryRead:
    """Record one delivery; its deduction is asked of debt by event.

    Raises:
        UnknownMember: there is no such member within reach.
        DeliveryNumberTaken: the co-operative has used the number.
        SharesOverGross, WorthOutOfBounds: it cannot be divided.
    """
    member = await projections.find_member(session, sent.member_id)
    if member is None:
        raise UnknownMember
    new = NewDelivery(
        cooperative_id=member["cooperative_id"],
        member_id=sent.member_id,
        delivery_number=sent.delivery_number,
        delivered_on=sent.delivered_on,
        crop=sent.crop,
        kilograms=sent.kilograms,
        price_satang_per_kilogram=sent.price_per_kilogram,
        savings_share=sent.savings_share,
    )
    [outcome] = await record_deliveries(session, [new])
    if isinstance(outcome, DomainError):
        raise outcome
    if not outcome:
        raise DeliveryNumberTaken
    return await _read(session, new.id)


async def record_deliveries(session: WriteSession, deliveries: Sequence[NewDelivery]) -> list[bool | DomainError]:
    """Record deliveries with their events.

    Returns:
        Of each, in their order: True when it was recorded now, False when the very same was recorded before, or why it
        cannot be (SharesOverGross, WorthOutOfBounds, DeliveryNumberTaken).
    """
    agreements = await projections.find_agreements(session, [new.member_id for new in deliveries])
    tried = [_row_or_refusal(new, agreements.get(new.member_id)) for new in deliveries]
    rows: dict[UUID, dict[str, Any]] = {}
    for one in tried:
        if not isinstance(one, DomainError):
            rows.setdefault(one["id"], one)
    inserted = await repository.insert_deliveries(session, list(rows.values()))
    events: list[tuple[Event, int, date]] = []
    for delivery_id, row in rows.items():
        if delivery_id in inserted:
            events += [(event, 1, row["delivered_on"]) for event in _events_of(row)]
    await outbox.add_many(session, events)
    kept = await repository.find_by_number(session, [(new.cooperative_id, new.delivery_number) for new in deliveries])
    outcomes: list[bool | DomainError] = []
    for one in tried:
        if isinstance(one, DomainError):
            outcomes.append(one)
        elif one["id"] in inserted and rows[one["id"]] is one:
            outcomes.append(True)
        else:
            is_same = _is_same(kept[one["cooperative_id"], one["delivery_number"]], one)
            outcomes.append(False if is_same else DeliveryNumberTaken())
    return outcomes


def _is_same(kept: Row, row: Row) -> bool:
    """Whether a delivery of a number that is kept is the one that comes again; a reversed one has no savings left."""
    stated = ("member_id", "delivered_on", "crop", "kilograms", "price_satang_per_kilogram")
    has_same_savings = kept["status"] == "reversed" or kept["savings_satang"] == row["savings_satang"]
    return has_same_savings and all(kept[name] == row[name] for name in stated)


def _row_or_refusal(new: NewDelivery, agreement: Row | None) -> dict[str, Any] | DomainError:
    try:
        return _row(new, agreement)
    except Invalid as refusal:
        return refusal


def _row(new: NewDelivery, agreement: Row | None) -> dict[str, Any]:
    share = agreement["deduction_share"] if agreement else Decimal(0)
    gross = domain.gross_satang(new.kilograms, new.price_satang_per_kilogram)
    division = domain.divide(gross, new.savings_share, share)
    return {
        "id": new.id,
        "cooperative_id": new.cooperative_id,
        "member_id": new.member_id,
        "delivery_number": new.delivery_number,
        "delivered_on": new.delivered_on,
        "crop": new.crop,
        "kilograms": new.kilograms,
        "price_satang_per_kilogram": new.price_satang_per_kilogram,
        "plan_id": agreement["plan_id"] if agreement and division.held else None,
        "deduction_share": share,
        "savings_share": new.savings_share,
        "status": division.status,
        "gross_satang": division.gross,
        "debt_satang": division.debt,
        "savings_satang": division.savings,
        "paid_satang": division.paid,
        "held_satang": division.held,
        "settled_on": None if division.held else new.delivered_on,
        "refusal": None,
        "reversed_on": None,
        "reversal_reason": None,
        "version": 1,
    }


def _events_of(row: dict[str, Any]) -> list[Event]:
    """Delivered, and then either the request for a deduction or, without one, the end."""
    common = {"delivery_id": row["id"], "cooperative_id": row["cooperative_id"], "member_id": row["member_id"]}
    delivered = ProduceDelivered(
        **common,
        delivered_on=row["delivered_on"],
        crop=row["crop"],
        kilograms=row["kilograms"],
        gross=row["gross_satang"],
        savings=row["savings_satang"],
        paid=row["paid_satang"],
        held=row["held_satang"],
    )
    if row["held_satang"]:
        request = DeductionRequested(
            **common, plan_id=row["plan_id"], amount=row["held_satang"], delivered_on=row["delivered_on"]
        )
        return [delivered, request]
    settled = ProduceSettled(
        **common,
        revision=1,
        settled_on=row["delivered_on"],
        gross=row["gross_satang"],
        debt=0,
        savings=row["savings_satang"],
        paid=row["paid_satang"],
    )
    return [delivered, settled]


async def reverse_delivery(session: WriteSession, delivery_id: UUID, sent: ReverseDelivery) -> DeliveryRead:
    """Undo a delivery that was a mistake; safe before, during and after its settlement.

    Raises:
        UnknownDelivery: there is none within reach.
        DeliveryNotReversible: it is reversed already.
        ReversedTooEarly: the reversal is dated before the delivery.
    """
    row = (await repository.lock_deliveries(session, [delivery_id])).get(delivery_id)
    if row is None:
        raise UnknownDelivery
    if sent.reversed_on < row.delivered_on:
        raise ReversedTooEarly
    division = domain.begin_reversal(_division(row))
    _store(row, division)
    row.reversed_on, row.reversal_reason = sent.reversed_on, sent.reason
    if division.status == "reversed":
        # Divided in a day that was open, which may be later than the day on which it is said to be undone.
        row.settled_on = effective_on = max(sent.reversed_on, row.settled_on or sent.reversed_on)
        event: Event = _settled_event(row, revision=2)
    else:
        effective_on = sent.reversed_on
        event = _reversal_event(row, sent.reversed_on)
    await session.flush()
    await outbox.add(session, event, version=row.version, effective_on=effective_on)
    return _shown(row.model_dump())


async def apply_settlements(session: WriteSession, received: Sequence[Received[DeductionSettled]]) -> None:
    """Debt has applied part of what was held."""
    await _answer(
        session, received, lambda division, event: domain.settle(division, event.applied), lambda event: event.posted_on
    )


async def apply_refusals(session: WriteSession, received: Sequence[Received[DeductionRefused]]) -> None:
    """Debt has applied nothing: what was held goes to the member."""
    await _answer(session, received, lambda division, event: domain.settle(division, 0), lambda event: event.refused_on)


async def apply_undone(session: WriteSession, received: Sequence[Received[DeductionUndone]]) -> None:
    """Debt has undone a deduction: the delivery is reversed to nothing."""
    await _answer(
        session,
        received,
        lambda division, event: domain.end_reversal(division) if division.status == "reversing" else division,
        lambda event: event.posted_on,
    )


async def _answer(
    session: WriteSession,
    received: Sequence[Received[Any]],
    decide: Callable[[domain.Division, Any], domain.Division],
    day_of: Callable[[Any], date],
) -> None:
    """Apply answers to their deliveries; an answer that comes again changes nothing and says nothing."""
    rows = await repository.lock_deliveries(session, sorted({item.event.delivery_id for item in received}))
    events: list[tuple[Event, int, date]] = []
    for item in received:
        row = rows.get(item.event.delivery_id)
        if row is None:
            continue  # an answer to a request that a restore of this database took back
        before = _division(row)
        after = decide(before, item.event)
        if after == before:
            continue
        _store(row, after)
        row.settled_on = day_of(item.event)
        row.refusal = getattr(item.event, "reason", row.refusal)
        if after.status in ("settled", "reversed"):
            revision = 1 if after.status == "settled" else 2
            events.append((_settled_event(row, revision), row.version, row.settled_on))
    await session.flush()
    await outbox.add_many(session, events, answering=received)


def _division(row: ProduceDelivery) -> domain.Division:
    return domain.Division(
        status=row.status,  # type: ignore[arg-type]  # a check constraint keeps it to the four
        gross=row.gross_satang,
        debt=row.debt_satang,
        savings=row.savings_satang,
        paid=row.paid_satang,
        held=row.held_satang,
    )


def _store(row: ProduceDelivery, division: domain.Division) -> None:
    row.status = division.status
    row.gross_satang, row.debt_satang, row.savings_satang = division.gross, division.debt, division.savings
    row.paid_satang, row.held_satang = division.paid, division.held
    row.version += 1


def _reversal_event(row: ProduceDelivery, reversed_on: date) -> DeductionReversed:
    return DeductionReversed(
        delivery_id=row.id, cooperative_id=row.cooperative_id, member_id=row.member_id, reversed_on=reversed_on
    )


def _settled_event(row: ProduceDelivery, revision: int) -> ProduceSettled:
    assert row.settled_on is not None  # noqa: S101 - every caller has just set it
    return ProduceSettled(
        delivery_id=row.id,
        cooperative_id=row.cooperative_id,
        member_id=row.member_id,
        revision=revision,
        settled_on=row.settled_on,
        gross=row.gross_satang,
        debt=row.debt_satang,
        savings=row.savings_satang,
        paid=row.paid_satang,
    )


async def read_delivery(session: WriteSession, caller: Caller, delivery_id: UUID) -> DeliveryRead:
    """One delivery within reach; who was shown is logged. Raises UnknownDelivery."""
    delivery = await _read(session, delivery_id)
    await log_access(session, caller, "produce-delivery", [delivery.member_id])
    return delivery


async def list_deliveries(
    session: WriteSession, caller: Caller, page: PageRequest, cooperative_id: UUID, status: str | None
) -> Page[DeliveryRead]:
    """Deliveries of a co-operative by date; who was shown is logged."""
    rows = await repository.list_deliveries(session, cooperative_id, status, page.after(date, UUID), page.fetch_limit)
    await log_access(session, caller, "produce-delivery-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["delivered_on"], row["id"]), _shown)


async def list_agreements(
    session: WriteSession, caller: Caller, page: PageRequest, cooperative_id: UUID
) -> Page[AgreementRead]:
    """Agreements in force of a co-operative, by plan; who was shown is logged."""
    last = page.after(UUID)
    rows = await projections.list_agreements(session, cooperative_id, last[0] if last else None, page.fetch_limit)
    await log_access(session, caller, "agreement-list", sorted({row["member_id"] for row in rows[: page.limit]}))
    return page_of(rows, page, lambda row: (row["plan_id"],), AgreementRead.model_validate)


async def tell_again(session: ReadSession) -> AsyncIterator[Outgoing]:
    """Every delivery as it was recorded, the reversal asked for if one was, and its end if it has come."""
    async for stored in repository.every_delivery(session):
        row = ProduceDelivery(**stored)
        gross = domain.gross_satang(row.kilograms, row.price_satang_per_kilogram)
        division = domain.divide(gross, row.savings_share, row.deduction_share)
        amounts = {f"{name}_satang": getattr(division, name) for name in ("gross", "savings", "paid", "held")}
        for event in _events_of({**stored, **amounts}):
            yield event, 1, row.delivered_on
        if division.held and row.reversed_on is not None and not _ended_refused(row):
            yield _reversal_event(row, row.reversed_on), row.version, row.reversed_on
        if row.settled_on is not None and (division.held or row.status == "reversed"):
            yield _settled_event(row, 2 if row.status == "reversed" else 1), row.version, row.settled_on


def _ended_refused(row: ProduceDelivery) -> bool:
    """Whether it was undone here, after debt had refused it: recorded, refused and reversed are its three versions.

    One whose reversal debt was asked for has a version for the asking too, or no refusal.
    """
    return row.status == "reversed" and row.refusal is not None and row.version == 3


async def _read(session: ReadSession, delivery_id: UUID) -> DeliveryRead:
    row = await repository.find_delivery(session, delivery_id)
    if row is None:
        raise UnknownDelivery
    return _shown(row.model_dump())


def _shown(row: Row) -> DeliveryRead:
    amounts = {name: row[f"{name}_satang"] for name in ("gross", "debt", "savings", "paid", "held")}
    return DeliveryRead.model_validate({**row, **amounts, "price_per_kilogram": row["price_satang_per_kilogram"]})
