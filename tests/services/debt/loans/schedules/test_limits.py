"""Goal: what is just within a limit has a schedule, and one more is refused, wherever rows and dates can come from."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from services.debt.errors import LoanTermsInvalid
from services.debt.loans.schedules.history import table_of
from services.debt.loans.schedules.methods import Rounding
from services.debt.loans.schedules.schemas import SchedulePreview
from services.debt.loans.schedules.service import history_of
from services.debt.loans.schedules.terms import Method
from services.debt.loans.schedules.vectorised import INTERMEDIATE_MAX, Book, schedule_book
from tests.services.debt.loans.schedules.bodies import Body, body

MONTH, YEAR, DECADE = ({"count": 1, "unit": "month"}, {"count": 1, "unit": "year"}, {"count": 10, "unit": "year"})
PAID_AHEAD = [{"on": "2024-04-01", "amount": "60000.00"}]  # three rows, and a part of May's


def months(count: int, **fields: Any) -> Body:
    return body(instalments=count, disbursed_on="2024-01-01", every=MONTH, **fields)


def years(count: int, **fields: Any) -> Body:
    return body(instalments=count, disbursed_on="2024-01-01", every=YEAR, **fields)


def change(kind: str, **fields: Any) -> Any:
    return [{"type": kind, **{name.removesuffix("_"): value for name, value in fields.items()}}]


def re_aged(count: int, start_on: str, every: Any) -> Any:
    return change("re_age", on="2024-04-01", start_on=start_on, instalments=count, every=every)


def rows_of(loan: Body) -> int:
    return len(table_of(history_of(SchedulePreview.model_validate(loan))).rows)


@pytest.mark.parametrize(
    ("within", "beyond", "field"),
    [
        pytest.param(
            months(6, changes=change("extend", from_="2024-02-01", instalments=594)),
            months(6, changes=change("extend", from_="2024-02-01", instalments=595)),
            "changes.0.instalments", id="extend",
        ),
        pytest.param(
            months(300, changes=change("principal_holiday", from_="2024-02-01", instalments=300)),
            months(301, changes=change("principal_holiday", from_="2024-02-01", instalments=300)),
            "changes.0.instalments", id="holiday",
        ),
        pytest.param(
            months(6, changes=re_aged(597, "2024-04-01", MONTH)),
            months(6, changes=re_aged(598, "2024-04-01", MONTH)),
            "changes.0.instalments", id="re-age",
        ),
        pytest.param(
            months(6, changes=re_aged(596, "2024-04-02", MONTH), payments=PAID_AHEAD),
            months(6, changes=re_aged(597, "2024-04-02", MONTH), payments=PAID_AHEAD),
            "changes.0.instalments", id="re-age-beside-a-row-paid-ahead",
        ),
        pytest.param(
            months(599, changes=change("add_instalment", due_on="2024-01-15", amount="10.00")),
            months(600, changes=change("add_instalment", due_on="2024-01-15", amount="10.00")),
            "changes.0.type", id="add",
        ),
    ],
)  # fmt: skip
def test_600_rows(within: Body, beyond: Body, field: str) -> None:
    assert rows_of(within) == 600
    with pytest.raises(LoanTermsInvalid, match="at most 600 rows") as refused:
        rows_of(beyond)
    assert [problem.field for problem in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("within", "beyond", "field"),
    [
        pytest.param(
            years(6, changes=change("extend", from_="2025-01-01", instalments=170)),
            years(6, changes=change("extend", from_="2025-01-01", instalments=171)),
            "changes.0.instalments", id="extend",
        ),
        pytest.param(
            years(6, changes=re_aged(18, "2030-12-31", DECADE)),
            years(6, changes=re_aged(19, "2030-12-31", DECADE)),
            "changes.0.instalments", id="re-age",
        ),
        pytest.param(
            years(6, changes=re_aged(18, "2030-12-31", DECADE)),
            years(6, changes=re_aged(600, "2199-12-31", DECADE)),
            "changes.0.instalments", id="re-age-beyond-the-calendar",
        ),
        pytest.param(
            years(176, changes=change("move_due_date", from_="2025-01-01", to="2025-12-31")),
            years(176, changes=change("move_due_date", from_="2025-01-01", to="2026-01-01")),
            "changes.0.to", id="move",
        ),
        pytest.param(years(176), years(177), "instalments", id="term"),
    ],
)  # fmt: skip
def test_end_of_2200(within: Body, beyond: Body, field: str) -> None:
    assert rows_of(within)
    with pytest.raises(LoanTermsInvalid, match="2200") as refused:
        rows_of(beyond)
    assert [problem.field for problem in refused.value.fields] == [field]


def read_of(
    principal: int, method: Method = Method.BULLET, factor: tuple[int, int] = (17, 2_400), **fields: Any
) -> int:
    """How many of one loan go through the readable path: one that would not stay within an int64."""
    numerators, denominators = (np.full((1, 1), part, dtype=np.int64) for part in factor)
    given = {"weights": (1, 1), **fields}
    return schedule_book(
        Book(method, len(given["weights"]), np.array([principal]), numerators, denominators, **given)
    ).read


@pytest.mark.parametrize(
    ("intermediate", "fields"),
    [
        pytest.param(2 * 17, {}, id="interest"),
        pytest.param(2 * 17 * 100, {"rounding": Rounding(100, 100)}, id="interest-to-the-baht"),
        pytest.param(2 * 90 * 100, {"weights": (10, 90)}, id="weights"),
        pytest.param(2 * 90 * 100 * 50, {"weights": (10, 90), "rounding": Rounding(1, 50)}, id="weights-and-multiple"),
        pytest.param(2 * 333_333, {"percent": Fraction(333_333, 10_000)}, id="percent"),
        pytest.param(2 * 34, {"method": Method.FLAT}, id="flat"),
        pytest.param(2 * 90 * 400, {"method": Method.FLAT, "factor": (200, 1), "weights": (10, 90)}, id="flat-weights"),
    ],
)
def test_an_int64_holds_every_intermediate(intermediate: int, fields: dict[str, Any]) -> None:
    """``intermediate`` is what the principal is multiplied with at most; floats see 2**60 to 256."""
    most = INTERMEDIATE_MAX // intermediate
    assert read_of(most - most // 10**9, **fields) == 0
    assert read_of(most + most // 10**9, **fields) == 1
