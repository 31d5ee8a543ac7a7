"""Whom and what the story picked, kept beside its files, so that a story told again picks the same.

The picks depend on how the books stood at the time; told again, they stand differently, and another pick under the same
Idempotency-Key would be refused.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", str, list[str])

_FILE = "choices.json"


class Choices:
    """The picks of one folder of files."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._made: dict[str, str | list[str]] = (
            json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        )

    async def remember(self, name: str, choose: Callable[[], Awaitable[T]]) -> T:
        """The pick of this name: the one made before, or one made now and kept."""
        if name not in self._made:
            self._made[name] = await choose()
            self._path.write_text(json.dumps(self._made, indent=1), encoding="utf-8")
        return self._made[name]  # type: ignore[return-value]  # a name always stands for picks of one type
