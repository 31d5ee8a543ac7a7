"""Codes and the names that people know them by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Label:
    """A code's name in both languages."""

    th: str
    en: str


CodeLists: TypeAlias = Mapping[str, Mapping[str, Label]]
"""Lists of codes by name, each in the order in which people meet its codes."""
