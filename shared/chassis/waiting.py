"""Sleeping that wakes at once when the process is asked to stop."""

import asyncio
import random

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 30.0


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but no longer than until `stop`."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


class Backoff:
    """Pauses between attempts: each twice the one before, up to half a minute; short again after a good while."""

    def __init__(self) -> None:
        self._seconds = _FIRST_SECONDS
        self._ended_at = 0.0

    async def pause(self, stop: asyncio.Event) -> None:
        """Sleep before the next attempt, for about the present pause, so that many members do not return at once."""
        clock = asyncio.get_running_loop().time
        if clock() - self._ended_at > _LONGEST_SECONDS:
            self._seconds = _FIRST_SECONDS
        await wait(stop, self._seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load, keeps no secret
        self._seconds = min(self._seconds * 2, _LONGEST_SECONDS)
        self._ended_at = clock()
