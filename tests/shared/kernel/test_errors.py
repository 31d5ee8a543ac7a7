"""Goal: every error of a rule says, in two languages, what is wrong, and the kernel stays cheap to import."""

import subprocess
import sys

from shared.kernel.errors import BilingualValueError, Conflict, DomainError, FieldProblem, Invalid, NotFound


def test_every_error_has_a_status_a_type_and_two_titles() -> None:
    kinds = [kind for kind in DomainError.__subclasses__() if kind.__module__ == DomainError.__module__]
    assert len({kind.type for kind in kinds}) == len(kinds) >= 6
    for kind in kinds:
        assert 400 <= kind.status < 500
        assert kind.title_en
        assert kind.title_th


def test_details_and_fields_travel_with_the_error() -> None:
    problem = FieldProblem("amount", "negative_amount", "must be positive", "ต้องเป็นบวก")
    error = Invalid("bad amount", "จำนวนเงินผิด", [problem])
    assert (error.status, error.detail_th, error.fields) == (422, "จำนวนเงินผิด", [problem])
    assert str(NotFound()) == "Not found"
    assert Conflict().fields == []


def test_bilingual_value_error_is_a_value_error() -> None:
    error = BilingualValueError("wrong", "ผิด")
    assert isinstance(error, ValueError)
    assert (str(error), error.message_th) == ("wrong", "ผิด")


def test_kernel_imports_neither_pydantic_nor_pythainlp() -> None:
    program = (
        "import sys; import shared.kernel.money, shared.kernel.thai, shared.kernel.calendar, shared.kernel.areas,"
        " shared.kernel.identifiers, shared.kernel.errors;"
        " print(sorted({'pydantic', 'pythainlp', 'fastapi', 'sqlalchemy'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == "[]"
