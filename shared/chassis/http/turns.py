"""Arithmetic on the event loop's thread, in turn with all who ask at once."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def in_turn(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Do work that holds the loop, for a route.

    Requests that wait together are read together, then worked out together, then answered together. None of them waits
    for two rounds of all the others because it came a moment late, and each step finds its code in the processor's
    caches. The price is that the first of them is answered when the last is worked out, so the work must be short.
    """
    await asyncio.sleep(0)
    result = work(*args, **kwargs)
    await asyncio.sleep(0)
    return result
