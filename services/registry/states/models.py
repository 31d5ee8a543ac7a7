"""What it takes to know of a table that files state."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql

from services.registry.tables import RegistryTable

Values: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True)
class StateTable:
    """A table that files state.

    Attributes:
        model: the table, with a column ``as_of``; a table with a column ``version`` holds aggregates, whose ``id`` is
            made here unless the values, or whoever completes them, bring it.
        key: the columns that name a row in the outside world.
        needed: values that a row cannot do without.
        defaults: values of a new row that the file leaves empty; clearing such a value brings the default back.
        headings: the file's names of needed columns, where they differ.
        own_day: a column that dates the row itself, beside the file's day; an older one never wins either.
    """

    model: type[RegistryTable]
    key: tuple[str, ...]
    needed: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    own_day: str | None = None
    name: str = field(init=False)
    types: Mapping[str, str] = field(init=False)  # PostgreSQL's type of each column

    def __post_init__(self) -> None:
        table = inspect(self.model).local_table
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        types = {column.name: column.type.compile(dialect).partition(" COLLATE")[0] for column in table.columns}
        object.__setattr__(self, "name", str(table))
        object.__setattr__(self, "types", types)

    @property
    def versioned(self) -> bool:
        """Whether a row is an aggregate of its own."""
        return "version" in self.types

    def key_of(self, row: Mapping[str, Any]) -> Key:
        """The key of a row."""
        return tuple(row[column] for column in self.key)

    def types_of(self, columns: Iterable[str]) -> dict[str, str]:
        """PostgreSQL's types of these columns."""
        return {column: self.types[column] for column in columns}
