"""Goal: who asks at once is read at once, worked out at once and answered at once."""

import asyncio

import pytest

from shared.chassis.http.turns import in_turn


async def test_each_step_of_all_who_ask_at_once_comes_before_the_next_step_of_any() -> None:
    steps: list[str] = []

    async def request() -> None:
        steps.append("read")
        await in_turn(steps.append, "worked out")
        steps.append("answered")

    await asyncio.gather(*(request() for _ in range(3)))

    assert steps == ["read"] * 3 + ["worked out"] * 3 + ["answered"] * 3


async def test_it_hands_over_the_result_and_the_error() -> None:
    assert await in_turn(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_turn(divmod, 7, 0)
