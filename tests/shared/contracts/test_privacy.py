"""Goal: no event can say who somebody is. Every attribute that leaves a service was looked at, one by one.

A new attribute fails here until it stands on the list below, and whoever puts it there answers the question: could it,
alone or with the others, name a person or lead to one?
"""

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from shared.chassis.events import Event
from shared.contracts.catalogue import CATALOGUE

# Ids lead to nobody once the registry has erased a person: the id stays, what it stood for is gone.
IDS = """
    assessment_id attendance_id case_id cooperative_id course_id delivery_id enrolment_id external_debt_id
    head_member_id household_account_id household_id ledger_month_id loan_id member_id merged_into occupation_plan_id
    payment_id person_id plan_id programme_id reversal_id savings_pledge_id session_id waiver_id
"""

# Amounts, rates, ratios, counts and scores.
FIGURES = """
    amount amount_per_month annual_payment annual_rate applied area_rai cases_active cash cohort_loans cohort_members
    cohort_overdue cooperatives_target debt debt_service deduction_share deductions_applied deductions_settled
    default_interest default_interest_waived dscr dsr excess farm_cost farm_income fee food gross held income cost
    interest kilograms late_interest left_cohort loans loans_cured loans_overdue members_borrowing members_overdue
    members_overdue_with_plan newly_overdue nonfarm_income npl_principal other_consumption outstanding outstanding_all
    outstanding_principal overdue overdue_all overdue_at_baseline overdue_at_opening overdue_covered overdue_interest
    overdue_principal overdue_reduced overdue_reduction_target_percent paid participants participants_debt
    participants_debt_at_baseline payments payments_amount principal produce rescheduled residual_ratio
    returned reversals reversals_amount revision saving savings score set_off size strength_level undone waived waivers
    waivers_amount written_off
"""

# Days of business, never of birth; of a birth only the decade travels.
DATES = """
    as_of attended_on baseline_on birth_decade closed_on covers_from delivered_on disbursed_on ends_on fiscal_year_be
    month oldest_unpaid_due_on opened_on posted_on refused_on resolved_on reversed_on scored_on settled_on signed_on
    starts_on valid_from valid_to value_on
"""

# Codes from closed lists.
CODES = """
    channel creditor kind loan_class member_kind phase programme_code reason resolution standing status
"""

# Groups of the attributes above.
GROUPS = "cohorts control cooperatives months parts phases plots totals"

# Texts, each with what keeps a person out of it.
TEXTS = {
    "cause": "why a business date is stated again: a code of debt's own, written by no person",
    "cooperative_code": "the number of a public institution",
    "cooperative_type": "a code of the department's list",
    "crop": "a code of the crop calendar",
    "delegate_of": "the sign-in provider's subject of an officer: an account, not a name",
    "district_code": "an area no finer than a district",
    "measures": "codes of the catalogue of measures",
    "member_number_hash": "a keyed hash; without the key nobody finds the number",
    "name_en": "the name of an institution or a programme",
    "name_th": "the name of an institution or a programme",
    "officer_id": "the sign-in provider's subject of an officer: an account, not a name",
    "province_code": "an area",
    "segment": "a code that the capacity rule gives",
    "stage": "a code of the stages of a case",
}

REVIEWED = {name for group in (IDS, FIGURES, DATES, CODES, GROUPS) for name in group.split()} | TEXTS.keys()

# Parts of names that would mean personal data whatever the list says.
PERSONAL = """
    account_number address birth_date birthday citizen display email first_name full_name given_name last_name mobile
    national nid note passport phone remark surname telephone
"""

# name_th and name_en may stand only where an institution or a programme is meant.
NAMED_THINGS = {"plodnee.registry.cooperative.recorded.v1", "plodnee.registry.programme.recorded.v1"}

EVENTS = sorted(CATALOGUE.by_type.values(), key=lambda event: event.type)


def attributes(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Every attribute of a model and of the models within it."""
    for name, field in model.model_fields.items():
        yield name, field.annotation
        for inner in models_in(field.annotation):
            yield from attributes(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        if argument is not Ellipsis and get_origin(annotation) is not Literal:
            yield from models_in(argument)


def holds_any_text(annotation: Any) -> bool:
    """Whether a plain string fits: not one from a closed list, a date, an id or an amount."""
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        return any(holds_any_text(argument) for argument in get_args(annotation))
    return annotation is str


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_attribute_was_reviewed(event: type[Event]) -> None:
    new = {name for name, _ in attributes(event)} - REVIEWED
    assert not new, f"{event.type} says {sorted(new)}: review them, then name them in this file"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_text_says_what_keeps_people_out_of_it(event: type[Event]) -> None:
    texts = {name for name, annotation in attributes(event) if holds_any_text(annotation)}
    assert texts <= TEXTS.keys(), f"{event.type}: {sorted(texts - TEXTS.keys())} would take any text"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_no_attribute_is_named_like_personal_data(event: type[Event]) -> None:
    suspicious = {name for name, _ in attributes(event) if any(part in name for part in PERSONAL.split())}
    assert not suspicious
    names = {name for name, _ in attributes(event) if name.startswith("name")}
    assert not names or event.type in NAMED_THINGS
    numbers = {name for name, _ in attributes(event) if name.endswith("number")}
    assert not numbers, f"{sorted(numbers)}: a number that people carry travels as a keyed hash"


def test_the_list_holds_nothing_that_no_event_says() -> None:
    said = {name for event in EVENTS for name, _ in attributes(event)}
    assert said >= REVIEWED
