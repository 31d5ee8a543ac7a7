"""One example per event type, built from its model: the same at every generation, and about nobody.

A value is chosen by the field's name, so that examples read like one story; where a type needs its own figures
(``gross = savings + paid + held``), they stand in `_OF_TYPE`. A field without a named value gets one by its type.
"""

import json
import types
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from shared.chassis.events import Event
from shared.kernel.identifiers import derived_id

_NAMED: dict[str, Any] = {
    "amount": "1500.00",
    "amount_per_month": "200.00",
    "annual_payment": "18000.00",
    "annual_rate": Decimal("0.0850"),
    "area_rai": Decimal("12.5"),
    "baseline_on": date(2022, 9, 30),
    "birth_decade": 1960,
    "closed_on": date(2022, 10, 31),
    "cooperative_code": "5201-0007",
    "cooperative_type": "agricultural",
    "covers_from": date(2022, 10, 1),
    "crop": "rice_wet",
    "deduction_share": Decimal("0.30"),
    "default_interest": "20.00",
    "delegate_of": "officer-2",
    "district_code": "5201",
    "dscr": Decimal("1.18"),
    "dsr": Decimal("0.42"),
    "ends_on": date(2023, 9, 30),
    "excess": "0.00",
    "fee": "0.00",
    "fiscal_year_be": 2566,
    "interest": "450.00",
    "kilograms": Decimal("2500.00"),
    "late_interest": "30.00",
    "measures": ("PRODUCE_DEDUCTION", "PENALTY_WAIVE"),
    "member_number_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "merged_into": None,
    "month": date(2022, 11, 1),
    "name_en": "Example Agricultural Co-operative Ltd.",
    "name_th": "สหกรณ์การเกษตรตัวอย่าง จำกัด",
    "officer_id": "officer-1",
    "overdue_reduced": "1450.00",
    "overdue_reduction_target_percent": Decimal("10"),
    "principal": "1000.00",
    "programme_code": "A",
    "province_code": "52",
    "residual_ratio": Decimal("0.21"),
    "resolution": None,
    "resolved_on": None,
    "score": Decimal("72.5"),
    "segment": "can_pay_with_help",
    "stage": "plan_proposed",
    "starts_on": date(2022, 10, 1),
    "valid_to": None,
}

_OF_TYPE: dict[str, dict[str, Any]] = {
    "plodnee.debt.deduction.settled.v1": {"applied": "250.00", "returned": "50.00"},
    "plodnee.debt.deduction.undone.v1": {"undone": "250.00"},
    "plodnee.debt.loan.recorded.v1": {"principal": "80000.00", "outstanding_principal": "52000.00"},
    "plodnee.debt.payment.posted.v1": {"channel": "produce"},
    "plodnee.debt.payment.reversed.v1": {
        "channel": "produce",
        "amount": "-1500.00",
        "default_interest": "-20.00",
        "late_interest": "-30.00",
        "interest": "-450.00",
        "principal": "-1000.00",
        "overdue_reduced": "-1450.00",
    },
    "plodnee.livelihood.deduction.requested.v1": {"amount": "300.00"},
    "plodnee.livelihood.produce.delivered.v1": {
        "gross": "1000.00",
        "savings": "100.00",
        "paid": "600.00",
        "held": "300.00",
    },
    "plodnee.livelihood.produce.settled.v1": {
        "gross": "1000.00",
        "debt": "250.00",
        "savings": "100.00",
        "paid": "650.00",
    },
    "plodnee.registry.programme.recorded.v1": {
        "name_th": "โครงการตัวอย่าง",
        "name_en": "Example programme",
    },
}

_BY_TYPE: dict[type, Any] = {
    bool: True,
    date: date(2022, 10, 15),
    Decimal: Decimal("0.50"),
    int: 1,
    str: "example",
}
_SOME_MONEY = "25000.00"


def example_of(event: type[Event]) -> dict[str, Any]:
    """The event's example as it stands in Kafka, key by key."""
    built = event.model_validate(_values(event, _OF_TYPE.get(event.type, {})))
    document: dict[str, Any] = json.loads(built.model_dump_json())
    return document


def _values(model: type[BaseModel], own: dict[str, Any]) -> dict[str, Any]:
    values = {}
    for name, field in model.model_fields.items():
        annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        if name in own:
            values[name] = own[name]
        else:
            values[name] = _value(name, annotation)
    return values


def _value(name: str, annotation: Any) -> Any:
    if name in _NAMED and not _is_model(annotation):
        return _NAMED[name]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _SOME_MONEY if arguments[0] is int else _value(name, arguments[0])
    if origin in (Union, types.UnionType):
        return _value(name, next(argument for argument in arguments if argument is not type(None)))
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (_value(name, arguments[0]),)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _values(annotation, {})
    if annotation is UUID:
        return derived_id("example", name)
    return _BY_TYPE[annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
