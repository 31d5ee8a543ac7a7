"""Goal: who asks at once is read at once, worked out at once and answered at once; long work keeps nobody waiting."""

import asyncio
from threading import Event

import pytest

from shared.chassis.http.turns import beside, in_turn


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


async def test_the_loop_goes_on_beside_long_work_which_is_done_one_after_another() -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    steps: list[str] = []
    goes_on = [Event(), Event()]

    def long_work(number: int) -> int:
        steps.append(f"begins {number}")
        loop.call_soon_threadsafe(begun.set)
        assert goes_on[number].wait(10)  # for ever, if the work held the loop
        steps.append(f"ends {number}")
        return number

    asked = [asyncio.create_task(beside(long_work, number)) for number in range(2)]
    await begun.wait()
    goes_on[1].set()
    await asyncio.sleep(0.05)
    assert steps == ["begins 0"]
    goes_on[0].set()

    assert await asyncio.gather(*asked) == [0, 1]
    assert steps == ["begins 0", "ends 0", "begins 1", "ends 1"]


async def test_an_error_of_long_work_reaches_who_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        await beside(divmod, 7, 0)
