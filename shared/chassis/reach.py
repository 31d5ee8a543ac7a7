"""How far a caller sees: areas, or a dated list of co-operatives, never more.

The reach is set in every transaction and enforced by the database's row-level security
(:func:`shared.chassis.schema.protect`); repositories carry no scope code.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

_PROVINCE = re.compile("[0-9]{2}")
_DISTRICT = re.compile("[0-9]{4}")


@dataclass(frozen=True)
class Reach:
    """The rows a transaction may see and touch.

    Attributes:
        everything: the whole country.
        provinces: two-digit codes of provinces.
        districts: four-digit codes of districts.
        cooperatives: ids of single co-operatives (an officer's assignments).
        unscoped: no row scope at all; only the worker role's policies honour it.
    """

    everything: bool = False
    provinces: frozenset[str] = field(default_factory=frozenset)
    districts: frozenset[str] = field(default_factory=frozenset)
    cooperatives: frozenset[UUID] = field(default_factory=frozenset)
    unscoped: bool = False

    @classmethod
    def of_areas(cls, areas: Sequence[str]) -> "Reach":
        """The reach a token's ``areas`` claim gives: ``TH``, provinces (2 digits) and districts (4 digits).

        Anything else, Thai digits too, gives nothing.
        """
        return cls(
            everything="TH" in areas,
            provinces=frozenset(area for area in areas if _PROVINCE.fullmatch(area)),
            districts=frozenset(area for area in areas if _DISTRICT.fullmatch(area)),
        )

    def settings(self) -> dict[str, str]:
        """The transaction settings that the row-level policies read."""
        return {
            "everything": "on" if self.everything else "",
            "provinces": ",".join(sorted(self.provinces)),
            "districts": ",".join(sorted(self.districts)),
            "cooperatives": ",".join(sorted(map(str, self.cooperatives))),
            "unscoped": "on" if self.unscoped else "",
        }

    def to_json(self) -> dict[str, str]:
        """A form that a job carries, so that it runs with its caller's reach."""
        return self.settings()

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> "Reach":
        def parts(name: str) -> list[str]:
            return [part for part in stored[name].split(",") if part]

        return cls(
            everything=stored["everything"] == "on",
            provinces=frozenset(parts("provinces")),
            districts=frozenset(parts("districts")),
            cooperatives=frozenset(UUID(part) for part in parts("cooperatives")),
            unscoped=stored["unscoped"] == "on",
        )


NOWHERE = Reach()
UNSCOPED = Reach(unscoped=True)
EVERYTHING = Reach(everything=True)
