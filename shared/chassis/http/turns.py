"""Arithmetic for routes: what is short on the event loop's thread, what is long beside it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="arithmetic")


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


async def beside(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Do work that would hold the loop too long in a thread of its own, for a route.

    The interpreter lets the loop in every few milliseconds, so that a request that is quick, or a probe of the
    process's health, does not wait for one that is not. There is one such thread: work that comes meanwhile waits for
    its turn, because two threads of arithmetic would only take the interpreter from each other and from the loop.
    """
    return await asyncio.get_running_loop().run_in_executor(_beside, partial(work, *args, **kwargs))
